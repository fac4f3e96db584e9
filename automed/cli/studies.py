"""``automed studies``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from automed.cli.options import WorkspaceOption, workspace_at

if TYPE_CHECKING:
    from automed.api.studies import StudySummary


def studies(workspace: WorkspaceOption = None) -> None:
    """List the studies in the workspace."""
    from rich.table import Table

    from automed.api.studies import studies_in
    from automed.cli.console import next_steps, out

    space = workspace_at(workspace)
    found = studies_in(space)
    if not found:
        out.print("No studies yet.")
        next_steps(("start one", "automed search polyp --budget 12 --no-pretrained"))
        return
    table = Table(title="Studies", title_justify="left", title_style="bold")
    for column in ("study", "task", "data", "spent", "failed", "rejected", "best", "began"):
        table.add_column(column, overflow="fold")
    for row in found:
        if row.problem is not None:
            table.add_row(f"[red]{row.name}[/red]", f"[red]{row.problem.splitlines()[0]}[/red]")
            continue
        table.add_row(
            f"[bold]{row.name}[/bold]", row.task, row.data, _spent(row),
            str(row.counts.get("failed", 0)), str(row.counts.get("rejected", 0)),
            f"{row.guide} {row.best:.4f}" if row.best is not None else "",
            f"{row.created:%Y-%m-%d %H:%M}" if row.created else "",
        )  # fmt: skip
    out.print(table)
    last = found[-1].name
    next_steps(
        ("see a front", f"automed front {last}{space.flag}"),
        ("see every trial", f"automed trials {last}{space.flag}"),
    )


def _spent(row: StudySummary) -> str:
    if row.budget is None:
        return ""
    children = f" + {row.children} compressed" if row.children else ""
    # A training counts here when it has ended.
    spent = replace(row.spent, trials=row.trained)
    return f"{row.budget.describe_spent(spent)}{children}"
