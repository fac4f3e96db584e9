"""What must hold between the parameters of a search space."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from automed.domain.exclusion import Conditions, spelled
from automed.domain.parameter import CategoricalParameter, Parameter
from automed.domain.space_branches import Branches
from automed.domain.space_problem import Path, Problem
from automed.domain.suggestion import suggestion

_MOST_VALUES = 1000
"""Of a number that a condition may name."""

Claims = list[tuple[Path, Conditions]]
"""The conditions of one parameter, each with the field that holds it."""


def claims_of(parameter: Parameter) -> Claims:
    """A parameter's own condition and those of its exclusions."""
    claims: Claims = [(("when",), parameter.when)] if parameter.when else []
    if isinstance(parameter, CategoricalParameter):
        for n, exclusion in enumerate(parameter.exclude):
            claims.append((("exclude", n, "when"), exclusion.when))
            claims.append((("exclude", n, "unless"), exclusion.unless))
    return claims


def condition_problems(
    claims: Mapping[str, Claims], parameters: Mapping[str, Parameter | None]
) -> list[Problem]:
    """Conditions on what is not decided before, or on values that do not exist.

    Args:
        claims: Of each parameter, in the space's order.
        parameters: None for one that is invalid itself, whose values are not judged.
    """
    problems: list[Problem] = []
    seen: set[str] = set()
    for key in parameters:
        for field, when in claims[key]:
            noun = "condition" if field[0] == "when" else "exclusion"
            for parent, values in when.items():
                place = (*field, parent)
                if parent not in seen:
                    problems.append(_not_before(parent, noun, key, place, parameters))
                    continue
                found = _value_problems(parameters[parent], parent, values, noun)
                problems += [Problem(message, key, place) for message in found]
        seen.add(key)
    return problems


def _not_before(parent: str, noun: str, key: str, place: Path, known: Collection[str]) -> Problem:
    text = f"its {noun} names {parent!r}, which must stand before it"
    if parent in known:
        return Problem(text, key, place)
    text += ", but there is no such parameter"
    return Problem(text, key, place, hint=suggestion(parent, known))


def _value_problems(
    parameter: Parameter | None, parent: str, values: Iterable[object], noun: str
) -> list[str]:
    if parameter is None:
        return []
    if (parameter.count() or _MOST_VALUES + 1) > _MOST_VALUES:
        return [
            f"its {noun} names {parent!r}, a range that would hit a value by chance only: give "
            "that one choices or a larger step"
        ]
    wrong = [parameter.problem(value) for value in values]  # type: ignore[arg-type]
    return [f"its {noun} on {parent}: {w}" for w in wrong if w]


def branch_problems(parameters: Mapping[str, Parameter]) -> list[Problem]:
    """Parameters that never have an effect, and choices that can never be chosen.

    Args:
        parameters: Whose conditions hold no problem.
    """
    usable = Branches(parameters).usable()
    if not usable:
        return [Problem("its exclusions leave no config at all")]
    problems = []
    for key, parameter in parameters.items():
        if key not in usable:
            text = f"it never has an effect: {spelled(parameter.when)} cannot be"
            problems.append(Problem(text, key, ("when",)))
        elif usable[key]:
            listed = isinstance(parameter, CategoricalParameter)
            problems += [
                Problem(
                    f"{value!r} can never be chosen: exclusions rule it out",
                    key,
                    ("choices", position) if listed else (),
                )
                for position, value in enumerate(parameter.values())
                if value not in usable[key]
            ]
    return problems
