"""A wheel holds what the source tree holds: packages are listed by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_package_is_listed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    places = setuptools["package-dir"]
    beside = {name for name in places if name != "automed"}
    found = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for init in (ROOT / "automed").rglob("__init__.py")
    }
    assert found
    assert set(setuptools["packages"]) == found | beside
