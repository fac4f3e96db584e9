"""How often ending what seems dominated is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from automed.search.stoppers.contender import Contender
from automed.search.stoppers.dominance import Dominance

LAST = 27


def trained(number, source, costs=(1.0,), *, finished=True):
    """A curve that stands somewhere at epoch 3 and gains something until the end, by chance."""
    early = source.uniform(0, 0.5)
    curve = {3: early, LAST: early + source.exponential(0.1)}
    return Contender(number, costs, curve, finished)


def until(contender, epoch):
    curve = {e: v for e, v in contender.curve.items() if e <= epoch}
    return Contender(contender.number, contender.costs, curve, finished=False)


@pytest.mark.parametrize(("risk", "others"), [(0.1, 9), (0.1, 30), (0.05, 19), (0.3, 12)])
def test_one_look_is_wrong_no_more_often_than_it_may_be(risk, others):
    """Against a rival that the training would have beaten by a hair, ending it is always wrong."""
    source, wrong, looks = np.random.default_rng(0), 0, 1500
    for _ in range(looks):
        trial = trained(0, source, finished=False)
        rival = Contender(1, (1.0,), {LAST: trial.best - 1e-9}, finished=True)
        done = [trained(n, source, costs=(2.0,)) for n in range(2, others + 2)]
        wrong += Dominance(LAST, risk).decide(until(trial, 3), 3, [rival, *done]) is not None
    assert wrong / looks < risk + 3 * (risk / looks) ** 0.5
    assert wrong / looks > risk / 3, "nor is it never: that would end nothing"


def test_it_waits_until_enough_have_shown_what_can_be_gained():
    others = [Contender(n, (1.0,), {1: 0.5, 2: 0.5, 3: 0.5, LAST: 0.6}, True) for n in range(1, 10)]
    poor = Contender(0, (1.0,), {1: 0.0, 2: 0.0, 3: 0.0}, finished=False)
    assert Dominance(LAST).decide(poor, 3, others[:8]) is None
    assert "can be hoped for" in (Dominance(LAST).decide(poor, 3, others) or "")


def test_it_looks_after_one_three_nine_and_so_on():
    curve = {e: 0.5 for e in range(1, 82)}
    others = [Contender(n, (1.0,), curve, True) for n in range(1, 20)]
    poor = Contender(0, (1.0,), dict.fromkeys(range(1, 82), 0.1), finished=False)
    looked = [e for e in range(1, 82) if Dominance(81).decide(poor, e, others)]
    assert looked == [1, 3, 9, 27], "after the last one, 81, there is nothing to end"
