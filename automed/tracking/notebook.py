"""One study in MLflow, written as often as need be: what is there already stays as it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from automed.domain.history import HISTORY, read_history
from automed.domain.measurement import Measurement
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.domain.trial_files import RESULT
from automed.domain.workspace import trial_folder
from automed.search.view import feasible_front
from automed.tracking import entries
from automed.tracking.epochs import beginning_of, duration_of, is_stale, points_of
from automed.tracking.identity import study_uid
from automed.tracking.lookup import Runs, StoreError, find_experiment, find_runs
from automed.tracking.run import Point, Run, new_run
from automed.tracking.store import artifact_location, check_sqlite

if TYPE_CHECKING:
    from mlflow import MlflowClient

Pictures = Callable[[Path], Sequence[Path]]
"""Draws the pictures of a trial from its folder and returns their files."""
FrontFiles = Callable[[Sequence[Trial]], Sequence[Path]]
"""Draws the front of a study's trials and returns the files."""


class Notebook:
    """Writes a study to MLflow. Every method may raise whatever MLflow and the network raise.

    After an exception call `forget`: what MLflow holds is then looked up anew.

    Args:
        spec: Of the study.
        folder: Of the study, in ``<workspace>/studies``.
        uri: MLflow's tracking URI.
        pictures: Draws a trial.
    """

    def __init__(self, spec: StudySpec, folder: Path, uri: str, pictures: Pictures) -> None:
        self._spec = spec
        self._folder = folder
        self._uri = uri
        self._pictures = pictures
        self._lock = FileLock(folder / ".mlflow.lock", timeout=0)
        self._made = _now()
        self._uid = ""
        self._client: MlflowClient | None = None
        self._experiment = ""
        self._runs = Runs()

    def open(self) -> None:
        """Connect, find or create the experiment and the study's run, and look up the trials'.

        Raises:
            StoreError: The experiment was deleted, or somebody else writes this study.
        """
        if self._client is not None:
            return
        from mlflow import MlflowClient

        self._hold()
        check_sqlite(self._uri)
        self._uid = study_uid(self._folder)
        client = MlflowClient(tracking_uri=self._uri)
        place = artifact_location(self._uri, self._folder.parent.parent)
        self._experiment = find_experiment(client, f"automed/{self._spec.task.name}", place)
        self._runs = find_runs(client, self._experiment, self._uid)
        tags = entries.study_tags(self._spec, self._uid)
        if self._runs.study is None:
            self._runs.study = new_run(
                client, self._experiment, self._spec.name, tags, self._born()
            )
        self._runs.study.log_params(entries.study_params(self._spec))
        self._runs.study.set_tags(tags)
        self._name_data(self._runs.study)
        self._client = client

    def answers(self) -> bool:
        """Whether MLflow answers at all."""
        if self._client is None:
            return False
        try:
            self._client.get_experiment(self._experiment)
        except Exception:  # noqa: BLE001 - whatever it is, it is no answer
            return False
        return True

    def forget(self) -> None:
        """Drop what is known about the store."""
        self._client, self._runs = None, Runs()

    def close(self) -> None:
        """Let others write this study."""
        self._lock.release()

    def holds(self, trial: Trial) -> bool:
        """Whether MLflow has all of a trial that ended."""
        run = self._runs.trials.get(trial.number)
        return run is not None and run.tags.get(entries.WRITTEN) == _mark(trial)

    def write_trial(self, trial: Trial, live: Sequence[Measurement], started: float | None) -> None:
        """Bring the run of a trial up to date.

        Args:
            trial: Running or ended.
            live: What it was measured at so far; the history in its folder goes first.
            started: When its training began, in seconds since 1970, where that is known.
        """
        ended = trial.state is not TrialState.RUNNING
        folder = trial_folder(self._folder, trial.number)
        history = (read_history(folder / HISTORY) if ended else ()) or tuple(live)
        run = self._run_of(trial, history, started or beginning_of(folder, history))
        run.log_params(entries.trial_params(trial))
        self._name_data(run)
        run.log_points(points_of(history, run.start))
        run.log_values(entries.trial_values(trial), _now())
        run.set_tags(self._tags(trial))
        run.set_status(entries.STATUS[trial.state], run.start + duration_of(trial, history))
        if ended:
            self._write_files(run, trial, folder)
            run.set_tags({entries.WRITTEN: _mark(trial)})

    def write_curves(self, trials: Iterable[Trial], rejected: Sequence[int]) -> None:
        """Bring the curves of the study's run up to date: one step a complete trial.

        Args:
            trials: Every trial of the study that is known.
            rejected: Numbers of the trials that the screen rejected.
        """
        study = self._study()
        done = sorted(
            (t for t in trials if t.state is TrialState.COMPLETE and t.result is not None),
            key=lambda t: t.number,
        )
        known = study.points("hypervolume")
        points = []
        for count, trial in enumerate(done, start=1):
            if trial.number not in known:
                front = feasible_front(self._spec, done[:count])
                skipped = sum(number < trial.number for number in rejected)
                values = entries.front_values(front, self._spec.task.quality, skipped)
                points += [Point(k, trial.number, v, _now()) for k, v in values.items()]
        study.log_points(points)
        study.set_tags({"rejected": str(len(rejected))})

    def write_front(self, trials: Sequence[Trial], draw: FrontFiles | None) -> None:
        """Replace the table of the front, and its pictures where there is somebody to draw them."""
        study = self._study()
        front = feasible_front(self._spec, trials)
        table = entries.front_table(front.trials, self._spec.task.guide)
        study.log_text("front.json", json.dumps(table, indent=1))
        # So MLflow's own log_table marks what its UI shows as a table.
        shown = [{"path": "front.json", "type": "table"}]
        study.set_tags({"mlflow.loggedArtifacts": json.dumps(shown)})
        for path in draw(trials) if draw is not None else ():
            study.log_file(path)

    def set_status(self, status: str) -> None:
        """The study's run: RUNNING, FINISHED or KILLED."""
        self._study().set_status(status)

    def settle(self) -> None:
        """Mark what still seems to run as interrupted, for nothing runs any more."""
        for run in self._runs.trials.values():
            if run.status == "RUNNING":
                run.set_tags({"state": "interrupted"})
                run.set_status("KILLED")

    def _hold(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._lock.is_locked:
            return
        try:
            self._lock.acquire()
        except Timeout:
            raise StoreError(
                f"study {self._spec.name} is being written to MLflow elsewhere; try again later"
            ) from None

    def _born(self) -> int:
        try:
            return round((self._folder / "study.json").stat().st_mtime * 1000)
        except FileNotFoundError:
            return self._made

    def _name_data(self, run: Run) -> None:
        data = self._spec.data
        run.log_dataset(data.name, data.digest, data.path)

    def _study(self) -> Run:
        assert self._runs.study is not None
        return self._runs.study

    def _run_of(self, trial: Trial, history: Sequence[Measurement], started: float) -> Run:
        assert self._client is not None
        run = self._runs.trials.get(trial.number)
        if run is not None and is_stale(run, trial, history):
            self._client.delete_run(run.id)
            run = None
        if run is None:
            run = new_run(
                self._client, self._experiment, entries.trial_name(trial), self._tags(trial),
                round(started * 1000),
            )  # fmt: skip
            self._runs.trials[trial.number] = run
        return run

    def _tags(self, trial: Trial) -> dict[str, str]:
        # Under the run of the model that it compresses, where there is one already.
        above = self._runs.trials.get(trial.parent) if trial.parent is not None else None
        return entries.trial_tags(self._spec, trial, self._uid, (above or self._study()).id)

    def _write_files(self, run: Run, trial: Trial, folder: Path) -> None:
        run.log_text("config.json", trial.config.model_dump_json(indent=1))
        for name in (HISTORY, RESULT):
            if (folder / name).exists():
                run.log_file(folder / name)
        try:
            pictures = self._pictures(folder)
        except Exception as error:  # noqa: BLE001 - a picture is not worth a trial's figures
            run.set_tags({"pictures": f"not drawn: {type(error).__name__}: {error}"})
            return
        for path in pictures:
            run.log_file(path)


def _mark(trial: Trial) -> str:
    return trial.digest[:16]


def _now() -> int:
    return round(time.time() * 1000)
