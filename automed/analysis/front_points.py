"""The trials of a study as columns: what a page of ten thousand points can filter at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automed.domain.front import Front
from automed.domain.trial import Trial, TrialState

Strings = NDArray[np.object_]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class FrontPoints:
    """The trials that have figures, in the order of their numbers; all columns are equally long.

    Attributes:
        trials: Where all this is from.
        number: The trials'.
        state: As users read it: ``done`` or ``stopped``.
        origin: Who proposed the config.
        model: Its architecture, or its encoder where that is the whole model.
        parent: Number of the trial that it compresses; -1: none.
        on_front: Whether nothing dominates it in any of the study's objectives.
        eligible: Whether it is complete and keeps the study's constraints.
        knee: Number of the trial where the front bends most; None: a single point does not bend.
        values: Metrics and costs by name, unscaled; NaN where a trial lacks one.
    """

    trials: tuple[Trial, ...]
    number: NDArray[np.int64]
    state: Strings
    origin: Strings
    model: Strings
    parent: NDArray[np.int64]
    on_front: Mask
    eligible: Mask
    knee: int | None
    values: Mapping[str, Values]

    def __len__(self) -> int:
        return len(self.trials)

    def position(self, number: int) -> int | None:
        """Where in the columns a trial stands; None: it has no figures."""
        found = int(np.searchsorted(self.number, number))
        return found if found < len(self) and self.number[found] == number else None


def points_of(trials: Sequence[Trial], front: Front, feasible: Sequence[Trial]) -> FrontPoints:
    """The columns of a study.

    Args:
        trials: All of the study's, in any state.
        front: Of those that are feasible.
        feasible: The complete ones that keep the study's constraints.
    """
    kept = tuple(sorted((t for t in trials if _has_figures(t)), key=lambda t: t.number))
    members = {t.number for t in front.trials}
    allowed = {t.number for t in feasible}
    number = np.array([t.number for t in kept], dtype=np.int64)
    return FrontPoints(
        trials=kept,
        number=number,
        state=_strings(t.label for t in kept),
        origin=_strings(t.origin for t in kept),
        model=_strings(_model(t) for t in kept),
        parent=np.array([-1 if t.parent is None else t.parent for t in kept], dtype=np.int64),
        on_front=np.array([t.number in members for t in kept], dtype=bool),
        eligible=np.array([t.number in allowed for t in kept], dtype=bool),
        knee=front.knee if len(members) > 1 else None,
        values=_values(kept),
    )


def _has_figures(trial: Trial) -> bool:
    ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return ended and trial.rejected is None and trial.result is not None


def _model(trial: Trial) -> str:
    config = trial.config
    return str(config.get("model.architecture") or config.get("model.encoder") or "unnamed")


def _strings(values: Iterable[str]) -> Strings:
    return np.array(list(values), dtype=np.object_)


def _values(trials: Sequence[Trial]) -> dict[str, Values]:
    """Costs first, then metrics in the order in which they were first seen."""
    rows = [_row(trial) for trial in trials]
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        name: np.array([row.get(name, np.nan) for row in rows], dtype=np.float64) for name in names
    }


def _row(trial: Trial) -> dict[str, float]:
    assert trial.result is not None
    return {**trial.result.cost.as_metrics(), **trial.result.metrics}
