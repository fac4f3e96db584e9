"""The parameters of a search space."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    field_validator,
    model_serializer,
    model_validator,
)

from automed.domain.config import Value
from automed.domain.exclusion import Conditions, Exclusion
from automed.domain.frozen import Frozen, for_digest
from automed.domain.grid import nth, steps_between
from automed.domain.space_problem import Problem, ProblemsError


class _Parameter(Frozen):
    when: Conditions = Field(default_factory=dict)
    """Where this parameter is active; empty: everywhere."""
    paper: tuple[Value, ...] = ()
    """Values that a paper used: a note for readers, unseen by samplers and by the digest."""

    @abstractmethod
    def problem(self, value: Value) -> str | None:
        """What is wrong with a value, or None where it is allowed."""

    @abstractmethod
    def count(self) -> int | None:
        """How many values there are; None for a range of real numbers."""

    @abstractmethod
    def values(self) -> tuple[Value, ...]:
        """All values, where they can be counted; else none."""

    @abstractmethod
    def _problems(self) -> list[Problem]:
        """What is wrong with the domain itself."""

    @model_validator(mode="after")
    def _valid(self) -> Self:
        problems = self._problems() or [
            Problem(f"a paper's value must lie in the domain: {found}", field=("paper", position))
            for position, value in enumerate(self.paper)
            if (found := self.problem(value))
        ]
        if problems:
            raise ProblemsError(problems)
        return self

    @model_serializer(mode="wrap")
    def _digest_without_notes(
        self, dump: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        fields: dict[str, Any] = dump(self)
        if for_digest(info):
            del fields["paper"]
        return fields


class FloatParameter(_Parameter):
    """A real number between two bounds, both included."""

    type: Literal["float"] = "float"
    low: StrictFloat
    high: StrictFloat
    log: StrictBool = False
    step: StrictFloat | None = Field(default=None, gt=0)

    def _problems(self) -> list[Problem]:
        return _bound_problems(self.low, self.high, log=self.log, step=self.step)

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

    def count(self) -> int | None:
        """How many values there are; None where there is no step."""
        if self.low == self.high:
            return 1
        return None if self.step is None else 1 + steps_between(self.low, self.high, self.step)

    def values(self) -> tuple[Value, ...]:
        """All values, where they are in steps; none of a range without steps."""
        count = self.count()
        if count is None:
            return ()
        return tuple(nth(self.low, self.step or 1.0, number) for number in range(count))

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


class IntParameter(_Parameter):
    """A whole number between two bounds, both included."""

    type: Literal["int"] = "int"
    low: StrictInt
    high: StrictInt
    log: StrictBool = False
    step: StrictInt = Field(default=1, ge=1)

    def _problems(self) -> list[Problem]:
        step = self.step if self.step > 1 else None
        return _bound_problems(self.low, self.high, log=self.log, step=step)

    def problem(self, value: Value) -> str | None:
        """What is wrong with a value, or None where it is allowed."""
        if isinstance(value, bool | str) or not math.isfinite(value) or value != int(value):
            return f"{value!r} is not a whole number"
        if not self.low <= value <= self.high or (int(value) - self.low) % self.step:
            return f"{value!r} is outside {self.describe()}"
        return None

    def count(self) -> int:
        """How many values there are."""
        return len(range(self.low, self.high + 1, self.step))

    def values(self) -> tuple[Value, ...]:
        """All values."""
        return tuple(range(self.low, self.high + 1, self.step))

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


class CategoricalParameter(_Parameter):
    """One of a list of values without an order."""

    type: Literal["categorical"] = "categorical"
    choices: tuple[Value, ...] = Field(min_length=1)
    exclude: tuple[Exclusion, ...] = ()
    """Choices that cannot go with a value of an earlier parameter."""

    @field_validator("choices")
    @classmethod
    def _distinct(cls, choices: tuple[Value, ...]) -> tuple[Value, ...]:
        problems = []
        for position, choice in enumerate(choices):
            field = ("choices", position)
            if isinstance(choice, float) and not math.isfinite(choice):
                problems.append(Problem(f"{choice!r} is not a finite number", field=field))
            # Equal is enough: 1 and 1.0 and True are one choice to a storage that looks them up.
            elif choice in choices[:position]:
                problems.append(Problem(f"{choice!r} is listed twice", field=field))
        if problems:
            raise ProblemsError(problems)
        return choices

    def _problems(self) -> list[Problem]:
        return [
            Problem(f"excludes {choice!r}, which is no choice", field=("exclude", n, "choices", at))
            for n, exclusion in enumerate(self.exclude)
            for at, choice in enumerate(exclusion.choices)
            if self.problem(choice)
        ]

    def problem(self, value: Value) -> str | None:
        """What is wrong with a value, or None where it is allowed."""
        if self._choice(value) is None:
            return f"{value!r} is not one of {self.describe()}"
        return None

    def _choice(self, value: Value) -> Value | None:
        """The choice that a value stands for: 1 for 1.0, but not for true."""
        kind = isinstance(value, bool)
        return next((c for c in self.choices if c == value and isinstance(c, bool) is kind), None)

    def exclusion(self, value: Value, values: Mapping[str, Value]) -> Exclusion | None:
        """What bars a choice, given the values decided before it; None where nothing does."""
        return next((e for e in self.exclude if e.bars(value, values)), None)

    def left(self, values: Mapping[str, Value]) -> list[Value]:
        """The choices that nothing bars, given the values decided before."""
        return [c for c in self.choices if self.exclusion(c, values) is None]

    def count(self) -> int:
        """How many choices there are."""
        return len(self.choices)

    def values(self) -> tuple[Value, ...]:
        """All choices."""
        return self.choices

    def canonical(self, value: Value) -> Value:
        """The choice that an allowed value stands for: choices keep their types."""
        choice = self._choice(value)
        return value if choice is None else choice

    def parse(self, text: str) -> Value:
        """The choice that a command line spells.

        Raises:
            ValueError: No choice is spelled so.
        """
        for choice in self.choices:
            if text == str(choice) or (isinstance(choice, bool) and text == str(choice).lower()):
                return choice
        with suppress(ValueError):
            number = self._choice(float(text))
            if number is not None:
                return number
        raise ValueError(f"{text!r} is not one of {self.describe()}")

    def describe(self) -> str:
        """The domain in one line."""
        return ", ".join(str(c) for c in self.choices)


Parameter = Annotated[
    FloatParameter | IntParameter | CategoricalParameter, Field(discriminator="type")
]


def _bound_problems(low: float, high: float, *, log: bool, step: float | None) -> list[Problem]:
    if not (math.isfinite(low) and math.isfinite(high)):
        message = f"both bounds must be finite, found {low:g} and {high:g}"
        return [Problem(message, field=("high" if math.isfinite(low) else "low",))]
    problems = []
    if low > high:
        problems.append(Problem(f"low {low:g} is above high {high:g}", field=("low",)))
    if log and low <= 0:
        problems.append(Problem(f"a log scale needs low above 0, found {low:g}", field=("log",)))
    if log and step is not None:
        problems.append(Problem("a log scale cannot have a step", field=("log",)))
    return problems
