"""``automed tasks``."""

from __future__ import annotations

from automed.cli.options import WorkspaceOption, workspace_at


def tasks(workspace: WorkspaceOption = None) -> None:
    """List the tasks, where each comes from and which data it would use."""
    from rich.table import Table

    from automed.api.tasks import list_tasks
    from automed.cli.console import next_steps, out

    table = Table(title="Tasks", title_justify="left", title_style="bold")
    for column in ("task", "title", "kind", "input", "parameters", "data", "origin"):
        table.add_column(column, overflow="fold")
    rows = list_tasks(workspace_at(workspace))
    for row in rows:
        if row.task is None:
            table.add_row(row.name, f"[red]{row.problem}[/red]", "", "", "", "", row.origin)
            continue
        task = row.task
        table.add_row(
            f"[bold]{task.name}[/bold]", task.title, task.kind,
            "x".join(map(str, task.image_size)), str(len(task.space.parameters)),
            row.data, row.origin,
        )  # fmt: skip
    out.print(table)
    next_steps(
        ("use your own images", "automed data add polyp PATH"),
        ("search", "automed search polyp --budget 50"),
    )
