"""A search on a pure-noise objective has a front and a winner; its confirmation has none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from automed.analysis.confirmed_points import Retrained, costs_of, proven
from automed.analysis.group_scores import mean_over_images
from automed.domain.front import front_of
from automed.search.study import Study

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "search"))

REPETITIONS = 40
PARTITIONS, TRAIN, VAL, TEST = 8, 64, 16, 20


def search(folder, source):
    """Ten trainings whose quality is a random draw, whatever the config."""
    from toy_study import TASK, cost_of, result_of, spec_of

    task = TASK.replace(baselines=())
    study = Study.create(folder, spec_of(task=task, trials=10, sampler="random",
                                         seed=int(source.integers(1000))), cost_of)  # fmt: skip
    while (trial := study.ask()) is not None:
        metrics = {"dice": float(source.normal(0.7, 0.03))}
        study.tell(trial, result_of(trial).replace(metrics=metrics))
    trials = study.trials
    study.close()
    return task, front_of(trials, task.objectives).trials


def retrain(trial, partitions, source):
    """Equal models: each image is a matter of luck, and so is each training."""
    images = source.normal(0.7, 0.15, TRAIN + VAL)
    values = [images[val].mean() + source.normal(0, 0.01) for val in partitions]
    test = source.normal(0.7, 0.15, TEST)
    scores = [
        mean_over_images(test + source.normal(0, 0.01), np.arange(TEST)) for _ in range(PARTITIONS)
    ]
    return Retrained(trial, tuple(map(float, values)), tuple(scores))


@pytest.fixture(scope="module")
def confirmations(tmp_path_factory):
    """What a search and its confirmation came to, again and again."""
    source, found = np.random.default_rng(0), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        for number in range(REPETITIONS):
            task, front = search(tmp_path_factory.mktemp("noise") / f"study-{number}", source)
            partitions = [source.permutation(TRAIN + VAL)[:VAL] for _ in range(PARTITIONS)]
            retrained = [retrain(trial, partitions, source) for trial in front]
            costs = costs_of(task.objectives, task.guide, front)
            found.append(proven(retrained, task.quality, costs, VAL / TRAIN, TEST))
    return found


def test_pure_noise_has_no_significant_winner(confirmations):
    compared = [found for found in confirmations if found.steps]
    assert len(compared) > REPETITIONS / 2  # most fronts of noise have several points
    fooled = sum(any(step.significant for step in found.steps) for found in compared)
    assert fooled <= 0.05 * len(compared)


def test_on_pure_noise_nobody_is_told_to_pay_more(confirmations):
    fooled = sum(found.supported != found.points[0].trial for found in confirmations)
    assert fooled <= 0.05 * len(confirmations)


def test_the_search_looked_better_than_it_was(confirmations):
    optimism = [max(point.optimism for point in found.points) for found in confirmations]
    assert np.mean(optimism) > 0.02
