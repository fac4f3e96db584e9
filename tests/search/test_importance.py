"""Which parameters decide, on values whose causes are known."""

from __future__ import annotations

import random

import numpy as np
import pytest
from toy_study import SPACE

from automed.domain.config import Config
from automed.search.importance import FEWEST, MOST, importances


def configs(count, seed=0):
    rng = random.Random(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def column(found, function):
    return np.array([[function(config)] for config in found])


def loss(config):
    """Decided by the learning rate, and by nothing else."""
    return abs(np.log10(config["training.learning_rate"]) + 3)


def test_the_parameter_that_decides_comes_first_and_the_others_are_no_more_than_chance():
    drawn = configs(80)
    found = importances(drawn, column(drawn, loss), SPACE)
    assert found[0].key == "training.learning_rate"
    assert found[0].share > 0.5
    assert found[0].above_chance
    assert sum(one.share for one in found) == pytest.approx(1)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    others = [one for one in found[1:] if one.above_chance]
    assert len(others) <= 2


def test_smaller_losses_are_the_good_ones():
    """Turned round, the extremes of the range are good: still the same parameter, other trials."""
    drawn = configs(80)
    cliff = column(drawn, lambda c: 0.0 if c["training.loss"] == "dice" else 1.0)
    found = importances(drawn, cliff + column(drawn, lambda c: c["model.dropout"] / 100), SPACE)
    assert {one.key for one in found[:2]} == {"training.loss", "model.dropout"}


def test_a_conditional_parameter_is_weighed_where_it_has_an_effect():
    drawn = configs(120)
    decided = column(drawn, lambda c: c.get("model.width", 1.0))
    found = {one.key: one for one in importances(drawn, decided, SPACE)}
    assert found["model.width"].above_chance
    assert found["model.width"].trials == sum("model.width" in config for config in drawn)
    assert found["model.channels"].trials == 120 - found["model.width"].trials
    assert not found["training.batch_size"].above_chance


def test_several_objectives_are_weighed_by_their_front():
    drawn = configs(80)
    both = np.hstack([column(drawn, loss), column(drawn, lambda c: c["model.dropout"])])
    found = [one.key for one in importances(drawn, both, SPACE)]
    assert {"training.learning_rate", "model.dropout"} <= set(found[:3])


def test_too_few_trials_say_nothing():
    drawn = configs(FEWEST)
    values = column(drawn, loss)
    assert importances(drawn, values, SPACE)
    assert importances(drawn[1:], values[1:], SPACE) == ()
    values[3] = np.nan  # a metric that was not measured
    assert importances(drawn, values, SPACE) == ()
    assert importances([], np.empty((0, 1)), SPACE) == ()


def test_parameters_that_are_fixed_or_unknown_are_left_out():
    drawn = configs(40)
    space = SPACE.fix("training.loss", "bce")
    told = [Config({**c.root, "compression.method": "ptq"}) for c in drawn]
    keys = {one.key for one in importances(told, column(drawn, loss), space)}
    assert "compression.method" not in keys
    assert "training.loss" not in keys
    assert "training.learning_rate" in keys


def test_the_answer_for_many_trials_is_that_of_a_sample_and_always_the_same():
    drawn = configs(MOST + 50)
    values = column(drawn, loss)
    first = importances(drawn, values, SPACE)
    assert first == importances(drawn, values, SPACE)
    assert max(one.trials for one in first) == MOST


def test_losses_and_configs_must_belong_together():
    with pytest.raises(ValueError, match="3 configs, but 2 losses"):
        importances(configs(3), np.zeros((2, 1)), SPACE)
