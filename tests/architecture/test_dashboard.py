"""The dashboard draws what the api and the analysis hand it, and knows nothing below them."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = ("api", "analysis", "domain", "dashboard")
LAYING_OUT = ("unsafe_allow_html", "use_container_width")


def imported(source: str) -> set[str]:
    """The names of automed's floors that a text imports, also within functions."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module is not None:
            whole = node.module == "automed"
            found += [f"automed.{a.name}" for a in node.names] if whole else [node.module]
    return {name.split(".")[1] for name in found if name.startswith("automed.")}


def test_it_knows_what_lies_directly_below_it() -> None:
    files = sorted((ROOT / "dashboard").glob("*.py"))
    assert len(files) > 5
    for file in files:
        assert imported(file.read_text()) <= set(ALLOWED), file


def test_the_probe_sees_an_import() -> None:
    text = "def f():\n    from automed.search.view import read_study\nfrom automed import models\n"
    assert imported(text) == {"search", "models"}


def test_no_page_lets_text_be_html() -> None:
    for file in (ROOT / "dashboard").glob("*.py"):
        names = {node.arg for node in ast.walk(ast.parse(file.read_text())) if hasattr(node, "arg")}
        assert not names & set(LAYING_OUT), file
