"""Where a study's journal is: a file in its folder, or rows in Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from automed.domain.errors import StudyError
from automed.domain.trial_files import RESULT
from automed.search.journal_repair import repair

JOURNAL_FILE = "journal.log"


class JournalPlace(Protocol):
    """What the journal asks of it."""

    name: str
    """For messages."""

    @property
    def exists(self) -> bool:
        """Whether there is something to read."""
        ...

    def mend(self) -> str | None:
        """Repair what a crash left torn; what was done, in words."""
        ...

    def open(self) -> JournalStorage:
        """Optuna's storage over it."""
        ...


class PlaceInFolder:
    """``journal.log`` in a study's folder.

    Args:
        folder: The study's folder. Whoever writes holds its lock.
    """

    def __init__(self, folder: Path) -> None:
        # Absolute, or optuna's lock waits for ever on a link that points nowhere.
        self.path = folder.absolute() / JOURNAL_FILE
        self.name = str(self.path)

    @property
    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def mend(self) -> str | None:
        """See `repair`."""
        return repair(self.path)

    def open(self) -> JournalStorage:
        """Optuna's storage over the file."""
        return JournalStorage(JournalFileBackend(str(self.path)))


def refuse_lost(folder: Path, place: str, known: int, *, exists: bool = True) -> None:
    """A journal that lacks trials was cut, emptied or removed: each is there before it is trained.

    Args:
        folder: The study's folder, with what its trainings left.
        place: Where the journal is, for the message.
        known: How many trials it has.
        exists: Whether it is there at all.

    Raises:
        StudyError: Trials are lost.
    """
    trained = folder.absolute() / "trials"
    names = [file.name for file in trained.iterdir()] if trained.is_dir() else []
    unknown = [name for name in names if name.isdecimal() and int(name) >= known]
    lost = sorted(n for n in unknown if not exists or (trained / n / RESULT).exists())
    if not lost:
        return
    problem = "holds fewer trials than were trained" if exists else "is missing"
    raise StudyError(
        f"{place} {problem}",
        found=f"{known} trials, and {trained} has {len(lost)} more, such as {lost[0]}",
        hint="restore the file from a backup, or start the search anew under another --name",
    )
