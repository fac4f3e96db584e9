"""What cannot go together: some choices of a parameter with some values of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from automed.domain.config import Value
from automed.domain.frozen import Frozen

Conditions = dict[str, tuple[Value, ...]]
"""Keys of other parameters, and the values of theirs for which something holds: all at once."""


class Exclusion(Frozen):
    """Choices that a parameter does not have while other parameters have certain values.

    Samplers still see the full list, since their distributions must not change within a study:
    a proposal that is excluded is rejected before any cost is computed.
    """

    choices: tuple[Value, ...] = Field(min_length=1)
    when: Conditions = Field(default_factory=dict)
    """Where the choices cannot be had; empty: everywhere."""
    unless: Conditions = Field(default_factory=dict)
    """Where they can be had nevertheless; empty: nowhere."""

    @model_validator(mode="after")
    def _conditional(self) -> Self:
        if not self.when and not self.unless:
            raise ValueError("has neither when nor unless: leave the choices out instead")
        return self

    def bars(self, value: Value, values: Mapping[str, Value]) -> bool:
        """Whether a choice cannot be had, given the values decided before it."""
        allowed = bool(self.unless) and holds(self.unless, values)
        return value in self.choices and holds(self.when, values) and not allowed

    def sentence(self, key: str, values: Mapping[str, Value]) -> str:
        """Why the choice that a parameter has cannot be had.

        For example ``model.encoder = fastvit_t8 cannot go with model.architecture = pan``.
        """
        others = spelled({parent: (values[parent],) for parent in self.when})
        reasons = [f"cannot go with {others}"] if self.when else []
        reasons += [f"needs {spelled(self.unless)}"] if self.unless else []
        return f"{key} = {values[key]} " + ": it ".join(reasons)


def holds(conditions: Mapping[str, tuple[Value, ...]], values: Mapping[str, Value]) -> bool:
    """Whether every parameter that is named has one of the values that are named for it."""
    return all(key in values and values[key] in allowed for key, allowed in conditions.items())


def spelled(conditions: Mapping[str, tuple[Value, ...]]) -> str:
    """For example ``model.architecture = unet or fpn and model.output_stride = 8``."""
    return " and ".join(f"{k} = {' or '.join(map(str, v))}" for k, v in conditions.items())
