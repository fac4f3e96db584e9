"""A search space: what may vary, and when."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from automed.domain.config import Config, Value
from automed.domain.errors import SpaceError
from automed.domain.exclusion import holds, spelled
from automed.domain.frozen import Frozen
from automed.domain.parameter import CategoricalParameter, Parameter
from automed.domain.space_branches import Branches
from automed.domain.space_edit import consistent, narrowed, with_choices
from automed.domain.space_problem import ProblemsError
from automed.domain.space_rules import branch_problems, claims_of, condition_problems
from automed.domain.space_sample import draw
from automed.domain.suggestion import suggestion

_MOST_DRAWS = 10_000


class SearchSpace(Frozen):
    """Named parameters with conditions, in the order in which they are decided."""

    name: str
    version: int = 1
    parameters: dict[str, Parameter] = Field(min_length=1)

    @model_validator(mode="after")
    def _valid(self) -> Self:
        claims = {key: claims_of(parameter) for key, parameter in self.parameters.items()}
        problems = condition_problems(claims, self.parameters) or branch_problems(self.parameters)
        if problems:
            raise ProblemsError(problems)
        return self

    def is_active(self, key: str, values: Mapping[str, Value]) -> bool:
        """Whether a parameter has an effect, given the values decided before it."""
        return holds(self.parameters[key].when, values)

    def clash(self, key: str, values: Mapping[str, Value]) -> str | None:
        """Why a value cannot go with those of earlier parameters; None where it can."""
        parameter = self.parameters[key]
        if not isinstance(parameter, CategoricalParameter):
            return None
        exclusion = parameter.exclusion(values[key], values)
        return exclusion.sentence(key, values) if exclusion else None

    def clashes(self, values: Mapping[str, Value]) -> list[str]:
        """Every pair of values in a config that exclude each other, in a sentence each."""
        found = [self.clash(key, values) for key in self.parameters if key in values]
        return [sentence for sentence in found if sentence]

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
                problems.append(f"{key} has no effect here: it needs {spelled(parameter.when)}")
            elif active and (problem := parameter.problem(values[key])):
                problems.append(f"{key}: {problem}")
            elif active and (clash := self.clash(key, values)):
                problems.append(clash)
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
            if self.clash(key, kept):
                return None
        return Config(kept)

    def sample(self, rng: random.Random) -> Config:
        """A random config: each parameter uniform over what the earlier ones leave it.

        Log-uniform where a parameter has a log scale. A draw that ends where exclusions leave a
        parameter no choice is begun anew.

        Raises:
            SpaceError: Draw after draw ended so.
        """
        for _ in range(_MOST_DRAWS):
            values = self._draw(rng)
            if values is not None:
                return Config(values)
        raise SpaceError(
            f"no config of space {self.name!r} was found in {_MOST_DRAWS} random draws",
            hint="its exclusions leave too little: loosen them",
        )

    def _draw(self, rng: random.Random) -> dict[str, Value] | None:
        values: dict[str, Value] = {}
        for key, parameter in self.parameters.items():
            if self.is_active(key, values):
                value = draw(parameter, values, rng)
                if value is None:
                    return None
                values[key] = value
        return values

    def combinations(self) -> int:
        """How many configs differ in more than their `real_valued` parameters.

        Choices, whole numbers and numbers in steps count, with conditions and exclusions
        respected; a range of real numbers counts as one value. Nothing is enumerated.
        """
        return Branches(self.parameters).combinations()

    @property
    def real_valued(self) -> tuple[str, ...]:
        """Keys of the parameters that range over real numbers without a step."""
        return tuple(key for key, p in self.parameters.items() if p.count() is None)

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
                found=_unlisted(parameter, value, problem),
                expected=parameter.describe(),
                hint=_widen(self.name),
            )
        return self._with(key, with_choices(parameter, (value,)), f"--fix {key}={text}")

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
                found=_unlisted(parameter, text, str(error)),
                expected=parameter.describe(),
                hint="give one value, a list a,b or a range low..high inside what is expected; "
                + _widen(self.name),
            ) from None
        return self._with(key, smaller, f"--set {key}={text}")

    def _with(self, key: str, parameter: Parameter, flag: str) -> SearchSpace:
        left = consistent({**self.parameters, key: parameter})
        if key not in left:
            raise SpaceError(
                f"{flag}: {key} never has an effect here",
                found="nothing in the space goes with that value",
                expected=spelled(parameter.when) or self.parameters[key].describe(),
                hint="drop one of the flags",
            )
        changed: SearchSpace = self.replace(parameters=left)
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


def _unlisted(parameter: Parameter, value: Value, problem: str) -> str:
    """What was found, without the list of choices that stands beside it."""
    if not isinstance(parameter, CategoricalParameter):
        return problem
    return f"{value!r}{suggestion(str(value), map(str, parameter.choices))}"


def _widen(name: str) -> str:
    return (
        f'for other values write a space of your own, with extends = "{name}", and pass it with '
        "--space FILE.toml"
    )
