"""MLflow beside a study: where its store is, and what it missed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from automed.analysis.front_files import write_front
from automed.analysis.pictures import render
from automed.api.audit_report import audit_files
from automed.api.confirm_files import report_files
from automed.api.space_page import SpacePage
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.search.view import feasible_front, read_study
from automed.tracking.mlflow_tracker import MlflowTracker, SyncReport
from automed.tracking.uri import tracking_uri

__all__ = ["browse", "open_tracker", "sync_study", "tracking_uri"]


def browse(workspace: Workspace) -> str:
    """What to type, or where to look, to browse every trial."""
    uri = tracking_uri(workspace)
    return f"mlflow ui --backend-store-uri {uri}" if "://" in uri and "http" not in uri else uri


def open_tracker(
    spec: StudySpec, folder: Path, workspace: Workspace, earlier: Sequence[Trial] = ()
) -> MlflowTracker:
    """An observer that mirrors the study; it never slows or ends the search."""
    classes = spec.task.classes

    def pictures(trial_folder: Path) -> list[Path]:
        return render(trial_folder, classes)

    space = SpacePage(spec, folder)

    def front_files(trials: Sequence[Trial]) -> list[Path]:
        front = write_front(spec, trials, feasible_front(spec, trials), folder)
        return [*front, space.write(), *audit_files(folder), *report_files(folder)]

    return MlflowTracker(spec, folder, tracking_uri(workspace), pictures, front_files, earlier)


def sync_study(name: str, workspace: Workspace) -> SyncReport:
    """Bring MLflow up to date with a study.

    Raises:
        StudyError: There is no such study.
    """
    folder = workspace.studies / name
    view = read_study(folder)
    tracker = open_tracker(view.spec, folder, workspace)
    try:
        return tracker.sync(view.trials)
    finally:
        tracker.close()
