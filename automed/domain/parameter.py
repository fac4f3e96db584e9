"""The parameters of a search space."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from automed.domain.config import Value
from automed.domain.frozen import Frozen

Conditions = dict[str, tuple[Value, ...]]
"""Keys of other parameters, and the values of theirs under which this parameter is active."""


class FloatParameter(Frozen):
    """A real number between two bounds, both included."""

    type: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False
    step: float | None = Field(default=None, gt=0)
    when: Conditions = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ordered(self) -> FloatParameter:
        _check_bounds(self.low, self.high, log=self.log, step=self.step)
        return self

    def problem(self, value: Value) -> str | None:
        """What is wrong with a value, or None where it is allowed."""
        if isinstance(value, bool | str) or not math.isfinite(value):
            return f"{value!r} is not a finite number"
        if not self.low <= value <= self.high or not self._on_grid(value):
            return f"{value!r} is outside {self.describe()}"
        return None

    def _on_grid(self, value: float) -> bool:
        steps = (value - self.low) / self.step if self.step is not None else 0.0
        return math.isclose(steps, round(steps), rel_tol=0, abs_tol=1e-8)

    def canonical(self, value: Value) -> Value:
        """An allowed value in the one type that the parameter has: 1 becomes 1.0."""
        return float(value)

    def parse(self, text: str) -> Value:
        """The value that a command line spells.

        Raises:
            ValueError: The text is no number.
        """
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a number") from None

    def describe(self) -> str:
        """The domain in one line."""
        step = f" in steps of {self.step:g}" if self.step is not None else ""
        return f"{self.low:g} to {self.high:g}{step}{' (log)' if self.log else ''}"


class IntParameter(Frozen):
    """A whole number between two bounds, both included."""

    type: Literal["int"] = "int"
    low: int
    high: int
    log: bool = False
    step: int = Field(default=1, ge=1)
    when: Conditions = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ordered(self) -> IntParameter:
        _check_bounds(self.low, self.high, log=self.log, step=self.step if self.step > 1 else None)
        return self

    def problem(self, value: Value) -> str | None:
        """What is wrong with a value, or None where it is allowed."""
        if isinstance(value, bool | str) or not math.isfinite(value) or value != int(value):
            return f"{value!r} is not a whole number"
        if not self.low <= value <= self.high or (int(value) - self.low) % self.step:
            return f"{value!r} is outside {self.describe()}"
        return None

    def parse(self, text: str) -> Value:
        """The value that a command line spells.

        Raises:
            ValueError: The text is no whole number.
        """
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a whole number") from None

    def canonical(self, value: Value) -> Value:
        """An allowed value in the one type that the parameter has: 3.0 becomes 3."""
        return int(value)

    def describe(self) -> str:
        """The domain in one line."""
        step = f" in steps of {self.step}" if self.step > 1 else ""
        return f"{self.low} to {self.high}{step}{' (log)' if self.log else ''}"


class CategoricalParameter(Frozen):
    """One of a list of values without an order."""

    type: Literal["categorical"] = "categorical"
    choices: tuple[Value, ...] = Field(min_length=1)
    when: Conditions = Field(default_factory=dict)

    @model_validator(mode="after")
    def _distinct(self) -> CategoricalParameter:
        # Equal is enough: 1 and 1.0 and True are one choice to a storage that looks them up.
        if len(set(self.choices)) != len(self.choices):
            raise ValueError(f"a choice is listed twice in {list(self.choices)}")
        return self

    def problem(self, value: Value) -> str | None:
        """What is wrong with a value, or None where it is allowed."""
        if any(value == c and type(value) is type(c) for c in self.choices):
            return None
        return f"{value!r} is not one of {self.describe()}"

    def canonical(self, value: Value) -> Value:
        """An allowed value as it is: choices keep their types."""
        return value

    def parse(self, text: str) -> Value:
        """The choice that a command line spells.

        Raises:
            ValueError: No choice is spelled so.
        """
        for choice in self.choices:
            if text == str(choice) or (isinstance(choice, bool) and text == str(choice).lower()):
                return choice
        raise ValueError(f"{text!r} is not one of {self.describe()}")

    def describe(self) -> str:
        """The domain in one line."""
        return ", ".join(str(c) for c in self.choices)


Parameter = Annotated[
    FloatParameter | IntParameter | CategoricalParameter, Field(discriminator="type")
]


def _check_bounds(low: float, high: float, *, log: bool, step: float | None) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"both bounds must be finite, found {low:g} and {high:g}")
    if low > high:
        raise ValueError(f"low {low:g} is above high {high:g}")
    if log and low <= 0:
        raise ValueError(f"a log scale needs low above 0, found {low:g}")
    if log and step is not None:
        raise ValueError("a log scale cannot have a step")
