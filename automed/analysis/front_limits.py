"""What is the best under 2 GFLOPs and 5 MB? The answer, and the stops of the sliders that ask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automed.analysis.confirm_words import cost_unit
from automed.analysis.front_axes import PRICES
from automed.analysis.front_points import FrontPoints, Mask, Values
from automed.domain.objective import SCALES, Constraint, Objective

_STEPS = (1, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2, 2.2, 2.5, 2.7, 3, 3.3, 3.6, 4, 4.5, 5, 5.5, 6, 6.5,
          7, 8, 9)  # fmt: skip
"""Within a decade: about a tenth apart, with the whole numbers among them."""


@dataclass(frozen=True)
class Limits:
    """What a reader can afford, and asks for.

    Attributes:
        at_most: Costs, unscaled.
        at_least: The lowest guide metric; None: any.
    """

    at_most: tuple[tuple[str, float], ...] = ()
    at_least: float | None = None

    def __bool__(self) -> bool:
        return bool(self.at_most) or self.at_least is not None

    def bounds(self, quality: Objective) -> list[Constraint]:
        """The limits as bounds, one each."""
        found = [Constraint(metric=metric, bound=bound) for metric, bound in self.at_most]
        if self.at_least is not None:
            kind = "at_least" if quality.direction == "maximize" else "at_most"
            found.append(
                Constraint.model_validate(
                    {"metric": quality.metric, "bound": self.at_least, "kind": kind}
                )
            )
        return found


def within(points: FrontPoints, limits: Limits, quality: Objective) -> Mask:
    """Which trials keep the limits; one that lacks a figure which is limited does not."""
    kept = np.ones(len(points), dtype=bool)
    for bound in limits.bounds(quality):
        kept &= _keeps(points, bound)
    return kept


def best_of(points: FrontPoints, among: Mask, objectives: Sequence[Objective]) -> int | None:
    """Where the best trial stands, by the first objective; among equals by the next, and so on.

    Args:
        points: Of a study.
        among: Which of them count.
        objectives: What to order by, most important first.

    Returns:
        A position in the columns; None: there is none with a finite figure.
    """
    columns = [_losses(points, objective) for objective in objectives]
    places = np.flatnonzero(among & np.isfinite(columns[0]))
    if not len(places):
        return None
    keys = [column[places] for column in reversed(columns)]
    return int(places[np.lexsort([points.number[places], *keys])[0]])


def answer(
    points: FrontPoints, among: Mask, limits: Limits, objectives: Sequence[Objective]
) -> tuple[str, int | None]:
    """The best within the limits in words, and its number.

    Args:
        points: Of a study.
        among: Those that count, whatever the limits say.
        limits: What the reader can afford.
        objectives: The study's, the quality first.
    """
    quality = objectives[0]
    kept = among & within(points, limits, quality)
    place = best_of(points, kept, objectives)
    if place is None:
        return _nothing(points, among, limits, quality), None
    number = int(points.number[place])
    count = int(kept.sum())
    asked = _limit_words(limits, quality)
    start = f"With {asked}, the best of {count}" if asked else f"The best of {count}"
    return f"{start} is trial {number}: {figures(points, place, quality)}.", number


def cheapest(
    points: FrontPoints, among: Mask, limits: Limits, objectives: Sequence[Objective]
) -> tuple[str, int] | None:
    """The cheapest that is good enough, where the reader said how good; in words, and its number.

    Cheapest in the first cost among the objectives in which the trials differ.
    """
    quality, *costs = objectives
    if limits.at_least is None or not costs:
        return None
    kept = among & within(points, limits, quality)
    place = best_of(points, kept, [*costs, quality])
    if place is None:
        return None
    number = int(points.number[place])
    words = figures(points, place, quality)
    return f"The fewest {cost_unit(costs[0].metric)} has trial {number}: {words}.", number


def figures(points: FrontPoints, place: int, quality: Objective) -> str:
    """``Dice 0.8312 at 1.204 GFLOPs, 3.40 MB``: what a trial reaches, and costs."""
    value = points.values[quality.metric][place]
    costs = [
        f"{points.values[metric][place] / SCALES.get(metric, 1.0):.3g} {cost_unit(metric)}"
        for metric in PRICES
        if metric in points.values and math.isfinite(points.values[metric][place])
    ]
    return f"{quality.label} {value:.4f} at {', '.join(costs)}"


def stops(shown: Values) -> list[float]:
    """The values that a slider offers, in the unit of the values: whole decades around them.

    Whole decades, so that the stops stay where they are while a search goes on.
    """
    known = shown[np.isfinite(shown) & (shown > 0)]
    if not len(known):
        return []
    low = math.floor(math.log10(known.min()))
    high = math.ceil(math.log10(known.max()))
    decades = range(low, max(high, low + 1))
    return [float(f"{step * 10.0**decade:.2g}") for decade in decades for step in _STEPS] + [
        float(f"1e{max(high, low + 1)}")
    ]


def _keeps(points: FrontPoints, bound: Constraint) -> Mask:
    values = points.values.get(bound.metric, np.full(len(points), np.nan))
    # A NaN keeps nothing: every comparison with it is false.
    return values <= bound.bound if bound.kind == "at_most" else values >= bound.bound


def _losses(points: FrontPoints, objective: Objective) -> Values:
    values = points.values.get(objective.metric, np.full(len(points), np.nan))
    return -values if objective.direction == "maximize" else values


def _nothing(points: FrontPoints, among: Mask, limits: Limits, quality: Objective) -> str:
    if not among.any():
        return "No trial to choose from: the filters leave none that is done."
    text = f"None of {int(among.sum())} trials has {_limit_words(limits, quality)}"
    for bound in limits.bounds(quality):
        if (_keeps(points, bound) & among).any():
            continue
        values = points.values.get(bound.metric, np.full(len(points), np.nan))[among]
        if np.isfinite(values).any():
            edge = np.nanmin(values) if bound.kind == "at_most" else np.nanmax(values)
            word = "least" if bound.kind == "at_most" else "most"
            return f"{text}: the {word} is {_amount(bound.metric, float(edge), quality)}."
    return f"{text} at once." if len(limits.bounds(quality)) > 1 else f"{text}."


def _limit_words(limits: Limits, quality: Objective) -> str:
    words = [
        f"at {'most' if bound.kind == 'at_most' else 'least'} "
        f"{_amount(bound.metric, bound.bound, quality)}"
        for bound in limits.bounds(quality)
    ]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _amount(metric: str, value: float, quality: Objective) -> str:
    if metric == quality.metric:
        return f"{quality.label} {value:.4g}"
    return f"{value / SCALES.get(metric, 1.0):.3g} {cost_unit(metric)}"
