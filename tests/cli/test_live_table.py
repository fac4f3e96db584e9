"""The live table: budgets in its footer, constraints that a finished trial breaks."""

from __future__ import annotations

import pytest
from rich.console import Console

from automed.cli import live
from automed.cli.live import LiveTable
from automed.domain.budget import Budget, Spent
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.measurement import Measurement
from automed.domain.objective import Constraint
from automed.domain.result import Result
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial, TrialState
from automed.registry.tasks import load_task

CONFIG = Config({"model.architecture": "unet"})
COST = Cost(
    parameters=Quantity(value=1e6), macs=Quantity(value=2e9), size_bytes=Quantity(value=4e6),
    input_shape=(3, 32, 32),
)  # fmt: skip


def trial(number: int, dice: float | None = None, parent: int | None = None) -> Trial:
    result = None
    if dice is not None:
        result = Result(metrics={"dice": dice}, cost=COST, epochs=3, best_epoch=2, seconds=7.0,
                        split_digest="split")  # fmt: skip
    state = TrialState.RUNNING if result is None else TrialState.COMPLETE
    return Trial(number=number, config=CONFIG, seed=0, state=state, result=result, parent=parent)


@pytest.fixture
def table(monkeypatch):
    """A table off a terminal; what it prints, and what it would draw."""
    written = Console(width=200, record=True, force_terminal=False, quiet=False)
    monkeypatch.setattr(live, "out", written)

    def make(spent=Spent, constraints=(), earlier=(), **limits):
        spec = StudySpec(
            name="s", task=load_task("cell"), data=DataRef(name="demo", path="/d", digest="d"),
            split_digest="s", budget=Budget(**limits), constraints=constraints, version="0",
        )  # fmt: skip
        return LiveTable(spec, spent, earlier)

    def drawn(made):
        written.print(made._render())
        return written.export_text()

    make.drawn = drawn
    make.printed = written.export_text
    return make


def test_each_budget_with_what_is_spent_of_it(table) -> None:
    spent = Spent(trials=3, seconds=2499, epochs=310, device_seconds=1900, child_seconds=75)
    made = table(lambda: spent, trials=50, seconds=7200, device_seconds=3600)
    made.trial_finished(trial(0, 0.5))
    made.trial_started(trial(1))
    text = table.drawn(made)
    # The training that goes on counts when it has ended.
    assert "1 of 50 trials, 0:41 of 2:00 h, 0:31 of 1:00 h of training, 310 epochs" in text
    assert "1:15 min for compressed models" in text
    assert "ETA" in text


def test_the_study_is_asked_only_when_something_happens(table) -> None:
    asked = []
    made = table(lambda: asked.append(1) or Spent(), seconds=60)
    made.trial_started(trial(0))
    made.trial_measured(trial(0), Measurement(epoch=1, metrics={"dice": 0.5}, seconds=1))
    before = len(asked)
    table.drawn(made)
    table.drawn(made)
    assert len(asked) == before


def test_a_trial_that_breaks_a_late_constraint_has_no_star_and_says_why(table) -> None:
    bound = Constraint(metric="dice", bound=0.8, kind="at_least")
    slow = Constraint(metric="latency_ms", bound=5)
    made = table(constraints=(bound,), trials=9)
    made.trial_finished(trial(0, 0.9))
    made.trial_finished(trial(1, 0.61))
    printed = table.printed().splitlines()
    assert "Dice 0.61, allowed: at least 0.8: " in printed[1]
    assert "allowed" not in printed[0]
    rows = table.drawn(made).splitlines()
    kept, broken = (next(r for r in rows if f" {n} " in r and "done" in r) for n in (0, 1))
    assert "done*" in kept
    assert "done*" not in broken
    assert "Dice 0.61, allowed: at least 0.8" in broken

    made = table(constraints=(slow,), trials=9, earlier=[trial(0, 0.9)])
    text = table.drawn(made)
    assert "latency_ms is not known, allowed: at most 5" in text
    assert "done*" not in text


def test_what_runs_when_the_search_ends_is_paused(table) -> None:
    made = table(epochs=4)
    with made:
        made.trial_started(trial(0))
        made.trial_measured(trial(0), Measurement(epoch=4, metrics={"dice": 0.5}, seconds=1))
        assert "running" in table.drawn(made)
    text = table.drawn(made)
    assert "paused" in text
    assert "running" not in text
    assert "ETA" not in text.splitlines()[-1]


def test_several_that_run_at_a_time(table) -> None:
    made = table(lambda: Spent(seconds=10, device_seconds=20), seconds=60, device_seconds=90)
    for number in (0, 1):
        made.trial_started(trial(number))
    made.trial_measured(trial(1), Measurement(epoch=3, metrics={"dice": 0.25}, seconds=1))
    seen = made._seen
    spent = made._spent_by(seen + 5)
    assert (spent.seconds, spent.device_seconds) == pytest.approx((15, 30))
    rows = [row for row in table.drawn(made).splitlines() if "running" in row]
    assert len(rows) == 2
    assert "0.2500" not in rows[0]
    assert "0.2500" in rows[1]
    made.trial_finished(trial(0, 0.5))
    made.trial_started(trial(2))
    rows = [row for row in table.drawn(made).splitlines() if "running" in row]
    assert [row.split()[1] for row in rows] == ["1", "2"]


def test_a_trial_that_was_put_back_is_shown_again_at_the_end(table) -> None:
    made = table(trials=5)
    made.trial_started(trial(0))
    made.trial_started(trial(1))
    made.trial_put_back(trial(0))
    made.trial_put_back(trial(2))  # it waited for memory, and never began
    assert [row.split()[1] for row in rows(table, made)] == ["1"]
    made.trial_started(trial(0))
    assert len(rows(table, made)) == 2
    made.trial_put_back(trial(0))
    made.__exit__(None, None, None)
    assert [row.split()[1:4:2] for row in rows(table, made)] == [["0", "paused"], ["1", "paused"]]


def test_the_loss_of_a_worker_is_said(table) -> None:
    made = table(trials=5)
    made.trial_started(trial(0))
    made.trial_put_back(trial(0), "the worker was killed by SIGKILL")
    assert table.printed() == (
        "trial   0 goes on from its last whole epoch: the worker was killed by SIGKILL\n"
    )


def rows(table, made) -> list[str]:
    return [line for line in table.drawn(made).splitlines() if line.startswith("│")]
