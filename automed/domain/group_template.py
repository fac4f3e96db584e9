"""Patterns of file names as people write them: ``C{center}_*``."""

from __future__ import annotations

import re

from automed.domain.errors import DataError

_NAME = re.compile(r"\{([^\W\d]\w*)\}")
"""A name in braces; ``{3}`` counts repetitions in a regular expression."""


def read_template(text: str) -> tuple[str, str]:
    """A pattern as a regular expression, and what its group is called.

    Args:
        text: ``C{center}_*``, or a regular expression with a (group), which stays as it is.

    Raises:
        DataError: It has more than one name in braces.
    """
    names = _NAME.findall(text)
    if "(" in text or not names:
        return text, ""
    if len(names) > 1:
        raise DataError(
            f"--group-pattern {text!r} names several groups",
            found=", ".join(names),
            expected="one, such as 'C{center}_*'",
        )
    before, _, after = text.partition("{" + names[0] + "}")
    end = re.escape(after[0]) if after and after[0] != "*" else ""
    value = rf"([^{end}]+){end}" if end else r"([A-Za-z0-9]+)"
    return "^" + re.escape(before).replace(r"\*", ".*") + value, str(names[0])
