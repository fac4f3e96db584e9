"""Columns that say which samples must stay together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from automed.data.file_names import plain

GROUP_WORDS = (
    "patient", "subject", "donor", "case", "sequence", "video", "plate", "slide", "specimen",
    "animal", "mouse", "lesion", "center", "centre", "hospital", "group",
)  # fmt: skip
"""Best first: leakage is worst within a patient, mildest within a hospital."""

_COLUMN = re.compile(
    rf"(?:image_)?(?:metadata_)?({'|'.join(GROUP_WORDS)})s?"  # CellProfiler: Image_Metadata_Plate
    r"(?:_?(?:id|ids|no|nr|number|name|code|key|index|barcode))?"
)


def group_word(column: str) -> str | None:
    """The group word that a column is named after: ``Patient ID`` is named after patient."""
    found = _COLUMN.fullmatch(plain(column))
    return found.group(1) if found else None


def word_of_groups(grouped_by: str) -> str:
    """What groups are called, from where they come from: ``plate (metadata.csv, ...)``."""
    return group_word(grouped_by.partition(" (")[0]) or grouped_by.split()[0].lower()


def plural(word: str) -> str:
    """More than one of a group: ``patients``."""
    return "mice" if word == "mouse" else f"{word}{'es' if word.endswith('s') else 's'}"


def group_columns(columns: Iterable[str], wanted: str) -> list[str]:
    """The columns named after a group, the wanted one first."""
    named = [(word, column) for column in columns if (word := group_word(column))]
    named.sort(key=lambda pair: (pair[0] != wanted, GROUP_WORDS.index(pair[0])))
    return [column for _, column in named]
