"""One parameter at a time against a metric: what a slice through the trials shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automed.domain.config import Value
from automed.domain.exclusion import spelled
from automed.domain.parameter import CategoricalParameter
from automed.domain.space import SearchSpace
from automed.domain.trial import Trial, TrialState

Axis = Literal["linear", "log", "category"]

_JITTER = 0.28
"""Half the width of a strip, where strips are one apart."""
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Slice:
    """The complete trials in which a parameter has an effect.

    Attributes:
        key: Of the parameter.
        axis: How its values lie; those of a category have no order.
        categories: Spelled choices, the best median first, or in order where they are numbers;
            empty where there is an axis of numbers.
        trials: In the order of their numbers.
        values: The parameter's, one a trial.
        metric: The metric's, one a trial, finite.
        when: Where the parameter has an effect, in words; empty: everywhere.
    """

    key: str
    axis: Axis
    categories: tuple[str, ...]
    trials: tuple[Trial, ...]
    values: tuple[Value, ...]
    metric: tuple[float, ...]
    when: str

    @property
    def places(self) -> NDArray[np.float64]:
        """Where each trial lies on the axis, shape (trials,).

        A category's trials are spread about its position, by their numbers, so that equal values
        do not hide each other.
        """
        if self.axis != "category":
            return np.array([float(value) for value in self.values])
        strips = {name: place for place, name in enumerate(self.categories)}
        middles = np.array([strips[spelled_value(value)] for value in self.values], np.float64)
        # Multiples of the golden ratio are spread evenly, however many there are.
        spread = np.array([trial.number * _GOLDEN % 1 for trial in self.trials])
        return np.asarray(middles + _JITTER * (2 * spread - 1), np.float64)

    def medians(self) -> dict[str, float]:
        """The middle of the metric in each category."""
        found: dict[str, list[float]] = {name: [] for name in self.categories}
        for value, metric in zip(self.values, self.metric, strict=True):
            if self.categories:
                found[spelled_value(value)].append(metric)
        return {name: median(values) for name, values in found.items()}


def slices(
    trials: Sequence[Trial], space: SearchSpace, metric: str, *, smaller_is_better: bool = False
) -> tuple[Slice, ...]:
    """A slice for each parameter of which the complete trials have two values or more.

    Args:
        trials: Of a study; those without a finite value of the metric are passed over.
        space: Says which parameters there are, and on which scale.
        metric: A metric or a cost, by the name that results have it under.
        smaller_is_better: Turns the order of the categories round.
    """
    done = [(t, value) for t in trials if (value := _value(t, metric)) is not None]
    found = (_slice(key, done, space, smaller_is_better) for key in space.parameters)
    return tuple(one for one in found if one is not None)


def spelled_value(value: Value) -> str:
    """As tables and axes print it, and as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _slice(
    key: str,
    done: Sequence[tuple[Trial, float]],
    space: SearchSpace,
    smaller_is_better: bool,
) -> Slice | None:
    parameter = space.parameters[key]
    active = [(trial, value) for trial, value in done if key in trial.config]
    values = tuple(trial.config[key] for trial, _ in active)
    if len(set(map(spelled_value, values))) < 2:
        return None
    found = Slice(
        key=key,
        axis=_axis(space, key),
        categories=tuple(dict.fromkeys(map(spelled_value, values)))
        if isinstance(parameter, CategoricalParameter)
        else (),
        trials=tuple(trial for trial, _ in active),
        values=values,
        metric=tuple(value for _, value in active),
        when=spelled(parameter.when),
    )
    return replace(found, categories=_ordered(found, smaller_is_better))


def _ordered(found: Slice, smaller_is_better: bool) -> tuple[str, ...]:
    """Numbers by their size, names by what they reach."""
    if all(isinstance(value, int | float) for value in found.values):
        numbers = {spelled_value(value): float(value) for value in found.values}
        return tuple(sorted(found.categories, key=lambda name: numbers[name]))
    medians = found.medians()
    return tuple(sorted(medians, key=lambda name: medians[name], reverse=not smaller_is_better))


def _axis(space: SearchSpace, key: str) -> Axis:
    parameter = space.parameters[key]
    if isinstance(parameter, CategoricalParameter):
        return "category"
    return "log" if parameter.log else "linear"


def _value(trial: Trial, metric: str) -> float | None:
    if trial.state is not TrialState.COMPLETE or trial.result is None:
        return None
    value = trial.result.values().get(metric)
    return value if value is not None and np.isfinite(value) else None
