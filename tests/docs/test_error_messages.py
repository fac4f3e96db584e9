"""The errors that the page of questions explains are errors of the code, word for word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .blocks import ROOT

PAGE = ROOT / "docs" / "faq.md"
GAP = "\N{HORIZONTAL ELLIPSIS}"


def quoted() -> list[str]:
    return re.findall(r"^### `(.+)`$", PAGE.read_text(encoding="utf-8"), re.M)


def texts() -> Iterator[str]:
    """Every text of the package; what is filled in stands as a gap."""
    for file in (ROOT / "automed").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (getattr(value, "value", GAP) for value in node.values)
                yield "".join(part if isinstance(part, str) else GAP for part in parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_each_is_in_the_code() -> None:
    headings = quoted()
    assert len(headings) > 20
    known = "\0".join(texts())
    for heading in headings:
        pattern = r"[^\0]*".join(map(re.escape, heading.split(GAP)))
        assert re.search(pattern, known), heading


def test_each_has_a_next_step() -> None:
    parts = re.split(r"^### .+$", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    assert all(len(part.split()) > 5 for part in parts)
