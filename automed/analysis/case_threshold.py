"""What the threshold of a binary mask does to the whole validation part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automed.analysis.trial_arrays import load_arrays
from automed.domain.trial_files import PREVIEW
from automed.training.metrics.score_bins import BINS, REACH

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ThresholdCourse:
    """Pooled Dice, precision and recall over all validation pixels, threshold by threshold.

    Attributes:
        thresholds: Probabilities, rising, shape (bins - 1,).
        dice: Where all pixels of all cases count as one image.
        precision: The same; 0 where nothing is called foreground.
        recall: The same.
    """

    thresholds: Floats
    dice: Floats
    precision: Floats
    recall: Floats

    @property
    def best(self) -> float:
        """The threshold with the best Dice; of equal ones the closest to one half."""
        near = np.abs(self.thresholds - 0.5)
        return float(self.thresholds[np.lexsort((near, -self.dice))[0]])

    def dice_at(self, threshold: float) -> float:
        """Dice at the counted threshold that lies nearest, in steps of the logit."""
        return float(np.interp(threshold, self.thresholds, self.dice))


def threshold_course(folder: Path) -> ThresholdCourse | None:
    """The course that a trial's ``preview.npz`` tells.

    Returns:
        None where the file is missing or torn, is of masks of several classes, or no pixel is
        foreground.
    """
    kept = load_arrays(folder / PREVIEW, ("scores",))
    if kept is None or kept[0].shape != (2, BINS) or not kept[0][1].any():
        return None
    false, hits = kept[0][:, ::-1].cumsum(axis=1)[:, ::-1].astype(np.float64)
    everything = hits[0]
    # The first bin holds all that lies below its edge, too: no threshold tells them apart.
    false, hits = false[1:], hits[1:]
    logits = (np.arange(1, BINS) - BINS / 2) * (2 * REACH / BINS)
    found = hits + false
    return ThresholdCourse(
        thresholds=1 / (1 + np.exp(-logits)),
        dice=2 * hits / (found + everything),
        precision=np.divide(hits, found, out=np.zeros_like(hits), where=found > 0),
        recall=hits / everything,
    )
