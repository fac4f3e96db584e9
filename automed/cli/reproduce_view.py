"""A paper's experiment from its study to the printed table."""

from __future__ import annotations

from rich import box
from rich.table import Table

from automed.analysis.grid_table import grid_cell, size_text
from automed.api.reproduce import ReproduceRequest, ShownGrid, show_grid, write_grid
from automed.cli.console import next_steps, out
from automed.cli.front_view import print_files
from automed.cli.run_search import run_new, run_on
from automed.domain.paper_grid import GridRow
from automed.domain.workspace import Workspace

_SIDE_BY_SIDE = 140
"""Columns of a terminal from which on our figure and the paper's stand in one line."""


def run_grid(request: ReproduceRequest, workspace: Workspace, device: str) -> None:
    """Run what is left of an experiment, print its table and write it down.

    Raises:
        AutomedError: See `automed.api.search.start` and `resume`.
    """
    if not request.goes_on(workspace):
        run_new(request.search, workspace, device, request.task)
    elif not show_grid(request, workspace).is_over:
        run_on(request.grid.task, request.study, workspace, None, device)
    shown = show_grid(request, workspace)
    print_grid(shown)
    print_files(write_grid(shown, workspace))
    again = f"automed reproduce {request.paper} --name {request.study}{workspace.flag}"
    front = ("see the front", f"automed front {request.study}{workspace.flag}")
    next_steps(*([] if shown.is_over else [("go on", again)]), front)


def print_grid(shown: ShownGrid) -> None:
    """The paper's table: our figure and the paper's in each cell."""
    grid = shown.grid
    left = sum(not row.is_over for row in shown.rows)
    height, width = shown.spec.task.image_size
    narrow = out.width < _SIDE_BY_SIDE
    between = "\n" if narrow else " "
    demo = "  [black on yellow] synthetic demo data [/]" if shown.spec.data.is_demo else ""
    table = Table(
        title=f"{grid.title}: ours {'above' if narrow else '/'} the paper's {grid.source}"
        f"{f', {left} of {len(shown.rows)} to come' if left else ''}{demo}",
        title_justify="left", title_style="bold",
        caption="\n".join(
            [f"{shown.spec.task.training.epochs} epochs at {height}x{width}.", *grid.remarks]
        ),
        caption_justify="left", box=box.SIMPLE_HEAD if narrow else box.HEAVY_HEAD,
        padding=(0, 0, 0, 1) if narrow else (0, 1),
    )  # fmt: skip
    table.add_column("combination")
    table.add_column("compression")
    for heading in (*grid.metrics.values(), "MB"):
        table.add_column(heading, justify="right")
    for row in shown.rows:
        first = row.method == grid.compressions[0].method
        table.add_row(
            row.combination if first else "",
            f"{row.method}{between}({grid.labels[row.method]})",
            *(_cell(row, name, between) for name in grid.metrics), size_text(row.megabytes),
            end_section=row.method == grid.compressions[-1].method,
        )  # fmt: skip
    out.print()
    out.print(table)


def _cell(row: GridRow, name: str, between: str) -> str:
    return grid_cell(row, name).replace(" / ", " / " if between == " " else between)
