"""All figures of an experiment at a glance, as paper 1 draws them (Fig. 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automed.analysis.figure import new_figure, save
from automed.analysis.palette import GRID, INK
from automed.domain.paper_grid import GridRow, PaperGrid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Table = NDArray[np.float64]
"""Shape (rows, metrics); not a number where there is no figure."""


def write_grid_heatmap(rows: Sequence[GridRow], grid: PaperGrid, path: Path, title: str) -> Path:
    """Our figures on the validation part beside the paper's on its test part, in one colour scale.

    Args:
        rows: Of the experiment.
        grid: Names the columns.
        path: The PNG to write.
        title: Above both; say here if the data are synthetic.
    """
    ours = _table([row.metrics for row in rows], grid)
    theirs = _table([row.reported for row in rows], grid)
    figure = new_figure(8.6, 1.6 + 0.21 * len(rows))
    left, right = figure.subplots(1, 2, sharey=True)
    known = np.concatenate([ours, theirs])
    low = float(np.nanmin(known)) if np.isfinite(known).any() else 0.0
    picture = _panel(left, ours, grid, "ours, validation part", low)
    _panel(right, theirs, grid, f"paper, its test part ({grid.source})", low)
    names = [f"{row.combination}: {grid.labels[row.method]}" for row in rows]
    left.set_yticks(range(len(rows)), names, fontsize=8)
    right.tick_params(labelleft=False)
    bar = figure.colorbar(picture, ax=[left, right], shrink=0.6)
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.outline.set_visible(False)
    figure.suptitle(title, fontsize=11, color=INK, fontweight="bold")
    return save(figure, path)


def _table(sources: Sequence[Mapping[str, float]], grid: PaperGrid) -> Table:
    return np.array([[source.get(name, np.nan) for name in grid.metrics] for source in sources])


def _panel(axes: Axes, table: Table, grid: PaperGrid, title: str, low: float) -> Any:  # noqa: ANN401 - an AxesImage
    picture = axes.imshow(table, cmap="Blues", vmin=low, vmax=1.0, aspect="auto")
    axes.set_facecolor(GRID)
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xticks(range(len(grid.metrics)), list(grid.metrics.values()), fontsize=8)
    axes.tick_params(length=0, colors=INK)
    each = len(grid.compressions)
    for border in range(each, len(table), each):
        axes.axhline(border - 0.5, color="white", linewidth=2.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    middle = low + 0.6 * (1 - low)
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            axes.text(
                column, row, f"{value:.3f}", ha="center", va="center", fontsize=7,
                color="white" if value > middle else INK,
            )  # fmt: skip
    return picture
