"""Bootstrap intervals of validation metrics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from automed.deploy.intervals import intervals_of, of_confusion
from automed.training.metrics.classification import classification_metrics
from automed.training.metrics.segmentation import per_image, segmentation_metrics


def test_a_segmentations_intervals_are_those_of_scipy(tmp_path):
    source = np.random.default_rng(1)
    counts = np.column_stack([source.integers(1, 200, 40) for _ in range(4)])
    np.savez(tmp_path / "preview.npz", counts=counts, dice=np.zeros(8))
    intervals, images = intervals_of(tmp_path)
    assert images == 40
    dice = per_image(counts)["dice"]
    expected = stats.bootstrap(
        (dice,), np.mean, method="percentile", n_resamples=20000, rng=np.random.default_rng(9)
    ).confidence_interval
    assert intervals["dice"].low == pytest.approx(expected.low, abs=0.004)
    assert intervals["dice"].high == pytest.approx(expected.high, abs=0.004)
    for name, value in segmentation_metrics(counts).items():
        assert intervals[name].low <= value <= intervals[name].high
    assert intervals_of(tmp_path) == (intervals, images)


def test_a_classifications_intervals_cover_its_metrics(tmp_path):
    source = np.random.default_rng(2)
    labels = source.integers(0, 3, 60)
    probabilities = source.random((60, 3)).astype(np.float32)
    probabilities[np.arange(60), labels] += 0.4
    np.savez(
        tmp_path / "predictions.npz", labels=labels, probabilities=probabilities, ids=["x"] * 60
    )
    intervals, images = intervals_of(tmp_path)
    metrics = classification_metrics(labels, probabilities, ("a", "b", "c"))
    assert images == 60
    assert set(intervals) == {"accuracy", "balanced_accuracy", "f1_macro"}
    for name, interval in intervals.items():
        assert interval.low < metrics[name] < interval.high
        assert 0.1 < interval.high - interval.low < 0.4


@pytest.mark.parametrize("seed", range(5))
def test_counts_give_the_metrics_of_training(seed):
    source = np.random.default_rng(seed)
    labels = source.integers(0, 2 + seed % 2, 25)  # sometimes a class never occurs
    probabilities = source.random((25, 3)).astype(np.float32)
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (labels, probabilities.argmax(1)), 1)
    expected = classification_metrics(labels, probabilities, ("a", "b", "c"))
    for name, value in of_confusion(counts).items():
        assert value == pytest.approx(expected[name]), name


def test_without_what_each_image_gave_there_are_none(tmp_path):
    assert intervals_of(tmp_path) == ({}, None)
    np.savez(tmp_path / "preview.npz", dice=np.zeros(8))
    (tmp_path / "predictions.npz").write_bytes(b"damaged")
    assert intervals_of(tmp_path) == ({}, None)
