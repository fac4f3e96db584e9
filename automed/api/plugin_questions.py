"""Problems of a folder, told to somebody who is making a plugin for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from automed.domain.errors import DataError


@contextmanager
def as_command(name: str) -> Iterator[None]:
    """In the block, hints that check data say how to make the plugin instead.

    Args:
        name: Of the plugin; no task has it yet, so that no data can be checked for it.
    """
    try:
        yield
    except DataError as error:
        raise type(error)(
            error.problem, found=error.found, expected=error.expected,
            hint=error.hint and _reworded(error.hint, name),
        ) from None  # fmt: skip


def _reworded(hint: str, name: str) -> str:
    check, task = "automed data check ", f" --task {name}"
    hint = hint.replace(check, f"automed plugin new {name} --data ").replace(task, "")
    return hint.replace("automed tasks lists the tasks of either kind", "leave --kind out, then")
