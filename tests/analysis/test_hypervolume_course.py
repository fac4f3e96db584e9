"""How the hypervolume grew."""

from __future__ import annotations

import random

import pytest

from automed.analysis.hypervolume_course import hypervolume_course
from automed.domain.front import front_of
from automed.domain.trial import TrialState


def test_it_ends_at_the_fronts_and_only_rises(trial, objectives) -> None:
    source = random.Random(0)
    trials = [
        trial(n, source.random(), 0.1 + source.random(), 1 + 9 * source.random()) for n in range(60)
    ]
    course = hypervolume_course(trials, objectives)
    numbers, volumes = zip(*course, strict=True)
    assert list(numbers) == sorted(set(numbers))
    assert list(volumes) == sorted(volumes)
    assert volumes[-1] == pytest.approx(front_of(trials, objectives).hypervolume)
    assert {t.number for t in front_of(trials, objectives).trials} <= set(numbers)
    assert len(course) < 60, "most change nothing"


def test_the_order_of_the_numbers_counts(trial, objectives) -> None:
    trials = [trial(0, 0.5), trial(1, 0.9), trial(2, 0.6)]
    assert [n for n, _ in hypervolume_course(trials[::-1], objectives)] == [0, 1]


def test_with_one_objective_it_is_the_best_so_far(trial, objectives) -> None:
    trials = [trial(n, dice) for n, dice in enumerate((0.5, 0.4, 0.8, 0.8, 0.7))]
    course = hypervolume_course(trials, objectives[:1])
    assert dict(course)[0] == pytest.approx(0.5)
    assert course[-1][1] == pytest.approx(0.8)


def test_only_complete_trials_count(trial, objectives) -> None:
    assert hypervolume_course([], objectives) == []
    assert hypervolume_course([trial(0, state=TrialState.PRUNED)], objectives) == []
