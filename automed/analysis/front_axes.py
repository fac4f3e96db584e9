"""What can stand on an axis of a front: a metric, its unit, and which way is better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automed.analysis.front_points import FrontPoints, Values
from automed.domain.front import non_dominated
from automed.domain.objective import COST_METRICS, LABELS, SCALES, Objective

DECADE = 10.0
PRICES = ("macs", "size_bytes", "parameters", "latency_ms")
"""What a model costs, in the order in which axes and limits offer it."""


@dataclass(frozen=True)
class Axis:
    """One metric of a study's trials.

    Attributes:
        metric: Its name in results.
        objective: The metric with the direction that counts as better.
        label: Name and unit, for people; it may hold the name of a class, so escape it.
        title: The same with the size of the input, where the metric depends on it.
    """

    metric: str
    objective: Objective
    label: str
    title: str

    def shown(self, values: Values) -> Values:
        """The values in the unit of the axis, such as 10^9 MACs."""
        return values / SCALES.get(self.metric, 1.0)

    def losses(self, values: Values) -> Values:
        """The values with their sign turned so that smaller is better."""
        return -values if self.objective.direction == "maximize" else values


def axes_of(points: FrontPoints, objectives: Sequence[Objective]) -> dict[str, Axis]:
    """Everything that the trials have figures of: objectives, prices, then other metrics."""
    known = {o.metric: o for o in objectives if o.metric in points.values}
    order = [*known, *(p for p in PRICES if p in points.values), *points.values]
    size = _input_size(points)
    return {
        metric: _axis(known.get(metric) or _usual(metric), size) for metric in dict.fromkeys(order)
    }


def usual_axes(objectives: Sequence[Objective]) -> tuple[str, str]:
    """Price and quality: what stands on x and y unless somebody asks for something else.

    The price is MACs where the study minimizes them, else its first cost, as in `view_of`.
    """
    quality = next((o for o in objectives if o.metric not in COST_METRICS), objectives[0])
    costs = [o.metric for o in objectives if o.metric in COST_METRICS]
    return ("macs" if "macs" in costs or not costs else costs[0]), quality.metric


def wants_log(values: Values) -> bool:
    """Whether positive values span more than a decade, and a logarithm tells them apart better."""
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool(known.min() > 0 and known.max() > DECADE * known.min())


def log_ticks(values: Values) -> Values:
    """Round numbers, 1, 2 and 5 a decade, between the least and the most of positive values."""
    low, high = float(values.min()), float(values.max())
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    return np.array([t for t in ticks if low <= t <= high] or [low, high])


def stairs(x: Axis, y: Axis, xs: Values, ys: Values) -> tuple[Values, Values]:
    """The corners of what is best on two axes, from the best x to the best y.

    Args:
        x: The axis across.
        y: The axis up.
        xs: Values in any unit; those that are not finite are passed over.
        ys: As many.

    Returns:
        Corners, each once, for a line that goes across first and then up or down.
    """
    known = np.isfinite(xs) & np.isfinite(ys)
    losses = np.column_stack([x.losses(xs[known]), y.losses(ys[known])])
    # Of equal rows the first one is enough; thousands of equal children are common.
    corners = np.unique(losses[non_dominated(losses)], axis=0)
    return x.losses(corners[:, 0]), y.losses(corners[:, 1])


def _usual(metric: str) -> Objective:
    smaller = metric in PRICES or metric == "loss"
    return Objective(metric=metric, direction="minimize" if smaller else "maximize")


def _axis(objective: Objective, size: str) -> Axis:
    metric = objective.metric
    label = LABELS.get(metric, metric.replace("_", " "))
    return Axis(metric, objective, label, f"{label}{size}" if metric == "macs" else label)


def _input_size(points: FrontPoints) -> str:
    if not points.trials:
        return ""
    assert points.trials[0].result is not None
    _, height, width = points.trials[0].result.cost.input_shape
    return f", input {height}x{width}"
