"""The fenced blocks of pages, and the comment before a block that says what is done with it.

``<!-- run -->``            it is run, in the order of the page
``<!-- save: NAME -->``     it is written to a file of that name
``<!-- not run: WHY -->``   it is not, for a reason; its commands are parsed all the same

Blocks without a comment are not run, and parsed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"( *)```(\S*)\s*")
_MARKER = re.compile(r" *<!-- (run|save|not run)(?:: (.*))? -->")
_ENDS = {"&&", "||", ";", "|", "&", "\n"}


@dataclass(frozen=True)
class Block:
    """A fenced block; ``line`` is that of its first line, ``marker`` and ``about`` its comment."""

    page: Path
    line: int
    language: str
    text: str
    marker: str = ""
    about: str = ""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    number, comment = 0, ("", "")
    while number < len(lines):
        line = lines[number]
        number += 1
        if marker := _MARKER.fullmatch(line):
            comment = (marker[1], marker[2] or "")
        elif fence := _FENCE.fullmatch(line):
            end = next(n for n in range(number, len(lines)) if lines[n].strip() == "```")
            text = "\n".join(row.removeprefix(fence[1]) for row in lines[number:end]) + "\n"
            found.append(Block(page, number + 1, fence[2], text, *comment))
            number, comment = end + 1, ("", "")
        elif line.strip():
            assert comment == ("", ""), f"{page.name}:{number}: a marker without a block"
    return found


def lines_of(shell: str) -> Iterator[str]:
    """The lines of a shell block, those that a backslash joins as one; no comments."""
    for line in shell.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def calls_in(line: str) -> Iterator[list[str]]:
    """What a line calls ``automed`` with: a list of arguments for each time."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in _ENDS:
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words and words[0] == "automed":
                yield words[1:]
            words = []
        else:
            words.append(word)
