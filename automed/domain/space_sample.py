"""Random configs of a search space."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from automed.domain.config import Value
from automed.domain.grid import nth
from automed.domain.parameter import CategoricalParameter, FloatParameter, IntParameter, Parameter


def draw(parameter: Parameter, decided: Mapping[str, Value], rng: random.Random) -> Value | None:
    """A value of a parameter: uniform over what is left of its choices, or between its bounds.

    Uniform in the logarithm where the parameter asks for it.

    Returns:
        None where the values decided before exclude every choice.
    """
    if isinstance(parameter, CategoricalParameter):
        left = parameter.left(decided)
        return rng.choice(left) if left else None
    if isinstance(parameter, IntParameter):
        return _whole(parameter, rng)
    return _real(parameter, rng)


def _whole(parameter: IntParameter, rng: random.Random) -> int:
    if not parameter.log:
        return rng.randrange(parameter.low, parameter.high + 1, parameter.step)
    # Half a step beyond both bounds: else these would get half of their share.
    low, high = math.log(parameter.low - 0.5), math.log(parameter.high + 0.5)
    drawn = round(math.exp(rng.uniform(low, high)))
    return min(max(drawn, parameter.low), parameter.high)


def _real(parameter: FloatParameter, rng: random.Random) -> float:
    count = parameter.count()
    if parameter.step is not None and count is not None:
        return nth(parameter.low, parameter.step, rng.randrange(count))
    if not parameter.log:
        return rng.uniform(parameter.low, parameter.high)
    drawn = math.exp(rng.uniform(math.log(parameter.low), math.log(parameter.high)))
    return min(max(drawn, parameter.low), parameter.high)
