"""Who may train where memory is shared: pure arithmetic, and workers that wait."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import toy_study as toy
import toy_trainings as trainings
from toy_study import cost_of, result_of, spec_of

from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.cost import Quantity
from automed.domain.result import Failure
from automed.domain.trial import Trial
from automed.executors.admission import Admission, everybody
from automed.executors.outcome import Outcome
from automed.executors.processes import run
from automed.executors.slots import Slot, assign
from automed.search.replay import replay
from automed.search.study import Study

TASK = toy.TASK.replace(training=toy.TASK.training.replace(epochs=3))
ONE, TWO, THREE = (Slot(n) for n in range(3))


def trial(number: int) -> Trial:
    return Trial(number=number, config=Config({"training.loss": "dice"}), seed=number)


def took(number: int, peak: float):
    done = result_of(trial(number))
    return done.replace(cost=done.cost.replace(peak_memory_bytes=Quantity(value=peak)))


def test_those_fit_that_memory_holds() -> None:
    admission = Admission(lambda t: 10.0 * t.number, {None: 100.0}, each=5.0)
    assert admission.slot_for(trial(6), [TWO], {ONE: trial(2)}) is TWO, "65 beside 25"
    assert admission.slot_for(trial(7), [TWO], {ONE: trial(2)}) is TWO, "75 beside 25"
    assert admission.slot_for(trial(8), [TWO], {ONE: trial(2)}) is None, "85 beside 25"
    assert admission.slot_for(trial(1), [THREE], {ONE: trial(3), TWO: trial(5)}) is None


def test_whoever_is_alone_may_always_try() -> None:
    admission = Admission(lambda _: 1e12, {None: 1.0})
    assert admission.slot_for(trial(0), [ONE, TWO], {}) is ONE
    assert admission.slot_for(trial(1), [TWO], {ONE: trial(0)}) is None


def test_the_gpu_with_the_most_memory_left_is_taken() -> None:
    slots = [Slot(n, gpu=name) for n, name in enumerate(["a", "b", "a", "b"])]
    admission = Admission(lambda t: float(t.number), {"a": 10.0, "b": 12.0})
    assert admission.slot_for(trial(1), slots, {}) is slots[1]
    assert admission.slot_for(trial(1), slots[1:], {slots[0]: trial(8)}) is slots[1]
    there = {slots[0]: trial(2), slots[1]: trial(8)}
    assert admission.slot_for(trial(3), slots[2:], there) is slots[2], "8 left there, 4 here"
    assert admission.slot_for(trial(9), slots[2:], there) is None


def test_a_gpu_that_is_not_shared_has_no_limit() -> None:
    alone, other = Slot(0, gpu="a"), Slot(1, gpu="b")
    assert everybody().slot_for(trial(0), [other], {alone: trial(1)}) is other


def test_what_was_measured_corrects_what_was_predicted() -> None:
    admission = Admission(lambda _: 40.0, {None: 100.0})
    assert admission.slot_for(trial(1), [TWO], {ONE: trial(0)}) is TWO
    admission.learn(trial(0), took(0, peak=60.0))
    assert admission.slot_for(trial(2), [ONE], {TWO: trial(1)}) is None, "60 each, in fact"
    less = Admission(lambda _: 60.0, {None: 100.0})
    assert less.slot_for(trial(1), [TWO], {ONE: trial(0)}) is None
    less.learn(trial(0), took(0, peak=30.0))
    assert less.slot_for(trial(1), [ONE, TWO], {}) is ONE
    assert less.slot_for(trial(2), [TWO], {ONE: trial(1)}) is TWO, "half of it, as it seems"
    less.learn(trial(1), took(1, peak=54.0))
    assert less.slot_for(trial(3), [ONE], {TWO: trial(2)}) is None, "the worst counts"


def test_what_a_small_training_took_in_excess_is_no_factor_of_a_large_one() -> None:
    admission = Admission(lambda t: 40.0 if t.number else 1.0, {None: 100.0})
    assert admission.slot_for(trial(0), [TWO], {ONE: trial(1)}) is TWO
    admission.learn(trial(0), took(0, peak=6.0))
    assert admission.slot_for(trial(2), [TWO], {ONE: trial(1)}) is TWO, "45 beside 45"
    admission.learn(trial(1), took(1, peak=52.0))
    assert admission.slot_for(trial(3), [ONE], {TWO: trial(2)}) is None, "one of its size took 52"


def test_what_a_large_training_took_less_is_no_promise_of_a_small_one() -> None:
    admission = Admission(lambda t: 60.0 if t.number else 20.0, {None: 50.0})
    assert admission.slot_for(trial(1), [ONE, TWO], {}) is ONE
    admission.slot_for(trial(1), [TWO], {ONE: trial(2)})
    admission.learn(trial(1), took(1, peak=6.0))
    assert admission.slot_for(trial(2), [TWO], {ONE: trial(0)}) is TWO, "6 beside 20"
    tight = Admission(lambda t: 60.0 if t.number else 20.0, {None: 25.0})
    tight.slot_for(trial(1), [TWO], {ONE: trial(2)})
    tight.learn(trial(1), took(1, peak=6.0))
    assert tight.slot_for(trial(2), [TWO], {ONE: trial(0)}) is None, "6 beside 20, not beside 2"


def test_one_that_was_killed_is_left_alone() -> None:
    admission = everybody()
    admission.leave_alone(trial(1))
    assert admission.slot_for(trial(1), [TWO], {ONE: trial(0)}) is None
    assert admission.slot_for(trial(1), [ONE, TWO], {}) is ONE
    assert admission.slot_for(trial(2), [TWO], {ONE: trial(1)}) is None
    assert admission.slot_for(trial(2), [TWO], {ONE: trial(0)}) is TWO


def test_a_failure_teaches_nothing() -> None:
    admission = Admission(lambda _: 40.0, {None: 100.0})
    admission.slot_for(trial(1), [TWO], {ONE: trial(0)})
    admission.learn(trial(0), Failure(kind="RuntimeError", message="no"))
    assert admission.slot_for(trial(2), [ONE], {TWO: trial(1)}) is ONE


def together(folder: Path) -> int:
    """How many trials were trained at a time, at most."""
    return max(int(line) for line in (folder / "together").read_text().split())


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv("NOTES", str(folder))
    monkeypatch.setenv("DRIVER", str(os.getpid()))
    return folder


@pytest.mark.parametrize(("room", "most"), [(10.0, 1), (25.0, 2)])
def test_no_more_train_than_there_is_memory_for(
    tmp_path: Path, notes: Path, room: float, most: int
) -> None:
    spec = spec_of(budget=Budget(trials=6, workers=3), sampler="random", task=TASK)
    admission = Admission(lambda _: 10.0, {None: room})
    with Study.create(tmp_path / "s", spec, cost_of) as study:
        slots = assign(3)
        outcome = run(study, trainings.counts_the_others, slots=slots, admission=admission)
        assert outcome is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 6
        again = replay(study.folder, lambda _: cost_of, lambda *_: None)
        assert again.differences == ()
    assert together(notes) == most


def test_who_waits_for_memory_is_put_back_by_ctrl_c(
    tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESUMED", "")
    spec = spec_of(budget=Budget(trials=6, workers=2), sampler="random", task=TASK)
    crowded = Admission(lambda _: 10.0, {None: 10.0})
    with Study.create(tmp_path / "s", spec, cost_of) as study:
        outcome = run(study, trainings.interrupted, slots=assign(2), admission=crowded)
        assert outcome is Outcome.INTERRUPTED
        waiting = [t.number for t in study.trials if t.label == "running"]
        assert waiting == [3, 4], "one that was trained, one that waited"
    monkeypatch.setenv("RESUMED", "1")
    with Study.open(tmp_path / "s", cost_of) as study:
        assert run(study, trainings.sound, slots=assign(2)) is Outcome.FINISHED
        assert {t.label for t in study.trials[3:]} == {"done"}
        assert sum(t.charged for t in study.trials) == len(study.trials) == 6
