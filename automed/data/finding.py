"""What an audit has to say about a data set."""

from __future__ import annotations

from collections.abc import Sequence

from automed.domain.frozen import Frozen


class Finding(Frozen):
    """One kind of flaw, with all files that have it."""

    code: str
    """Stable name, such as ``size-mismatch``."""
    message: str
    """One line for people: what, how many, and the first files."""
    files: tuple[str, ...] = ()
    """Relative to the data set's folder."""
    sets: tuple[tuple[str, ...], ...] = ()
    """Which of the files belong together, where they do: the copies of one image."""
    hint: str | None = None
    """What to do about it."""


def few(names: Sequence[str], count: int = 3) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:count])
    return shown if len(names) <= count else f"{shown} and {len(names) - count} more"


def number(count: int, what: str, plural: str | None = None) -> str:
    """``1 mask`` or ``2 masks``; the plural adds an s unless it is given."""
    return f"{count} {what if count == 1 else plural or what + 's'}"
