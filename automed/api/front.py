"""The front of a study: to be shown, and as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automed.analysis.front_plot import write_front_html, write_front_png
from automed.domain.front import Front, front_of
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.search.reading import read_study


@dataclass(frozen=True)
class ShownFront:
    """A study's front with what is needed to show it.

    Attributes:
        spec: The study's settings.
        trials: Every trial, rejected ones too.
        front: The non-dominated among the complete ones.
    """

    spec: StudySpec
    trials: tuple[Trial, ...]
    front: Front


def show_front(name: str, workspace: Workspace) -> ShownFront:
    """Read a study, which may be running, and compute its front.

    Raises:
        StudyError: There is no such study, or it cannot be read.
    """
    spec, trials = read_study(workspace.studies / name)
    return ShownFront(spec, trials, front_of(trials, spec.task.objectives))


def write_front(
    shown: ShownFront, workspace: Workspace, folder: Path | None = None
) -> tuple[Path, Path]:
    """Write ``front.png`` and ``front.html``; by default into the study's folder."""
    target = folder or workspace.studies / shown.spec.name
    target.mkdir(parents=True, exist_ok=True)
    height, width = shown.spec.task.image_size
    title = f"{shown.spec.task.title} ({shown.spec.name}, input {height}x{width})"
    if shown.spec.data.is_demo:
        title += ", synthetic demo data"
    png, html = target / "front.png", target / "front.html"
    write_front_png(shown.trials, shown.front, shown.spec.task.objectives, png, title)
    write_front_html(shown.trials, shown.front, shown.spec.task.objectives, html, title)
    return png, html
