"""Which MLflow store a workspace writes to."""

from __future__ import annotations

import os

from automed.domain.workspace import Workspace


def tracking_uri(workspace: Workspace) -> str:
    """``$MLFLOW_TRACKING_URI``, else the SQLite store in the workspace."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{workspace.mlflow}"
