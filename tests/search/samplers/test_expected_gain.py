"""Expected hypervolume improvement, against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from automed.domain.front import hypervolume
from automed.search.samplers.expected_gain import expected_gains

FLOOR, CEILING = 0.1, 1.0


@st.composite
def fronts(draw, costs):
    size = draw(st.integers(0, 6))
    quality = draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    prices = draw(
        st.lists(
            st.lists(st.floats(0, 1), min_size=costs, max_size=costs), min_size=size, max_size=size
        )
    )
    return np.array(quality), np.array(prices).reshape(size, costs)


def volume(quality, costs, reference):
    points = np.column_stack([-np.minimum(quality, CEILING), costs])
    return hypervolume(points, [-FLOOR, *reference])


def by_definition(quality, costs, mean, std, price, reference):
    """The mean of what is added, over a fine grid of the quality's quantiles."""
    before = volume(quality, costs, reference)
    drawn = norm.ppf((np.arange(4000) + 0.5) / 4000, mean, std)
    added = [
        volume(np.append(quality, q), np.vstack([costs, price]), reference) - before
        for q in drawn[::10]
    ]
    return float(np.mean(added))


@pytest.mark.parametrize("costs", [1, 2])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_it_is_the_mean_of_the_hypervolume_that_is_added(costs, data):
    quality, prices = data.draw(fronts(costs))
    price = np.array(data.draw(st.lists(st.floats(0, 1), min_size=costs, max_size=costs)))
    mean, std = data.draw(st.floats(0, 1)), data.draw(st.floats(0.01, 0.5))
    reference = np.full(costs, 1.05)
    found = expected_gains(
        quality, prices, np.array([mean]), np.array([std]), price[None],
        reference=reference, floor=FLOOR, ceiling=CEILING,
    )  # fmt: skip
    expected = by_definition(quality, prices, mean, std, price, reference)
    assert found[0] == pytest.approx(expected, abs=4e-3)


def gains(mean, costs, *, quality=(0.8,), prices=((0.5, 0.5),), std=0.05):
    count = len(mean)
    return expected_gains(
        np.array(quality), np.array(prices), np.array(mean, float), np.full(count, std),
        np.array(costs, float), reference=np.array([1.0, 1.0]), floor=0.0, ceiling=1.0,
    )  # fmt: skip


def test_cheaper_and_better_is_worth_more_and_beyond_the_reference_nothing():
    found = gains([0.7, 0.7, 0.9, 0.9], [[0.2, 0.2], [0.3, 0.3], [0.3, 0.3], [1.0, 0.1]])
    assert found[0] > found[1] > 0
    assert found[2] > found[1]
    assert found[3] == 0


def test_what_is_surely_dominated_is_worth_nothing():
    assert gains([0.3], [[0.6, 0.6]], std=0.01)[0] == pytest.approx(0, abs=1e-12)


def test_a_certain_quality_adds_exactly_its_volume():
    # Above .8 all of its box is free; from the floor to .8 the front covers a quarter of it.
    found = gains([0.9], [[0.0, 0.0]], std=1e-9)[0]
    assert found == pytest.approx(0.1 * 1.0 + 0.8 * 0.75)
