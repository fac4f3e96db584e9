"""A paper's table with our figures, for a spreadsheet and for a text."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from automed.domain.paper_grid import GridRow, PaperGrid


def write_grid_csv(rows: Sequence[GridRow], grid: PaperGrid, path: Path) -> Path:
    """One line a row; our metrics first, then the paper's. Empty where there is no figure.

    Args:
        rows: Of the experiment.
        grid: Names the columns.
        path: The file to write, UTF-8.
    """
    ours = [f"{name}_validation" for name in grid.metrics]
    theirs = [f"{name}_paper_test" for name in grid.metrics]
    heading = ["combination", "compression", "trial", "state", *ours, *theirs,
               "size_mb", "zipped_mb"]  # fmt: skip
    partial = _partial(path)
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        for row in rows:
            figures = [
                source.get(name, "") for source in (row.metrics, row.reported)
                for name in grid.metrics
            ]  # fmt: skip
            sizes = ["" if s is None else s for s in (row.megabytes, row.zipped_megabytes)]
            trial = "" if row.trial is None else row.trial
            writer.writerow([row.combination, row.method, trial, row.state, *figures, *sizes])
    partial.replace(path)
    return path


def write_grid_markdown(rows: Sequence[GridRow], grid: PaperGrid, path: Path, title: str) -> Path:
    """A table with our figure and the paper's in each cell.

    Args:
        rows: Of the experiment.
        grid: Names the columns.
        path: The file to write, UTF-8.
        title: Its heading.
    """
    heading = ["combination", "compression", *grid.metrics.values(), "MB", "zipped MB"]
    lines = [
        f"# {title}", "", f"In each cell ours, then the paper's ({grid.source}).", "",
        _line(heading), _line(["---", "---", *["---:"] * (len(heading) - 2)]),
    ]  # fmt: skip
    for row in rows:
        cells = [grid_cell(row, name) for name in grid.metrics]
        sizes = [size_text(row.megabytes), size_text(row.zipped_megabytes)]
        label = f"{row.method} ({grid.labels[row.method]})"
        lines.append(_line([row.combination, label, *cells, *sizes]))
    lines += ["", *(f"- {remark}" for remark in grid.remarks), ""]
    partial = _partial(path)
    partial.write_text("\n".join(lines), encoding="utf-8")
    partial.replace(path)
    return path


def grid_cell(row: GridRow, metric: str) -> str:
    """Our figure, or how far its trial is, and the paper's."""
    ours = row.metrics.get(metric)
    text = (row.state if row.state != "to come" else "-") if ours is None else f"{ours:.4f}"
    theirs = row.reported.get(metric)
    return f"{text} / {'-' if theirs is None else f'{theirs:.4f}'}"


def size_text(megabytes: float | None) -> str:
    """A size as a reader needs it."""
    return "-" if megabytes is None else f"{megabytes:.2f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _partial(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}.part")
