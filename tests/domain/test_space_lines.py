"""Lines of keys: every form that TOML writes a key in."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from automed.domain.space_lines import lines_of


def test_every_form() -> None:
    text = "\n".join(
        [
            "# a comment",
            "top = 1",
            "[a . b]",
            "x = [1,",
            '  "two # no comment",  # a comment',
            "  [3],",
            "]",
            'when = { "c.d" = 1, e.f = [2] }',
            "text = '''",
            "[no.table]",
            "'''",
            "[[a.'list']]",
            "y = 1",
            "[[a.list]]",
            "y = 2",
            "z.w = 3",
        ]
    )
    assert tomllib.loads(text)
    assert lines_of(text) == {
        "top": 2, "a.b": 3, "a.b.x": 4, "a.b.x.0": 4, "a.b.x.1": 5, "a.b.x.2": 6, "a.b.x.2.0": 6,
        "a.b.when": 8, "a.b.when.c.d": 8, "a.b.when.e.f": 8, "a.b.when.e.f.0": 8, "a.b.text": 9,
        "a.list": 12, "a.list.0": 12, "a.list.0.y": 13, "a.list.1": 14, "a.list.1.y": 15,
        "a.list.1.z.w": 16,
    }  # fmt: skip


QUOTES = "'\""
KEYS = st.sampled_from(["a", "b-c", '"d e"', "'f.g'"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(KEYS, KEYS, st.integers(0, 3)), unique_by=lambda t: t[:2], max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_each_key_of_a_table_is_found_in_its_line(
    entries: list[tuple[str, str, int]], newline: str
) -> None:
    lines: list[str] = []
    expected: dict[str, int] = {}
    for number, (table, key, blank) in enumerate(entries):
        lines += [""] * blank + [f"[t{number}.{table}]", "# é", f"{key} = {number}"]
        expected[f"t{number}.{table.strip(QUOTES)}.{key.strip(QUOTES)}"] = len(lines)
    text = newline.join(lines)
    values: dict[str, Any] = tomllib.loads(text)
    assert len(values) == len(entries)
    found = lines_of(text)
    assert {key: found[key] for key in expected} == expected
