"""The log of a study, shown line by line: what the study knew at each moment of its past."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend
from optuna.trial import FrozenTrial

from automed.domain.study_spec import StudySpec
from automed.search.journal_place import JOURNAL_FILE
from automed.search.postgres_journal import PostgresJournal
from automed.search.postgres_reader import reading
from automed.search.record import SEED, is_ours
from automed.search.storage_url import required_url
from automed.search.trials_reader import read_trials

Line = dict[str, Any]
"""One record of optuna's journal. Told apart by their fields, which are what a file promises."""


class Past(BaseJournalBackend):
    """The first lines of a study's log, at the start none. Takes no lock and writes nothing.

    Args:
        folder: The study's folder; the study may be running.
        spec: Names the study.

    Raises:
        StudyError: The log is damaged or lost.
    """

    def __init__(self, folder: Path, spec: StudySpec) -> None:
        read_trials(folder, spec)  # says what is wrong with a log that cannot be read
        self.lines = list(_lines(folder, spec))
        """All of them, those to come as well."""
        self._name = spec.name
        self._shown = 0
        self._study_id: int | None = None
        self._storage = JournalStorage(self)

    def read_logs(self, log_number_from: int) -> Iterable[Line]:
        """For optuna: what is shown so far."""
        return self.lines[log_number_from : self._shown]

    def append_logs(self, logs: list[Line]) -> None:
        """For optuna, which has no reason to call it.

        Raises:
            PermissionError: Always.
        """
        raise PermissionError("the past of a study cannot be written to")

    def show_next(self) -> None:
        """Let one more line have happened."""
        self._shown += 1
        if self._study_id is None:
            try:
                self._study_id = self._storage.get_study_id_from_name(self._name)
            except KeyError:
                return  # the line is of another study in the file, and its own is to come

    def trials(self) -> list[FrozenTrial]:
        """All trials there were by now, in order; not to be changed."""
        if self._study_id is None:
            return []
        return self._storage.get_all_trials(self._study_id, deepcopy=False)

    def history(self) -> list[FrozenTrial]:
        """Those of them that automed made."""
        return [trial for trial in self.trials() if is_ours(trial)]

    def creates(self, line: Line) -> bool:
        """Whether a line adds a trial of automed's to the study."""
        ours = "datetime_start" in line and line.get("study_id") == self._study_id
        return ours and SEED in line.get("user_attrs", {})

    def described_by(self, line: Line) -> dict[str, Any]:
        """What a line notes on the study, by key."""
        ours = "study_id" in line and line["study_id"] == self._study_id
        found: dict[str, Any] = line.get("user_attr", {}) if ours else {}
        return found

    def trial_of(self, line: Line) -> FrozenTrial | None:
        """The trial of automed's that a line changes, as it is by now."""
        if "trial_id" not in line:
            return None
        wanted = line["trial_id"]
        return next((trial for trial in self.history() if trial._trial_id == wanted), None)


def _lines(folder: Path, spec: StudySpec) -> Iterable[Line]:
    if spec.storage == "postgres":
        return PostgresJournal(reading(required_url(spec.name)), spec.name).read_logs(0)
    path = folder.absolute() / JOURNAL_FILE
    return JournalFileBackend(str(path)).read_logs(0) if path.exists() else []
