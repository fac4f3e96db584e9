"""The study on formulas whose fronts are known."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import numpy as np
import pytest
from optuna.samplers import RandomSampler

from automed.search.samplers.registry import default_sampler

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from surrogates.synthetic import COSTS, PROBLEMS, UNIT, optuna_search, study_search

SEEDS, TRIALS = 3, 25


@pytest.mark.parametrize(
    ("name", "point", "expected"),
    [
        ("ZDT1", [0.25, 0, 0, 0, 0, 0], [0.25, 0.5]),
        ("ZDT1", [0.0, 1, 1, 1, 1, 1], [0.0, 10.0]),
        ("ZDT2", [0.5, 0, 0, 0, 0, 0], [0.5, 0.75]),
        ("ZDT3", [0.25, 0, 0, 0, 0, 0], [0.25, 0.5 - 0.25]),
        ("DTLZ2", [1, 0, 0.5, 0.5, 0.5, 0.5], [0.0, 0.0, 1.0]),
        ("DTLZ2", [0, 0, 1, 0, 1, 0], [2.0, 0.0, 0.0]),
    ],
)
def test_formulas_are_those_of_the_papers(name, point, expected):
    problem = PROBLEMS[name]
    assert problem.formula(np.array([point], float))[0] == pytest.approx(expected, abs=1e-12)


def test_the_fronts_volumes_are_those_of_their_integrals():
    assert PROBLEMS["ZDT1"].whole == pytest.approx(1.1 * 11 - 1 / 3, abs=1e-3)
    assert PROBLEMS["ZDT2"].whole == pytest.approx(1.1 * 11 - 2 / 3, abs=1e-3)


@pytest.mark.parametrize("name", PROBLEMS)
def test_costs_and_quality_are_the_objectives(name):
    problem = PROBLEMS[name]
    task = problem.task()
    assert [o.metric for o in task.certain] == list(COSTS[: len(problem.reference) - 1])
    source = np.random.default_rng(0)
    for point in source.uniform(size=(20, problem.parameters)):
        config = problem.space.complete(dict(zip(problem.keys, point.tolist(), strict=True)))
        values = problem.values_of(config)
        costs = problem.cost_of(config).as_metrics()
        logs = [np.log10(costs[o.metric] / UNIT) for o in task.certain]
        assert logs == pytest.approx(values[:-1].tolist())
        assert problem.quality_of(config) <= 1
        assert (problem.quality_of(config) > 0) == (values[-1] < problem.reference[-1])
        assert problem.share([values]) <= 1


def test_the_default_search_beats_chance():
    zdt1 = PROBLEMS["ZDT1"]
    sampler = default_sampler(zdt1.task())
    ours = [study_search(zdt1, seed, TRIALS, sampler) for seed in range(SEEDS)]
    chance = [
        optuna_search(zdt1, seed, TRIALS, lambda seed: RandomSampler(seed=seed))
        for seed in range(SEEDS)
    ]
    assert all(len(course) == TRIALS and course == sorted(course) for course in ours)
    assert statistics.median(c[-1] for c in ours) > statistics.median(c[-1] for c in chance)
    assert max(c[-1] for c in ours) < 1
