"""Trainings as stoppers see them, read from a study's records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from optuna.trial import FrozenTrial, TrialState

from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.stoppers.contender import Contender


class Contenders:
    """Remembers what never changes of a trial: its costs.

    Args:
        spec: Names objectives and guide metric.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._known = spec.task.certain
        self._quality = spec.task.quality
        self._costs: dict[int, tuple[float, ...]] = {}

    def among(self, history: Iterable[FrozenTrial]) -> dict[int, Contender]:
        """Those that train a model, by number; of a training that was continued, the last part."""
        parts = {t.number: t for t in history if trains(t)}
        continues = {n: t.user_attrs[record.CONTINUES] for n, t in parts.items()
                     if record.CONTINUES in t.user_attrs}  # fmt: skip
        taken_up = set(continues.values())
        return {
            number: self._contender(trial, _first(number, continues))
            for number, trial in parts.items()
            if number not in taken_up
        }

    def _contender(self, trial: FrozenTrial, began_as: int) -> Contender:
        if trial.number not in self._costs:
            self._costs[trial.number] = tuple(self._priced(trial))
        return Contender(
            number=trial.number,
            costs=self._costs[trial.number],
            curve={e: -self._quality.loss(v) for e, v in trial.intermediate_values.items()},
            finished=trial.state is TrialState.COMPLETE,
            stopped=record.STOPPED in trial.user_attrs,
            began_as=began_as,
        )

    def _priced(self, trial: FrozenTrial) -> Iterator[float]:
        cost = record.predicted_of(trial)
        values = {} if cost is None else cost.as_metrics()
        for objective in self._known:
            # Unknown is dearer than anything: it ends nobody.
            value = values.get(objective.metric)
            yield float("inf") if value is None else objective.loss(value)


def _first(number: int, continues: Mapping[int, int]) -> int:
    """The trial that a training of several parts began as."""
    while number in continues:
        number = continues[number]
    return number


def trains(trial: FrozenTrial) -> bool:
    """Whether a trial trains a model of its own: not rejected, no compressed child."""
    return record.REJECTED not in trial.user_attrs and record.PARENT not in trial.user_attrs
