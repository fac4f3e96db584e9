"""Which trainings of a study end early, and which go on after all: its stopper and its records."""

from __future__ import annotations

from collections.abc import Iterable

from optuna.trial import FrozenTrial

from automed.domain.stop import Stop
from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.contenders import Contenders, trains
from automed.search.stoppers.registry import make_stopper
from automed.search.stoppers.stopper import Final, NoStopper


class Stopping:
    """Asks a study's stopper about its trainings.

    Args:
        spec: Names the stopper.

    Raises:
        StudyError: There is no stopper of that name.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._stopper = make_stopper(spec)
        self._contenders = Contenders(spec)

    def decide(self, number: int, epoch: int, history: Iterable[FrozenTrial]) -> Stop | None:
        """Whether a training ends after an epoch that it has just reported.

        One that a record says was stopped ends where it did, however the others have gone on.

        Args:
            number: Of its trial. One that compresses another's model is never ended.
            epoch: From 1.
            history: The study's trials.
        """
        trials = list(history)
        trial = next((t for t in trials if t.number == number), None)
        if trial is None or not trains(trial):
            return None
        known = record.stop_of(trial)
        if known is not None:
            return known if epoch >= known.epoch else None
        if isinstance(self._stopper, NoStopper):
            return None
        if epoch <= trial.user_attrs.get(record.CONTINUES_FROM, 0):
            return None  # what was trained before is only told again
        contenders = self._contenders.among(trials)
        contender = contenders.pop(number, None)
        if contender is None:
            return None
        why = self._stopper.decide(contender, epoch, list(contenders.values()))
        return None if why is None else Stop(epoch=epoch, why=why)

    def resumed(self, history: Iterable[FrozenTrial], *, at_last: bool = False) -> int | None:
        """The stopped training that should go on now, by its number; None: none.

        Args:
            history: The study's trials.
            at_last: Nothing new is left to train: the best of the stopped ones goes on.
        """
        if isinstance(self._stopper, Final):
            return None
        return self._stopper.resumed(list(self._contenders.among(history).values()), at_last)
