"""A confirmation as a picture: what the search saw, what other partitions and the test part say."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from automed.analysis.confirm_words import cost_unit, verdict_words
from automed.analysis.figure import new_figure, save, style
from automed.analysis.palette import BLUE, FAINT, INK, VERMILION
from automed.domain.confirmation import Confirmation, ConfirmedPoint, Estimate
from automed.domain.objective import SCALES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_APART = 0.16
"""Between the marks of one point, where points are one apart."""


def write_confirm_png(confirmation: Confirmation, path: Path, title: str) -> Path:
    """Each point of the front, cheapest first, with the intervals of its retrained models.

    Args:
        confirmation: What to draw.
        path: The file to write.
        title: Above the plot; say here if the data are synthetic.
    """
    figure = new_figure(max(5.6, 2.6 + 0.9 * len(confirmation.points)), 4.7)
    axes = figure.add_subplot()
    style(axes)
    places = range(len(confirmation.points))
    searched = [point.search for point in confirmation.points]
    axes.scatter(
        [place - _APART for place in places], searched, marker="D", s=34, facecolors="white",
        edgecolors=FAINT, linewidths=1.4, zorder=3, label="validation in the search",
    )  # fmt: skip
    looks = (
        (0.0, BLUE, f"{confirmation.partitions} other partitions", "validation"),
        (_APART, VERMILION, "test part", "test"),
    )
    for shift, colour, label, field in looks:
        for place, point in enumerate(confirmation.points):
            _draw(axes, place + shift, getattr(point, field), colour, label if place == 0 else "")
            _dots(axes, place + shift, point.values if shift == 0 else point.locked, colour)
    _name(axes, confirmation)
    summary = textwrap.fill(verdict_words(confirmation), 80)
    axes.set_title(
        textwrap.fill(f"{title}, confirmed", 62), loc="left", fontsize=11.5, fontweight="bold",
        color=INK, pad=10 + 10.5 * (summary.count("\n") + 1),
    )  # fmt: skip
    axes.annotate(
        summary, (0, 1), xycoords="axes fraction", xytext=(0, 6), textcoords="offset points",
        fontsize=8.5, color="#5F6368", va="bottom",
    )  # fmt: skip
    return save(figure, path)


def _draw(axes: Axes, place: float, estimate: Estimate | None, colour: str, label: str) -> None:
    if estimate is None:
        return
    reach = [[0.0], [0.0]]
    if estimate.interval is not None:
        reach = [
            [max(0.0, estimate.mean - estimate.interval.low)],
            [max(0.0, estimate.interval.high - estimate.mean)],
        ]
    axes.errorbar(
        [place], [estimate.mean], yerr=reach, fmt="o", color=colour, markersize=6, capsize=3.5,
        linewidth=1.6, markeredgecolor="white", zorder=4, label=label or None,
    )  # fmt: skip


def _dots(axes: Axes, place: float, values: tuple[float | None, ...], colour: str) -> None:
    """The single models, faint beside their mean."""
    known = [value for value in values if value is not None]
    axes.scatter(
        [place + 0.06] * len(known), known, s=9, color=colour, alpha=0.35, linewidths=0, zorder=3
    )


def _name(axes: Axes, confirmation: Confirmation) -> None:
    points = confirmation.points
    axes.set_xticks(range(len(points)), [_tick(point) for point in points], fontsize=9)
    axes.set_xlim(-0.6, len(points) - 0.4)
    metric = next(iter(points[0].costs))
    axes.set_xlabel(f"trial and its {cost_unit(metric)}, cheapest first", fontsize=10, color=INK)
    axes.set_ylabel(confirmation.quality.label, fontsize=10, color=INK)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8.5,
        labelcolor=INK, labelspacing=0.95, borderaxespad=0.0,
    )  # fmt: skip


def _tick(point: ConfirmedPoint) -> str:
    metric, value = next(iter(point.costs.items()))
    return f"{point.trial}\n{value / SCALES.get(metric, 1.0):.3g}"
