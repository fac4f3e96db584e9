"""What holds of stoppers whatever the trainings are: order, the front, the cheapest."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import cost_of, measurements, result_of, spec_of

from automed.domain.decision import Decision
from automed.domain.front import non_dominated
from automed.executors.inline import run
from automed.search import record
from automed.search.stoppers.brackets import Brackets
from automed.search.stoppers.contender import Contender
from automed.search.stoppers.dominance import Dominance
from automed.search.stoppers.halving import Halving
from automed.search.stoppers.median import Median
from automed.search.stoppers.registry import STOPPERS
from automed.search.stoppers.rungs import rungs_of
from automed.search.stoppers.staircase import gains
from automed.search.stopping import Stopping
from automed.search.study import Study

EPOCHS = 18
RUNGS = rungs_of(EPOCHS, 3)
HALVINGS = [Halving(EPOCHS), Halving(EPOCHS, bracket=1), Brackets(Halving(EPOCHS), 3)]
EVERY = [*HALVINGS, Dominance(EPOCHS), Median()]

trainings = st.lists(
    st.tuples(
        st.tuples(st.integers(1, 4), st.integers(1, 4)),
        st.lists(st.integers(0, 8), min_size=1, max_size=EPOCHS),
        st.sampled_from(["finished", "stopped", "running"]),
    ),
    min_size=1, max_size=14,
)  # fmt: skip


def contenders(drawn):
    return [
        Contender(
            number, tuple(map(float, costs)), {e: q / 10 for e, q in enumerate(curve, start=1)},
            finished=state == "finished", stopped=state == "stopped",
        )
        for number, (costs, curve, state) in enumerate(drawn)
    ]  # fmt: skip


def at(trial, epoch, quality):
    """The training as it has just reached an epoch, its best so far being this."""
    return replace(trial, curve=dict.fromkeys(range(1, epoch + 1), quality), finished=False)


@pytest.mark.parametrize("stopper", EVERY, ids=str)
@settings(max_examples=60)
@given(drawn=trainings, seed=st.integers(0, 99), at_last=st.booleans())
def test_which_one_goes_on_does_not_depend_on_the_order(stopper, drawn, seed, at_last):
    trials = contenders(drawn)
    shuffled = random.Random(seed).sample(trials, len(trials))
    found = stopper.resumed(trials, at_last)
    assert stopper.resumed(shuffled, at_last) == found
    assert found is None or trials[found].stopped


@settings(max_examples=150)
@given(drawn=trainings, epoch=st.integers(1, EPOCHS), quality=st.integers(0, 9))
def test_what_the_finished_models_do_not_dominate_now_is_never_ended_by_dominance(
    drawn, epoch, quality
):
    trial, *others = contenders(drawn)
    trial = at(trial, epoch, quality / 10)
    rivals = [o for o in others if o.finished and o.costs_no_more(trial)]
    if all(o.best <= trial.at(epoch) for o in rivals):
        assert Dominance(EPOCHS, risk=0.6).decide(trial, epoch, others) is None


@pytest.mark.parametrize("rung", RUNGS)
@settings(max_examples=150)
@given(drawn=trainings, quality=st.integers(0, 9))
def test_halving_ends_one_of_the_front_only_for_those_that_lift_it_more(rung, drawn, quality):
    """A third passes, and at equal epochs the front comes first: it may be more than a third."""
    trial, *others = contenders(drawn)
    trial = at(trial, rung, quality / 10)
    there = [trial, *(o for o in others if o.reached(rung))]
    why = Halving(EPOCHS).decide(trial, rung, others)
    found = gains(there, rung, floor=0.0)
    leads = non_dominated(np.array([[-c.at(rung), *c.costs] for c in there]))
    quota = math.ceil(len(there) / 3)
    if why is not None and leads[0] and found[0] > 0:
        above = found > found[0]
        assert above.sum() >= quota
        assert leads[above].all()
    if found[0] == found.max():
        assert why is None
    if leads[0] and leads.sum() <= quota and found[0] > 0:
        assert why is None


@pytest.mark.parametrize("stopper", HALVINGS, ids=str)
@settings(max_examples=100)
@given(drawn=trainings, quality=st.integers(0, 9))
def test_what_nothing_is_as_cheap_as_passes_its_first_rung(stopper, drawn, quality):
    trial, *others = contenders(drawn)
    tiny = replace(at(trial, EPOCHS, quality / 10), costs=(0.5, 0.5))
    looked_at = RUNGS[getattr(stopper, "bracket", 0) :]
    assert stopper.decide(tiny, looked_at[0], others) is None
    alike = [replace(o, costs=(0.6, 0.4)) for o in others]
    assert stopper.decide(tiny, looked_at[0], alike) is None, "no dearer in each respect"


@pytest.fixture(scope="module", params=[name for name in STOPPERS if name != "none"])
def past(request, tmp_path_factory):
    """A stopper's spec and the records of a study that it ran."""
    task = spec_of().task
    task = task.replace(training=task.training.replace(epochs=9))
    spec = spec_of(
        trials=30, task=task, stopper=request.param, sampler="random",
        brackets=2 if request.param == "halving" else 1,
    )  # fmt: skip

    def train(trial, report):
        for measurement in measurements(trial, 9):
            if report(measurement) is Decision.STOP:
                break
        return result_of(trial)

    folder = tmp_path_factory.mktemp("past") / "study"
    with Study.create(folder, spec, cost_of) as study:
        run(study, train)
        return spec, list(study._chooser.history())


def undecided(trial):
    """As it was before its stopper said anything."""
    attrs = {k: v for k, v in trial.user_attrs.items() if k != record.STOP}
    made = record.template(
        trial.state, trial.params, trial.distributions, values=trial.values, user_attrs=attrs,
        intermediate_values=trial.intermediate_values, now=trial.datetime_start,
    )  # fmt: skip
    made.number = trial.number
    return made


@pytest.mark.parametrize("seed", range(3))
def test_decisions_do_not_depend_on_the_order_of_the_records(past, seed):
    spec, history = past
    fresh = [undecided(trial) for trial in history]
    shuffled = random.Random(seed).sample(fresh, len(fresh))
    ended = 0
    for trial in history:
        for epoch in range(1, 10):
            due = Stopping(spec).decide(trial.number, epoch, fresh)
            assert Stopping(spec).decide(trial.number, epoch, shuffled) == due
            ended += due is not None
    assert ended
    for at_last in (False, True):
        going = Stopping(spec).resumed(fresh, at_last=at_last)
        assert Stopping(spec).resumed(shuffled, at_last=at_last) == going


def test_a_study_without_a_stopper_looks_at_no_curve(monkeypatch):
    spec = spec_of()
    stopping = Stopping(spec)

    def never(_):
        raise AssertionError("nobody asked")

    monkeypatch.setattr(stopping._contenders, "among", never)
    trial = record.template(
        record.OptunaState.RUNNING, {}, {}, intermediate_values={1: 0.5}, now=None
    )
    trial.number = 0
    assert stopping.decide(0, 1, [trial]) is None
    assert stopping.resumed([trial]) is None
