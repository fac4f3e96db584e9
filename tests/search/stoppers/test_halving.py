"""Successive halving where costs are certain and quality is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.domain.front import non_dominated
from automed.search.stoppers.contender import Contender
from automed.search.stoppers.halving import Halving
from automed.search.stoppers.rungs import rungs_of
from automed.search.stoppers.staircase import gains


def at_once(number, cost, quality, epochs=9):
    return Contender(number, (float(cost),), dict.fromkeys(range(1, epochs + 1), quality), False)


@pytest.mark.parametrize(
    ("epochs", "reduction", "expected"),
    [
        (100, 3, (4, 11, 33)), (27, 3, (3, 9)), (24, 3, (3, 8)), (8, 3, (3,)), (8, 2, (2, 4)),
        (3, 3, ()), (1, 3, ()), (100, 4, (2, 6, 25)),
    ],
)  # fmt: skip
def test_rungs_come_from_the_epochs_of_a_trial(epochs, reduction, expected):
    assert rungs_of(epochs, reduction) == expected
    assert rungs_of(epochs, reduction, bracket=1) == expected[1:]


def test_a_third_passes_a_rung_and_those_that_lift_the_front_most_come_first():
    qualities = [0.5, 0.6, 0.61, 0.4, 0.3, 0.61, 0.95]
    there = [at_once(n, cost=n, quality=q) for n, q in enumerate(qualities, 1)]
    halving = Halving(epochs=9)
    # Gains: .5, .1, .01, -.21, -.31, 0, .34; of eight, three pass.
    assert halving.decide(at_once(9, cost=2.5, quality=0.71), 3, there) is None
    assert halving.decide(at_once(9, cost=2.5, quality=0.69), 3, there) is not None
    assert "3 of 8 pass" in (halving.decide(at_once(9, cost=7, quality=0.61), 3, there) or "")


def test_what_is_cheaper_than_all_passes_its_first_rung_and_no_other():
    there = [at_once(n, cost=n, quality=n / 10, epochs=9) for n in range(1, 9)]
    halving = Halving(epochs=27)
    tiny = at_once(9, cost=0.5, quality=0.01)
    assert halving.decide(tiny, 3, there) is None
    assert halving.decide(tiny, 9, there) is not None
    assert halving.decide(at_once(9, cost=1, quality=0.01), 3, there) is not None


def stopped_at(number, cost, quality, epochs):
    return replace(at_once(number, cost, quality, epochs), stopped=True)


def test_what_was_stopped_goes_on_once_its_rung_has_grown():
    halving = Halving(epochs=27)
    there = [
        at_once(1, cost=1, quality=0.6, epochs=9),
        stopped_at(2, cost=2, quality=0.7, epochs=3),
        stopped_at(3, cost=3, quality=0.1, epochs=3),
    ]
    # Gains .6, .1 and below 0; one of three passes.
    assert halving.resumed(there, False) is None
    assert halving.resumed(there, True) == 2
    # Of four, two do.
    assert halving.resumed([*there, stopped_at(4, cost=4, quality=0.2, epochs=3)], False) == 2


def test_the_highest_rung_goes_first_and_running_trainings_are_left_alone():
    halving = Halving(epochs=27)
    low = [stopped_at(n, cost=n, quality=0.5, epochs=3) for n in range(1, 7)]
    high = [stopped_at(n, cost=n, quality=0.5 + n / 100, epochs=9) for n in range(7, 10)]
    assert halving.resumed([*low, *high], False) == 7
    assert halving.resumed(low, False) == 1
    running = [at_once(n, cost=n, quality=0.5, epochs=3) for n in range(1, 7)]
    assert halving.resumed(running, True) is None


def test_it_looks_at_rungs_only_and_at_those_who_reached_them():
    there = [at_once(n, cost=1, quality=0.9, epochs=2) for n in range(1, 9)]
    halving = Halving(epochs=9)
    weak = at_once(9, cost=2, quality=0.1)
    assert all(halving.decide(weak, e, there) is None for e in range(1, 10))
    there = [at_once(n, cost=1, quality=0.9, epochs=3) for n in range(1, 9)]
    assert [e for e in range(1, 10) if halving.decide(weak, e, there)] == [3]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 5)), min_size=1, max_size=12
    )
)
def test_a_gain_above_zero_is_to_be_non_dominated(points):
    trials = [
        Contender(n, (float(a), float(b)), {1: q / 10}, False) for n, (a, b, q) in enumerate(points)
    ]
    found = gains(trials, 1, floor=-1.0)
    kept = non_dominated(np.array([[a, b, -q / 10] for a, b, q in points]))
    equals = [points.count(p) > 1 for p in points]
    for gain, on_front, shared in zip(found, kept, equals, strict=True):
        assert gain > 0 if on_front and not shared else gain <= 0


def test_a_thousand_trainings_are_ranked_in_one_go():
    source = np.random.default_rng(0)
    there = [
        Contender(n, tuple(source.uniform(1, 9, 2)), {1: float(source.uniform())}, False)
        for n in range(1000)
    ]
    found = gains(there, 1, 0.0)
    for place in (0, 17, 999):
        rivals = [o.at(1) for o in there if o is not there[place]
                  and o.costs_no_more(there[place])]  # fmt: skip
        assert found[place] == pytest.approx(there[place].at(1) - max([0.0, *rivals]))
