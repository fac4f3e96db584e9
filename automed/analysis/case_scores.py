"""How well a trial does on each validation case, and where it differs from another trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.analysis.trial_arrays import load_arrays
from automed.domain.trial_files import PREDICTIONS, PREVIEW

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CaseScores:
    """A score for each case.

    Attributes:
        ids: Of the cases.
        values: Their scores in [0, 1], shape (cases,); larger is better.
        label: What the score is.
        whole: Whether these are all cases of the validation part, rather than those with pictures.
        truth: Of a classification, the true classes, shape (cases,).
        said: And the predicted ones.
    """

    ids: tuple[str, ...]
    values: Floats
    label: str
    whole: bool = True
    truth: NDArray[np.integer] | None = None
    said: NDArray[np.integer] | None = None

    @property
    def right(self) -> NDArray[np.bool_] | None:
        """Of a classification, whether the prediction is right, shape (cases,)."""
        return None if self.truth is None else np.asarray(self.truth == self.said, np.bool_)

    def of(self, case: str) -> float | None:
        """The score of one case; None where it is not known."""
        return float(self.values[self.ids.index(case)]) if case in self.ids else None


@dataclass(frozen=True)
class CaseChange:
    """A case in two trials.

    Attributes:
        id: Of the case.
        score: In the one.
        other: In the trial that it is compared with.
    """

    id: str
    score: float
    other: float

    @property
    def change(self) -> float:
        """Above 0 where the one is better than the other."""
        return self.score - self.other


def case_scores(folder: Path, validation: Sequence[str]) -> CaseScores | None:
    """The scores that a trial's folder holds.

    Dice of masks of one class; of several classes the mean Dice of those that the case has, and
    only of the cases with pictures; of a classification the probability of the true class.

    Args:
        folder: Holds ``preview.npz`` or ``predictions.npz``.
        validation: Ids of the validation part, in its order.

    Returns:
        None where the files are missing or torn.
    """
    kept = load_arrays(folder / PREDICTIONS, ("ids", "labels", "probabilities"))
    if kept is not None:
        return _of_classes(*kept)
    kept = load_arrays(folder / PREVIEW, ("counts",))
    if kept is not None and len(kept[0]) == len(validation):
        return CaseScores(tuple(validation), dice_of_counts(kept[0]), "Dice")
    kept = load_arrays(folder / PREVIEW, ("ids", "dice"))
    if kept is None or not len(kept[0]):
        return None
    ids, dice = kept
    return CaseScores(tuple(map(str, ids)), dice.astype(np.float64), "Dice", whole=False)


def case_changes(one: CaseScores, other: CaseScores) -> list[CaseChange]:
    """The cases that both have, those first in which the one lost most to the other."""
    before = dict(zip(other.ids, other.values.tolist(), strict=True))
    pairs = zip(one.ids, one.values.tolist(), strict=True)
    changes = [CaseChange(case, value, before[case]) for case, value in pairs if case in before]
    return sorted(changes, key=lambda c: (c.change, c.id))


def dice_of_counts(counts: NDArray[np.integer]) -> Floats:
    """Dice of each image; 1 where truth and prediction are both empty.

    Args:
        counts: True positives, false positives, false negatives, true negatives: (images, 4).
    """
    hits, false, missed, _ = counts.T.astype(np.float64)
    whole = 2 * hits + false + missed
    dice: Floats = np.divide(2 * hits, whole, out=np.ones_like(hits), where=whole > 0)
    return dice


def _of_classes(
    ids: NDArray[Any], labels: NDArray[np.integer], probabilities: NDArray[np.floating]
) -> CaseScores | None:
    if not len(ids):
        return None
    return CaseScores(
        ids=tuple(map(str, ids)),
        values=np.asarray(probabilities[np.arange(len(labels)), labels], np.float64),
        label="Probability of the true class",
        truth=labels,
        said=probabilities.argmax(axis=1),
    )
