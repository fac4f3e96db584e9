"""Which trainings of a study end early: its stopper, fed from its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from optuna.trial import FrozenTrial, TrialState

from automed.domain.objective import COST_METRICS
from automed.domain.stop import Stop
from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.stoppers.contender import Contender
from automed.search.stoppers.registry import make_stopper


class Stopping:
    """Asks a study's stopper about its trainings.

    Args:
        spec: Names the stopper.

    Raises:
        StudyError: There is no stopper of that name.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._stopper = make_stopper(spec)
        self._known = [o for o in spec.task.objectives if o.metric in COST_METRICS]
        self._quality = spec.task.quality
        self._costs: dict[int, tuple[float, ...]] = {}

    def decide(self, number: int, epoch: int, history: Iterable[FrozenTrial]) -> Stop | None:
        """Whether a training ends after an epoch that it has just reported.

        One that a record says was stopped ends where it did, however the others have gone on.

        Args:
            number: Of its trial. One that compresses another's model is never ended.
            epoch: From 1.
            history: The study's trials.
        """
        trials = {trial.number: trial for trial in history if _trains(trial)}
        trial = trials.pop(number, None)
        if trial is None:
            return None
        known = record.stop_of(trial)
        if known is not None:
            return known if epoch >= known.epoch else None
        others = [self._contender(other) for other in trials.values()]
        why = self._stopper.decide(self._contender(trial), epoch, others)
        return None if why is None else Stop(epoch=epoch, why=why)

    def _contender(self, trial: FrozenTrial) -> Contender:
        if trial.number not in self._costs:
            self._costs[trial.number] = tuple(self._priced(trial))
        return Contender(
            number=trial.number,
            costs=self._costs[trial.number],
            curve={e: -self._quality.loss(v) for e, v in trial.intermediate_values.items()},
            finished=trial.state is TrialState.COMPLETE,
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
