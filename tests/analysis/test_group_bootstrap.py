"""Intervals on the test part: as wide as patients differ, not as images do."""

from __future__ import annotations

import numpy as np
import pytest

from automed.analysis.group_bootstrap import bootstrap_estimate
from automed.analysis.group_scores import mean_over_images

GROUPS, IMAGES = 30, 10
TRUTH = 0.8


def one_test_part(source, groups=GROUPS):
    """Values of images whose patients differ more than a patient's images do."""
    of = np.repeat(np.arange(groups), IMAGES)
    patients = source.normal(TRUTH, 0.05, groups)
    return of, patients[of] + source.normal(0, 0.02, len(of))


def coverage(by_group, groups=GROUPS):
    source = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        of, values = one_test_part(source, groups)
        of = of if by_group else np.arange(len(of))
        score = mean_over_images(values, of)
        interval = bootstrap_estimate([score], int(of.max()) + 1).interval
        covered += interval.low <= TRUTH <= interval.high
    return covered / 200


@pytest.mark.thorough
def test_drawing_groups_covers_the_truth_and_drawing_images_does_not():
    assert coverage(by_group=True) >= 0.9
    assert coverage(by_group=False) < 0.75


def test_few_groups_are_covered_as_well():
    assert coverage(by_group=True, groups=6) >= 0.9


def test_models_that_differ_widen_the_interval():
    source = np.random.default_rng(1)
    of, values = one_test_part(source)
    alike = [mean_over_images(values, of) for _ in range(5)]
    apart = [mean_over_images(values + shift, of) for shift in (-0.1, -0.05, 0, 0.05, 0.1)]
    narrow, wide = (bootstrap_estimate(scores, GROUPS) for scores in (alike, apart))
    assert abs(narrow.mean - wide.mean) < 1e-9
    widths = [e.interval.high - e.interval.low for e in (narrow, wide)]
    assert widths[1] > 1.5 * widths[0]


def test_a_single_group_has_no_interval():
    estimate = bootstrap_estimate([mean_over_images(np.array([0.5, 0.7]), np.zeros(2, int))], 1)
    assert estimate.interval is None
    assert estimate.mean == 0.6


def test_it_is_the_same_every_time():
    of, values = one_test_part(np.random.default_rng(2))
    twice = [bootstrap_estimate([mean_over_images(values, of)], GROUPS) for _ in range(2)]
    assert twice[0] == twice[1]
