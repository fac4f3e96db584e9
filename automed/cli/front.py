"""``automed front``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
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
    from automed.api.confirm_files import read_report
    from automed.api.front import show_front, write_front
    from automed.api.tracking import browse
    from automed.cli.budget_view import more_flags
    from automed.cli.confirm_short import print_in_short
    from automed.cli.console import next_steps
    from automed.cli.front_view import print_files, print_front, to_confirm, to_export

    space = workspace_at(workspace)
    shown = show_front(study, space)
    print_front(shown)
    resume = f"automed search {shown.spec.task.name} --resume --name {quote(study)}{space.flag}"
    if not shown.front.trials:
        next_steps(("go on", resume))
        return
    print_files(write_front(shown, space, output))
    report = read_report(space.studies / study)
    if report is not None:
        print_in_short(report)
    next_steps(
        ("search on", f"{resume} {more_flags(shown.spec.budget, shown.spent)}"),
        *to_export(shown, space),
        *to_confirm(shown, space),
        ("browse every trial in MLflow", browse(space)),
    )  # fmt: skip
