"""What of a study is drawn, in which units and how large; without a plot and without a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automed.analysis.front_axes import Axis, wants_log
from automed.analysis.front_limits import within
from automed.analysis.front_points import FrontPoints, Mask, Strings, Values
from automed.domain.objective import Objective

from .front_choice import EQUAL, INVERSE, Choice

SMALLEST = 6.0
"""Diameter of the smallest marker, in pixels."""


@dataclass(frozen=True)
class Scene:
    """The points of a study as a visitor asked to see them. Masks are over the columns.

    Attributes:
        points: All that have figures.
        choice: What the visitor asked for.
        axes: Everything that can stand on an axis.
        asked: Those that pass the filters and are complete, and keep the study's constraints.
        kept: Those of them that keep the visitor's limits as well: what the answer is about.
        broken: Complete ones that break a constraint of the study.
        stopped: Those whose training was ended early.
    """

    points: FrontPoints
    choice: Choice
    axes: Mapping[str, Axis]
    asked: Mask
    kept: Mask
    broken: Mask
    stopped: Mask

    @property
    def x(self) -> Axis:
        """The axis across."""
        return self.axes[self.choice.x]

    @property
    def y(self) -> Axis:
        """The axis up."""
        return self.axes[self.choice.y]

    @property
    def front(self) -> Mask:
        """Members of the study's front that pass filters and limits."""
        return self.kept & self.points.on_front

    @property
    def rest(self) -> Mask:
        """The dominated ones; none, where only the front is asked for."""
        return self._unless_front_only(self.kept & ~self.points.on_front)

    @property
    def over(self) -> Mask:
        """What is over the visitor's limits, and would be drawn without them."""
        return self._unless_front_only(self.asked & ~self.kept)

    def shown(self, axis: Axis) -> Values:
        """The values of all points in an axis' unit."""
        return axis.shown(self.points.values[axis.metric])

    def is_log(self, name: str) -> bool:
        """Whether the axis ``x`` or ``y`` is logarithmic; never where a value is not above 0."""
        scale = self.choice.scale_x if name == "x" else self.choice.scale_y
        axis = self.x if name == "x" else self.y
        values = self.shown(axis)[self.drawn]
        if scale == "log":
            known = values[np.isfinite(values)]
            return bool(len(known)) and bool(known.min() > 0)
        # What is good up to 1 is looked at there, not among the trainings that collapsed.
        price = axis.objective.direction == "minimize"
        return scale == "auto" and price and wants_log(values)

    @property
    def drawn(self) -> Mask:
        """Everything that has a marker."""
        return self.front | self.rest | self.over | self.broken | self.stopped

    def beaten(self) -> int:
        """How many of the front another trial beats on both axes: something else lifts them."""
        across, up = (
            self.shown(axis) * (-1.0 if axis.objective.direction == "maximize" else 1.0)
            for axis in (self.x, self.y)
        )
        kept = np.flatnonzero(self.kept)
        return sum(
            bool(np.any((across[kept] < across[one]) & (up[kept] < up[one])))
            for one in np.flatnonzero(self.front)
        )

    def diameters(self) -> Values:
        """Of the markers, in pixels: areas are proportional to what was asked for."""
        count = int(self.drawn.sum())
        largest = 30.0 if count <= 200 else 18.0 if count <= 2000 else 10.0
        if self.choice.area == EQUAL:
            return np.full(len(self.points), max(largest / 3, SMALLEST - 1))
        values = self.points.values["macs" if self.choice.area == INVERSE else "size_bytes"]
        if self.choice.area == INVERSE:
            values = np.divide(1.0, values, out=np.full(len(values), np.nan), where=values > 0)
        known = values[self.drawn & np.isfinite(values)]
        most = known.max() if len(known) and known.max() > 0 else 1.0
        shares = np.nan_to_num(values / most, nan=0.0).clip(0.0, 1.0)
        areas: Values = np.maximum(largest * np.sqrt(shares), SMALLEST)
        return areas

    def _unless_front_only(self, mask: Mask) -> Mask:
        return mask & False if self.choice.front_only else mask


def scene_of(
    points: FrontPoints, choice: Choice, axes: Mapping[str, Axis], quality: Objective
) -> Scene:
    """Sort the points of a study by what the visitor asked for."""
    wanted = (
        _among(points.origin, choice.origins)
        & _among(points.model, choice.models)
        & _among(points.state, choice.states)
    )
    done = points.state == "done"
    asked = wanted & points.eligible
    broken, stopped = wanted & done & ~points.eligible, wanted & ~done
    if choice.front_only:
        broken, stopped = broken & False, stopped & False
    kept = asked & within(points, choice.limits, quality)
    return Scene(points, choice, axes, asked, kept, broken, stopped)


def _among(values: Strings, wanted: tuple[str, ...]) -> Mask:
    if not wanted:
        return np.ones(len(values), dtype=bool)
    return np.isin(values.astype(str), wanted)
