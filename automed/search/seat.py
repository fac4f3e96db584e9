"""A search's place at its study: alone in its folder, or at one table with other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from optuna.trial import FrozenTrial

from automed.domain.study_spec import StudySpec
from automed.search.journal_place import JournalPlace, PlaceInFolder
from automed.search.lock import StudyLock

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Memory:
    """What a search remembers between its turns, and has to be told at their beginning.

    Attributes:
        keep: Gives what brings everything back to how it is now, but for what is in the journal.
        catch_up: Is told that a turn begins: how many seconds of wall time no trial was charged
            for so far, and settings that another search has changed.
        unbooked: Seconds of wall time that still no trial is charged for.
    """

    keep: Callable[[], Callable[[], None]]
    catch_up: Callable[[float, StudySpec | None], None]
    unbooked: Callable[[], float]


class Seat(Protocol):
    """What the study asks of the place where it is kept."""

    id: str
    """Signs the trials that this search runs; empty: nobody else could."""

    @property
    def place(self) -> JournalPlace:
        """Where the study's journal is."""
        ...

    def turn(self, work: Callable[[], Answer], memory: Memory) -> Answer:
        """Do some work while no other search can read or write."""
        ...

    def is_elsewhere(self, trial: FrozenTrial) -> bool:
        """Whether another search has a trial, or had it when it was last heard of."""
        ...

    def is_alive(self, trial: FrozenTrial) -> bool:
        """Whether another search has a trial, and was heard of lately."""
        ...

    def has_files(self, number: int) -> bool:
        """Whether what a trial's training left can be read here."""
        ...

    def rest(self) -> None:
        """Wait a moment for what the others do."""
        ...

    def release(self) -> None:
        """Leave. Does nothing when called again."""
        ...


class Alone:
    """The only search in a study's folder, by its lock.

    Args:
        folder: The study's folder.

    Raises:
        StudyError: Another search holds the lock.
    """

    id = ""

    def __init__(self, folder: Path) -> None:
        self._lock = StudyLock(folder)
        self.place: JournalPlace = PlaceInFolder(folder)

    def turn(self, work: Callable[[], Answer], memory: Memory) -> Answer:
        """It is always this one's turn."""
        return work()

    def is_elsewhere(self, trial: FrozenTrial) -> bool:
        """There are no others."""
        return False

    def is_alive(self, trial: FrozenTrial) -> bool:
        """There are no others."""
        return False

    def has_files(self, number: int) -> bool:
        """All files are in this folder."""
        return True

    def rest(self) -> None:
        """There is nobody to wait for."""

    def release(self) -> None:
        """Let another search have the folder."""
        self._lock.release()


@contextmanager
def kept_on_success(seat: Seat) -> Iterator[Seat]:
    """Leave where the block raises; stay where it does not."""
    try:
        yield seat
    except BaseException:
        seat.release()
        raise
