"""Which classes a trial takes for which, and how well it does on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from automed.analysis.trial_arrays import load_arrays
from automed.domain.trial_files import PREDICTIONS, PREVIEW
from automed.training.metrics.classification import confusion


@dataclass(frozen=True, eq=False)
class Confusion:
    """A confusion matrix.

    Attributes:
        names: Of the classes; for masks the background comes first.
        counts: Rows are the true classes, columns the predicted ones, (classes, classes).
        unit: What is counted, over the whole validation part.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    unit: Literal["images", "pixels"]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Of each true class; 0 where it does not occur."""
        support = self.counts.sum(axis=1, keepdims=True)
        whole = np.broadcast_to(support, self.counts.shape)
        shares: NDArray[np.float64] = np.divide(
            self.counts, whole, out=np.zeros(self.counts.shape), where=whole > 0
        )
        return shares

    @property
    def accuracy(self) -> float:
        """Share of what is right."""
        return float(self.counts.trace() / max(1, self.counts.sum()))


@dataclass(frozen=True)
class ClassRow:
    """How well a model does on one class; of masks, F1 is the Dice over all pixels.

    Attributes:
        name: Of the class.
        precision: 0 where it is never predicted.
        recall: 0 where it never occurs.
        f1: Their harmonic mean.
        support: How many images or pixels have it.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def confusion_of(folder: Path, classes: Sequence[str]) -> Confusion | None:
    """The matrix that a trial's folder tells.

    Args:
        folder: Holds ``preview.npz`` or ``predictions.npz``.
        classes: Names of the classes, without the background; what lacks one is numbered.

    Returns:
        None where the files are missing or torn.
    """
    kept = load_arrays(folder / PREDICTIONS, ("labels", "probabilities"))
    if kept is not None:
        if not len(kept[0]):
            return None
        counts = confusion(*kept)
        return Confusion(_named(classes, len(counts)), counts, "images")
    kept = load_arrays(folder / PREVIEW, ("confusion",))
    if kept is not None:
        return _of_pixels(kept[0], classes)
    kept = load_arrays(folder / PREVIEW, ("counts",))
    if kept is None or not len(kept[0]):
        return None
    hits, false, missed, rest = kept[0].sum(axis=0)
    return _of_pixels(np.array([[rest, false], [missed, hits]]), classes)


def class_rows(matrix: Confusion) -> list[ClassRow]:
    """Precision, recall, F1 and support of each class."""
    truth, said = (index.ravel() for index in np.indices(matrix.counts.shape))
    labels = list(range(len(matrix.names)))
    figures = precision_recall_fscore_support(
        truth, said, labels=labels, sample_weight=matrix.counts.ravel(), zero_division=0
    )
    return [
        ClassRow(name, float(precision), float(recall), float(f1), round(support))
        for name, precision, recall, f1, support in zip(matrix.names, *figures, strict=True)
    ]


def _of_pixels(counts: NDArray[np.int64], classes: Sequence[str]) -> Confusion:
    names = ("background", *_named(classes, len(counts) - 1))
    return Confusion(names, counts, "pixels")


def _named(classes: Sequence[str], count: int) -> tuple[str, ...]:
    return tuple(classes[i] if i < len(classes) else f"class {i}" for i in range(count))
