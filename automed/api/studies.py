"""Which studies there are."""

from __future__ import annotations

from automed.domain.errors import StudyError
from automed.domain.workspace import Workspace
from automed.search.listing import StudySummary, list_studies

__all__ = ["StudySummary", "studies_in"]


def studies_in(workspace: Workspace) -> list[StudySummary]:
    """The studies of a workspace, oldest first; a broken one is listed with its problem."""
    found = list_studies(workspace.studies)
    return sorted(found, key=lambda s: s.created.timestamp() if s.created else 0.0)


def latest(workspace: Workspace, task: str) -> str:
    """Name of the task's newest study.

    Raises:
        StudyError: The task has none.
    """
    names = [s.name for s in studies_in(workspace) if s.task == task]
    if not names:
        raise StudyError(
            f"task {task!r} has no study in {workspace.root} to go on with",
            hint=f"start one: automed search {task}",
        )
    return names[-1]
