"""``automed studies``."""

from __future__ import annotations

from automed.cli.options import WorkspaceOption, workspace_at


def studies(workspace: WorkspaceOption = None) -> None:
    """List the studies in the workspace."""
    from rich.table import Table

    from automed.api.studies import studies_in
    from automed.cli.console import next_steps, out

    found = studies_in(workspace_at(workspace))
    if not found:
        out.print("No studies yet.")
        next_steps(("start one", "automed search polyp --budget 12 --no-pretrained"))
        return
    table = Table(title="Studies", title_justify="left", title_style="bold")
    for column in (
        "study",
        "task",
        "data",
        "done",
        "failed",
        "rejected",
        "budget",
        "best",
        "began",
    ):
        table.add_column(column)
    for row in found:
        table.add_row(*row.cells())
    out.print(table)
    next_steps(("see a front", f"automed front {found[-1].name}"))
