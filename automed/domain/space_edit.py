"""Making a search space smaller, from what a command line spells."""

from __future__ import annotations

from collections.abc import Mapping

from automed.domain.config import Value
from automed.domain.exclusion import Conditions, Exclusion
from automed.domain.parameter import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)
from automed.domain.space_branches import Branches


def narrowed(parameter: Parameter, text: str) -> Parameter:
    """A parameter whose domain is ``a,b,c`` or ``low..high``, inside the old domain.

    Raises:
        ValueError: The text cannot be read, or leaves the old domain.
    """
    if ".." in text and isinstance(parameter, FloatParameter | IntParameter):
        low_text, _, high_text = text.partition("..")
        low, high = parameter.parse(low_text), parameter.parse(high_text)
        _check(parameter, low, high)
        if low > high:  # type: ignore[operator]  # numbers, both of them
            raise ValueError(f"{low_text} is above {high_text}")
        inside = tuple(v for v in parameter.paper if low <= v <= high)  # type: ignore[operator]
        bounds: Parameter = parameter.replace(low=low, high=high, paper=inside)
        return bounds
    values = tuple(parameter.parse(part.strip()) for part in text.split(","))
    _check(parameter, *values)
    return with_choices(parameter, tuple(dict.fromkeys(values)))


def with_choices(parameter: Parameter, choices: tuple[Value, ...]) -> CategoricalParameter:
    """A parameter that has these values of its domain only, exclusions and notes included."""
    exclusions = parameter.exclude if isinstance(parameter, CategoricalParameter) else ()
    return CategoricalParameter(
        choices=choices,
        when=parameter.when,
        paper=tuple(
            canonical for v in parameter.paper if (canonical := _among(v, choices)) is not None
        ),
        exclude=tuple(
            exclusion.replace(choices=left)
            for exclusion in exclusions
            if (left := tuple(c for c in exclusion.choices if c in choices))
        ),
    )


def consistent(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """The parameters without what can no longer be: choices, conditions, whole branches.

    Narrowing one parameter rules out values of others: a parameter that asks for a value that is
    gone, a choice that only went with it. What is left are the same configs.
    """
    kept: dict[str, Parameter] = {}
    for key, values in Branches(parameters).usable().items():
        parameter = parameters[key]
        if values and len(values) < len(parameter.values()):
            parameter = with_choices(parameter, values)
        if isinstance(parameter, CategoricalParameter):
            parameter = parameter.replace(exclude=_exclusions_left(parameter.exclude, kept))
        kept[key] = parameter.replace(when=_left(parameter.when, kept))
    return kept


def _exclusions_left(
    exclusions: tuple[Exclusion, ...], parameters: Mapping[str, Parameter]
) -> tuple[Exclusion, ...]:
    kept = []
    for exclusion in exclusions:
        when = _left(exclusion.when, parameters)
        unless = _left(exclusion.unless, parameters)
        if all(when.values()):
            # An exception that can no longer be is none.
            changed = {"when": when, "unless": unless if all(unless.values()) else {}}
            kept.append(exclusion.replace(**changed))
    return tuple(kept)


def _left(when: Conditions, parameters: Mapping[str, Parameter]) -> Conditions:
    return {
        parent: tuple(
            v for v in values if parent in parameters and not parameters[parent].problem(v)
        )
        for parent, values in when.items()
    }


def _among(value: Value, choices: tuple[Value, ...]) -> Value | None:
    """The choice that equals a value, in the choice's type."""
    return next((choice for choice in choices if choice == value), None)


def _check(parameter: Parameter, *values: Value) -> None:
    problems = [problem for value in values if (problem := parameter.problem(value))]
    if problems:
        raise ValueError("; ".join(problems))
