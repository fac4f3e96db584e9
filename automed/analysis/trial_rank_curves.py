"""ROC and precision-recall curves of a trial, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from automed.analysis.trial_arrays import load_arrays
from automed.domain.trial_files import PREDICTIONS, PREVIEW
from automed.training.metrics.roc import Scores

Floats = NDArray[np.float64]

_ABOVE_HALF = float(np.nextafter(np.float32(0.5), np.float32(1)))
"""Of two probabilities that are alike, the first class is the one predicted."""


@dataclass(frozen=True, eq=False)
class RankCurve:
    """A curve over all thresholds.

    Attributes:
        label: The class that is told from the rest.
        x: False positive rate, or recall.
        y: True positive rate, or precision.
        area: Under the ROC curve; or the average precision.
        half: Where a probability of one half lies; None: the largest probability decides.
        chance: Of a precision-recall curve, the precision of guessing: the share of the class.
    """

    label: str
    x: Floats
    y: Floats
    area: float
    half: tuple[float, float] | None = None
    chance: float | None = None


@dataclass(frozen=True)
class RankCurves:
    """Both kinds, the same classes in the same order.

    Attributes:
        roc: Receiver operating characteristics.
        precision_recall: Precision against recall.
        unit: What is ranked: ``images`` or ``pixels``.
    """

    roc: tuple[RankCurve, ...]
    precision_recall: tuple[RankCurve, ...]
    unit: str


def rank_curves(folder: Path, classes: Sequence[str]) -> RankCurves | None:
    """The curves of what a trial's folder holds, over the validation part.

    Of two classes of images the second is told from the first; of more each from the rest.

    Args:
        folder: Holds ``preview.npz`` or ``predictions.npz``.
        classes: Names of the classes, without the background; what lacks one is numbered.

    Returns:
        None where the files are missing or torn, hold masks of several classes, whose pixels are
        not ranked, or one kind of pixels or images only.
    """
    kept = load_arrays(folder / PREVIEW, ("scores",))
    if kept is not None:
        return _of_pixels(kept[0], classes[0] if classes else "foreground")
    kept = load_arrays(folder / PREDICTIONS, ("labels", "probabilities"))
    return None if kept is None else _of_images(kept[0], kept[1], classes)


def _of_pixels(scores: Scores, label: str) -> RankCurves | None:
    if scores.ndim != 2 or not scores.any(axis=1).all():
        return None
    truth, score = (index.ravel() for index in np.indices(scores.shape))
    roc, pr = _curves(label, truth, score, scores.ravel(), half=scores.shape[1] / 2)
    return RankCurves((roc,), (pr,), "pixels")


def _of_images(
    labels: NDArray[np.integer], probabilities: NDArray[np.floating], classes: Sequence[str]
) -> RankCurves | None:
    present = [int(index) for index in np.unique(labels)]
    if len(present) < 2:
        return None
    two = probabilities.shape[1] == 2
    weights = np.ones(len(labels))
    pairs = [
        _curves(
            classes[index] if index < len(classes) else f"class {index}", labels == index,
            probabilities[:, index], weights, half=_ABOVE_HALF if two else None,
        )
        for index in ([1] if two else present)
    ]  # fmt: skip
    roc, pr = zip(*pairs, strict=True)
    return RankCurves(roc, pr, "images")


def _curves(
    label: str, truth: NDArray[np.generic], score: NDArray[np.generic],
    weights: NDArray[np.generic], half: float | None,
) -> tuple[RankCurve, RankCurve]:  # fmt: skip
    false, true, _ = roc_curve(truth, score, sample_weight=weights, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(truth, score, sample_weight=weights)
    area = float(average_precision_score(truth, score, sample_weight=weights))
    share = float(weights[truth.astype(bool)].sum() / weights.sum())
    marks = (None, None) if half is None else _at(truth, score, weights, half)
    return (
        RankCurve(label, false, true, float(auc(false, true)), marks[0]),
        RankCurve(label, recall, precision, area, marks[1], share),
    )


def _at(
    truth: NDArray[np.generic], score: NDArray[np.generic], weights: NDArray[np.generic],
    half: float,
) -> tuple[tuple[float, float], tuple[float, float]]:  # fmt: skip
    """Where the threshold lies on both curves."""
    positive, called = truth.astype(bool), score >= half  # type: ignore[operator]
    hits, false = weights[positive & called].sum(), weights[~positive & called].sum()
    recall = float(hits / weights[positive].sum())
    precision = float(hits / (hits + false)) if hits + false else 0.0
    return (float(false / weights[~positive].sum()), recall), (recall, precision)
