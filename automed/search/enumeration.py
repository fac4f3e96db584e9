"""All configs of a space, where they can be counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from automed.domain.config import Config, Value
from automed.domain.parameter import CategoricalParameter, IntParameter, Parameter
from automed.domain.space import SearchSpace


def configs_of(space: SearchSpace, at_most: int) -> list[Config] | None:
    """Every config of the space; None where there are more than ``at_most``, or no end of them."""
    domains: dict[str, Sequence[Value]] = {}
    for key, parameter in space.parameters.items():
        values = _values(parameter)
        if values is None:
            return None
        domains[key] = values
    found: list[Config] = []
    for chosen in _walk(space, domains, list(domains), {}):
        if len(found) == at_most:
            return None
        found.append(Config(chosen))
    return found


def _values(parameter: Parameter) -> Sequence[Value] | None:
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices
    if isinstance(parameter, IntParameter):
        return range(parameter.low, parameter.high + 1, parameter.step)
    return [parameter.low] if parameter.low == parameter.high else None


def _walk(
    space: SearchSpace,
    domains: dict[str, Sequence[Value]],
    keys: list[str],
    values: dict[str, Value],
) -> Iterator[dict[str, Value]]:
    if not keys:
        yield values
        return
    key, *rest = keys
    if not space.is_active(key, values):
        yield from _walk(space, domains, rest, values)
        return
    parameter = space.parameters[key]
    choices = parameter.left(values) if isinstance(parameter, CategoricalParameter) else None
    for value in domains[key] if choices is None else choices:
        yield from _walk(space, domains, rest, {**values, key: value})
