"""One config that a user wants tried: checked, and completed where the first baseline can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automed.domain.config import Value
from automed.domain.exclusion import spelled
from automed.domain.parameter import CategoricalParameter, Parameter
from automed.domain.space import SearchSpace
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask


@dataclass(frozen=True)
class Wrong:
    """A problem of an entry.

    Attributes:
        key: Of the parameter; empty: the entry as a whole.
        message: What is wrong, and what is allowed.
    """

    key: str
    message: str


class Entry:
    """What a file says of one config, in the task's space.

    A parameter that the entry does not name has the value of the task's first baseline, as far as
    that lies in the space and goes with what the entry names. What is still missing then is left
    for the sampler to draw.

    Args:
        given: By dotted key, as the file holds them.
        task: As it is to be searched.
    """

    def __init__(self, given: Mapping[str, object], task: AnyTask) -> None:
        self._space: SearchSpace = task.space
        self._given = given
        first = task.baselines[0] if task.baselines else None
        self._base: Mapping[str, Value] = first.config if first else {}
        self._base_name = first.name if first else ""
        self.values: dict[str, Value] = {}
        """The config, perhaps without parameters that the sampler is to draw."""
        self.wrong: list[Wrong] = [self._unknown(key) for key in given if key not in self._known]
        if not given:
            self.wrong.append(Wrong("", "names no parameter"))
        for key, parameter in self._known.items():
            self._decide(key, parameter)

    @property
    def _known(self) -> Mapping[str, Parameter]:
        return self._space.parameters

    def _unknown(self, key: str) -> Wrong:
        close = suggestion(key, self._known)
        expected = "" if close else f"; known are {', '.join(self._known)}"
        return Wrong(key, f"is not a parameter of space {self._space.name!r}{close}{expected}")

    def _decide(self, key: str, parameter: Parameter) -> None:
        if not self._space.is_active(key, self.values):
            if key in self._given:
                self.wrong.append(Wrong(key, self._inactive(parameter)))
            return
        if key in self._given:
            value = self._given[key]
            problem = _problem(parameter, value)
            if problem is not None:
                self.wrong.append(Wrong(key, problem))
                # Else all that depends on it would seem wrong, too.
                value = self._base.get(key)
            if isinstance(value, bool | int | float | str) and parameter.problem(value) is None:
                self.values[key] = parameter.canonical(value)
                if problem is None and (clash := self._space.clash(key, self.values)):
                    self.wrong.append(Wrong(key, self._traced(clash)))
            return
        self._fill(key, parameter)

    def _fill(self, key: str, parameter: Parameter) -> None:
        """The value of a parameter that the entry does not name, where there is one."""
        if isinstance(parameter, CategoricalParameter) and len(parameter.choices) == 1:
            value: Value | None = parameter.choices[0]
        else:
            value = self._base.get(key)
        if value is None or parameter.problem(value) is not None:
            return
        self.values[key] = parameter.canonical(value)
        if self._space.clash(key, self.values):
            del self.values[key]

    def _inactive(self, parameter: Parameter) -> str:
        return self._traced(f"has no effect here: it needs {spelled(parameter.when)}")

    def _traced(self, message: str) -> str:
        """The message, and which of the values that it is about the entry does not name itself."""
        about = {k: v for k, v in self.values.items() if k in message and k not in self._given}
        shown = ", ".join(f"{k} = {v}" for k, v in about.items() if self._base.get(k) == v)
        return f"{message} ({shown}, as in the baseline {self._base_name!r})" if shown else message


def _problem(parameter: Parameter, value: object) -> str | None:
    if not isinstance(value, bool | int | float | str):
        return f"{value!r} is no text, number or true/false; allowed is {parameter.describe()}"
    problem = parameter.problem(value)
    if problem is None or parameter.describe() in problem:
        return problem
    return f"{problem}; allowed is {parameter.describe()}"
