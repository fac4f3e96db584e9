"""The trials of a study that may be running: takes no lock, writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from automed.domain.study_spec import StudySpec
from automed.search.journal import readable
from automed.search.journal_place import JOURNAL_FILE, refuse_lost
from automed.search.journal_reader import JournalReader
from automed.search.lock import is_held
from automed.search.postgres_reader import PostgresReader, waits


def read_trials(folder: Path, spec: StudySpec) -> list[FrozenTrial]:
    """The trials of a study that may be running.

    Raises:
        StudyError: The journal is damaged, or cannot be reached.
    """
    return TrialsReader(folder).trials(spec)


class TrialsReader:
    """The trials of a study that is looked at again and again while it grows.

    What it has read it does not read again.

    Args:
        folder: The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder.absolute() / JOURNAL_FILE
        self._file = JournalReader(self._path)
        self._rows: PostgresReader | None = None

    def trials(self, spec: StudySpec) -> list[FrozenTrial]:
        """All trials in order. Finished ones are handed out again: not to be changed.

        Raises:
            StudyError: The journal is damaged, or cannot be reached.
        """
        if spec.storage == "postgres":
            rows = self._reader(spec)
            with readable(rows.place):
                found = rows.trials()
            refuse_lost(self._folder, rows.place, len(found))
            return found
        found = []
        if self._path.exists():
            with readable(str(self._path)):
                found = self._file.trials(spec.name)
        refuse_lost(self._folder, str(self._path), len(found), exists=self._path.exists())
        return found

    def current(self, spec: StudySpec) -> StudySpec:
        """The settings as they are now, where other machines can change them.

        Raises:
            StudyError: The journal cannot be reached.
        """
        return self._reader(spec).current(spec) if spec.storage == "postgres" else spec

    def at_work(self, spec: StudySpec) -> tuple[bool, Callable[[FrozenTrial], bool]]:
        """Whether a search is running, and what tells which trials wait for one to go on.

        Raises:
            StudyError: The journal cannot be reached.
        """
        if spec.storage == "postgres":
            live = self._reader(spec).live()
            return bool(live), lambda trial: waits(trial, live)
        running = is_held(self._folder)
        return running, lambda trial: trial.state is TrialState.RUNNING and not running

    def _reader(self, spec: StudySpec) -> PostgresReader:
        if self._rows is None:
            self._rows = PostgresReader(spec.name)
        return self._rows
