"""The reference of the command line, as Typer writes it."""

from __future__ import annotations

import subprocess
import sys

_MARK = "<!-- generated: commands -->"


def commands_page(text: str) -> str:
    """Put every command with its arguments and options in the place of the mark.

    What follows the mark goes: it tells readers of a checkout that the list is not there.

    Args:
        text: Of docs/commands.md.

    Raises:
        ValueError: The mark is not there.
    """
    if _MARK not in text:
        raise ValueError(f"docs/commands.md has no {_MARK}")
    return text.partition(_MARK)[0] + _reference() + "\n"


def _reference() -> str:
    module = "automed.cli.app"
    done = subprocess.run(
        [sys.executable, "-m", "typer", module, "utils", "docs", "--name", "automed"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    start = done.stdout.index("\n## ")  # what all commands share stands on the page
    return done.stdout[start:].strip()
