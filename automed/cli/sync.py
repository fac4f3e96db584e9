"""``automed sync``."""

from __future__ import annotations

from typing import Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at


def sync(
    study: Annotated[str, typer.Argument(help="Name of the study; see automed studies.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Copy to MLflow what it missed while it could not be reached."""
    from automed.api.tracking import sync_study
    from automed.cli.console import out

    report = sync_study(study, workspace_at(workspace))
    out.print(f"{report.synced} trials are in MLflow.")
    if report.failed:
        out.print(f"[red]{report.failed} could not be written:[/red] {report.reason}")
        raise typer.Exit(1)
