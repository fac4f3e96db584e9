"""``automed data add|check|list``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automed.cli.options import (
    GroupColumn,
    GroupCsv,
    GroupPattern,
    Layout,
    MaskValues,
    NoGroups,
    WorkspaceOption,
    data_options,
    workspace_at,
)

app = typer.Typer(help="Check and register folders of images.", no_args_is_help=True)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Folder with images and labels.")],
    task: Annotated[str, typer.Option(help="The task they are for; see automed tasks.")],
    layout: Layout = None,
    group_pattern: GroupPattern = None,
    group_csv: GroupCsv = None,
    group_column: GroupColumn = None,
    no_groups: NoGroups = None,
    mask_values: MaskValues = "half",
) -> None:
    """Print what a folder holds and what is wrong with it. Exit code 1 if there are errors."""
    from automed.api.datasets import check_data
    from automed.cli.console import next_steps, steps
    from automed.cli.data_view import show

    options = data_options(
        layout, group_pattern, group_csv, group_column, no_groups, mask_values
    )  # fmt: skip
    with steps() as step:
        checked = check_data(task, path, options, step)
    show(checked)
    if checked.audit.errors:
        raise typer.Exit(1)
    place = f"{_quoted(path)}{checked.ref.options.flags}"
    next_steps(
        ("register it", f"automed data add {task} {place}"),
        ("or search at once", f"automed search {task} --data {place}"),
    )


@app.command()
def add(
    task: Annotated[str, typer.Argument(help="The task; see automed tasks.")],
    path: Annotated[Path, typer.Argument(help="Folder with images and labels.")],
    layout: Layout = None,
    group_pattern: GroupPattern = None,
    group_csv: GroupCsv = None,
    group_column: GroupColumn = None,
    no_groups: NoGroups = None,
    mask_values: MaskValues = "half",
    workspace: WorkspaceOption = None,
) -> None:
    """Check a folder and use it for a task from now on."""
    from automed.api.datasets import add_data
    from automed.cli.console import next_steps, out, steps
    from automed.cli.data_view import show

    options = data_options(
        layout, group_pattern, group_csv, group_column, no_groups, mask_values
    )  # fmt: skip
    space = workspace_at(workspace)
    with steps() as step:
        checked = add_data(task, path, space, options, step)
    show(checked)
    out.print(f"[green]Registered[/green] for task [bold]{task}[/bold].")
    next_steps(("search", f"automed search {task} --budget 50{space.flag}"))


@app.command(name="list")
def list_(workspace: WorkspaceOption = None) -> None:
    """List the registered folders."""
    from rich.table import Table

    from automed.api.datasets import registered_data
    from automed.cli.console import next_steps, out

    entries = registered_data(workspace_at(workspace))
    if not entries:
        out.print("No data set is registered: searches use synthetic demo data.")
        next_steps(("register a folder", "automed data add polyp PATH"))
        return
    table = Table("task", "samples", "folder", "digest")
    for entry in entries:
        table.add_row(entry.task, str(entry.samples), entry.path, entry.digest[:12])
    out.print(table)


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
