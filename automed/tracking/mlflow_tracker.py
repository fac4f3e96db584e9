"""MLflow mirrors a study: a notebook to browse, never the truth, which is the study's journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automed.domain.measurement import Measurement
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.tracking.backlog import Backlog
from automed.tracking.notebook import FrontFiles, Notebook, Pictures
from automed.tracking.writer import Writer


@dataclass(frozen=True)
class SyncReport:
    """What came of bringing MLflow up to date.

    Attributes:
        synced: Trials that MLflow has all of now.
        failed: Trials that it has not.
        reason: Why; empty where nothing failed.
    """

    synced: int
    failed: int
    reason: str


class MlflowTracker:
    """An `Observer` that writes to MLflow from a thread of its own.

    One experiment a task (``automed/polyp``), a parent run a study, a nested run a trial. A store
    that is slow, locked or dead neither slows nor ends the search: every method but `sync` and
    `close` returns at once, and `sync` writes later, from the study's folder, what was missed.

    Args:
        spec: Of the study.
        folder: Of the study, in ``<workspace>/studies``.
        uri: MLflow's tracking URI, such as ``sqlite:////abs/workspace/mlflow.db``.
        pictures: Draws a trial from its folder and returns the files to attach. Called from the
            tracker's thread.
        front_files: Draws the front of the trials given and returns the files to attach to the
            study's run. Called from the tracker's thread.
        earlier: Trials of earlier sessions, where a study goes on.
    """

    def __init__(
        self,
        spec: StudySpec,
        folder: Path,
        uri: str,
        pictures: Pictures,
        front_files: FrontFiles | None = None,
        earlier: Sequence[Trial] = (),
    ) -> None:
        self._spec = spec
        self._backlog = Backlog()
        self._backlog.add(earlier)
        notebook = Notebook(spec, folder, uri, pictures)
        self._writer = Writer(spec, uri, notebook, self._backlog, front_files)

    def trial_started(self, trial: Trial) -> None:
        """Its run appears."""
        self._writer.searching = True
        self._backlog.begin(trial)
        self._writer.ring()

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        """Its curves grow."""
        self._backlog.measure(trial, measurement)
        self._writer.ring()

    def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
        """Its run stays open."""

    def trial_finished(self, trial: Trial) -> None:
        """Its run ends; figures and pictures are attached."""
        self._backlog.add([trial])
        self._writer.ring()

    def trial_rejected(self, trial: Trial) -> None:
        """It is counted; a config that was never trained gets no run."""
        self._backlog.add([trial])

    def sync(self, trials: Sequence[Trial]) -> SyncReport:
        """Bring MLflow up to date with these trials. What is there already stays as it is.

        Trials that run or were rejected count neither as synced nor as failed.
        """
        wanted = {
            t.number for t in trials if t.rejected is None and t.state is not TrialState.RUNNING
        }
        self._backlog.add(trials)
        self._writer.catch_up()
        failed = len(wanted & set(self.unsynced))
        return SyncReport(len(wanted) - failed, failed, self.reason if failed else "")

    def close(self, outcome: str | None = None) -> int:
        """Write what is left, for a bounded time, and end. Call it once, also after an error.

        Args:
            outcome: ``finished`` or ``exhausted``: the study's run is shown as finished; anything
                else: as killed. None: as finished if as many trials have ended as it may train.

        Returns:
            How many trials MLflow has missed; see `unsynced` and `reason`.
        """
        if outcome is None:
            ended = sum(t.state is not TrialState.RUNNING for t in self._backlog.trials)
            most = self._spec.budget.trials
            outcome = "finished" if most is not None and ended >= most else "interrupted"
        finished = outcome in ("finished", "exhausted")
        self._writer.close("FINISHED" if finished else "KILLED")
        return len(self.unsynced)

    @property
    def unsynced(self) -> tuple[int, ...]:
        """Numbers of the trials that MLflow has not all of."""
        return self._backlog.behind

    @property
    def reason(self) -> str:
        """What went wrong last; empty where nothing did."""
        return self._writer.reason
