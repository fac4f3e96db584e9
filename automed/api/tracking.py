"""MLflow beside a study: where its store is, and what it missed."""

from __future__ import annotations

import os
from pathlib import Path

from automed.analysis.pictures import render
from automed.domain.study_spec import StudySpec
from automed.domain.workspace import Workspace
from automed.search.reading import read_study
from automed.tracking.mlflow_tracker import MlflowTracker, SyncReport


def tracking_uri(workspace: Workspace) -> str:
    """``$MLFLOW_TRACKING_URI``, else the SQLite store in the workspace."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{workspace.mlflow}"


def open_tracker(spec: StudySpec, folder: Path, workspace: Workspace) -> MlflowTracker:
    """An observer that mirrors the study; it never slows or ends the search."""
    classes = spec.task.classes

    def pictures(trial_folder: Path) -> list[Path]:
        return render(trial_folder, classes)

    return MlflowTracker(spec, folder, tracking_uri(workspace), pictures)


def sync_study(name: str, workspace: Workspace) -> SyncReport:
    """Bring MLflow up to date with a study.

    Raises:
        StudyError: There is no such study.
    """
    folder = workspace.studies / name
    spec, trials = read_study(folder)
    tracker = open_tracker(spec, folder, workspace)
    try:
        return tracker.sync(trials)
    finally:
        tracker.close()
