"""The time that remains is estimated from what was seen, and unknown before that."""

from __future__ import annotations

import pytest

from automed.cli.eta import Eta, clock


def test_nothing_is_known_before_the_first_epoch() -> None:
    eta = Eta(trials=4, done=0, epochs=10)
    assert eta.study(0) is None
    eta.started(0)
    assert eta.trial(5) is None
    assert eta.study(5) is None


def test_a_running_trial_is_extrapolated_from_its_epochs() -> None:
    eta = Eta(trials=4, done=0, epochs=10)
    eta.started(100)
    eta.measured(2, 120)
    assert eta.trial(120) == pytest.approx(80)
    assert eta.study(120) == pytest.approx(4 * 100 - 20)


def test_finished_trials_outweigh_the_bound_of_the_running_one() -> None:
    eta = Eta(trials=5, done=1, epochs=10)
    eta.started(0)
    eta.finished(30)
    eta.started(30)
    assert eta.study(40) == pytest.approx(3 * 30 - 10)
    eta.finished(60)
    assert eta.study(60) == pytest.approx(60)


def test_a_trial_that_takes_longer_than_usual_never_gives_a_negative_time() -> None:
    eta = Eta(trials=2, done=0, epochs=5)
    eta.started(0)
    eta.finished(10)
    eta.started(10)
    assert eta.study(500) == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-:--"), (0, "0:00"), (65.4, "1:05"), (3723, "1:02:03")]
)
def test_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text
