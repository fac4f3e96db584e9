"""A parameter of a search space as an optuna distribution."""

from __future__ import annotations

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from automed.domain.config import Value
from automed.domain.grid import reached
from automed.domain.parameter import CategoricalParameter, IntParameter, Parameter
from automed.domain.space import SearchSpace


def distribution_of(parameter: Parameter) -> BaseDistribution:
    """The distribution with the same domain.

    A high bound that no step reaches is lowered to the last one that does, as optuna would do
    with a warning for every trial.
    """
    if isinstance(parameter, CategoricalParameter):
        return CategoricalDistribution(parameter.choices)
    low, high, step = parameter.low, parameter.high, parameter.step
    if step is not None:
        high = reached(low, high, step)
    if isinstance(parameter, IntParameter):
        return IntDistribution(int(low), int(high), log=parameter.log, step=parameter.step)
    return FloatDistribution(low, high, log=parameter.log, step=step)


def distributions_of(space: SearchSpace) -> dict[str, BaseDistribution]:
    """The distributions of all parameters, active or not, in the space's order."""
    return {key: distribution_of(p) for key, p in space.parameters.items()}


def suggest(trial: Trial, key: str, distribution: BaseDistribution) -> Value:
    """Let the trial's sampler draw a value."""
    if isinstance(distribution, FloatDistribution):
        low, high, step = distribution.low, distribution.high, distribution.step
        return trial.suggest_float(key, low, high, log=distribution.log, step=step)
    if isinstance(distribution, IntDistribution):
        low, high, width = distribution.low, distribution.high, distribution.step
        return trial.suggest_int(key, low, high, log=distribution.log, step=width)
    assert isinstance(distribution, CategoricalDistribution)
    value: Value = trial.suggest_categorical(key, distribution.choices)  # type: ignore[assignment]
    return value
