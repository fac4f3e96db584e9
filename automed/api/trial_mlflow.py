"""A trial's run in MLflow: an address to open, or the command that serves it."""

from __future__ import annotations

from pathlib import Path

from automed.domain.workspace import Workspace
from automed.tracking.reach import UnreachableError
from automed.tracking.run_address import run_address
from automed.tracking.uri import tracking_uri

__all__ = ["UnreachableError", "mlflow_command", "mlflow_page", "mlflow_served"]


def mlflow_served(workspace: Workspace) -> bool:
    """Whether a server keeps the runs, so that a browser can open them."""
    return tracking_uri(workspace).startswith(("http://", "https://"))


def mlflow_page(workspace: Workspace, task: str, study: Path, number: int) -> str | None:
    """Where a browser finds the run; None: the server does not have it.

    Args:
        workspace: The study's.
        task: Name of its task.
        study: Its folder.
        number: Of the trial.

    Raises:
        UnreachableError: The server does not answer.
    """
    return run_address(tracking_uri(workspace), task, study, number)


def mlflow_command(workspace: Workspace) -> str:
    """What to type to browse the runs of a store without a server."""
    return f"mlflow ui --backend-store-uri {tracking_uri(workspace)}"
