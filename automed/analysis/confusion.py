"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automed.analysis.figure import new_figure, save
from automed.analysis.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_confusion(
    counts: NDArray[np.integer], classes: Sequence[str], path: Path, title: str
) -> Path:
    """A confusion matrix: what is right and wrong of each class, as counts and as shares.

    Args:
        counts: Rows are the true classes, columns the predicted ones, (K, K).
        classes: Names, in the order of the indices.
        path: The PNG to write.
        title: Above the matrix.
    """
    support = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, support, out=np.zeros(counts.shape), where=support > 0)
    cell = 0.95 if len(classes) <= 8 else 0.6
    side = cell * len(classes) + 0.11 * max(len(c) for c in classes)
    figure = new_figure(max(side + 1.6, 4.2), max(side + 1.1, 3.4))
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _label(axes, classes, support[:, 0])
    _annotate(axes, counts, shares, fontsize=9 if len(classes) <= 8 else 6)
    bar = figure.colorbar(picture, cax=axes.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.set_label("share of the true class", fontsize=9, color=INK)
    bar.ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.outline.set_visible(False)
    axes.set_title(title, fontsize=11, color=INK, fontweight="bold", pad=10)
    return save(figure, path)


def _label(axes: Axes, classes: Sequence[str], support: NDArray[np.integer]) -> None:
    ticks = np.arange(len(classes))
    crowded = max(len(c) for c in classes) > 9
    axes.set_xticks(
        ticks, classes, rotation=35 if crowded else 0, ha="right" if crowded else "center",
        rotation_mode="anchor" if crowded else "default",
    )  # fmt: skip
    rows = [f"{name}\n(n = {_short(n)})" for name, n in zip(classes, support, strict=True)]
    axes.set_yticks(ticks, rows)
    axes.set_xlabel("predicted", fontsize=10, color=INK)
    axes.set_ylabel("true", fontsize=10, color=INK)
    axes.tick_params(length=0, colors=INK, labelsize=9)
    axes.set_xticks(ticks[:-1] + 0.5, minor=True)
    axes.set_yticks(ticks[:-1] + 0.5, minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _annotate(
    axes: Axes, counts: NDArray[np.integer], shares: NDArray[np.float64], fontsize: int
) -> None:
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        axes.text(
            column, row, f"{_short(count)}\n{100 * share:.1f} %" if count else "0",
            ha="center", va="center", fontsize=fontsize,
            color="white" if share > 0.55 else INK,
        )  # fmt: skip


def _short(count: int) -> str:
    """Counts of images as they are, those of pixels in thousands or millions."""
    if count < 100_000:
        return str(count)
    return f"{count / 1e6:.2f} M" if count >= 1_000_000 else f"{count / 1e3:.0f} k"
