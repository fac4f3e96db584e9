"""What a training showed, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from automed.analysis.figure import new_figure, save, style
from automed.analysis.palette import BLUE, FAINT, INK, SERIES, VERMILION
from automed.domain.measurement import Measurement
from automed.domain.objective import LABELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = (
    "dice", "iou", "precision", "recall",
    "f1_macro", "balanced_accuracy", "accuracy", "roc_auc",
)  # fmt: skip
"""The metrics worth a line; the others stay in the history."""


def write_curves(
    history: Sequence[Measurement], path: Path, title: str, best_epoch: int | None = None
) -> Path:
    """Losses on the left, validation metrics on the right, the chosen epoch marked.

    Raises:
        ValueError: There is no measurement.
    """
    if not history:
        raise ValueError("no measurement to draw")
    figure = new_figure(9.0, 3.4)
    left, right = figure.subplots(1, 2)
    losses = [("train_loss", "training", BLUE), ("loss", "validation", VERMILION)]
    for name, label, colour in losses:
        _line(left, history, name, label, colour)
    names = [n for n in SHOWN if any(n in m.metrics for m in history)]
    for name, colour in zip(names, SERIES, strict=False):
        _line(right, history, name, LABELS.get(name, name), colour)
    for axes, label in ((left, "loss"), (right, "validation metric")):
        _finish(axes, label, best_epoch, history[-1].epoch)
    if names:
        right.set_ylim(bottom=min(0.0, right.get_ylim()[0]), top=1.02)
    figure.suptitle(title, fontsize=11, color=INK, fontweight="bold")
    return save(figure, path)


def _line(axes: Axes, history: Sequence[Measurement], name: str, label: str, colour: str) -> None:
    points = [(m.epoch, m.metrics[name]) for m in history if name in m.metrics]
    if points:
        epochs, values = zip(*points, strict=True)
        marker = "o" if len(points) <= 30 else None
        axes.plot(epochs, values, color=colour, linewidth=1.6, marker=marker, ms=3, label=label)


def _finish(axes: Axes, label: str, best_epoch: int | None, epochs: int) -> None:
    style(axes)
    axes.set_xlabel("epoch", fontsize=10, color=INK)
    axes.set_ylabel(label, fontsize=10, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
    margin = max(0.02 * epochs, 0.3)
    axes.set_xlim(1 - margin, epochs + margin)
    if best_epoch:
        axes.axvline(best_epoch, color=FAINT, linewidth=1.2, linestyle="--", zorder=0)
        axes.annotate(
            f"best epoch: {best_epoch}", (best_epoch, 1.0), xycoords=("data", "axes fraction"),
            ha="center", va="bottom", fontsize=8, color=INK,
        )  # fmt: skip
    if axes.lines:
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            axes.legend(handles, labels, frameon=False, fontsize=8, labelcolor=INK)
