"""The front of a study: to be shown, and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from automed.analysis.front_files import write_front as draw
from automed.domain.budget import Spent
from automed.domain.errors import StudyError, WorkspaceError
from automed.domain.front import Front
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.search.listing import list_studies
from automed.search.view import read_study


@dataclass(frozen=True)
class ShownFront:
    """A study's front with what is needed to show it.

    Attributes:
        spec: The study's settings.
        trials: Every trial, rejected ones too.
        front: The non-dominated among the complete ones that keep the constraints.
        spent: What the study has spent.
        paused: Trials that wait for the search to go on, with the last epoch of each.
        folder: Of the study; None: the one that its settings name.
        running: Whether a search is at work on it, here or, of a shared study, anywhere.
    """

    spec: StudySpec
    trials: tuple[Trial, ...]
    front: Front
    spent: Spent = field(default_factory=Spent)
    paused: Mapping[int, int] = field(default_factory=dict)
    folder: Path | None = None
    running: bool = False

    @property
    def name(self) -> str:
        """What commands call the study: a copy of a study goes by its folder."""
        return self.spec.name if self.folder is None else self.folder.name


def show_front(name: str, workspace: Workspace) -> ShownFront:
    """Read a study, which may be running, and compute its front.

    Raises:
        StudyError: There is no such study, or it cannot be read.
    """
    folder = workspace.studies / name
    if not folder.is_dir():
        known = [s.folder.name for s in list_studies(workspace.studies)]
        raise StudyError(
            f"there is no study {name!r} in {workspace.root}",
            expected=", ".join(known) or "a study; there are none yet",
            hint=f"automed studies{workspace.flag}",
        )
    view = read_study(folder)
    return ShownFront(
        view.spec, view.trials, view.front(), view.spent, view.paused, folder, view.running
    )


def write_front(shown: ShownFront, workspace: Workspace, folder: Path | None = None) -> list[Path]:
    """Write the front's plots and its table, by default into the study's folder.

    Raises:
        WorkspaceError: The folder cannot be written to.
    """
    study = workspace.studies / shown.name
    target = folder or study
    try:
        return draw(shown.spec, shown.trials, shown.front, target, study)
    except OSError as error:
        raise WorkspaceError(
            f"the plots cannot be written to {target}",
            found=error.strerror or str(error),
            hint=f"automed front {quote(shown.name)} --output FOLDER",
        ) from error
