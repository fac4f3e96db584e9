"""Narrowing one parameter from what a command line spells."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from automed.domain.parameter import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)


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
        bounds: Parameter = parameter.replace(low=low, high=high)
        return bounds
    values = tuple(parameter.parse(part.strip()) for part in text.split(","))
    _check(parameter, *values)
    return CategoricalParameter(choices=tuple(dict.fromkeys(values)), when=parameter.when)


def _check(parameter: Parameter, *values: bool | int | float | str) -> None:
    problems = [problem for value in values if (problem := parameter.problem(value))]
    if problems:
        raise ValueError("; ".join(problems))


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` where something known is spelled alike, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
