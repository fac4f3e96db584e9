"""The table of what each part of a plugin is given names every part, and its function."""

from __future__ import annotations

from dataclasses import fields

import pytest

from automed.domain.component import Component, Loss, Metric, Model, Reader

from .blocks import ROOT

PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("### Signatures")[2].partition("###")[0]
WRITTEN = {Reader: "read", Metric: "compute", Loss: "make", Model: "build"}


@pytest.mark.parametrize("part", Component.__subclasses__(), ids=lambda part: part.__name__)
def test_each_part_has_a_row(part: type[Component]) -> None:
    function = WRITTEN.get(part, "apply")
    assert function in {field.name for field in fields(part)}
    rows = [row for row in TABLE.splitlines() if row.startswith(f"| `{part.__name__}`")]
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4
        assert cells[1].startswith(f"`{function}(")
        assert all(cells)
