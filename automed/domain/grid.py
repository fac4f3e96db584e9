"""Values in whole steps from a lower bound."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

Number = TypeVar("Number", int, float)


def steps_between(low: float, high: float, step: float) -> int:
    """How many whole steps fit between the bounds."""
    # In decimal: 0.3 holds three steps of 0.1, which binary floats deny.
    first, last, width = (Decimal(str(x)) for x in (low, high, step))
    return int((last - first) // width)


def nth(low: Number, step: Number, number: int) -> Number:
    """The value that many steps above the lower bound."""
    return type(low)(Decimal(str(low)) + number * Decimal(str(step)))


def reached(low: Number, high: Number, step: Number) -> Number:
    """The highest value that whole steps from the low bound reach."""
    return nth(low, step, steps_between(low, high, step))
