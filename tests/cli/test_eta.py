"""The time that remains is estimated from what was seen, and unknown before that."""

from __future__ import annotations

import pytest

from automed.cli.eta import Eta, clock
from automed.domain.budget import Budget, Spent


def test_nothing_is_known_before_the_first_epoch() -> None:
    eta = Eta(Budget(trials=4), done=0, epochs=10)
    assert eta.study(0, Spent()) is None
    eta.started(0)
    assert eta.trial(5) is None
    assert eta.study(5, Spent()) is None


def test_a_running_trial_is_extrapolated_from_its_epochs() -> None:
    eta = Eta(Budget(trials=4), done=0, epochs=10)
    eta.started(100)
    eta.measured(2, 120)
    assert eta.trial(120) == pytest.approx(80)
    assert eta.study(120, Spent()) == pytest.approx(4 * 100 - 20)


def test_finished_trials_outweigh_the_bound_of_the_running_one() -> None:
    eta = Eta(Budget(trials=5), done=1, epochs=10)
    eta.started(0)
    eta.finished(30)
    eta.started(30)
    assert eta.study(40, Spent()) == pytest.approx(3 * 30 - 10)
    eta.finished(60)
    assert eta.study(60, Spent()) == pytest.approx(60)


def test_a_trial_that_takes_longer_than_usual_never_gives_a_negative_time() -> None:
    eta = Eta(Budget(trials=2), done=0, epochs=5)
    eta.started(0)
    eta.finished(10)
    eta.started(10)
    assert eta.study(500, Spent()) == 0


def test_the_limit_that_is_reached_first_counts() -> None:
    budget = Budget(trials=100, seconds=60, device_seconds=80, epochs=30)
    eta = Eta(budget, done=0, epochs=10)
    assert eta.study(0, Spent()) == 60, "a limit in time is known before any training"
    eta.started(0)
    eta.measured(5, 5)
    assert eta.study(5, Spent(seconds=5, device_seconds=5, epochs=5)) == pytest.approx(25)
    assert eta.study(5, Spent(seconds=50, device_seconds=50, epochs=5)) == pytest.approx(10)
    assert eta.study(5, Spent(seconds=5, device_seconds=76, epochs=5)) == pytest.approx(4)
    eta.finished(5)
    assert eta.study(5, Spent(seconds=5, device_seconds=5, epochs=5)) == pytest.approx(25)


def test_an_epoch_budget_alone() -> None:
    eta = Eta(Budget(epochs=12), done=0, epochs=10)
    assert eta.study(0, Spent()) is None
    eta.started(0)
    eta.measured(2, 8)
    assert eta.study(8, Spent(epochs=2)) == pytest.approx(40)
    assert eta.study(8, Spent(epochs=12)) == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-:--"), (0, "0:00"), (65.4, "1:05"), (3723, "1:02:03")]
)
def test_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text
