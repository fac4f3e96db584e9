"""Configs as points that a regression can measure distances between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from automed.domain.config import Config, Value

INACTIVE = 0.5
"""Where a number has no effect: as far from its smallest as from its largest value."""


class ConfigEncoding:
    """Each parameter spans a distance of 1: numbers on their scale, other choices one-hot.

    Args:
        distributions: Every parameter of the space. Those with a single value are left out.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self._distributions = {k: d for k, d in distributions.items() if not d.single()}

    def __call__(self, configs: Iterable[Config]) -> NDArray[np.float64]:
        """Shape (configs, columns)."""
        rows = [self._row(config) for config in configs]
        return np.asarray(rows, np.float64) if rows else np.zeros((0, 0))

    def _row(self, config: Config) -> list[float]:
        found: list[float] = []
        for key, distribution in self._distributions.items():
            found.extend(_columns(distribution, config.get(key)))
        return found


def _columns(distribution: BaseDistribution, value: Value | None) -> list[float]:
    if isinstance(distribution, CategoricalDistribution):
        numbers = _numbers(distribution)
        if numbers is None:
            # Two corners of a one-hot cube lie the root of 2 apart.
            return [math.sqrt(0.5) * (value == choice) for choice in distribution.choices]
        return [INACTIVE if value is None else numbers.index(value) / (len(numbers) - 1)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if value is None:
        return [INACTIVE]
    low, high, at = (float(x) for x in (distribution.low, distribution.high, value))
    if distribution.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return [(at - low) / (high - low)]


def _numbers(distribution: CategoricalDistribution) -> list[Value] | None:
    """The choices in order where all are numbers, which says which of them are close."""
    choices = distribution.choices
    if all(isinstance(c, int | float) and not isinstance(c, bool) for c in choices):
        return sorted(choices)  # type: ignore[arg-type]
    return None
