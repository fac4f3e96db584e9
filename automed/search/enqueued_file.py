"""Files of configs that a user wants tried: TOML or JSON lines."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automed.domain.config import Value
from automed.domain.errors import SpaceError
from automed.domain.space_lines import lines_of
from automed.domain.task import AnyTask, Baseline
from automed.search.baselines import baselines_of
from automed.search.enqueued_entry import Entry, Wrong

TABLE = "config"
NAME = "name"
LINES = (".jsonl", ".ndjson")

_EXPECTED = (
    "a .toml file with a table [[config]] for each config, or a .jsonl file with one JSON object "
    "a line; keys as in automed space show, such as model.encoder"
)


@dataclass(frozen=True)
class _Raw:
    """An entry as it stands in the file.

    Attributes:
        place: Of the entry, such as ``mine.toml:12``.
        fields: By dotted key.
        lines: Of keys that stand in another line than the entry.
        twice: Keys that it names twice.
    """

    place: str
    fields: Mapping[str, Any]
    lines: Mapping[str, str]
    twice: tuple[str, ...] = ()


def read_enqueued(file: Path, task: AnyTask, reserved: Iterable[str] = ()) -> tuple[Baseline, ...]:
    """The configs of a file, in its order, each completed as `Entry` says.

    Args:
        file: As the user gave it.
        task: As it is to be searched.
        reserved: Names that say where a config comes from, such as samplers'.

    Raises:
        SpaceError: The file cannot be read, or a config cannot be tried; every problem is named,
            with file, line, entry and key.
    """
    text = _text(file)
    entries = _from_lines(text, file) if file.suffix in LINES else _from_toml(text, file)
    if not entries:
        raise SpaceError(f"{file} holds no config", expected=_EXPECTED)
    checked = _Checked(task, reserved)
    for number, raw in enumerate(entries, 1):
        checked.add(raw, number)
    if checked.problems:
        raise SpaceError(
            f"{file} cannot be enqueued:\n  " + "\n  ".join(checked.problems),
            hint=f"see what may vary: automed space show {task.space.name}",
        )
    return tuple(checked.found)


class _Checked:
    """The entries so far, and what is wrong with them."""

    def __init__(self, task: AnyTask, reserved: Iterable[str]) -> None:
        self.found: list[Baseline] = []
        self.problems: list[str] = []
        self._task = task
        baselines = baselines_of(task).configs
        self._names = dict.fromkeys(reserved, "an origin of automed's own")
        self._names |= dict.fromkeys(baselines, "a baseline")
        self._tried: dict[tuple[tuple[str, Value], ...], str] = {
            tuple(config.items()): f"the baseline {name!r}" for name, config in baselines.items()
        }

    def add(self, raw: _Raw, number: int) -> None:
        given = {key: value for key, value in raw.fields.items() if key != NAME}
        name = raw.fields.get(NAME, f"enqueued {number}")
        label = f"config {number}" + (f" ({name!r})" if NAME in raw.fields else "")
        entry = Entry(given, self._task)
        wrong = [*(Wrong(key, "is given twice") for key in raw.twice), *entry.wrong]
        if not isinstance(name, str) or not name.strip():
            wrong.append(Wrong(NAME, f"{name!r} is no name; allowed is a text, such as 'mine'"))
        elif name in self._names:
            wrong.append(Wrong(NAME, f"{name!r} is taken: it is {self._names[name]}"))
        else:
            self._names[name] = f"the name of {label}"
        # What is wrong in itself may equal another one only for want of a value.
        values = tuple(sorted(entry.values.items()))
        if not wrong and values in self._tried:
            wrong.append(Wrong("", f"is a duplicate: it equals {self._tried[values]}"))
        for one in wrong:
            place = raw.lines.get(one.key, raw.place)
            key = f"{one.key}: " if one.key else ""
            self.problems.append(f"{place}: {label}: {key}{one.message}")
        if not wrong:
            self._tried[values] = label
            self.found.append(Baseline(name=name, config=dict(entry.values)))


def _text(file: Path) -> str:
    if file.suffix not in (".toml", *LINES):
        raise SpaceError(f"--enqueue {file} is no kind of file that is known", expected=_EXPECTED)
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise SpaceError(
            f"--enqueue {file} cannot be read", found=found, expected=_EXPECTED
        ) from error


def _from_toml(text: str, file: Path) -> list[_Raw]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpaceError(f"{file} is not valid TOML", found=error, expected=_EXPECTED) from None
    tables = document.pop(TABLE, [])
    sound = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    if document or not sound:
        raise SpaceError(
            f"{file} holds something else than configs",
            found=", ".join(document) or f"{TABLE} = {tables!r}",
            expected=_EXPECTED,
        )
    lines = lines_of(text)
    found = []
    for at, table in enumerate(tables):
        start = f"{TABLE}.{at}"
        fields, twice = _flat(table.items())
        places = {k: f"{file}:{lines[f'{start}.{k}']}" for k in fields if f"{start}.{k}" in lines}
        found.append(_Raw(f"{file}:{lines.get(start, 1)}", fields, places, twice))
    return found


def _from_lines(text: str, file: Path) -> list[_Raw]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            # Pairs, since a dict would keep the last of two that have one key.
            pairs = json.loads(line, object_pairs_hook=_Pairs)
        except ValueError as error:
            raise SpaceError(
                f"{file}:{number} is not valid JSON", found=error, expected=_EXPECTED
            ) from None
        if not isinstance(pairs, _Pairs):
            raise SpaceError(f"{file}:{number} is no config", found=line[:60], expected=_EXPECTED)
        fields, twice = _flat(pairs)
        found.append(_Raw(f"{file}:{number}", fields, {}, twice))
    return found


class _Pairs(list[tuple[str, Any]]):
    """A JSON object, told from a JSON list."""


def _flat(pairs: Iterable[tuple[str, Any]]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values by dotted key, and the keys that were there more than once."""
    flat: dict[str, Any] = {}
    twice: list[str] = []
    for key, value in pairs:
        inner: dict[str, Any] = {key: value}
        repeated: tuple[str, ...] = ()
        if isinstance(value, dict | _Pairs) and value:
            nested, repeated = _flat(value.items() if isinstance(value, dict) else value)
            inner = {f"{key}.{name}": one for name, one in nested.items()}
            repeated = tuple(f"{key}.{name}" for name in repeated)
        twice += [*repeated, *(name for name in inner if name in flat)]
        flat |= inner
    return flat, tuple(twice)
