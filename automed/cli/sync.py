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
    from automed.api.tracking import sync_study, tracking_uri
    from automed.cli.console import out

    space = workspace_at(workspace)
    report = sync_study(study, space)
    out.print(f"Trials in MLflow at {tracking_uri(space)}: {report.synced}", soft_wrap=True)
    if report.failed:
        out.print(f"[red]Not written: {report.failed}[/red] ({report.reason})")
        raise typer.Exit(1)
