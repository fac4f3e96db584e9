"""Mask metrics against scikit-learn and float64 counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, precision_score, recall_score

from automed.training.metrics.segmentation import (
    count_pixels,
    per_image,
    segmentation_metrics,
)

NAMES = ("dice", "iou", "precision", "recall", "accuracy")
masks = st.integers(1, 5).flatmap(
    lambda n: st.tuples(*[hnp.arrays(bool, (n, 4, 5)) for _ in range(2)])
)


def counts_of(predicted, truth):
    tensors = [torch.from_numpy(mask).unsqueeze(1) for mask in (predicted, truth)]
    return count_pixels(*tensors).numpy()


def scikit_learn(predicted, truth):
    both_empty = not predicted.any() and not truth.any()
    zero = 1.0 if both_empty else 0.0
    y, p = truth.ravel(), predicted.ravel()
    return {
        "dice": f1_score(y, p, zero_division=zero),
        "iou": jaccard_score(y, p, zero_division=zero),
        "precision": precision_score(y, p, zero_division=zero),
        "recall": recall_score(y, p, zero_division=zero),
        "accuracy": accuracy_score(y, p),
    }


@settings(max_examples=25, deadline=None)
@given(masks)
def test_means_over_images_and_pooled_metrics_are_scikit_learns(both):
    predicted, truth = both
    metrics = segmentation_metrics(counts_of(predicted, truth))
    images = [scikit_learn(p, t) for p, t in zip(predicted, truth, strict=True)]
    for name in NAMES:
        mean = np.mean([image[name] for image in images])
        assert metrics[name] == pytest.approx(mean)
    pooled = scikit_learn(predicted, truth)
    assert {n: metrics[f"{n}_pooled"] for n in NAMES} == pytest.approx(pooled)
    assert set(metrics) == {*NAMES, *(f"{n}_pooled" for n in NAMES)}


@settings(max_examples=25, deadline=None)
@given(masks)
def test_counts_add_up_and_dice_and_iou_agree(both):
    counts = counts_of(*both)
    assert (counts >= 0).all()
    assert (counts.sum(axis=1) == 20).all()
    values = per_image(counts)
    np.testing.assert_allclose(values["dice"], 2 * values["iou"] / (1 + values["iou"]))


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        (0, 0, {"dice": 1, "iou": 1, "precision": 1, "recall": 1, "accuracy": 1}),
        (1, 0, {"dice": 0, "iou": 0, "precision": 0, "recall": 0, "accuracy": 0}),
        (0, 1, {"dice": 0, "iou": 0, "precision": 0, "recall": 0, "accuracy": 0}),
        (1, 1, {"dice": 1, "iou": 1, "precision": 1, "recall": 1, "accuracy": 1}),
    ],
)
def test_the_convention_for_empty_masks(predicted, truth, expected):
    full = [np.full((1, 3, 3), bool(value)) for value in (predicted, truth)]
    values = per_image(counts_of(*full))
    assert {name: float(value[0]) for name, value in values.items()} == expected


def test_large_images_are_counted_without_overflow():
    counts = np.array([[2**40, 3, 5, 2**41]])
    dice = 2 * 2**40 / (2 * 2**40 + 8)
    assert segmentation_metrics(counts)["dice"] == pytest.approx(dice, rel=1e-15)


def test_large_objects_weigh_more_when_pooled():
    counts = np.array([[100, 0, 0, 0], [0, 0, 1, 99]])
    metrics = segmentation_metrics(counts)
    assert metrics["dice"] == 0.5
    assert metrics["dice_pooled"] == pytest.approx(200 / 201)
