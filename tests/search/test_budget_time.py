"""Wall time and time of training: what is charged, what is not, and what a crash forgets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toy_study import TIGHT, cost_of, measurements, result_of, spec_of

from automed.domain.budget import Budget, Limits, Spent
from automed.domain.compression import Compression
from automed.domain.decision import Decision
from automed.domain.trial import Trial
from automed.executors.inline import run
from automed.executors.outcome import Outcome
from automed.search.study import Study


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asked(study: Study) -> Trial:
    trial = study.ask()
    assert trial is not None
    return trial


def times(study: Study) -> tuple[float, float]:
    spent = study.spending
    return spent.seconds, spent.device_seconds


def test_time_runs_from_ask_to_tell_and_not_between(tmp_path: Path, clock: Clock) -> None:
    spec = spec_of(budget=Budget(seconds=1000))
    with Study.create(tmp_path / "s", spec, cost_of, clock=clock) as study:
        clock.wait(500)
        assert study.spending == Spent()
        trial = asked(study)
        clock.wait(10)
        assert times(study) == (10, 10)
        study.report(trial, measurements(trial)[0])
        clock.wait(5)
        study.tell(trial, result_of(trial))
        clock.wait(500)
        assert times(study) == (15, 15)
    with Study.open(tmp_path / "s", cost_of, clock=clock) as study:
        clock.wait(500)
        assert times(study) == (15, 15)


def test_choosing_a_config_takes_wall_time(tmp_path: Path, clock: Clock) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=2), cost_of, clock=clock) as study:

        def slow(config):
            clock.wait(3)
            return cost_of(config)

        study._chooser._admission._cost_of = slow
        trial = asked(study)
        clock.wait(10)
        study.tell(trial, result_of(trial))
        assert times(study) == (13, 10)


def test_side_by_side_wall_time_counts_once_and_training_twice(
    tmp_path: Path, clock: Clock
) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of, clock=clock) as study:
        first, second = asked(study), asked(study)
        clock.wait(10)
        study.report(first, measurements(first)[0])
        clock.wait(4)
        assert times(study) == (14, 28)
        study.tell(second, result_of(second))
        clock.wait(1)
        study.tell(first, result_of(first))
        assert times(study) == (15, 29)


def test_a_kill_forgets_what_came_after_the_last_report(tmp_path: Path, clock: Clock) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of, clock=clock) as study:
        trial = asked(study)
        clock.wait(10)
        study.report(trial, measurements(trial)[0])
        clock.wait(7)
    with Study.open(tmp_path / "s", cost_of, clock=clock) as study:
        assert times(study) == (10, 10)
        again = asked(study)
        clock.wait(2)
        study.put_back(again)
        clock.wait(100)
        assert times(study) == (12, 12), "an interrupted training was paid for"
        again = asked(study)
        clock.wait(1)
        study.tell(again, result_of(again))
        assert times(study) == (13, 13), "all attempts count"


@pytest.mark.parametrize("name", ["seconds", "device_seconds"])
def test_a_training_is_paused_when_time_is_up(tmp_path: Path, clock: Clock, name: str) -> None:
    spec = spec_of(budget=Budget(**{name: 25}))

    def trained(trial, report):
        for measurement in measurements(trial, epochs=3):
            clock.wait(4)
            try:
                report(measurement)
            except Exception:  # noqa: BLE001 - as one that clears up after its failures
                pytest.fail("a pause was taken for a failure")
        return result_of(trial)

    with Study.create(tmp_path / "s", spec, cost_of, clock=clock) as study:
        assert run(study, trained, []) is Outcome.FINISHED
        # 12 seconds each: the third passes the limit in its first epoch.
        assert [t.label for t in study.trials] == ["done", "done", "running"]
        assert study.paused == {2: 1}
        assert study.spent == Limits(**{name: 25})
        assert study.ask() is None
    more = Budget(**{name: 37})
    with Study.open(tmp_path / "s", cost_of, budget=more, clock=clock) as study:
        again = asked(study)
        assert again.number == 2
        assert study.report(again, measurements(again)[1]) is Decision.CONTINUE
    with Study.open(tmp_path / "s", cost_of, clock=clock) as study:
        assert study.spec.budget == more


def test_rejections_without_end_end_with_the_time(tmp_path: Path, clock: Clock) -> None:
    """A screen that rejects takes time as well: it is looked at before each proposal."""
    spec = spec_of(budget=Budget(seconds=10), constraints=TIGHT)
    with Study.create(tmp_path / "s", spec, cost_of, clock=clock) as study:

        def grown(config):
            clock.wait(3)
            return cost_of(config).replace(macs={"value": 9e9})

        study._chooser._admission._cost_of = grown
        assert study.ask() is None
        assert [t.label for t in study.trials] == ["rejected"] * 4


def test_children_are_apart_and_only_wall_time_ends_them(tmp_path: Path, clock: Clock) -> None:
    spec = spec_of(
        budget=Budget(device_seconds=10, seconds=40), compress=(Compression(method="ptq"),)
    )
    with Study.create(tmp_path / "s", spec, cost_of, clock=clock) as study:
        parent = asked(study)
        clock.wait(10)
        study.tell(parent, result_of(parent))
        assert study.spent == Limits(device_seconds=10)
        child = asked(study)
        assert child.parent == parent.number
        clock.wait(20)
        assert study.report(child, measurements(child)[0]) is Decision.CONTINUE
        assert study.spending == Spent(
            trials=1, seconds=30, device_seconds=10, epochs=0, child_seconds=20
        )
        clock.wait(20)
        assert study.report(child, measurements(child)[1]) is Decision.PAUSE
        study.put_back(child)
        assert study.ask() is None
        assert study.paused == {child.number: 2}


def test_several_limits_at_once_are_all_named(tmp_path: Path, clock: Clock) -> None:
    spec = spec_of(budget=Budget(trials=1, seconds=5))
    with Study.create(tmp_path / "s", spec, cost_of, clock=clock) as study:
        trial = asked(study)
        assert study.spent == Limits(trials=1)
        clock.wait(6)
        study.tell(trial, result_of(trial))
        assert study.spent == Limits(trials=1, seconds=5)


def test_a_study_of_an_earlier_version_goes_on(tmp_path: Path, clock: Clock) -> None:
    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of, clock=clock) as study:
        trial = asked(study)
        study.tell(trial, result_of(trial))
    file = tmp_path / "s" / "study.json"
    spec = json.loads(file.read_text())
    spec["budget"] = {"trials": 3, "workers": 1}
    file.write_text(json.dumps(spec))
    journal = tmp_path / "s" / "journal.log"
    lines = [ln for ln in journal.read_text().splitlines(True) if "automed:time" not in ln]
    journal.write_text("".join(lines))
    budget = Budget(trials=3, seconds=9)
    with Study.open(tmp_path / "s", cost_of, budget=budget, clock=clock) as study:
        assert study.spending == Spent(trials=1)
        trial = asked(study)
        clock.wait(9)
        assert study.report(trial, measurements(trial)[0]) is Decision.PAUSE


def test_the_journal_holds_the_time_of_each_trial(tmp_path: Path, clock: Clock) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of, clock=clock) as study:
        trial = asked(study)
        clock.wait(2)
        study.tell(trial, result_of(trial))
    text = (tmp_path / "s" / "journal.log").read_text()
    assert r'"automed:time": "{\"seconds\": 2.0, \"device_seconds\": 2.0}"' in text.replace(
        '":"', '": "'
    )
