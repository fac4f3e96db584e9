"""Budgets in words, and the flags that allow more."""

from __future__ import annotations

import pytest

from automed.cli.budget_view import describe_paused, more_flags
from automed.domain.budget import Budget, Limits, Spent
from automed.domain.config import Config
from automed.domain.trial import Trial


@pytest.mark.parametrize(
    ("limits", "flags"),
    [
        (Limits(trials=50), "--budget 100"),
        (Limits(seconds=5400), "--time 3h"),
        (Limits(device_seconds=4500), "--device-hours 2.5"),
        (Limits(epochs=7, seconds=45), "--time 1m30s --epoch-budget 14"),
        (Budget(trials=2, workers=3), "--budget 4"),
    ],
)
def test_twice_as_much(limits: Limits, flags: str) -> None:
    assert more_flags(limits, Spent()) == flags


def test_more_than_was_spent_where_an_epoch_took_long() -> None:
    assert more_flags(Limits(seconds=8), Spent(seconds=39)) == "--time 1m18s"


def test_what_waits() -> None:
    trials = [
        Trial(number=12, config=Config({}), seed=0),
        Trial(number=13, config=Config({}), seed=0, parent=4),
    ]
    assert describe_paused({12: 9, 13: 1}, trials, 27) == [
        "Trial 12 is paused after epoch 9 of 27.",
        "Trial 13, which compresses a model, was put off.",
    ]
