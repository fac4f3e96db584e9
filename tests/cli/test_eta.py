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
    eta.trained(0, 30)
    eta.started(0, 30)
    assert eta.study(40, Spent()) == pytest.approx(3 * 30 - 10)
    eta.trained(0, 60)
    assert eta.study(60, Spent()) == pytest.approx(60)


def test_a_trial_that_takes_longer_than_usual_never_gives_a_negative_time() -> None:
    eta = Eta(Budget(trials=2), done=0, epochs=5)
    eta.started(0, 0)
    eta.trained(0, 10)
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
    eta.trained(0, 5)
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
    eta.trained(0, 20)
    eta.trained(1, 20)
    eta.started(2, 20)
    eta.started(3, 20)
    assert eta.study(30, Spent()) == pytest.approx((4 * 20 - 10 - 10) / 2)
    eta.trained(2, 40)
    eta.trained(3, 40)
    eta.started(4, 40)
    eta.trained(4, 60)
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
    eta.trained(0, 10)
    eta.started(1, 10, child=True)
    eta.compressed(1, 15)
    assert eta.study(15, Spent()) == pytest.approx(2 * 15)


def test_children_that_are_still_to_come_take_their_time() -> None:
    eta = Eta(Budget(trials=2), done=0, epochs=10, children=2)
    eta.started(0, 0)
    eta.measured(0, 5)
    assert eta.study(10, Spent()) == pytest.approx(2 * (20 + 2 * 10) - 10), "half a training each"
    eta.trained(0, 20)
    assert eta.study(20, Spent()) == pytest.approx(2 * 10 + (20 + 2 * 10))
    eta.started(1, 20, child=True)
    assert eta.trial(1, 22) is None
    assert eta.study(22, Spent()) == pytest.approx(2 * 10 - 2 + (20 + 2 * 10))
    eta.compressed(1, 24)
    assert eta.study(24, Spent()) == pytest.approx(4 + (20 + 2 * 4)), "as long as the first one"
    eta.refused()
    assert eta.study(24, Spent()) == pytest.approx(20 + 2 * 4)
    eta.started(3, 24)
    eta.trained(3, 44, complete=False)
    assert eta.study(44, Spent()) == 0, "what was stopped has no children"


def test_children_alone() -> None:
    eta = Eta(Budget(trials=3), done=3, epochs=10, children=2, owed=4)
    eta.started(6, 0, child=True)
    assert eta.study(3, Spent()) is None
    eta.compressed(6, 5)
    assert eta.study(5, Spent()) == pytest.approx(3 * 5)


def test_children_within_a_budget_of_epochs() -> None:
    eta = Eta(Budget(epochs=20), done=0, epochs=10, children=1)
    eta.started(0, 0)
    eta.measured(0, 10)
    eta.trained(0, 20)
    eta.started(1, 20, child=True)
    eta.compressed(1, 26)
    assert eta.study(26, Spent(epochs=10)) == pytest.approx(20 + 6)
    eta.started(2, 26)
    eta.measured(2, 10)
    eta.trained(2, 46)
    assert eta.study(46, Spent(epochs=20)) == pytest.approx(6), "the last one's child"


def test_a_training_that_goes_on_with_anothers_is_no_second_one() -> None:
    eta = Eta(Budget(trials=2), done=0, epochs=10)
    eta.started(0, 0)
    eta.trained(0, 10, complete=False)
    eta.started(1, 10)
    eta.trained(1, 15, charged=False)
    assert eta.study(15, Spent()) == pytest.approx(15)


def test_workers_that_join_and_leave_are_counted() -> None:
    eta = Eta(Budget(trials=100), done=0, epochs=10)
    for number in range(2):
        eta.started(number, 0)
    eta.trained(0, 10)
    eta.trained(1, 10)
    eta.started(2, 10)
    eta.started(3, 10)
    assert eta.study(10, Spent()) == pytest.approx(98 * 10 / 2)
    eta.started(4, 10)
    eta.started(5, 10)
    assert eta.study(10, Spent()) == pytest.approx(98 * 10 / 4), "two have joined"
    for number in (3, 4, 5):
        eta.put_back(number, 10)
    running = 2
    for number in range(6, 14):
        now = 10 * (number - 4)
        eta.trained(running, now)
        eta.started(number, now)
        running = number
    assert eta.study(90, Spent()) == pytest.approx(90 * 10), "one is left"


def test_a_trial_that_was_put_back_keeps_the_time_it_took() -> None:
    eta = Eta(Budget(trials=2), done=0, epochs=10)
    eta.started(0, 0)
    eta.measured(0, 5)
    eta.put_back(0, 50)
    eta.started(0, 1000)
    eta.measured(0, 6)
    assert eta.trial(0, 1010) == pytest.approx(40)
    eta.trained(0, 1050)
    assert eta.study(1050, Spent()) == pytest.approx(100)
