"""When a confirmation ends, from what the search needed and how fast it goes now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from automed.cli import confirm_progress
from automed.cli.confirm import _numbers
from automed.cli.confirm_progress import ConfirmProgress
from automed.domain.errors import AutomedError
from automed.domain.measurement import Measurement
from automed.domain.objective import Objective
from automed.domain.result import Failure


@dataclass
class Planned:
    """A retraining as far as progress looks at it."""

    seconds: float
    outcome: Any = None
    partition: int = 1
    trial: Any = None


@dataclass
class Numbered:
    number: int = 3


@pytest.fixture
def clock(monkeypatch):
    """The time, set by hand."""
    now = {"seconds": 0.0}
    monkeypatch.setattr(confirm_progress.time, "monotonic", lambda: now["seconds"])
    return now


def epoch(number):
    return Measurement(epoch=number, metrics={"dice": 0.5}, seconds=1.0)


def test_dear_models_take_their_share_of_the_time(clock, capsys):
    plan = [Planned(10, trial=Numbered()), Planned(30, trial=Numbered()), Planned(60)]
    progress = ConfirmProgress(plan, Objective(metric="dice"), epochs=4)
    progress.began(plan[0])
    assert progress.remaining() == 100  # as the search needed
    clock["seconds"] = 20.0  # twice as slow as the search
    progress.ended(plan[0], Failure(kind="DivergedError", message="diverged\nmore"))
    assert progress.remaining() == pytest.approx(180)
    progress.began(plan[1])
    clock["seconds"] = 50.0
    progress.measured(plan[1], epoch(2))  # half of 30, in 30 s
    assert progress.remaining() == pytest.approx((15 + 60) * 50 / 25)
    assert "trial   3 partition 1 failed  DivergedError: diverged  1/3 ETA 3:00" in (
        capsys.readouterr().out
    )


def test_what_was_done_before_does_not_count(clock):
    plan = [Planned(10, outcome="done"), Planned(30)]
    assert ConfirmProgress(plan, Objective(metric="dice"), epochs=4).remaining() == 30


def test_numbers_of_trials():
    assert _numbers(None) == ()
    assert _numbers("3, 7,") == (3, 7)
    for text in ("", "x", "1,-2", "1.5"):
        with pytest.raises(AutomedError, match="--trials names no trials"):
            _numbers(text)
