"""Search spaces as TOML: data only, no value names a callable."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from automed.domain.errors import SpaceError
from automed.domain.space import SearchSpace

_FIELDS = {"choices", "low", "high", "log", "step", "when"}


def load_space(name: str) -> SearchSpace:
    """A space that ships with automed, by name, or any ``.toml`` file, by path.

    Raises:
        SpaceError: There is no such space, or it is invalid; every problem is named.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise SpaceError(f"search space {name}: there is no such file")
        try:
            return parse_space(path.read_text(encoding="utf-8"), source=name)
        except UnicodeDecodeError as error:
            raise SpaceError(f"search space {name} is not UTF-8: {error}") from None
    folder = resources.files("automed.search_spaces")
    file = folder / f"{name}.toml"
    if not file.is_file():
        known = sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml"))
        raise SpaceError(f"there is no search space {name!r}", expected=", ".join(known))
    return parse_space(file.read_text(encoding="utf-8"), source=f"{name}.toml")


def parse_space(text: str, source: str) -> SearchSpace:
    """A space from the text of a TOML file.

    Args:
        text: ``[space]`` with ``name`` and ``version``, then one table a parameter, such as
            ``[training.learning_rate]`` with ``low``, ``high`` and ``log``.
        source: What error messages call the file.

    Raises:
        SpaceError: The file is no TOML, or the space is invalid; every problem is named.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpaceError(f"{source} is not valid TOML: {error}") from None
    head = tables.pop("space", {})
    if not isinstance(head, dict):
        raise SpaceError(f"{source}: 'space' must be a table", found=repr(head), expected="[space]")
    parameters = {key: _typed(table) for key, table in _flatten(tables).items()}
    try:
        return SearchSpace.model_validate({"parameters": parameters, **head})
    except ValidationError as error:
        problems = "\n  ".join(
            f"{_where(e['loc'])}{e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        )
        raise SpaceError(f"{source} is not a valid search space:\n  {problems}") from None


def _where(location: tuple[int | str, ...]) -> str:
    if location == ("parameters",):
        return "parameters: "
    tags = ("parameters", "float", "int", "categorical")
    keys = [str(part) for part in location if part not in tags]
    return f"{'.'.join(keys)}: " if keys else ""


def _flatten(tables: dict[str, Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    flat: dict[str, dict[str, Any]] = {}
    for key, value in tables.items():
        if not isinstance(value, dict):
            flat[f"{prefix}{key}"] = {"choices": value}  # refused below with the key's name
        elif any(k == "when" or not isinstance(value[k], dict) for k in _FIELDS & value.keys()):
            flat[f"{prefix}{key}"] = value
        else:
            flat |= _flatten(value, f"{prefix}{key}.")
    return flat


def _typed(table: dict[str, Any]) -> dict[str, Any]:
    table = dict(table)
    if "when" in table and isinstance(table["when"], dict):
        table["when"] = {
            k: v if isinstance(v, list) else [v] for k, v in _flat_values(table["when"]).items()
        }
    if "type" not in table:
        bounds = (table.get("low"), table.get("high"))
        if "choices" in table:
            table["type"] = "categorical"
        else:
            table["type"] = "int" if all(type(b) is int for b in bounds) else "float"
    return table


def _flat_values(tables: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        nested = isinstance(value, dict)
        flat |= _flat_values(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat
