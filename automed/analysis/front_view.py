"""A front reduced to what a plot shows: points on two axes, their areas and the staircase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from automed.domain.front import Front, non_dominated
from automed.domain.objective import COST_METRICS, LABELS, SCALES, Objective
from automed.domain.trial import Trial, TrialState

DECADE = 10.0


@dataclass(frozen=True)
class Point:
    """One complete trial.

    Attributes:
        number: The trial's.
        x: Price in the unit of the axis, such as 10^9 MACs.
        y: Quality.
        megabytes: Size of the file, in units of 10^6 bytes.
        on_front: Whether nothing dominates it in any of the study's objectives.
        is_knee: Whether the front bends most here.
        trial: Where all this is from.
    """

    number: int
    x: float
    y: float
    megabytes: float
    on_front: bool
    is_knee: bool
    trial: Trial

    @property
    def is_compressed(self) -> bool:
        """Whether it is the child of another trial."""
        return self.trial.parent is not None


@dataclass(frozen=True)
class FrontView:
    """Everything that both plots draw.

    Attributes:
        points: Complete trials with finite values, in the order of their numbers.
        stairs: Corners of the best quality up to each price, cheapest first, on these two axes.
        x_label: Name and unit of the price.
        quality: Name of the quality.
        log_x: Whether prices span more than a decade.
        floor: Lowest quality worth showing to scale: collapsed trainings lie below.
        summary: The front in one line.
    """

    points: tuple[Point, ...]
    stairs: tuple[tuple[float, float], ...]
    x_label: str
    quality: str
    log_x: bool
    floor: float
    summary: str


def view_of(trials: Sequence[Trial], front: Front, objectives: Sequence[Objective]) -> FrontView:
    """Reduce the trials of a study to the axes quality against price.

    The price is MACs where the study minimizes them, else its first cost. Membership of the front
    comes from all objectives, the staircase from the two axes alone.
    """
    quality = next((o for o in objectives if o.metric not in COST_METRICS), objectives[0])
    costs = [o.metric for o in objectives if o.metric in COST_METRICS]
    price = "macs" if "macs" in costs or not costs else costs[0]
    points = _points(trials, front, quality.metric, price)
    prices = [p.x for p in points if p.x > 0]
    return FrontView(
        points=points,
        stairs=_stairs(points, quality),
        x_label=_x_label(points, price),
        quality=quality.label,
        log_x=len(prices) == len(points) > 0 and max(prices) > DECADE * min(prices),
        floor=_floor(points, quality),
        summary=_summary(points, front, quality, price),
    )


def _points(trials: Sequence[Trial], front: Front, quality: str, price: str) -> tuple[Point, ...]:
    members = {t.number for t in front.trials}
    found = []
    for trial in sorted(trials, key=lambda t: t.number):
        if trial.state is not TrialState.COMPLETE or trial.result is None:
            continue
        values = trial.result.values()
        x, y = values[price] / SCALES[price], values.get(quality, np.nan)
        if np.isfinite([x, y]).all():
            found.append(
                Point(
                    number=trial.number, x=x, y=y, trial=trial,
                    megabytes=trial.result.cost.megabytes,
                    on_front=trial.number in members, is_knee=trial.number == front.knee,
                )
            )  # fmt: skip
    if sum(point.on_front for point in found) == 1:  # one point does not bend
        return tuple(replace(point, is_knee=False) for point in found)
    return tuple(found)


def _stairs(points: Sequence[Point], quality: Objective) -> tuple[tuple[float, float], ...]:
    if not points:
        return ()
    kept = non_dominated(np.array([[p.x, quality.loss(p.y)] for p in points]))
    return tuple(sorted({(p.x, p.y) for p, keep in zip(points, kept, strict=True) if keep}))


def _floor(points: Sequence[Point], quality: Objective) -> float:
    if not points:
        return 0.0
    lowest = min(p.y for p in points)
    shown = [p.y for p in points if p.on_front]
    if quality.direction != "maximize" or not shown:
        return lowest
    span = max(max(shown) - min(shown), 0.05)
    return max(lowest, min(shown) - span)


def _x_label(points: Sequence[Point], price: str) -> str:
    label = LABELS[price]
    if price != "macs" or not points:
        return label
    assert points[0].trial.result is not None
    _, height, width = points[0].trial.result.cost.input_shape
    return f"{label}, input {height}x{width}"


def _summary(points: Sequence[Point], front: Front, quality: Objective, price: str) -> str:
    if not points:
        return "no complete trial yet"
    text = (
        f"{sum(p.on_front for p in points)} of {len(points)} "
        f"trial{'' if len(points) == 1 else 's'} on the front, "
        f"hypervolume {front.hypervolume:.3f}"
    )
    knee = next((p for p in points if p.is_knee), None)
    if knee is not None:
        unit = {"macs": "GFLOPs", "size_bytes": "MB", "parameters": "M parameters"}[price]
        size = "" if price == "size_bytes" else f", {knee.megabytes:.3g} MB"
        text += (
            f"; knee: trial {knee.number} ({quality.label} {knee.y:.3f}, {knee.x:.3g} {unit}{size})"
        )
    return text
