"""What becomes of trials, whoever runs them: the study and its observers are told."""

from __future__ import annotations

import logging
from pathlib import Path

from automed.domain.decision import Decision
from automed.domain.errors import TakenOverError
from automed.domain.measurement import Measurement
from automed.domain.result import Failure, Result
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import trial_folder
from automed.executors.failures import refuse_hopeless
from automed.executors.outcome import Outcome
from automed.executors.watchers import Watchers
from automed.search.study import Study

_log = logging.getLogger(__name__)


class Course:
    """Passes on what happens to the trials of one run of a search, several of them at a time.

    Args:
        study: Is reported to and told.
        watchers: Hear of it afterwards.
    """

    def __init__(self, study: Study, watchers: Watchers) -> None:
        self._study = study
        self._watchers = watchers
        self._stopped: set[int] = set()
        self._finished: list[Trial] = []
        self._completed = sum(t.state is TrialState.COMPLETE for t in study.trials)

    def begin(self, trial: Trial) -> None:
        """A trial that the study handed out starts, perhaps not for the first time."""
        self._stopped.discard(trial.number)
        self._watchers.trial_started(trial)

    def report(self, trial: Trial, measurement: Measurement) -> Decision:
        """An epoch of it ended.

        Raises:
            StudyError: The journal cannot be written to.
        """
        decision = self._study.report(trial, measurement)
        self._watchers.trial_measured(trial, measurement)
        if decision is Decision.STOP:
            self._stopped.add(trial.number)
        return decision

    def end(self, trial: Trial, outcome: Result | Failure) -> None:
        """It has a result, or failed. Where another search runs it by now, that one will tell.

        Raises:
            StudyError: The journal cannot be written to, or all trainings fail alike.
        """
        try:
            told = self._study.tell(trial, outcome, stopped=trial.number in self._stopped)
        except TakenOverError as error:
            _log.warning("%s: its result here is left out", error.problem)
            return
        self._completed += told.state is TrialState.COMPLETE
        self._finished.append(told)
        self._watchers.trial_finished(told)
        refuse_hopeless(self._finished, self._completed)

    def put_back(self, trial: Trial, lost: str | None = None) -> None:
        """It was cut off, and goes on from its checkpoint when the study hands it out again.

        Args:
            trial: The trial.
            lost: What became of its worker; None: it was asked to let go.

        Raises:
            StudyError: The journal cannot be written to.
        """
        self._study.put_back(trial)
        self._watchers.trial_put_back(trial, lost)

    def folder_of(self, trial: Trial) -> Path:
        """Where a trial's files lie."""
        return trial_folder(self._study.folder, trial.number)

    def outcome(self) -> Outcome:
        """How the search ended where nothing runs and nothing more is handed out."""
        return Outcome.FINISHED if self._study.spent else Outcome.EXHAUSTED
