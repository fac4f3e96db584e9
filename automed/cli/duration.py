"""Spans of time as users type them: ``2h``, ``90m``, ``1h30m``, ``45s``."""

from __future__ import annotations

import re

from automed.domain.errors import AutomedError

_NUMBER = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_SPAN = re.compile(rf"(?:{_NUMBER}h)?\s*(?:{_NUMBER}m)?\s*(?:{_NUMBER}s)?")


def read_duration(flag: str, text: str) -> float:
    """The seconds that a text stands for.

    Args:
        flag: For the error message.
        text: Hours, minutes and seconds, in this order, each with its letter.

    Raises:
        AutomedError: It is no span of time, or an empty one.
    """
    found = _SPAN.fullmatch(text.strip().lower())
    hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not total > 0:
        raise AutomedError(
            f"{flag} is no span of time", found=text, expected="such as 2h, 90m, 1h30m or 45s"
        )
    return total


def write_duration(seconds: float) -> str:
    """A span as `read_duration` takes it, to a whole second, and at least one."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{value}{letter}" for value, letter in parts if value)
