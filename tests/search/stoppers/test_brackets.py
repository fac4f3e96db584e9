"""Brackets of successive halving: who is in which, and that each is a halving of its own."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import cost_of, measurements, result_of, spec_of

from automed.domain.budget import Budget
from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.executors.inline import run
from automed.search.replay import replay
from automed.search.stoppers.brackets import Brackets, most_brackets
from automed.search.stoppers.contender import Contender
from automed.search.stoppers.halving import Halving
from automed.search.study import Study
from automed.search.study_file import read_spec

EPOCHS = 27
BRACKETS = Brackets(Halving(EPOCHS), 3)
TASK = spec_of().task.replace(training=spec_of().task.training.replace(epochs=EPOCHS))


def at_once(number, cost, quality, epochs=EPOCHS, **changes):
    curve = dict.fromkeys(range(1, epochs + 1), quality)
    return Contender(number, (float(cost),), curve, False, **changes)


def test_shares_are_those_of_hyperband():
    """27 epochs, a third passes: Hyperband's s = 2, 1, 0 start 9, 5 and 3 trainings."""
    assert BRACKETS.shares == (9, 5, 3)
    assert Brackets(Halving(81), 4).shares == (27, 12, 6, 4)
    assert Brackets(Halving(81), 2).shares == (27, 12)


@pytest.mark.parametrize("stride", [1, 2, 3, 17])
def test_trainings_are_shared_out_evenly_whatever_lies_between_them(stride):
    """Children and rejected configs have numbers, too: every third trial may be a training."""
    found = Counter(BRACKETS.bracket_of(at_once(n * stride, 1, 0.5)) for n in range(340))
    assert [found[b] for b in range(3)] == pytest.approx([180, 100, 60], abs=8)
    few = Counter(BRACKETS.bracket_of(at_once(n * stride, 1, 0.5)) for n in range(17))
    assert min(few.values()) >= 1


def test_a_continued_training_stays_in_its_bracket():
    for number in range(60):
        begun = at_once(number, 1, 0.5)
        again = at_once(number + 61, 1, 0.5, began_as=number)
        assert BRACKETS.bracket_of(again) == BRACKETS.bracket_of(begun)


def numbers_in(bracket, count):
    found = (n for n in range(1000) if BRACKETS.bracket_of(at_once(n, 1, 0.5)) == bracket)
    return [next(found) for _ in range(count)]


@pytest.mark.parametrize(("bracket", "looks"), [(0, [3, 9]), (1, [9]), (2, [])])
def test_each_bracket_leaves_one_more_rung_out(bracket, looks):
    *others, last = numbers_in(bracket, 8)
    there = [at_once(n, cost=1, quality=0.9) for n in others]
    weak = at_once(last, cost=2, quality=0.1)
    ended = [e for e in range(1, EPOCHS + 1) if BRACKETS.decide(weak, e, there)]
    assert ended == looks
    assert all(f"bracket {bracket}: " in BRACKETS.decide(weak, e, there) for e in looks)


def test_brackets_do_not_compete():
    """Seven better ones of another bracket end nobody."""
    there = [at_once(n, cost=1, quality=0.9) for n in numbers_in(0, 7)]
    weak = at_once(numbers_in(1, 1)[0], cost=2, quality=0.1)
    assert not any(BRACKETS.decide(weak, e, there) for e in range(1, EPOCHS + 1))


def test_one_bracket_is_plain_halving():
    source = random.Random(0)
    trials = [at_once(n, source.randint(1, 5), source.random(), 3) for n in range(12)]
    stopped = [replace(t, stopped=source.random() < 0.6) for t in trials]
    plain, one = Halving(EPOCHS), Brackets(Halving(EPOCHS), 1)
    assert one.resumed(stopped, False) == plain.resumed(stopped, False)
    for trial in trials:
        why = plain.decide(trial, 3, trials)
        assert one.decide(trial, 3, trials) == (None if why is None else f"bracket 0: {why}")


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), at_last=st.booleans())
def test_what_goes_on_is_what_its_bracket_alone_would_let_go_on(seed, at_last):
    source = random.Random(seed)
    trials = [
        at_once(n, source.randint(1, 5), source.random(), source.choice([3, 9]), stopped=True)
        for n in range(source.randint(1, 30))
    ]
    found = BRACKETS.resumed(trials, at_last)
    alone = [
        Halving(EPOCHS, bracket=b).resumed(
            [t for t in trials if BRACKETS.bracket_of(t) == b], at_last
        )
        for b in range(3)
    ]
    assert found == next((number for number in alone if number is not None), None)


def train(trial, report):
    for measurement in measurements(trial, EPOCHS):
        if report(measurement) is Decision.STOP:
            break
    return result_of(trial)


def spec(**changes):
    settings = {"trials": 40, "task": TASK, "stopper": "halving", "brackets": 3}
    return spec_of(**{**settings, "sampler": "random", **changes})


def facts(trials):
    return [(t.number, t.config, t.state, t.stop, t.continues) for t in trials]


def test_a_study_with_brackets_resumes_and_replays(tmp_path):
    with Study.create(tmp_path / "whole", spec(), cost_of) as study:
        run(study, train)
        whole = study.trials
    with Study.create(tmp_path / "parts", spec(trials=11), cost_of) as study:
        run(study, train)
    with Study.open(tmp_path / "parts", cost_of, budget=Budget(trials=40)) as study:
        run(study, train)
        assert facts(study.trials) == facts(whole)
    ended = {(t.stop.epoch, t.stop.why.partition(":")[0]) for t in whole if t.stop}
    assert ended <= {(3, "bracket 0"), (9, "bracket 0"), (9, "bracket 1")}
    assert {"bracket 0", "bracket 1"} == {bracket for _, bracket in ended}
    assert any(t.continues is not None for t in whole)
    found = replay(tmp_path / "parts", lambda _: cost_of, lambda *_: None)
    assert found.differences == ()
    assert found.tallies["stop decisions"].recomputed > 100


def test_a_study_from_before_there_were_brackets_opens(tmp_path):
    with Study.create(tmp_path / "s", spec(trials=4, brackets=1), cost_of) as study:
        run(study, train)
    file = tmp_path / "s" / "study.json"
    text = file.read_text()
    assert text.count('  "brackets": 1,\n') == 1
    file.write_text(text.replace('  "brackets": 1,\n', ""))
    assert read_spec(tmp_path / "s").brackets == 1
    with Study.open(tmp_path / "s", cost_of, budget=Budget(trials=9)) as study:
        run(study, train)
        assert study.spending.trials == 9
    assert replay(tmp_path / "s", lambda _: cost_of, lambda *_: None).differences == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"brackets": 4}, r"27 epochs cannot be shared out among 4 brackets.*1 to 3"),
        ({"stopper": "median", "brackets": 2}, r"'median' has no brackets.*--stopper halving"),
        ({"stopper": "none", "brackets": 2}, r"'none' has no brackets"),
    ],
)
def test_brackets_that_there_are_not(tmp_path, changes, said):
    with pytest.raises(StudyError, match=f"(?s){said}"):
        Study.create(tmp_path / "s", spec(**changes), cost_of)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("epochs", "most"), [(1, 1), (3, 1), (8, 2), (27, 3), (100, 4)])
def test_there_are_as_many_as_rungs_and_one_that_looks_at_none(epochs, most):
    assert most_brackets(epochs) == most
    last = Brackets(Halving(epochs), most)
    assert len(last.shares) == most
    assert last.shares[-1] >= 1
