"""``automed plugin new|list|show|check``."""

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

app = typer.Typer(help="Make, list, show and check task plugins.", no_args_is_help=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the task: lower-case letters, digits and _.")],
    data: Annotated[Path, typer.Option(help="Folder with images and labels.")],
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take what is proposed.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option(metavar="segmentation|classification", show_default="what the folder holds"),
    ] = None,
    title: Annotated[str | None, typer.Option(help="One line for people.")] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="Names of the classes; for masks in the order of their values."
        ),
    ] = None,
    image_size: Annotated[
        str | None, typer.Option(help="Input size: 128, or HEIGHTxWIDTH as in 288x384.")
    ] = None,
    space: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Search space; see automed space.")
    ] = None,
    layout: Layout = None,
    group_pattern: GroupPattern = None,
    group_csv: GroupCsv = None,
    group_column: GroupColumn = None,
    no_groups: NoGroups = None,
    mask_values: MaskValues = None,
    output: Annotated[
        Path | None, typer.Option(help="The file to write.", show_default="plugins/NAME.py")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing plugin.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a task plugin for a folder of images: look, propose, write, check, register the data."""
    from automed.api.plugin_proposal import Given
    from automed.cli.image_size import image_size_of
    from automed.cli.plugin_new import make_plugin
    from automed.cli.plugin_words import check_kind, listed
    from automed.domain.group_template import read_template

    regex, group = read_template(group_pattern) if group_pattern else (None, "")
    options = data_options(layout, regex, group_csv, group_column, no_groups, mask_values)
    given = Given(
        name=name, path=data, kind=check_kind(kind), title=title, classes=listed(classes),
        image_size=image_size_of(image_size), space=space, options=options, group=group,
    )  # fmt: skip
    make_plugin(given, output, workspace_at(workspace), force=force, yes=yes)


@app.command(name="list")
def list_(workspace: WorkspaceOption = None) -> None:
    """List the plugins: name, title, kind, where each comes from, and what is wrong with it."""
    from rich.table import Table

    from automed.api.tasks import list_tasks
    from automed.cli.console import next_steps, out

    rows = list_tasks(workspace_at(workspace))
    table = Table(title="Plugins", title_justify="left", title_style="bold")
    for column in ("name", "title", "kind", "origin"):
        table.add_column(column, overflow="fold")
    for row in rows:
        if row.task is None:
            table.add_row(row.name, f"[red]broken[/red]: {_plain(row.problem)}", "", row.origin)
        else:
            table.add_row(
                f"[bold]{row.name}[/bold]", _plain(row.task.title), row.task.kind, row.origin
            )
    out.print(table)
    broken = [row.name for row in rows if row.task is None]
    next_steps(
        *[("see what is wrong", f"automed plugin check {name}") for name in broken],
        ("see what one declares", f"automed plugin show {rows[0].name}"),
        ("make one for your images", "automed plugin new mytask --data PATH"),
    )


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the task; see automed plugin list.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Print what a plugin declares."""
    from automed.api.plugin_show import show_plugin
    from automed.cli.plugin_view import print_plugin

    place = workspace_at(workspace)
    print_plugin(show_plugin(name, place), place)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of the task; see automed plugin list.")],
) -> None:
    """Run the conformance suite on a task plugin. Exit code 1 if a check fails."""
    from automed.cli.console import next_steps
    from automed.cli.plugin_checks import checked
    from automed.registry.tasks import load_task

    task = load_task(name)
    if not checked(task):
        raise typer.Exit(1)
    next_steps(
        ("see what it declares", f"automed plugin show {name}"),
        ("search", f"automed search {name} --budget 50"),
    )


def _plain(text: str | None) -> str:
    """Text that rich shall not read as markup."""
    return (text or "").replace("[", r"\[")
