"""How far a metric may be off because the validation part is small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.domain.bundle import Interval
from automed.domain.trial_files import PREDICTIONS, PREVIEW
from automed.training.metrics.segmentation import segmentation_metrics

RESAMPLES = 2000
LEVEL = 0.95
_SEED = 0

Metrics = dict[str, float]


def intervals_of(folder: Path) -> tuple[dict[str, Interval], int | None]:
    """Bootstrap intervals of a trial's validation metrics, and how many images they are of.

    Images are drawn with replacement, 2000 times, with a fixed seed; an interval holds the middle
    95 % (Efron's percentiles). Images of one patient are not independent: with several images a
    patient the true interval is wider.

    Args:
        folder: Of the trial; its ``preview.npz`` or ``predictions.npz`` is read.

    Returns:
        Nothing and None where what each image gave was not kept.
    """
    counts = _array(folder / PREVIEW, "counts")
    if counts is not None and counts.ndim == 2 and counts.shape[1] == 4:
        return bootstrap(len(counts), lambda rows: segmentation_metrics(counts[rows])), len(counts)
    labels, probabilities = (
        _array(folder / PREDICTIONS, name) for name in ("labels", "probabilities")
    )
    if labels is None or probabilities is None:
        return {}, None
    predicted, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    pairs = labels * classes + predicted

    def metrics(rows: NDArray[np.int64]) -> Metrics:
        return of_confusion(
            np.bincount(pairs[rows], minlength=classes**2).reshape(classes, classes)
        )

    return bootstrap(len(labels), metrics), len(labels)


def bootstrap(count: int, metrics: Callable[[NDArray[np.int64]], Metrics]) -> dict[str, Interval]:
    """Percentile intervals of metrics over samples drawn with replacement.

    Args:
        count: Samples, at least one.
        metrics: From sample indices, shape (count,), to metrics.
    """
    source = np.random.default_rng(_SEED)
    drawn = [metrics(source.integers(0, count, count)) for _ in range(RESAMPLES)]
    tail = (1 - LEVEL) / 2
    found = {}
    for name in drawn[0]:
        low, high = np.quantile([values[name] for values in drawn], [tail, 1 - tail])
        found[name] = Interval(low=float(low), high=float(high))
    return found


def of_confusion(counts: NDArray[np.int64]) -> Metrics:
    """Accuracy, balanced accuracy and macro F1 of counts (true class, predicted class).

    As `automed.training.metrics.classification` defines them.
    """
    hits = np.diagonal(counts).astype(np.float64)
    truth, said = counts.sum(axis=1), counts.sum(axis=0)
    recall = hits[truth > 0] / truth[truth > 0]
    f1 = np.divide(2 * hits, truth + said, out=np.zeros_like(hits), where=truth + said > 0)
    return {
        "accuracy": float(hits.sum() / counts.sum()),
        "balanced_accuracy": float(recall.mean()),
        "f1_macro": float(f1.mean()),
    }


def _array(file: Path, key: str) -> NDArray[Any] | None:
    """An array of an npz file; None where file or key is missing or damaged."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return np.asarray(arrays[key]) if key in arrays else None
    except (OSError, ValueError, EOFError):
        return None
