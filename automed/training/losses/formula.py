"""Sums of losses, as a config writes them."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from automed.domain.errors import TrainingError

# Not the plus sign of 1e+3.
_PLUS = re.compile(r"(?<![0-9.][eE])\+")


class Term(NamedTuple):
    """One loss of a sum, and what it is multiplied with."""

    weight: float
    name: str


def read_formula(formula: str) -> tuple[Term, ...]:
    """The terms of ``bce``, ``bce+dice`` or ``0.3*bce + 0.7*dice``.

    Without weights a sum is not weighted: each term counts once, as in the papers. White space
    does not matter. Whether the losses exist is not checked here.

    Raises:
        TrainingError: A weight is not a finite number above 0, or a loss is given twice.
    """
    terms = tuple(_term(part, formula) for part in _PLUS.split(formula))
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise TrainingError(
            f"the loss {formula!r} names one of its terms twice",
            expected="each once, weighted where it should count more, such as 2*bce+dice",
        )
    return terms


def _term(text: str, formula: str) -> Term:
    *before, name = text.split("*")
    if not before:
        return Term(1.0, name.strip())
    try:
        (weight,) = map(float, before)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise TrainingError(
            f"the loss {formula!r} has a term {text.strip()!r} whose weight cannot be used",
            expected="one finite number above 0 before the name, such as 0.3*bce+0.7*dice",
        )
    return Term(weight, name.strip())
