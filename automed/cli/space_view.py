"""A search space as a tree."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from automed.domain.config import Value
from automed.domain.exclusion import Conditions, Exclusion, spelled
from automed.domain.parameter import CategoricalParameter, FloatParameter, Parameter
from automed.domain.space import SearchSpace

_SECTIONS = ("model", "training", "data", "augment")
_MARK = "*"
_FEW = 4
"""Excluded choices that are listed; of more, the first ones are."""


def tree(space: SearchSpace) -> Tree:
    """Every parameter with its domain, under its condition; a paper's values are marked."""
    root = Tree(
        Text.assemble(
            (f"{space.name} v{space.version}", "bold"),
            f": {len(space.parameters)} parameters",
            (f"   {_MARK} a paper's value", "green"),
        )
    )
    nodes: dict[str, Tree] = {}
    branches: dict[tuple[str, str], Tree] = {}
    for key, parameter in sorted(space.parameters.items(), key=lambda item: _section(item[0])):
        _add(key, parameter, space, root, nodes, branches)
    return root


def counts(space: SearchSpace) -> Text:
    """The size of a space in one line."""
    number = space.combinations()
    size = f"{number:,} combinations"
    if number >= 10**6:
        size += f" ({number / 10 ** int(math.log10(number)):.1f}e{int(math.log10(number))})"
    real = len(space.real_valued)
    return Text(f"{size} of choices and steps, and {real} real-valued parameters")


def example_flags(space: SearchSpace) -> tuple[str, str]:
    """A ``--fix`` and a ``--set`` that this space takes; empty where it has nothing for them."""
    fix = narrow = ""
    for key, parameter in sorted(space.parameters.items(), key=lambda item: _section(item[0])):
        if parameter.when:
            continue
        if not fix and isinstance(parameter, CategoricalParameter) and len(parameter.choices) > 1:
            fix = f"--fix {key}={_spelled((parameter.paper or parameter.choices)[0])}"
        if not narrow and isinstance(parameter, FloatParameter) and parameter.count() is None:
            narrow = f"--set {key}={_half(parameter)}"
    return fix, narrow


def _half(parameter: FloatParameter) -> str:
    low, high = parameter.low, parameter.high
    middle = math.sqrt(low * high) if parameter.log else (low + high) / 2
    rounded = float(f"{middle:.1g}")
    return f"{low:g}..{rounded if low < rounded < high else middle:g}"


def _add(
    key: str,
    parameter: Parameter,
    space: SearchSpace,
    root: Tree,
    nodes: dict[str, Tree],
    branches: dict[tuple[str, str], Tree],
) -> None:
    place = root
    if parameter.when:
        parent = _last_decided(parameter.when, space)
        condition = _condition(parameter.when, parent, space.parameters)
        if parent not in nodes:
            _add(parent, space.parameters[parent], space, root, nodes, branches)
        if (parent, condition) not in branches:
            branch = nodes[parent].add(Text(condition, style="italic cyan"))
            branches[parent, condition] = branch
        place = branches[parent, condition]
    if key not in nodes:
        nodes[key] = place.add(_label(key, parameter, space.parameters))


def _last_decided(when: Conditions, space: SearchSpace) -> str:
    order = list(space.parameters)
    return max(when, key=order.index)


def _condition(when: Conditions, parent: str, parameters: Mapping[str, Parameter]) -> str:
    others = {key: values for key, values in when.items() if key != parent}
    rest = f" and {_short(others, parameters)}" if others else ""
    return f"where it is {_values(when[parent], parameters[parent])}{rest}"


def _short(when: Conditions, parameters: Mapping[str, Parameter]) -> str:
    return " and ".join(f"{key} is {_values(v, parameters[key])}" for key, v in when.items())


def _values(values: tuple[Value, ...], parameter: Parameter) -> str:
    """The values, or those that are missing where these are fewer."""
    choices = parameter.choices if isinstance(parameter, CategoricalParameter) else values
    missing = [choice for choice in choices if choice not in values]
    if 0 < len(missing) < len(values):
        return "not " + " or ".join(map(_spelled, missing))
    return " or ".join(map(_spelled, values))


def _label(key: str, parameter: Parameter, parameters: Mapping[str, Parameter]) -> Group:
    lines: list[RenderableType] = [
        Text(key, style="bold"),
        Padding(_domain(parameter), (0, 0, 0, 2)),
    ]
    if isinstance(parameter, CategoricalParameter):
        lines += [
            Padding(Text(_exclusion(exclusion, parameters), style="yellow"), (0, 0, 0, 2))
            for exclusion in parameter.exclude
        ]
    return Group(*lines)


def _domain(parameter: Parameter) -> Text:
    if isinstance(parameter, CategoricalParameter):
        words = [_word(c, marked=c in parameter.paper) for c in parameter.choices]
    else:
        words = [Text(parameter.describe()), *(_word(v, marked=True) for v in parameter.paper)]
    return Text("  ").join(words)


def _word(value: Value, *, marked: bool) -> Text:
    return Text(f"{_MARK}{_spelled(value)}", style="green") if marked else Text(_spelled(value))


def _spelled(value: Value) -> str:
    """As in a TOML file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _exclusion(exclusion: Exclusion, parameters: Mapping[str, Parameter]) -> str:
    shown = ", ".join(map(_spelled, exclusion.choices[:_FEW]))
    more = len(exclusion.choices) - _FEW
    names = f"{shown} and {more} more" if more > 0 else shown
    place = f" where {_short(exclusion.when, parameters)}" if exclusion.when else ""
    only = f" unless {spelled(exclusion.unless)}" if exclusion.unless else ""
    return f"without {names}{place}{only}"


def _section(key: str) -> int:
    prefix = key.partition(".")[0]
    return _SECTIONS.index(prefix) if prefix in _SECTIONS else len(_SECTIONS)
