"""A study as the dashboard opens it: read again when its files have changed, and only then."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from automed.domain.budget import Budget, Spent
from automed.domain.errors import StudyError
from automed.domain.front import Front
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import Workspace, trial_folder
from automed.search.lock import is_held
from automed.search.postgres_reader import revision
from automed.search.study_file import SPEC_FILE, name_in_postgres
from automed.search.uncollected import uncollected
from automed.search.view import StudyReader, StudyView, feasible

Revision = tuple[tuple[str, int, int], ...]
"""Name, size and time of change of a study's files, and whether a search runs: equal where nothing
has happened."""


@dataclass(frozen=True)
class OpenedStudy:
    """A snapshot of a study with what every page asks of it.

    Attributes:
        view: What was read.
        front: Of the complete trials that keep the constraints.
        running: Whether a search is at work on it.
    """

    view: StudyView
    front: Front
    running: bool

    @property
    def spec(self) -> StudySpec:
        """Its settings."""
        return self.view.spec

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials in order, rejected ones included."""
        return self.view.trials

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.view.folder

    @property
    def name(self) -> str:
        """Of its folder, by which it is found: a folder that was copied names its origin inside."""
        return self.folder.name

    @property
    def word(self) -> str:
        """The name as a shell takes it."""
        return shlex.quote(self.name)

    @cached_property
    def feasible(self) -> list[Trial]:
        """The complete trials that keep the study's constraints."""
        done = [t for t in self.trials if t.state is TrialState.COMPLETE and t.result is not None]
        return feasible(self.spec, done)

    def label_of(self, trial: Trial) -> str:
        """A trial's state as users read it; ``paused``: it goes on when the search does."""
        return "paused" if trial.number in self.view.paused else trial.label

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``waiting`` for a search to go on, or ``empty``."""
        if self.running:
            return "running"
        if not self.trials:
            return "empty"
        return "finished" if self.share >= 1.0 else "waiting"

    @cached_property
    def share(self) -> float:
        """How much of the budget is spent, in [0, 1]: of the limit that is nearest to its end."""
        return share_spent(self.spec.budget, self.view.spent, self.ended)

    @cached_property
    def ended(self) -> int:
        """Trainings that have ended: one that runs is no progress yet."""
        return sum(t.charged and t.state is not TrialState.RUNNING for t in self.trials)

    @property
    def progress(self) -> str:
        """In words, such as ``12 of 50 trials, 310 epochs``."""
        return self.spec.budget.describe_spent(replace(self.view.spent, trials=self.ended))

    @property
    def seconds_left(self) -> float | None:
        """Until the budget is spent, from what it took so far; None: not running, or unknown."""
        if not self.running or not 0 < self.share < 1:
            return None
        return self.view.spent.seconds * (1 - self.share) / self.share

    def trial(self, number: int) -> Trial:
        """One trial.

        Raises:
            StudyError: The study has none of that number.
        """
        found = next((t for t in self.trials if t.number == number), None)
        if found is None:
            raise StudyError(
                f"study {self.spec.name!r} has no trial {number}",
                expected=f"a number from 0 to {len(self.trials) - 1}"
                if self.trials
                else "none yet",
            )
        return found

    def trial_folder(self, number: int) -> Path:
        """Where a trial's files lie."""
        return trial_folder(self.folder, number)


def share_spent(budget: Budget, spent: Spent, ended: int) -> float:
    """How much of a budget is spent, in [0, 1].

    Args:
        budget: The study's.
        spent: What its trials have spent.
        ended: Trainings that have ended; one that runs has not spent its trial yet.
    """
    shares = [
        (ended if name == "trials" else getattr(spent, name)) / limit
        for name, limit in budget.given.items()
    ]
    return min(1.0, max(shares, default=0.0))


def study_folders(workspace: Workspace) -> list[Path]:
    """The folders of a workspace's studies, those that last changed first."""
    if not workspace.studies.is_dir():
        return []
    found = [f for f in workspace.studies.iterdir() if _is_study(f)]
    return sorted(found, key=_changed, reverse=True)


def revision_of(folder: Path) -> Revision:
    """What changes whenever a study does; takes no lock.

    Costs a few file-status calls; of a study in Postgres a question to the server, too.
    """
    entries = []
    for file in sorted(folder.glob("*.*")):
        try:
            status = file.stat()
        except FileNotFoundError:  # replaced or removed since it was listed
            continue
        entries.append((file.name, status.st_size, status.st_mtime_ns))
    shared = name_in_postgres(folder)
    if shared is None:
        return (*entries, ("running", int(is_held(folder)), 0))
    try:
        records, changes, searches = revision(shared)
    except StudyError:  # whoever opens the study is told why
        return (*entries, ("storage", -1, 0))
    return (*entries, ("log", records, changes), ("running", searches, 0))


class StudyOpener:
    """Opens a study again and again, and reads each time what is new. Several threads may ask.

    Args:
        folder: The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._reader = StudyReader(folder)

    def open(self) -> OpenedStudy:
        """The study as it is now; it may be running.

        Raises:
            StudyError: There is none, or its files are broken.
        """
        with uncollected():
            view = self._reader.read()
            return OpenedStudy(view, view.front(), view.running)


def open_study(folder: Path) -> OpenedStudy:
    """Read a study, which may be running.

    Raises:
        StudyError: There is none, or its files are broken.
    """
    return StudyOpener(folder).open()


def _is_study(folder: Path) -> bool:
    try:
        return (folder / SPEC_FILE).is_file()
    except OSError:  # whoever may not look into it is told so by its card
        return True


def _changed(folder: Path) -> float:
    return max((mtime for _, _, mtime in revision_of(folder)), default=0)
