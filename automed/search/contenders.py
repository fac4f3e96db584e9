"""Trainings as stoppers see them, read from a study's records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from optuna.trial import FrozenTrial, TrialState

from automed.domain.objective import COST_METRICS
from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.stoppers.contender import Contender


class Contenders:
    """Remembers what never changes of a trial: its costs.

    Args:
        spec: Names objectives and guide metric.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._known = [o for o in spec.task.objectives if o.metric in COST_METRICS]
        self._quality = spec.task.quality
        self._costs: dict[int, tuple[float, ...]] = {}

    def among(self, history: Iterable[FrozenTrial]) -> dict[int, Contender]:
        """Those that train a model, by number; of a training that was continued, the last part."""
        trains = {t.number: t for t in history if _trains(t)}
        for trial in list(trains.values()):
            trains.pop(trial.user_attrs.get(record.CONTINUES, -1), None)
        return {number: self._contender(trial) for number, trial in trains.items()}

    def _contender(self, trial: FrozenTrial) -> Contender:
        if trial.number not in self._costs:
            self._costs[trial.number] = tuple(self._priced(trial))
        return Contender(
            number=trial.number,
            costs=self._costs[trial.number],
            curve={e: -self._quality.loss(v) for e, v in trial.intermediate_values.items()},
            finished=trial.state is TrialState.COMPLETE,
            stopped=record.STOPPED in trial.user_attrs,
        )

    def _priced(self, trial: FrozenTrial) -> Iterator[float]:
        cost = record.predicted_of(trial)
        values = {} if cost is None else cost.as_metrics()
        for objective in self._known:
            # Unknown is dearer than anything: it ends nobody.
            value = values.get(objective.metric)
            yield float("inf") if value is None else objective.loss(value)


def _trains(trial: FrozenTrial) -> bool:
    return record.REJECTED not in trial.user_attrs and record.PARENT not in trial.user_attrs
