"""A search space: what may vary, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from automed.domain.config import Config, Value
from automed.domain.errors import SpaceError
from automed.domain.frozen import Frozen
from automed.domain.parameter import CategoricalParameter, Parameter
from automed.domain.space_edit import narrowed, suggestion


class SearchSpace(Frozen):
    """Named parameters with conditions, in the order in which they are decided."""

    name: str
    version: int = 1
    parameters: dict[str, Parameter] = Field(min_length=1)

    @model_validator(mode="after")
    def _conditions_hold(self) -> Self:
        problems = []
        seen: list[str] = []
        for key, parameter in self.parameters.items():
            for parent, values in parameter.when.items():
                if parent not in seen:
                    problems.append(
                        f"{key}: its condition names {parent!r}, which must stand before it"
                    )
                    continue
                wrong = [self.parameters[parent].problem(value) for value in values]
                problems += [f"{key}: its condition on {parent}: {w}" for w in wrong if w]
            seen.append(key)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def is_active(self, key: str, values: Mapping[str, Value]) -> bool:
        """Whether a parameter has an effect, given the values decided before it."""
        when = self.parameters[key].when
        return all(p in values and values[p] in allowed for p, allowed in when.items())

    def validate_config(self, values: Mapping[str, Value]) -> Config:
        """The values as a config, if every active parameter has one and no other key is there.

        Raises:
            SpaceError: Naming every key that is wrong.
        """
        problems = [self._unknown(key) for key in values if key not in self.parameters]
        for key, parameter in self.parameters.items():
            active = self.is_active(key, values)
            if active and key not in values:
                problems.append(f"{key} is missing")
            elif not active and key in values:
                problems.append(f"{key} has no effect here: it needs {_conditions(parameter.when)}")
            elif active and (problem := parameter.problem(values[key])):
                problems.append(f"{key}: {problem}")
        if problems:
            raise SpaceError(f"not a config of space {self.name!r}: " + "; ".join(problems))
        return Config({k: self.parameters[k].canonical(v) for k, v in values.items()})

    def complete(self, values: Mapping[str, Value]) -> Config | None:
        """The values cut down to what is active and overruled by what is fixed; None if that fails.

        Used for the papers' configurations, which a user may have narrowed away.
        """
        kept: dict[str, Value] = {}
        for key, parameter in self.parameters.items():
            if not self.is_active(key, kept):
                continue
            if isinstance(parameter, CategoricalParameter) and len(parameter.choices) == 1:
                kept[key] = parameter.choices[0]
            elif key in values and parameter.problem(values[key]) is None:
                kept[key] = parameter.canonical(values[key])
            else:
                return None
        return Config(kept)

    def fix(self, key: str, text: str) -> SearchSpace:
        """This space with one parameter held at the value that a command line spells.

        Raises:
            SpaceError: The key is unknown or the value outside the space.
        """
        parameter = self._parameter(key, "--fix")
        try:
            value = parameter.parse(text)
        except ValueError:
            value = text
        if problem := parameter.problem(value):
            raise SpaceError(
                f"--fix {key}={text}: the value is outside space {self.name!r}",
                found=problem,
                expected=parameter.describe(),
            )
        held = CategoricalParameter(choices=(value,), when=parameter.when)
        return self._with(key, held, f"--fix {key}={text}")

    def narrow(self, key: str, text: str) -> SearchSpace:
        """This space with one parameter's domain made smaller: ``a,b`` or ``low..high``.

        Raises:
            SpaceError: The key is unknown or the new domain not inside the old one.
        """
        parameter = self._parameter(key, "--set")
        try:
            smaller = narrowed(parameter, text)
        except ValueError as error:
            raise SpaceError(
                f"--set {key}={text}: the value is outside space {self.name!r}",
                found=str(error),
                expected=parameter.describe(),
                hint="give one value, a list a,b or a range low..high inside what is expected",
            ) from None
        return self._with(key, smaller, f"--set {key}={text}")

    def _with(self, key: str, parameter: Parameter, flag: str) -> SearchSpace:
        parameters = {**self.parameters, key: parameter}
        # A condition may only name values that are left; one with none left can never hold.
        pruned: dict[str, Parameter] = {}
        for name, other in parameters.items():
            when = {
                parent: tuple(
                    v for v in values if parent in pruned and not pruned[parent].problem(v)
                )
                for parent, values in other.when.items()
            }
            if all(when.values()):
                pruned[name] = other.replace(when=when)
        if key not in pruned:
            raise SpaceError(
                f"{flag}: {key} never has an effect here",
                found="its condition was ruled out by another flag",
                expected=_conditions(parameter.when),
                hint="drop one of the flags",
            )
        changed: SearchSpace = self.replace(parameters=pruned)
        return changed

    def _parameter(self, key: str, flag: str) -> Parameter:
        if key not in self.parameters:
            raise SpaceError(
                f"{flag} {key}: {self._unknown(key)}", expected=", ".join(self.parameters)
            )
        return self.parameters[key]

    def _unknown(self, key: str) -> str:
        return (
            f"{key!r} is not a parameter of space {self.name!r}{suggestion(key, self.parameters)}"
        )


def _conditions(when: Mapping[str, tuple[Value, ...]]) -> str:
    return " and ".join(f"{k} = {' or '.join(map(str, v))}" for k, v in when.items())
