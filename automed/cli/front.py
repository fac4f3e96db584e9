"""``automed front``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at


def front(
    study: Annotated[str, typer.Argument(help="Name of the study; see automed studies.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the plots.", show_default="the study's"),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Print the Pareto front of a study and write it as PNG and interactive HTML."""
    from automed.api.front import show_front, write_front
    from automed.cli.console import next_steps, out
    from automed.cli.front_view import print_front

    space = workspace_at(workspace)
    shown = show_front(study, space)
    print_front(shown)
    if not shown.front.trials:
        next_steps(("go on", f"automed search {shown.spec.task.name} --resume --name {study}"))
        return
    png, html = write_front(shown, space, output)
    out.print(f"\nPlots: {png}\n       {html}", soft_wrap=True)
    next_steps(
        ("search on", f"automed search {shown.spec.task.name} --resume --name {study} "
                      f"--budget {2 * shown.spec.budget.trials}"),
        ("browse every trial", f"mlflow ui --backend-store-uri sqlite:///{space.mlflow}"),
    )  # fmt: skip
