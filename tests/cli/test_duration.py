"""Spans of time as users type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.cli.duration import read_duration, write_duration
from automed.domain.errors import AutomedError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1h 30m 5s", 5405),
        ("1.5h", 5400), (".5m", 30), (" 2H ", 7200), ("0h1s", 1),
    ],
)  # fmt: skip
def test_hours_minutes_and_seconds(text: str, seconds: float) -> None:
    assert read_duration("--time", text) == seconds


@pytest.mark.parametrize(
    "text", ["", "2", "h", "2d", "30m1h", "1h1h", "-2h", "0s", "0h0m", "2 hours", "1e3s", "٢h"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(AutomedError, match="--time is no span of time") as error:
        read_duration("--time", text)
    assert "1h30m" in str(error.value)


@given(st.integers(1, 10**7))
def test_what_is_written_can_be_read(seconds: int) -> None:
    assert read_duration("--time", write_duration(seconds)) == seconds


def test_less_than_a_second_is_written_as_one() -> None:
    assert write_duration(0.2) == "1s"
