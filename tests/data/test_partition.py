"""Sharing unequal units out: what must hold for any content, and the tight cases by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.data.partition import AS_GOOD, LACKING, Score, partition

SHARES = (0.8, 0.1, 0.1)


def brute_force(strata, required, shares):
    score = Score(strata, required, shares)
    everything = np.array(list(itertools.product(range(3), repeat=len(strata))))
    in_part = everything[:, None, :] == np.arange(3)[:, None]
    return float(score(in_part @ score.features).min())


@st.composite
def contents(draw):
    units = draw(st.integers(3, 7))
    strata = draw(st.integers(1, 3))
    cells = st.lists(st.integers(0, 9), min_size=strata, max_size=strata).filter(any)
    return np.array(draw(st.lists(cells, min_size=units, max_size=units)), dtype=np.int64)


@given(contents(), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_with_few_groups_as_good_as_trying_every_partition(content, seed):
    _, score = partition(content, content, SHARES, seed)
    assert score <= brute_force(content, content, SHARES) + AS_GOOD + 1e-9


def test_with_more_groups_the_search_nearly_always_finds_the_best():
    """Ten groups: the search looks at a few hundred of 59049 partitions."""
    found = 0
    for seed in range(20):
        content = np.random.default_rng(seed).integers(0, 10, (10, 2))
        _, score = partition(content, content, SHARES, seed)
        found += score <= brute_force(content, content, SHARES) + AS_GOOD
    assert found >= 19


@given(contents(), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_no_part_is_empty_and_a_seed_repeats(content, seed):
    parts, score = partition(content, content, (0.6, 0.2, 0.2), seed)
    assert set(parts) == {0, 1, 2}
    again, same = partition(content, content, (0.6, 0.2, 0.2), seed)
    assert (parts == again).all()
    assert score == same


def test_score_by_hand():
    strata = np.array([[6, 2], [1, 0], [0, 1]])
    score = Score(strata, strata, SHARES)
    value = float(score(score.table(np.array([0, 1, 2]))))
    size_error = 0.0
    balance_error = (abs(0.75 - 0.7) + abs(1 - 0.7) + abs(0 - 0.7)) / 3
    missing = LACKING * 1 + 10 * 1  # the second class in validation, the first in test
    assert value == pytest.approx(size_error + balance_error + missing)


def test_plates_of_which_half_hold_one_class():
    """As in BBBC021: three plates with both classes, three with DMSO only."""
    content = np.array([[125, 250]] * 3 + [[125, 0]] * 3)
    for seed in range(8):
        parts, score = partition(content, content, SHARES, seed)
        assert score < 10
        assert sorted(parts[:3]) == [0, 1, 2]
        assert (parts[3:] == 0).all()


def test_sequences_of_very_different_length_come_near_to_the_shares():
    """The thirteen sequences of CVC-ClinicDB."""
    frames = [25, 26, 25, 25, 21, 20, 20, 19, 18, 17, 12, 11, 6]
    content = np.array(frames)[:, None]
    for seed in range(5):
        parts, _ = partition(content, content, SHARES, seed)
        sizes = [content[parts == part].sum() for part in range(3)]
        assert np.abs(np.array(sizes) / sum(frames) - SHARES).max() < 0.02


def test_single_samples_are_stratified_to_within_one():
    labels = np.repeat([0, 1, 2], [500, 60, 12])
    content = np.eye(3, dtype=np.int64)[labels]
    parts, _ = partition(content, content, (0.7, 0.15, 0.15), 0)
    for share, part in zip((0.7, 0.15, 0.15), range(3), strict=True):
        counts = np.bincount(labels[parts == part], minlength=3)
        assert np.abs(counts - share * np.array([500, 60, 12])).max() <= 1


def test_rare_classes_in_two_groups_each_reach_train_and_validation():
    rng = np.random.default_rng(0)
    content = np.zeros((200, 7), dtype=np.int64)
    content[:, 0] = rng.integers(1, 20, 200)
    for rare in range(1, 7):
        content[rng.choice(200, 2, replace=False), rare] = 1
    parts, score = partition(content, content, SHARES, 0)
    assert score < LACKING
    assert (content[parts == 0].sum(axis=0) > 0).all()
    assert (content[parts == 1].sum(axis=0) > 0).all()


def test_what_cannot_be_done_scores_as_lacking():
    """Three classes in pairs of three groups: no two parts can both hold all of them."""
    content = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])
    assert partition(content, content, SHARES, 0)[1] >= LACKING


def test_seeds_differ():
    content = np.ones((40, 1), dtype=np.int64)
    assert len({tuple(partition(content, content, SHARES, seed)[0]) for seed in range(5)}) == 5
