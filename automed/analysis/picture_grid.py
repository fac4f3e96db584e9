"""Rows of pictures with captions, column names and a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.patches import Patch, Rectangle

from automed.analysis.figure import new_figure, save
from automed.analysis.palette import FAINT, INK
from automed.analysis.shown_image import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Rgb = tuple[int, int, int]
Legend = Sequence[tuple[str, Rgb]]

_CELL, _GAP, _CAPTION, _HEAD = 1.75, 0.08, 0.24, 0.55
"""In inches: width of a picture, space between two, a row's caption, the page's head."""
_FOOT, _LEGEND_ROW = 0.15, 0.23
_LETTER, _SWATCH = 0.075, 0.55
"""In inches: width of a letter of the legend, and of a colour with the space around an entry."""


@dataclass(frozen=True)
class Row:
    """Pictures of one image.

    Attributes:
        caption: Above them.
        pictures: uint8 RGB, (H, W, 3), all of one size, one a column.
    """

    caption: str
    pictures: Sequence[Image]


def write_grid(
    rows: Sequence[Row], columns: Sequence[str], legend: Legend, path: Path, title: str
) -> Path:
    """Draw a PNG; all rows have the proportions of the first.

    Raises:
        ValueError: There is no row.
    """
    if not rows:
        raise ValueError("no example to draw")
    height, width = rows[0].pictures[0].shape[:2]
    cell = _CELL * height / width
    row = cell + _CAPTION
    page = len(columns) * (_CELL + _GAP) + _GAP
    entries = _entries_a_line(legend, page)
    foot = _FOOT + _LEGEND_ROW * math.ceil(len(legend) / entries)
    size = (page, _HEAD + len(rows) * row + foot)
    # One pair of axes in inches for all: a pair for each picture takes four times as long.
    figure = new_figure(*size, dpi=150, arrange=False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for number, content in enumerate(rows):
        _draw_row(axes, content, size[1] - _HEAD - (number + 1) * row, cell)
    axes.set(xlim=(0, size[0]), ylim=(0, size[1]))
    _write_heading(axes, columns, title, size)
    _draw_legend(figure, legend, entries)
    return save(figure, path)


def _draw_row(axes: Axes, row: Row, bottom: float, cell: float) -> None:
    for column, picture in enumerate(row.pictures):
        left = _left(column)
        extent = (left, left + _CELL, bottom, bottom + cell)
        axes.imshow(picture, extent=extent, aspect="auto", interpolation="nearest")
        axes.add_patch(
            Rectangle((left, bottom), _CELL, cell, fill=False, edgecolor=FAINT, linewidth=0.5)
        )
    axes.text(_left(0), bottom + cell + 0.04, row.caption, fontsize=8, color=INK, va="bottom")


def _write_heading(
    axes: Axes, columns: Sequence[str], title: str, size: tuple[float, float]
) -> None:
    axes.text(
        size[0] / 2, size[1] - 0.1, title, ha="center", va="top", fontsize=11, color=INK,
        fontweight="bold",
    )  # fmt: skip
    for column, name in enumerate(columns):
        axes.text(
            _left(column) + _CELL / 2, size[1] - _HEAD, name, ha="center", va="bottom",
            fontsize=9, color=INK,
        )  # fmt: skip


def _left(column: int) -> float:
    return _GAP + column * (_CELL + _GAP)


def _entries_a_line(legend: Legend, page: float) -> int:
    widest = _SWATCH + _LETTER * max(len(name) for name, _ in legend)
    return max(1, min(len(legend), int(page / widest)))


def _draw_legend(figure: Figure, legend: Legend, entries: int) -> None:
    patches = [
        Patch(facecolor="#{:02x}{:02x}{:02x}".format(*colour), edgecolor=INK, lw=0.5, label=name)
        for name, colour in legend
    ]
    figure.legend(
        handles=patches, loc="lower center", ncols=entries, frameon=False,
        fontsize=9, labelcolor=INK, handlelength=1.2, handleheight=1.0, borderaxespad=0.2,
    )  # fmt: skip
