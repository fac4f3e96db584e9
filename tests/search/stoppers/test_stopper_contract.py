"""What every stopper must keep to, whatever it decides by."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.search.stoppers.brackets import Brackets
from automed.search.stoppers.contender import Contender
from automed.search.stoppers.dominance import Dominance
from automed.search.stoppers.halving import Halving
from automed.search.stoppers.median import Median
from automed.search.stoppers.stopper import NoStopper

EPOCHS = 18
STOPPERS = {
    "none": NoStopper(),
    "halving": Halving(EPOCHS),
    "halving, second bracket": Halving(EPOCHS, bracket=1),
    "halving in brackets": Brackets(Halving(EPOCHS), 3),
    "dominance": Dominance(EPOCHS),
    "median": Median(),
}

qualities = st.one_of(st.floats(0, 1), st.sampled_from([0.5, math.nan, -math.inf]))


@st.composite
def studies(draw):
    """Some trainings, all at one epoch or later, and one that has just reached it."""
    epoch = draw(st.integers(1, EPOCHS))

    def contender(number, length, finished):
        curve = draw(st.lists(qualities, min_size=length, max_size=length))
        costs = tuple(draw(st.lists(st.integers(1, 3).map(float), min_size=2, max_size=2)))
        return Contender(number, costs, dict(enumerate(curve, start=1)), finished)

    others = [
        contender(n, draw(st.integers(0, EPOCHS)), draw(st.booleans()))
        for n in range(1, draw(st.integers(1, 12)))
    ]
    return contender(0, epoch, False), epoch, others


@pytest.mark.parametrize("name", STOPPERS)
@settings(deadline=None, max_examples=60)
@given(study=studies(), seed=st.integers(0, 99))
def test_a_decision_is_a_function_of_what_is_passed(name, study, seed):
    trial, epoch, others = study
    shuffled = random.Random(seed).sample(others, len(others))
    decision = STOPPERS[name].decide(trial, epoch, others)
    assert STOPPERS[name].decide(trial, epoch, shuffled) == decision
    assert decision is None or decision.strip()


@pytest.mark.parametrize("name", STOPPERS)
@settings(deadline=None, max_examples=60)
@given(study=studies(), later=st.dictionaries(st.integers(1, 3), st.floats(0, 1)))
def test_what_a_training_showed_in_a_life_before_a_crash_changes_nothing(name, study, later):
    trial, epoch, others = study
    again = {**trial.curve, **{epoch + k: v for k, v in later.items()}}
    relived = Contender(trial.number, trial.costs, again, False)
    decide = STOPPERS[name].decide
    assert decide(relived, epoch, others) == decide(trial, epoch, others)


@pytest.mark.parametrize("name", [n for n in STOPPERS if not n.startswith("halving")])
@settings(deadline=None, max_examples=60)
@given(study=studies())
def test_the_best_of_all_is_never_ended(name, study):
    trial, epoch, others = study
    best = Contender(0, trial.costs, dict.fromkeys(range(1, epoch + 1), 1.01), False)
    assert STOPPERS[name].decide(best, epoch, others) is None


@pytest.mark.parametrize("name", STOPPERS)
def test_the_first_training_is_never_ended(name):
    alone = Contender(0, (1.0, 1.0), dict.fromkeys(range(1, EPOCHS + 1), 0.01), False)
    assert not any(STOPPERS[name].decide(alone, e, []) for e in range(1, EPOCHS + 1))


@pytest.mark.parametrize("name", [n for n in STOPPERS if n != "none"])
def test_what_learns_nothing_and_costs_most_is_ended(name):
    others = [
        Contender(n, (1.0, 1.0), {e: 0.7 + 0.01 * e for e in range(1, EPOCHS + 1)}, True)
        for n in range(1, 13)
    ]
    hopeless = Contender(0, (9.0, 9.0), dict.fromkeys(range(1, EPOCHS + 1), 0.01), False)
    ended = [e for e in range(1, EPOCHS + 1) if STOPPERS[name].decide(hopeless, e, others)]
    assert ended
    assert ended[0] <= 6


@pytest.mark.parametrize("name", ["halving", "dominance"])
def test_the_cheapest_is_not_ended_for_what_dearer_ones_reach(name):
    others = [
        Contender(n, (2.0, 2.0), {e: 0.9 for e in range(1, EPOCHS + 1)}, True) for n in range(1, 7)
    ]
    small = Contender(0, (1.0, 1.0), dict.fromkeys(range(1, EPOCHS + 1), 0.3), False)
    assert not any(STOPPERS[name].decide(small, e, others) for e in range(1, EPOCHS + 1))
