"""Metrics by how often each group is drawn, against the metrics of the very images drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.analysis.group_scores import mean_over_images, of_classes, of_ranks
from automed.domain.split import Split
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.registry.tasks import load_task
from automed.training.metrics.classification import classification_metrics
from automed.training.metrics.multiclass import multiclass_metrics
from automed.training.metrics.segmentation import segmentation_metrics

AVERAGED = [
    f"{m}_{a}" for m in ("precision", "recall", "f1") for a in ("macro", "micro", "weighted")
]
CLASSES = ("accuracy", "balanced_accuracy", *AVERAGED)
OVERLAPS = ("dice", "iou", "precision", "recall", "accuracy")
seeds = st.integers(0, 10**6)


def drawn_groups(source, images, groups=5):
    """The group of each image, how often each group is drawn, and the rows that gives."""
    of = np.concatenate([np.arange(groups), source.integers(0, groups, images - groups)])
    times = source.multinomial(groups, np.full(groups, 1 / groups))
    rows = np.concatenate([np.tile(np.flatnonzero(of == g), times[g]) for g in range(groups)])
    return of, times[None].astype(float), rows


@given(seeds, st.sampled_from(CLASSES), st.integers(2, 4))
def test_classes(seed, metric, classes):
    source = np.random.default_rng(seed)
    of, times, rows = drawn_groups(source, 30)
    labels = source.integers(0, classes, 30)
    answers = source.dirichlet(np.ones(classes), 30)
    names = [f"c{i}" for i in range(classes)]
    expected = classification_metrics(labels[rows], answers[rows], names)[metric]
    score = of_classes(metric, labels, answers.argmax(axis=1), classes, of)
    assert score(times)[0] == pytest.approx(expected, abs=1e-12)


@given(seeds, st.integers(2, 4))
def test_ranks(seed, classes):
    source = np.random.default_rng(seed)
    of, times, rows = drawn_groups(source, 30)
    labels = source.integers(0, classes, 30)
    answers = source.dirichlet(np.ones(classes), 30).round(1)  # with ties
    names = [f"c{i}" for i in range(classes)]
    expected = classification_metrics(labels[rows], answers[rows], names).get("roc_auc")
    found = of_ranks(labels, answers, of)(times)[0]
    if expected is None:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(expected, abs=1e-12)


@given(seeds, st.sampled_from(OVERLAPS))
def test_masks(seed, metric):
    source = np.random.default_rng(seed)
    of, times, rows = drawn_groups(source, 12)
    counts = source.integers(0, 3, (12, 4))
    counts[:, 3] += 1
    from automed.training.metrics.segmentation import per_image

    expected = segmentation_metrics(counts[rows])[metric]
    assert mean_over_images(per_image(counts)[metric], of)(times)[0] == pytest.approx(expected)


@given(seeds, st.sampled_from(OVERLAPS))
def test_masks_of_several_classes(seed, metric):
    from automed.api.confirm_scores import _by_class

    source = np.random.default_rng(seed)
    of, times, rows = drawn_groups(source, 8)
    confusions = source.integers(0, 2, (8, 3, 3)) * source.integers(0, 2, (8, 1, 1))
    confusions[:, 0, 0] += 1
    expected = multiclass_metrics(confusions[rows], ("a", "b"))[metric]
    score = mean_over_images(_by_class(metric, confusions), of)
    assert score(times)[0] == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["roc_auc", "f1_macro"])
def test_the_task_says_which_metric_of_its_classes(metric):
    from automed.api.confirm_scores import group_score
    from automed.pipeline.locked_score import LockedScore

    task = load_task("leukemia")
    assert isinstance(task, ClassificationTask)
    objectives = (task.quality.replace(metric=metric), *task.objectives[1:])
    task = task.replace(classes=("a", "b"), objectives=objectives)
    source = np.random.default_rng(0)
    labels, answers = source.integers(0, 2, 20), source.dirichlet([1, 1], 20).astype(np.float32)
    metrics = classification_metrics(labels, answers, task.classes)
    score = group_score(task, LockedScore(metrics, answers, labels), np.arange(20))
    assert score(np.ones((1, 20)))[0] == pytest.approx(metrics[metric], abs=1e-6)


def test_the_groups_of_the_test_part():
    from automed.api.confirm_scores import groups_of
    from automed.data.dataset import Dataset
    from automed.domain.sample import Sample

    assert isinstance(load_task("polyp"), SegmentationTask)
    samples = tuple(
        Sample(id=f"s{i}", image=f"{i}.png", masks=("m.png",), group="ab"[i % 2]) for i in range(6)
    )
    from pathlib import Path

    dataset = Dataset(root=Path("/nowhere"), samples=samples, layout="test", classes=("x",))
    parts = {"train": ("s4",), "val": ("s5",), "test": ("s0", "s1", "s2", "s3"), "seed": 0}
    assert list(groups_of(dataset, Split(**parts, grouped_by="names"))) == [0, 1, 0, 1]
    assert list(groups_of(dataset, Split(**parts, grouped_by=None))) == [0, 1, 2, 3]
