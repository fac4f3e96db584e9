"""Tables near the images that say which samples belong together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from automed.data.file_names import plain
from automed.data.group_words import group_columns, group_word
from automed.data.path_index import PathIndex
from automed.data.table import Table, read_header, read_table
from automed.domain.errors import DataError

MAX_BYTES = 100_000_000
"""Larger tables are no lists of images; they are not opened without being asked."""

_KEY_WORDS = frozenset({
    "image", "images", "img", "imgs", "file", "filename", "name", "id", "frame", "path",
    "slice", "tile", "cell", "picture", "photo", "sample", "scan", "nr", "no", "number",
    "index",
})  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A column of a table as a source of groups.

    Attributes:
        table: Where it was found.
        column: The column with the groups.
        groups: From an image's path to its group, for the images that the table names.
    """

    table: Table
    column: str
    groups: dict[str, str]


def sources_near(
    root: Path, folder: str, index: PathIndex, wanted: str
) -> tuple[list[Source], list[str]]:
    """Sources in a data set's folder and above it, up to the root's grandparent; best first.

    A column named after the wanted group comes first, then the nearer table.

    Returns:
        The sources, and notes on tables that could not be read.
    """
    sources: list[Source] = []
    notes: list[str] = []
    for path in _tables(root, folder):
        try:
            columns = group_columns(read_header(path), wanted)
            table = read_table(path) if columns else None
        except DataError as error:
            notes.append(f"not looked at for groups: {error.problem}")
            continue
        found = (best_in(table, column, index, trusted=False) for column in columns if table)
        sources += [source for source in found if source is not None]
    return sorted(sources, key=lambda s: group_word(s.column) != wanted), notes


def _tables(root: Path, folder: str) -> Iterator[Path]:
    here = root / folder
    for place in (here, *here.parents):
        # The folders above belong to others: they need not be readable.
        if os.access(place, os.R_OK | os.X_OK):
            files = sorted(f for f in place.iterdir() if f.suffix.lower() in {".csv", ".tsv"})
            yield from (f for f in files if f.is_file() and f.stat().st_size <= MAX_BYTES)
        if place == root.parent.parent:
            return


def best_in(table: Table, column: str, index: PathIndex, *, trusted: bool) -> Source | None:
    """The groups by the column that names the most images.

    Numbers count as names only in a column called id, frame, image or the like, or where the user
    chose the table. A column that puts one image into two groups names nothing.
    """
    groups = table.column(column)
    best: dict[str, str] = {}
    for key in table.columns:
        if key == column:
            continue
        numbers = trusted or not _KEY_WORDS.isdisjoint(plain(key).split("_"))
        found = _joined(table.column(key), groups, index, numbers)
        best = max(best, found, key=len)
    return Source(table, column, best) if best else None


def _joined(
    keys: Sequence[str], groups: Sequence[str], index: PathIndex, numbers: bool
) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, group in zip(keys, groups, strict=True):
        image = index.find_loosely(key, numbers=numbers)
        if image is not None and group and found.setdefault(image, group) != group:
            return {}
    return found
