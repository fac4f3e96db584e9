"""One TOML file of a search space: its tables, and where each of them stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from typing import Any

from pydantic import StrictInt, StrictStr, ValidationError
from pydantic_core import ErrorDetails

from automed.domain.exclusion import Exclusion
from automed.domain.frozen import Frozen
from automed.domain.space_lines import lines_of
from automed.domain.space_problem import InvalidSpaceError, Path, Problem
from automed.domain.suggestion import suggestion

HEAD = "space"


class Head(Frozen):
    """The table ``[space]``."""

    name: StrictStr
    version: StrictInt = 1
    extends: StrictStr | None = None
    """A space that ships with automed, or the path of a file, relative to this one."""
    remove: tuple[StrictStr, ...] = ()
    """Parameters of the extended space that this one does not have."""


@dataclass(frozen=True)
class SpaceText:
    """One file.

    Attributes:
        source: What error messages call it.
        text: Its content, valid TOML.
        head: None where the table ``[space]`` is not valid.
        tables: The parameters' fields by dotted key, as they stand in the file.
        problems: What is wrong with the head, or no table.
    """

    source: str
    text: str
    head: Head | None
    tables: dict[str, dict[str, Any]]
    problems: tuple[Problem, ...]

    @cached_property
    def _lines(self) -> dict[str, int]:
        return lines_of(self.text)

    def line(self, problem: Problem) -> int:
        """The line of the field that is wrong, or of what holds it."""
        path: list[Any] = [*problem.key.split("."), *problem.field]
        while path:
            found = self._lines.get(".".join(map(str, path)))
            if found is not None:
                return found
            path.pop()
        return 1

    def at(self, key: str, field: Path = ()) -> str:
        """For example ``polyp.toml:31``."""
        return f"{self.source}:{self.line(Problem('', key, field))}"


def read_tables(text: str, source: str) -> SpaceText:
    """The tables of a file.

    Raises:
        InvalidSpaceError: It is no TOML.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSpaceError(source, [_no_toml(source, str(error), text)]) from None
    problems: list[Problem] = []
    head = _head(tables.pop(HEAD, {}), problems)
    flat: dict[str, dict[str, Any]] = {}
    for key, value in tables.items():
        if isinstance(value, dict):
            flat |= dict(_parameters(value, key))
        else:
            problems.append(Problem(f"must be a table: [{key}]", key))
    return SpaceText(source, text, head, flat, tuple(problems))


def field_problems(error: ValidationError, model: type[Frozen]) -> list[Problem]:
    """What pydantic found, each with the field that it is about.

    Args:
        error: Of validating a table.
        model: What the table was to be.
    """
    found: dict[Path, Problem] = {}
    for detail in error.errors():
        nested = getattr(detail.get("ctx", {}).get("error"), "problems", None)
        problems = nested or [_field_problem(detail, model)]
        # Of a value that is none of bool, int, float and str, pydantic complains four times; and
        # of a list with no valid item, that it is too short.
        found |= {p.field: p for p in problems if p is not None and p.field not in found}
    return list(found.values())


def _field_problem(detail: ErrorDetails, model: type[Frozen]) -> Problem | None:
    field, kind = tuple(detail["loc"]), detail["type"]
    if field and field[-1] in ("bool", "int", "float", "str"):
        message = f"{_spelled(detail['input'])} is no text, number or true/false"
        return Problem(message, field=field[:-1])
    if kind == "too_short":
        return None if detail["input"] else Problem("must not be empty", field=field)
    if kind == "missing":
        return Problem("is missing", field=field)
    if kind == "extra_forbidden":
        known = [*(Exclusion if len(field) > 1 else model).model_fields]
        known = [name for name in known if name != "type"]
        text = f"unknown field{suggestion(str(field[-1]), known)}; known are {', '.join(known)}"
        return Problem(text, field=field)
    return Problem(detail["msg"].removeprefix("Value error, "), field=field)


def _spelled(value: object) -> str:
    return str(value) if isinstance(value, date | time) else repr(value)


def _no_toml(source: str, message: str, text: str) -> str:
    # tomllib tells the place in its message only, before Python 3.14.
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place is None:
        return f"{source}:{max(1, text.count(chr(10)))}: not valid TOML: {message}"
    line, column = place.groups()
    return f"{source}:{line}: not valid TOML: {message[: place.start()]} (column {column})"


def _head(table: object, problems: list[Problem]) -> Head | None:
    if not isinstance(table, dict):
        problems.append(Problem("must be a table: [space]", HEAD))
        return None
    try:
        return Head.model_validate(table)
    except ValidationError as error:
        found = field_problems(error, Head)
        problems += [Problem(problem.message, HEAD, problem.field) for problem in found]
        return None


def _parameters(table: dict[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A table that holds tables only is a group of parameters, any other one is a parameter."""
    if table and "when" not in table and all(isinstance(v, dict) for v in table.values()):
        for name, inner in table.items():
            yield from _parameters(inner, f"{key}.{name}")
    else:
        yield key, table
