"""Figures without pyplot: no global state, so that a thread may draw beside a training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from automed.analysis.palette import GRID, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 200


def new_figure(width: float, height: float, dpi: int = DPI, *, arrange: bool = True) -> Figure:
    """An empty white figure; width and height in inches.

    Args:
        width: In inches.
        height: In inches.
        dpi: Pixels an inch.
        arrange: Whether matplotlib makes room for labels and legends by itself.
    """
    layout: Literal["constrained"] | None = "constrained" if arrange else None
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def style(axes: Axes) -> None:
    """Light grid, no box: ink goes to the data."""
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(INK)
        axes.spines[side].set_linewidth(0.8)
    axes.tick_params(colors=INK, labelsize=9, width=0.8)


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG so that a reader never sees half of it. Returns the path."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(
        partial,
        format="png",
        metadata={"Software": None},  # the same figure gives the same bytes
        pil_kwargs={"compress_level": 3},  # half the time of the default for a tenth more bytes
    )
    partial.replace(path)
    return path
