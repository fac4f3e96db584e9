"""The front as a picture for a paper."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from automed.analysis.figure import new_figure, save, style
from automed.analysis.front_view import FrontView, Point, view_of
from automed.analysis.label_places import label_places
from automed.analysis.palette import BLUE, FAINT, INK, VERMILION
from automed.domain.front import Front
from automed.domain.objective import Objective
from automed.domain.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST = 360.0
"""Area of the largest marker, in square points."""
SMALLEST = 16.0
LABEL_SIZE = 8.0


def write_front_png(
    trials: Sequence[Trial],
    front: Front,
    objectives: Sequence[Objective],
    path: Path,
    title: str,
) -> Path:
    """Quality against price, the Pareto staircase, areas by size and the knee, as a PNG.

    Args:
        trials: Of the study, in any state; the complete ones are drawn.
        front: Of all objectives.
        objectives: The study's.
        path: The file to write.
        title: Above the plot; say here if the data are synthetic.
    """
    view = view_of(trials, front, objectives)
    figure = new_figure(7.6, 4.7)
    axes = figure.add_subplot()
    _frame(axes, view, title)
    if view.points:
        _draw(figure, axes, view)
    else:
        axes.text(
            0.5, 0.5, "No complete trial yet", transform=axes.transAxes,
            ha="center", va="center", fontsize=13, color=FAINT,
        )  # fmt: skip
        axes.set_xticks([])
        axes.set_yticks([])
    return save(figure, path)


def _frame(axes: Axes, view: FrontView, title: str) -> None:
    style(axes)
    axes.set_xlabel(view.x_label, fontsize=10, color=INK)
    axes.set_ylabel(f"{view.quality} (validation)", fontsize=10, color=INK)
    summary = textwrap.fill(view.summary, 104)
    lines = summary.count("\n") + 1
    axes.set_title(
        textwrap.fill(title, 78), loc="left", fontsize=11.5, fontweight="bold", color=INK,
        pad=10 + 10.5 * lines,
    )  # fmt: skip
    axes.annotate(
        summary, (0, 1), xycoords="axes fraction", xytext=(0, 6), textcoords="offset points",
        fontsize=8.5, color="#5F6368", va="bottom",
    )  # fmt: skip


def _draw(figure: Figure, axes: Axes, view: FrontView) -> None:
    _scale(axes, view)
    _draw_stairs(axes, view)
    largest = max(p.megabytes for p in view.points)
    to_scale = [p for p in view.points if p.y >= view.floor]
    _scatter(axes, [p for p in to_scale if not p.on_front], largest, color=FAINT, alpha=0.45)
    members = [p for p in to_scale if p.on_front]
    _scatter(axes, members, largest, color=BLUE, alpha=0.85, zorder=4)
    for knee in (p for p in members if p.is_knee):
        axes.scatter(
            [knee.x], [knee.y], s=_area(knee, largest) + 130, facecolors="none",
            edgecolors=VERMILION, linewidths=1.8, zorder=5,
        )  # fmt: skip
    low = [p for p in view.points if p.y < view.floor]
    axes.scatter(
        [p.x for p in low], [axes.get_ylim()[0]] * len(low), marker="v", s=26, color=FAINT,
        alpha=0.8, clip_on=False, zorder=3, linewidths=0,
    )  # fmt: skip
    _legend(axes, view, largest, low)
    _name(figure, axes, members, to_scale, largest)


def _scale(axes: Axes, view: FrontView) -> None:
    xs, ys = [p.x for p in view.points], [p.y for p in view.points if p.y >= view.floor]
    if view.log_x:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        reach = (max(xs) / min(xs)) ** 0.07
        axes.set_xlim(min(xs) / reach, max(xs) * reach)
    else:
        margin = max(0.07 * (max(xs) - min(xs)), 0.05 * max(xs), 1e-6)
        axes.set_xlim(min(xs) - margin, max(xs) + margin)
    span = max(max(ys) - min(ys), 0.1)
    axes.set_ylim(min(ys) - 0.1 * span, max(ys) + 0.12 * span)


def _draw_stairs(axes: Axes, view: FrontView) -> None:
    xs = [x for x, _ in view.stairs]
    ys = [y for _, y in view.stairs]
    # On to both edges: cheaper than the first nothing is known, dearer than the last nothing helps.
    axes.step(
        [xs[0], *xs, axes.get_xlim()[1]], [axes.get_ylim()[0], *ys, ys[-1]],
        where="post", color=BLUE, linewidth=1.4, alpha=0.55, zorder=2,
    )  # fmt: skip


def _scatter(axes: Axes, points: Sequence[Point], largest: float, **looks: Any) -> None:  # noqa: ANN401 - scatter's own
    # Large ones first, so that they do not hide small ones.
    order = sorted(points, key=lambda p: -p.megabytes)
    for compressed, marker in ((False, "o"), (True, "D")):
        some = [p for p in order if p.is_compressed is compressed]
        axes.scatter(
            [p.x for p in some], [p.y for p in some], s=[_area(p, largest) for p in some],
            marker=marker, linewidths=0.8, edgecolors="white", **looks,
        )  # fmt: skip


def _area(point: Point, largest: float) -> float:
    return max(LARGEST * point.megabytes / largest, SMALLEST) if largest > 0 else SMALLEST


def _legend(axes: Axes, view: FrontView, largest: float, low: Sequence[Point]) -> None:
    def dot(label: str, **looks: Any) -> Line2D:  # noqa: ANN401 - Line2D's own
        return Line2D([], [], linestyle="", label=label, **looks)

    handles = [dot("on the front", marker="o", color=BLUE, ms=8, mec="white")]
    if any(not p.on_front for p in view.points):
        handles.append(dot("off the front", marker="o", color=FAINT, ms=8, mec="white", alpha=0.6))
    if any(p.is_compressed for p in view.points):
        handles.append(dot("compressed", marker="D", color=INK, ms=6, mec="white"))
    if any(p.is_knee for p in view.points):
        handles.append(dot("knee", marker="o", ms=10, mfc="none", mec=VERMILION, mew=1.8))
    if low:
        handles.append(dot(f"{len(low)} below the axis", marker="v", color=FAINT, ms=5))
    handles.append(
        Line2D([], [], color=BLUE, alpha=0.55, linewidth=1.4, label="best up to\nthis price")
    )
    handles.append(dot("\nsize of the file"))
    for size in _round_sizes(largest):
        side = np.sqrt(max(LARGEST * size / largest, SMALLEST))
        handles.append(dot(f"{size:g} MB", marker="o", ms=side, mfc="none", mec=INK, mew=0.8))
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False,
        fontsize=8.5, labelcolor=INK, labelspacing=0.95, handletextpad=0.9, borderaxespad=0.0,
    )  # fmt: skip


def _round_sizes(largest: float) -> list[float]:
    if largest <= 0:
        return []
    decade = np.floor(np.log10(largest))
    steps = [m * 10.0**e for e in (decade - 2, decade - 1, decade) for m in (1.0, 2.0, 5.0)]
    return [s for s in steps if s <= largest][-5::2]


def _name(
    figure: Figure,
    axes: Axes,
    members: Sequence[Point],
    to_scale: Sequence[Point],
    largest: float,
) -> None:
    figure.draw_without_rendering()
    pixels = figure.dpi / 72

    def place(points: Sequence[Point]) -> tuple[Any, Any]:
        centres = axes.transData.transform([(p.x, p.y) for p in points])
        radii = np.sqrt([_area(p, largest) for p in points]) / 2 * pixels
        return centres, radii + [5 * pixels if p.is_knee else 0 for p in points]

    spots: dict[tuple[float, float], list[Point]] = {}
    for point in sorted(members, key=lambda p: p.x):
        spots.setdefault((point.x, point.y), []).append(point)
    named = [max(group, key=lambda p: p.megabytes) for group in spots.values()]
    names = [", ".join(str(p.number) for p in group) for group in spots.values()]
    centres, radii = place(named)
    widths = [0.66 * LABEL_SIZE * len(name) for name in names]
    sizes = np.column_stack([widths, np.full(len(named), LABEL_SIZE)]) * pixels
    box = axes.get_window_extent()
    places = label_places(
        centres, radii, sizes, *place(to_scale), bounds=(box.x0, box.y0, box.x1, box.y1)
    )
    for name, (x, y) in zip(names, axes.transData.inverted().transform(places), strict=True):
        axes.text(
            x, y, name, ha="center", va="center_baseline", fontsize=LABEL_SIZE,
            color=INK, zorder=6,
        )  # fmt: skip
