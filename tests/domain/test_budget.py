"""A budget's limits: which is reached, and what a user reads of them."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from automed.domain.budget import Budget, Limits, Spent


def test_a_budget_has_a_limit_of_some_kind() -> None:
    with pytest.raises(ValidationError, match="needs a limit"):
        Budget(workers=2)
    for name in ("trials", "seconds", "device_seconds", "epochs"):
        assert Budget(**{name: 3}).given == {name: 3}


@pytest.mark.parametrize("name", ["trials", "seconds", "device_seconds", "epochs"])
@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan])
def test_limits_are_positive_and_finite(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Limits(**{name: value})


def test_a_budget_of_an_earlier_version_is_read() -> None:
    assert Budget.model_validate_json('{"trials": 8, "workers": 1}') == Budget(trials=8)


def test_other_limits_replace_those_of_their_kind_alone() -> None:
    budget = Budget(trials=8, seconds=60, workers=2)
    assert budget.with_limits(Limits(seconds=90, epochs=7)) == Budget(
        trials=8, seconds=90, epochs=7, workers=2
    )
    assert budget.with_limits(Limits()) == budget


def test_what_is_used_up() -> None:
    budget = Budget(trials=8, seconds=60, epochs=100)
    assert budget.reached(Spent(trials=7, seconds=59.9, epochs=99)).given == {}
    assert budget.reached(Spent(trials=8, seconds=60.5, epochs=99)) == Limits(trials=8, seconds=60)
    assert budget.reached(Spent(device_seconds=1e9, child_seconds=1e9)).given == {}


@pytest.mark.parametrize(
    ("budget", "spent", "text"),
    [
        (Budget(trials=50), Spent(trials=12, seconds=9, epochs=310), "12 of 50 trials, 310 epochs"),
        (
            Budget(trials=50, seconds=7200),
            Spent(trials=12, seconds=2499, epochs=310),
            "12 of 50 trials, 0:41 of 2:00 h, 310 epochs",
        ),
        (
            Budget(seconds=90, device_seconds=3.5 * 3600, epochs=1),
            Spent(trials=1, seconds=61, device_seconds=1800, epochs=1, child_seconds=75),
            "1 trial, 1:01 of 1:30 min, 0:30 of 3:30 h of training, 1 of 1 epoch, "
            "1:15 min for compressed models",
        ),
    ],
)
def test_what_is_spent_in_words(budget: Budget, spent: Spent, text: str) -> None:
    assert budget.describe_spent(spent) == text


def test_a_budget_in_words() -> None:
    budget = Budget(trials=1, seconds=45, device_seconds=7200, epochs=500)
    assert budget.describe() == "0:45 min, 2:00 h of training, 500 epochs, 1 trial"
