"""The corrected resampled t-test and Holm's correction, against their definitions and on noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from automed.analysis.resampled_test import corrected_estimate, corrected_p, holm

PARTITIONS, TRAIN, VAL = 8, 72, 24
RATIO = VAL / TRAIN
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def partition_means(samples, source):
    """What validating on random parts of one data set gives, shape (PARTITIONS, ...)."""
    drawn = [source.permutation(len(samples))[:VAL] for _ in range(PARTITIONS)]
    return np.stack([samples[rows].mean(axis=0) for rows in drawn])


@given(probabilities, st.floats(0.001, 0.999))
def test_holm_rejects_what_its_definition_rejects(ps, level):
    rejected = set()
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        if (len(ps) - rank) * ps[index] > level:
            break
        rejected.add(index)
    assert {i for i, p in enumerate(holm(ps)) if p <= level} == rejected


@given(probabilities)
def test_holm_never_lowers_a_p_and_keeps_the_order(ps):
    adjusted = holm(ps)
    assert all(p <= a <= 1 for p, a in zip(ps, adjusted, strict=True))
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)


@given(st.lists(st.floats(-1, 1, width=16), min_size=3, max_size=10).filter(np.ptp))
def test_without_overlap_it_is_the_plain_t_test(differences):
    plain = ttest_1samp(differences, 0.0)
    assert corrected_p(differences, 0.0) == pytest.approx(plain.pvalue, abs=1e-9)
    interval = corrected_estimate(differences, 0.0).interval
    bounds = plain.confidence_interval()
    assert (interval.low, interval.high) == pytest.approx((bounds.low, bounds.high), abs=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=10), st.floats(0.01, 1))
def test_overlap_makes_it_more_careful(differences, ratio):
    assert corrected_p(differences, ratio) >= corrected_p(differences, 0.0)


def test_no_difference_at_all_and_one_everywhere_have_an_answer():
    assert corrected_p([0.0, 0.0, 0.0], RATIO) == 1.0
    assert corrected_p([0.1, 0.1, 0.1], RATIO) == 0.0
    assert corrected_p([0.1, 0.0, -0.1], RATIO) == 1.0


def test_two_partitions_are_refused():
    with pytest.raises(ValueError, match="at least 3"):
        corrected_p([0.1, 0.2], RATIO)


def test_an_interval_ends_where_values_end():
    interval = corrected_estimate([0.0, 0.1, 0.9], RATIO, within=(0.0, 1.0)).interval
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_noise_on_overlapping_partitions_is_rarely_called_a_difference():
    source = np.random.default_rng(0)
    corrected = plain = 0
    for _ in range(600):  # a data set each, on which two equal models differ by chance
        differences = partition_means(source.normal(size=TRAIN + VAL), source)
        differences += source.normal(scale=0.1, size=PARTITIONS)  # of the trainings
        corrected += corrected_p(differences, RATIO) < 0.05
        plain += ttest_1samp(differences, 0.0).pvalue < 0.05
    assert corrected / 600 <= 0.05
    assert plain / 600 > 0.15  # what the correction is for


def test_a_family_of_noise_is_rarely_called_a_difference():
    source = np.random.default_rng(1)
    fooled = 0
    for _ in range(300):
        means = partition_means(source.normal(size=(TRAIN + VAL, 6)), source)
        steps = np.diff(means, axis=1).T
        fooled += min(holm([corrected_p(list(step), RATIO) for step in steps])) < 0.05
    assert fooled / 300 <= 0.05


def test_a_true_difference_is_found():
    source = np.random.default_rng(2)
    found = sum(
        corrected_p(partition_means(source.normal(0.6, 1, TRAIN + VAL), source), RATIO) < 0.05
        for _ in range(200)
    )
    assert found / 200 > 0.9


def test_the_interval_covers_the_truth():
    source = np.random.default_rng(3)
    covered = 0
    for _ in range(500):
        means = partition_means(source.normal(0.7, 0.1, TRAIN + VAL), source)
        interval = corrected_estimate(list(means), RATIO).interval
        covered += interval.low <= 0.7 <= interval.high
    assert covered / 500 >= 0.94
