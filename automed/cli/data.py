"""``automed data add|check|list``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automed.cli.options import (
    Allow,
    Fresh,
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
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Another folder, or a task's registered data: what both hold is named."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for audit.html and audit.json.",
            show_default="WORKSPACE/audits/NAME",
        ),
    ] = None,
    layout: Layout = None,
    group_pattern: GroupPattern = None,
    group_csv: GroupCsv = None,
    group_column: GroupColumn = None,
    no_groups: NoGroups = None,
    mask_values: MaskValues = None,
    allow: Allow = None,
    fresh: Fresh = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Print what a folder holds and what is wrong with it. Exit code 1 if there are errors."""
    from automed.api.audit_report import write_report
    from automed.api.datasets import check_data
    from automed.api.in_both import against_others
    from automed.api.registered_options import as_registered
    from automed.cli.console import next_steps, steps
    from automed.cli.data_view import show, show_report

    options = data_options(
        layout, group_pattern, group_csv, group_column, no_groups, mask_values, allow
    )  # fmt: skip
    space = workspace_at(workspace)
    known = as_registered(task, path, options, space, fresh=fresh)
    with steps() as step:
        checked = check_data(task, path, known.options, step, space)
        checked = against_others(checked, against or (), space, step)
        report = write_report(checked, space, output)
    show(checked, known.notes)
    show_report(report)
    if checked.audit.errors:
        raise typer.Exit(1)
    place = f"{_quoted(path)}{checked.ref.options.flags}"
    next_steps(
        ("register it", f"automed data add {task} {place}{space.flag}"),
        ("or search at once", f"automed search {task} --data {place}{space.flag}"),
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
    mask_values: MaskValues = None,
    allow: Allow = None,
    fresh: Fresh = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check a folder and use it for a task from now on."""
    from rich.text import Text

    from automed.api.datasets import add_data
    from automed.api.registered_options import as_registered, replaced
    from automed.cli.console import next_steps, out, steps
    from automed.cli.data_view import show

    options = data_options(
        layout, group_pattern, group_csv, group_column, no_groups, mask_values, allow
    )  # fmt: skip
    space = workspace_at(workspace)
    known = as_registered(task, path, options, space, fresh=fresh)
    other = replaced(task, path, space)
    with steps() as step:
        checked = add_data(task, path, space, known.options, step)
    show(checked, known.notes)
    instead = f" instead of {other}." if other else "."
    told = Text.assemble(("Registered", "green"), " for task ", (task, "bold"), instead)
    out.print(told, soft_wrap=True)
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


@app.command()
def leak(
    data: Annotated[
        str | None, typer.Argument(help="Folder of images; the registered one where not given.")
    ] = None,
    task: Annotated[str, typer.Option(help="The task; see automed tasks.")] = "",
    epochs: Annotated[int, typer.Option(help="Epochs of each training.")] = 10,
    image_size: Annotated[
        str | None, typer.Option(help="Input size: 128, or HEIGHTxWIDTH as in 288x384.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Splits of either kind.")] = 3,
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Start from ImageNet weights.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    layout: Layout = None,
    group_pattern: GroupPattern = None,
    group_csv: GroupCsv = None,
    group_column: GroupColumn = None,
    mask_values: MaskValues = None,
    allow: Allow = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Train one model under random and grouped splits: how much better leaks make it look."""
    from automed.api.leak import LeakRequest, measure_leak
    from automed.cli.console import next_steps, steps
    from automed.cli.data_view import show_leak
    from automed.cli.image_size import image_size_of

    options = data_options(
        layout, group_pattern, group_csv, group_column, None, mask_values, allow
    )  # fmt: skip
    space = workspace_at(workspace)
    name, folder = _task_and_folder(data, task)
    request = LeakRequest(
        task=name, data=folder, options=options, epochs=epochs,
        image_size=image_size_of(image_size), seeds=seeds,
        weights="imagenet" if pretrained else "none",
    )  # fmt: skip
    with steps() as step:
        found = measure_leak(request, space, step, device)
    show_leak(found)
    place = f" --data {_quoted(folder)}{options.flags}" if folder else ""
    next_steps(("search with groups kept whole", f"automed search {name}{place}{space.flag}"))


def _task_and_folder(data: str | None, task: str) -> tuple[str, Path | None]:
    """What a folder, or the name of a task whose data are registered, stands for.

    Raises:
        AutomedError: Neither names a task.
    """
    from automed.domain.errors import AutomedError

    if data is not None and Path(data).exists():
        if task:
            return task, Path(data)
        raise AutomedError(
            "--task is missing", expected="the task that the folder is for; see automed tasks",
            hint=f"automed data leak {_quoted(Path(data))} --task polyp",
        )  # fmt: skip
    if not (data or task):
        raise AutomedError(
            "neither a folder nor a task is given", expected="a folder with --task, or a task",
            hint="automed data leak PATH --task TASK",
        )  # fmt: skip
    if data and task and data != task:
        raise AutomedError(f"{data}: there is no such folder")
    return data or task, None


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
