"""CSV files as people write them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from automed.data.file_names import plain
from automed.domain.errors import DataError


@dataclass(frozen=True)
class Table:
    """A CSV file with a header.

    Attributes:
        path: The file.
        columns: Column names as written.
        rows: One tuple of texts a row, as long as ``columns``.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> list[str]:
        """The values of a column, by its name as written."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]


def column_among(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """The column that has the earliest of some plain names (``Image ID`` has ``image_id``)."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(plain(column), column)
    return next((by_name[name] for name in names if name in by_name), None)


def read_header(path: Path) -> tuple[str, ...]:
    """The column names of a CSV file; none where it is empty.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            line = stream.readline(65_536)
    except OSError as error:
        raise DataError(f"{path} cannot be read", found=error.strerror or str(error)) from None
    fields = next(csv.reader([line], delimiter=_separator(line)), [])
    return tuple(name.strip() for name in fields)


def read_table(path: Path) -> Table:
    """Read a CSV or TSV file: comma, semicolon, tab or bar separated, UTF-8 or else Latin-1.

    Raises:
        DataError: It cannot be read, is no CSV, or has a row that is longer than the header.
    """
    try:
        text = _text(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read", found=error.strerror or str(error)) from None
    lines = text.splitlines()
    try:
        reader = csv.reader(lines, delimiter=_separator(lines[0] if lines else ""), strict=True)
        rows = [row for row in reader if any(field.strip() for field in row)]
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file", found=str(error)) from None
    if not rows:
        raise DataError(f"{path} is empty", expected="a header and one row for each image")
    columns = tuple(name.strip() for name in rows[0])
    return Table(path, columns, tuple(_fitted(row, columns, path) for row in rows[1:]))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:  # spreadsheets on Windows
        return path.read_text(encoding="latin-1")


def _separator(header: str) -> str:
    return max(",;\t|", key=header.count)


def _fitted(row: list[str], columns: tuple[str, ...], path: Path) -> tuple[str, ...]:
    if any(row[len(columns) :]):
        raise DataError(
            f"{path} has a row that is longer than its header",
            found=", ".join(row[:8]),
            expected=f"{len(columns)} fields: {', '.join(columns)}",
        )
    fields = [field.strip() for field in row[: len(columns)]]
    return (*fields, *[""] * (len(columns) - len(fields)))
