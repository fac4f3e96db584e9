"""The time that remains is estimated from what was seen, and unknown before that."""

from __future__ import annotations

import pytest

from automed.cli.eta import Eta, clock
from automed.domain.budget import Budget, Spent


def test_nothing_is_known_before_the_first_epoch() -> None:
    eta = Eta(Budget(trials=4), done=0, epochs=10)
    assert eta.study(0, Spent()) is None
    eta.started(0, 0)
    assert eta.trial(0, 5) is None
    assert eta.study(5, Spent()) is None


def test_a_running_trial_is_extrapolated_from_its_epochs() -> None:
    eta = Eta(Budget(trials=4), done=0, epochs=10)
    eta.started(0, 100)
    eta.measured(0, 2)
    assert eta.trial(0, 120) == pytest.approx(80)
    assert eta.study(120, Spent()) == pytest.approx(4 * 100 - 20)


def test_finished_trials_outweigh_the_bound_of_the_running_one() -> None:
    eta = Eta(Budget(trials=5), done=1, epochs=10)
    eta.started(0, 0)
    eta.finished(0, 30)
    eta.started(0, 30)
    assert eta.study(40, Spent()) == pytest.approx(3 * 30 - 10)
    eta.finished(0, 60)
    assert eta.study(60, Spent()) == pytest.approx(60)


def test_a_trial_that_takes_longer_than_usual_never_gives_a_negative_time() -> None:
    eta = Eta(Budget(trials=2), done=0, epochs=5)
    eta.started(0, 0)
    eta.finished(0, 10)
    eta.started(0, 10)
    assert eta.study(500, Spent()) == 0


def test_the_limit_that_is_reached_first_counts() -> None:
    budget = Budget(trials=100, seconds=60, device_seconds=80, epochs=30)
    eta = Eta(budget, done=0, epochs=10)
    assert eta.study(0, Spent()) == 60, "a limit in time is known before any training"
    eta.started(0, 0)
    eta.measured(0, 5)
    assert eta.study(5, Spent(seconds=5, device_seconds=5, epochs=5)) == pytest.approx(25)
    assert eta.study(5, Spent(seconds=50, device_seconds=50, epochs=5)) == pytest.approx(10)
    assert eta.study(5, Spent(seconds=5, device_seconds=76, epochs=5)) == pytest.approx(4)
    eta.finished(0, 5)
    assert eta.study(5, Spent(seconds=5, device_seconds=5, epochs=5)) == pytest.approx(25)


def test_an_epoch_budget_alone() -> None:
    eta = Eta(Budget(epochs=12), done=0, epochs=10)
    assert eta.study(0, Spent()) is None
    eta.started(0, 0)
    eta.measured(0, 2)
    assert eta.study(8, Spent(epochs=2)) == pytest.approx(40)
    assert eta.study(8, Spent(epochs=12)) == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-:--"), (0, "0:00"), (65.4, "1:05"), (3723, "1:02:03")]
)
def test_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text


def test_several_trials_at_a_time() -> None:
    eta = Eta(Budget(trials=6, workers=2), done=0, epochs=10)
    eta.started(0, 0)
    eta.started(1, 0)
    eta.measured(0, 5)
    assert eta.trial(0, 10) == pytest.approx(10)
    assert eta.trial(1, 10) is None
    assert eta.study(10, Spent()) == pytest.approx((6 * 20 - 10 - 10) / 2)
    eta.finished(0, 20)
    eta.finished(1, 20)
    eta.started(2, 20)
    eta.started(3, 20)
    assert eta.study(30, Spent()) == pytest.approx((4 * 20 - 10 - 10) / 2)
    eta.finished(2, 40)
    eta.finished(3, 40)
    eta.started(4, 40)
    eta.finished(4, 60)
    eta.started(5, 60)
    assert eta.study(65, Spent()) == pytest.approx(15), "the last one has no second worker's help"


def test_epochs_are_trained_by_all_workers_together() -> None:
    eta = Eta(Budget(epochs=100, workers=2), done=0, epochs=10)
    eta.started(0, 0)
    eta.started(1, 0)
    eta.measured(0, 5)
    eta.measured(1, 5)
    assert eta.study(10, Spent(epochs=10)) == pytest.approx(90 * 2 / 2)


def test_the_time_of_a_child_is_its_familys() -> None:
    eta = Eta(Budget(trials=3), done=0, epochs=10)
    eta.started(0, 0)
    eta.finished(0, 10)
    eta.started(1, 10)
    eta.finished(1, 15, charged=False)
    assert eta.study(15, Spent()) == pytest.approx(2 * 15)


def test_nodes_that_join_and_leave_change_what_remains() -> None:
    eta = Eta(Budget(trials=10, device_seconds=1000, epochs=100, workers=2), done=0, epochs=10)
    for number in range(2):
        eta.started(number, 0)
        eta.measured(number, 10)
        eta.finished(number, 10)
    spent = Spent(epochs=20, device_seconds=20)
    assert eta.study(10, spent) == pytest.approx(8 * 10 / 2)
    eta.places = 4
    assert eta.study(10, spent) == pytest.approx(8 * 10 / 4)
    eta.places = 1
    assert eta.study(10, spent) == pytest.approx(8 * 10)
    eta.places = 40
    assert eta.study(10, spent) == pytest.approx(80 * 20 / 20 / 40), "epochs are spent first"
