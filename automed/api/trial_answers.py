"""What trials make of cases whose pictures they did not keep: their files are run again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automed.analysis.case_pictures import Cases
from automed.data.cache import cache_key, open_cache
from automed.data.image_cache import ImageCache
from automed.domain.applied import applied
from automed.domain.compression import dense
from automed.domain.errors import AutomedError, ExportError
from automed.domain.result import Result
from automed.domain.split import Split
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace

SPLIT = "split.json"


def validation_ids(folder: Path) -> tuple[str, ...]:
    """Ids of a study's validation part, in its order; none where the split cannot be read."""
    try:
        return Split.model_validate_json((folder / SPLIT).read_bytes()).val
    except (OSError, ValueError):
        return ()


def images_of(
    spec: StudySpec, trial: Trial, workspace: Workspace, ids: Sequence[str]
) -> NDArray[np.uint8] | None:
    """The images as the trial's model sees them, uint8 (cases, height, width, channels).

    Returns:
        None where the workspace's image cache is gone, or lacks one of them.
    """
    found = _cached(spec, trial, workspace, ids)
    return None if found is None else np.asarray(found[0].images[found[1]])


def answer(
    spec: StudySpec, folder: Path, trial: Trial, workspace: Workspace, ids: Sequence[str]
) -> Cases | None:
    """Run the trial's ONNX file on validation cases.

    Args:
        spec: Of a segmentation study.
        folder: Of the study.
        trial: Whose model answers.
        workspace: Holds the image cache.
        ids: Of the cases.

    Returns:
        None where the trial has no such file, or the image cache is gone.

    Raises:
        ExportError: The runtime refuses the file.
    """
    result = trial.result
    if result is None or not str(result.artifact).endswith(".onnx"):
        return None
    model = folder / str(result.artifact)
    found = _cached(spec, trial, workspace, ids)
    if found is None or not model.is_file() or result.normalization is None:
        return None
    cache, rows = found
    images, masks = np.asarray(cache.images[rows]), np.asarray(cache.targets[rows])
    logits = _run(model, images, result)
    none = np.zeros(len(ids))
    if logits.shape[1] > 1:
        kept = logits.argmax(axis=1).astype(np.uint8)
        return Cases(tuple(ids), images, masks, None, kept, none)
    bytes_ = np.rint(255 / (1 + np.exp(-logits[:, 0]))).astype(np.uint8)
    return Cases(tuple(ids), images, masks, bytes_, None, none)


def _cached(
    spec: StudySpec, trial: Trial, workspace: Workspace, ids: Sequence[str]
) -> tuple[ImageCache, NDArray[np.int64]] | None:
    task = applied(spec.task, dense(trial.config))
    try:
        cache = open_cache(workspace.cache, cache_key(spec.data.digest, task))
        return cache, cache.index(ids)
    except AutomedError:
        return None


def _run(model: Path, images: NDArray[np.uint8], result: Result) -> NDArray[np.float32]:
    # Without torch, which the search's own session takes along and pages can do without.
    import onnxruntime

    assert result.normalization is not None
    mean = np.array(result.normalization.mean, np.float32)
    std = np.array(result.normalization.std, np.float32)
    planes = ((images.astype(np.float32) / 255 - mean) / std).transpose(0, 3, 1, 2)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a search may be at work on this machine
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        name = session.get_inputs()[0].name
        answers = [session.run(None, {name: np.ascontiguousarray(p[None])})[0] for p in planes]
    except Exception as error:
        raise ExportError(
            f"onnxruntime {onnxruntime.__version__} cannot run {model}",
            found=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}",
        ) from error
    logits: NDArray[np.float32] = np.concatenate(answers).astype(np.float32)
    return logits
