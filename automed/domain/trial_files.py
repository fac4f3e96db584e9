"""Names of the files in a trial's folder that are read elsewhere than where they are written."""

RESULT = "result.json"
"""Written last: where it is, so is everything else."""
PREVIEW = "preview.npz"
PREDICTIONS = "predictions.npz"
