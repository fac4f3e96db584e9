"""One trial after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.domain.observer import Observer
from automed.domain.result import Failure, Result
from automed.domain.trial import Trial, TrialState
from automed.executors.failures import failure_of, refuse_hopeless
from automed.executors.interrupts import Interrupts
from automed.executors.outcome import Outcome
from automed.executors.paused import Paused
from automed.executors.watchers import Watchers
from automed.search.study import Study

Report = Callable[[Measurement], Decision]
RunTrial = Callable[[Trial, Report], Result]


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
    given = study.on_rejected
    study.on_rejected = given or watchers.trial_rejected
    try:
        with Interrupts() as interrupts:
            return _Run(study, run_trial, watchers, interrupts).all()
    finally:
        study.on_rejected = given


class _Run:
    def __init__(
        self, study: Study, run_trial: RunTrial, watchers: Watchers, interrupts: Interrupts
    ) -> None:
        self._study = study
        self._run_trial = run_trial
        self._watchers = watchers
        self._interrupts = interrupts
        self._finished: list[Trial] = []
        self._completed = sum(t.state is TrialState.COMPLETE for t in study.trials)

    def all(self) -> Outcome:
        while not self._interrupts.requested:
            try:
                with self._interrupts.welcome():
                    trial = self._study.ask()
            except KeyboardInterrupt:
                return Outcome.INTERRUPTED
            if trial is None:
                return Outcome.FINISHED if self._study.spent else Outcome.EXHAUSTED
            if not self._one(trial):
                return Outcome.INTERRUPTED
        return Outcome.INTERRUPTED

    def _one(self, trial: Trial) -> bool:
        """Run and tell one trial, or put it back; False where it was interrupted."""
        stopped = False

        def report(measurement: Measurement) -> Decision:
            nonlocal stopped
            with self._interrupts.held_back():
                decision = self._study.report(trial, measurement)
                self._watchers.trial_measured(trial, measurement)
                stopped = stopped or decision is Decision.STOP
            if decision is Decision.PAUSE:
                raise Paused
            return decision

        self._watchers.trial_started(trial)
        try:
            outcome = self._train(trial, report)
        except BaseException as error:
            self._study.put_back(trial)
            if isinstance(error, KeyboardInterrupt):
                return False
            if isinstance(error, Paused):
                return True
            raise
        told = self._study.tell(trial, outcome, stopped=stopped)
        self._completed += told.state is TrialState.COMPLETE
        self._finished.append(told)
        self._watchers.trial_finished(told)
        refuse_hopeless(self._finished, self._completed)
        return True

    def _train(self, trial: Trial, report: Report) -> Result | Failure:
        folder = self._study.folder / "trials" / f"{trial.number:04d}"
        try:
            with self._interrupts.welcome():
                return self._run_trial(trial, report)
        except StudyError:
            raise  # of the journal, through report: no fault of the trial
        except Exception as error:  # noqa: BLE001 - a failed trial must not end the search
            return failure_of(error, folder)
