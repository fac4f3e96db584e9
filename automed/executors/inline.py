"""One trial after the other, in this process."""

from __future__ import annotations

from collections.abc import Sequence

from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.domain.observer import Observer
from automed.domain.result import Failure, Result
from automed.domain.trial import Trial
from automed.executors.course import Course
from automed.executors.failures import failure_of
from automed.executors.interrupts import Interrupts
from automed.executors.outcome import Outcome
from automed.executors.paused import Paused
from automed.executors.released import released
from automed.executors.run_trial import Report, RunTrial
from automed.executors.watchers import Watchers
from automed.search.study import Study


def run(study: Study, run_trial: RunTrial, observers: Sequence[Observer] = ()) -> Outcome:
    """Run trials until the study has no more.

    A trial that raises fails and the search goes on. One in whose middle the budget is spent is
    left in the journal, to go on with a larger one. Ctrl-C and SIGTERM leave the running trial
    in the journal, to go on from its checkpoint; a second Ctrl-C raises ``KeyboardInterrupt``.

    Args:
        study: Is asked, reported to and told. Where it has no ``on_rejected`` yet, the observers
            hear of rejected configs.
        run_trial: Trains one trial; calls its second argument after each epoch, and returns early
            where that answers ``Decision.STOP``.
        observers: Whatever they raise is logged, once each.

    Raises:
        ConstraintError: No config can be found that meets the constraints.
        StudyError: The journal cannot be written to, or all trainings fail alike.
    """
    watchers = Watchers(observers)
    with watchers.hearing_of_rejected(study), Interrupts() as interrupts:
        return _Run(study, run_trial, watchers, interrupts).all()


class _Run:
    def __init__(
        self, study: Study, run_trial: RunTrial, watchers: Watchers, interrupts: Interrupts
    ) -> None:
        self._study = study
        self._run_trial = run_trial
        self._interrupts = interrupts
        self._course = Course(study, watchers)

    def all(self) -> Outcome:
        while not self._interrupts.requested:
            try:
                with self._interrupts.welcome():
                    trial = self._study.ask()
            except KeyboardInterrupt:
                return Outcome.INTERRUPTED
            if trial is None:
                return self._course.outcome()
            if not self._one(trial):
                return Outcome.INTERRUPTED
        return Outcome.INTERRUPTED

    def _one(self, trial: Trial) -> bool:
        """Run and tell one trial, or put it back; False where it was interrupted."""

        def report(measurement: Measurement) -> Decision:
            with self._interrupts.held_back():
                decision = self._course.report(trial, measurement)
            if decision is Decision.PAUSE:
                raise Paused
            return decision

        self._course.begin(trial)
        try:
            with released():
                outcome = self._train(trial, report)
        except BaseException as error:
            self._course.put_back(trial)
            if isinstance(error, KeyboardInterrupt):
                return False
            if isinstance(error, Paused):
                return True
            raise
        self._course.end(trial, outcome)
        return True

    def _train(self, trial: Trial, report: Report) -> Result | Failure:
        try:
            with self._interrupts.welcome():
                return self._run_trial(trial, report)
        except StudyError:
            raise  # of the journal, through report: no fault of the trial
        except Exception as error:  # noqa: BLE001 - a failed trial must not end the search
            return failure_of(error, self._course.folder_of(trial))
