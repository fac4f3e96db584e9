"""Search spaces as TOML: data only, no value names a callable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from automed.domain.exclusion import Conditions
from automed.domain.parameter import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)
from automed.domain.space import SearchSpace
from automed.domain.space_chain import Chain, SpaceFile, find_space, read_chain, read_text
from automed.domain.space_merge import Merged
from automed.domain.space_problem import InvalidSpaceError, Problem, ProblemsError
from automed.domain.space_rules import Claims, branch_problems, claims_of, condition_problems
from automed.domain.space_text import field_problems
from automed.domain.suggestion import suggestion

_KINDS: dict[str, type[CategoricalParameter | IntParameter | FloatParameter]] = {
    "categorical": CategoricalParameter, "int": IntParameter, "float": FloatParameter,
}  # fmt: skip
_CONDITIONAL = ("when", "unless")
_CONDITIONS = TypeAdapter(Conditions)


Check = Callable[[Mapping[str, Parameter]], Iterable[Problem]]
"""What else may be wrong with parameters that are valid by themselves."""


def load_space(name: str, check: Check | None = None) -> SearchSpace:
    """A space that ships with automed, by name, or any ``.toml`` file, by path.

    Args:
        name: Of the space, or the path.
        check: Its problems are named with the others.

    Raises:
        SpaceError: There is no such space, or it is invalid; every problem is named, with file,
            line and key.
    """
    file = find_space(name)
    return _space_of(read_chain(read_text(file), file), file.source, check)


def parse_space(text: str, source: str) -> SearchSpace:
    """A space from the text of a TOML file.

    Args:
        text: ``[space]`` with ``name``, ``version``, and perhaps ``extends`` and ``remove``, then
            one table a parameter, such as ``[training.learning_rate]`` with ``low``, ``high`` and
            ``log``. A table replaces that of the extended space with the same key, in its place;
            new ones come last.
        source: What error messages call the file. What it extends is looked for relative to it.

    Raises:
        SpaceError: The file is no TOML, or the space is invalid; every problem is named, with
            file, line and key.
    """
    path = Path(source)
    return _space_of(read_chain(text, SpaceFile(source, path, path.parent)), source)


def _space_of(chain: Chain, source: str, check: Check | None = None) -> SearchSpace:
    merged = Merged(chain)
    parameters = _validated(merged)
    for problem in check(parameters) if check is not None else ():
        merged.note(problem)
    head = chain.texts[-1].head
    if head is None or not merged.sound:
        raise InvalidSpaceError(source, merged.lines())
    return SearchSpace(name=head.name, version=head.version, parameters=parameters)


def _validated(merged: Merged) -> dict[str, Parameter]:
    found: dict[str, Parameter | None] = {}
    claims: dict[str, Claims] = {}
    for key, table in merged.tables.items():
        fields = merged.fitted(key, _normalized(table)) if isinstance(table, dict) else table
        if fields is None:
            continue
        try:
            found[key] = parameter = _parameter(fields)
            claims[key] = claims_of(parameter)
        except ProblemsError as error:
            found[key], claims[key] = None, _claims_in(fields)
            for problem in error.problems:
                merged.note(replace(problem, key=key))
    parents = {key: {p for _, when in claims[key] for p in when} for key in found}
    found = {key: found[key] for key in merged.ordered(parents) if key in found}
    # Where an extended file is missing, every condition on its parameters would seem wrong.
    if not merged.chain.broken:
        for problem in condition_problems(claims, found):
            merged.note(problem, parent=str(problem.field[-1]))
    valid = {key: parameter for key, parameter in found.items() if parameter is not None}
    if merged.sound:
        for problem in branch_problems(valid):
            merged.note(problem)
    return valid


def _parameter(fields: dict[str, Any]) -> Parameter:
    if not fields.keys() & {"type", "choices", "low", "high"}:
        raise ProblemsError(_without_domain(fields))
    name = fields.get("type", _kind(fields))
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        message = f"{name!r} is no type; expected one of {', '.join(_KINDS)}"
        raise ProblemsError([Problem(message, field=("type",))])
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise ProblemsError(field_problems(error, kind)) from None


def _without_domain(fields: dict[str, Any]) -> list[Problem]:
    known = dict.fromkeys(name for kind in _KINDS.values() for name in kind.model_fields)
    unknown = [
        Problem(f"unknown field{suggestion(name, known)}", field=(name,))
        for name in fields
        if name not in known
    ]
    return [Problem("has neither choices nor low and high"), *unknown]


def _kind(fields: dict[str, Any]) -> str:
    if "choices" in fields:
        return "categorical"
    numbers = [fields[name] for name in ("low", "high", "step") if name in fields]
    return "int" if all(type(number) is int for number in numbers) else "float"


def _normalized(table: Any) -> Any:  # noqa: ANN401 - a table, or what stands in its place
    if not isinstance(table, dict):
        return table
    fields: dict[str, Any] = {k: _listed(v) if k in _CONDITIONAL else v for k, v in table.items()}
    exclusions = fields.get("exclude")
    if isinstance(exclusions, list):
        fields["exclude"] = [_normalized(e) for e in exclusions]
    return fields


def _listed(when: object) -> object:
    """A condition with flat keys, and a list of values for each."""
    if not isinstance(when, dict):
        return when
    return {k: v if isinstance(v, list) else [v] for k, v in _flat(when).items()}


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


def _claims_in(fields: dict[str, Any]) -> Claims:
    """The condition of a parameter that is invalid otherwise."""
    try:
        when = _CONDITIONS.validate_python(fields.get("when", {}))
    except ValidationError:
        return []  # noted as a problem of the field
    return [(("when",), when)] if when else []
