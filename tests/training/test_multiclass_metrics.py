"""Metrics of several classes against scikit-learn and a float64 reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
)

from automed.training.metrics.multiclass import (
    class_counts,
    count_confusions,
    dice_per_image,
    multiclass_metrics,
)

FUNCTIONS = {
    "dice": f1_score, "iou": jaccard_score, "precision": precision_score, "recall": recall_score,
}  # fmt: skip


@st.composite
def masks(draw):
    """Predicted and true class indices; some classes are rare or absent."""
    classes, images = draw(st.integers(2, 5)), draw(st.integers(1, 5))
    shown = draw(st.integers(0, classes))
    arrays = hnp.arrays(np.int64, (images, 4, 5), elements=st.integers(0, shown), fill=st.just(0))
    return classes, draw(arrays), draw(arrays)


def confusions_of(classes, predicted, truth):
    tensors = (torch.from_numpy(array) for array in (predicted, truth))
    return count_confusions(*tensors, classes + 1).numpy()


def metrics_of(classes, predicted, truth):
    names = [f"c{index}" for index in range(1, classes + 1)]
    return multiclass_metrics(confusions_of(classes, predicted, truth), names)


def reference(name, index, predicted, truth):
    """One class in one image; None where it is neither there nor predicted."""
    if not ((predicted == index) | (truth == index)).any():
        return None
    y, p = truth.ravel() == index, predicted.ravel() == index
    return FUNCTIONS[name](y, p, zero_division=0)


def mean(values):
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None


@settings(max_examples=40, deadline=None)
@given(masks())
def test_means_over_the_classes_of_means_over_the_images_that_have_them(drawn):
    classes, predicted, truth = drawn
    metrics = metrics_of(*drawn)
    assert all(math.isfinite(value) and 0 <= value <= 1 for value in metrics.values())
    for name in FUNCTIONS:
        each = [
            mean([reference(name, i, p, t) for p, t in zip(predicted, truth, strict=True)])
            for i in range(1, classes + 1)
        ]
        expected = mean(each)
        assert metrics[name] == pytest.approx(1.0 if expected is None else expected)
        if name in ("dice", "iou"):
            for index, value in enumerate(each, start=1):
                assert metrics.get(f"{name}_c{index}") == (
                    None if value is None else pytest.approx(value)
                )


@settings(max_examples=40, deadline=None)
@given(masks())
def test_pooled_metrics_are_scikit_learns_macro_averages_over_the_classes_there(drawn):
    classes, predicted, truth = drawn
    metrics = metrics_of(*drawn)
    y, p = truth.ravel(), predicted.ravel()
    there = [i for i in range(1, classes + 1) if i in y or i in p]
    for name, function in FUNCTIONS.items():
        expected = function(y, p, labels=there, average="macro", zero_division=0) if there else 1.0
        assert metrics[f"{name}_pooled"] == pytest.approx(expected)
    assert metrics["accuracy"] == pytest.approx(accuracy_score(y, p))
    assert metrics["accuracy_pooled"] == pytest.approx(accuracy_score(y, p))


@settings(max_examples=25, deadline=None)
@given(masks())
def test_the_confusion_matrix_of_each_image_is_scikit_learns(drawn):
    classes, predicted, truth = drawn
    found = confusions_of(*drawn)
    assert found.dtype == np.int64
    labels = range(classes + 1)
    for matrix, p, t in zip(found, predicted, truth, strict=True):
        assert np.array_equal(matrix, confusion_matrix(t.ravel(), p.ravel(), labels=labels))
    counts = class_counts(found)
    assert counts.shape == (len(truth), classes, 4)
    for index in range(1, classes + 1):
        y, p = truth == index, predicted == index
        expected = [y & p, ~y & p, y & ~p, ~y & ~p]
        assert np.array_equal(counts[:, index - 1].T, [e.sum((1, 2)) for e in expected])


@settings(max_examples=25, deadline=None)
@given(masks())
def test_the_dice_of_an_image_is_the_mean_of_the_classes_it_shows(drawn):
    classes, predicted, truth = drawn
    found = dice_per_image(confusions_of(*drawn))
    for value, p, t in zip(found, predicted, truth, strict=True):
        expected = mean([reference("dice", i, p, t) for i in range(1, classes + 1)])
        assert value == pytest.approx(1.0 if expected is None else expected)


def image(*classes):
    """An image of 10 pixels: so many of class 1, then of class 2, the rest background."""
    return np.array([1] * classes[0] + [2] * classes[1] + [0] * (10 - sum(classes)))[None]


def test_a_class_of_few_images_is_not_lost_among_those_without_it():
    truth = np.stack([image(4, 3)] + [image(4, 0)] * 9)
    blind = np.stack([image(4, 0)] * 10)
    metrics = metrics_of(2, blind, truth)
    assert metrics["dice_c1"] == 1.0
    assert metrics["dice_c2"] == 0.0
    assert metrics["dice"] == 0.5


def test_a_class_seen_where_it_is_not_counts_as_wrong():
    truth = np.stack([image(4, 3), image(4, 0)])
    eager = np.stack([image(4, 3), image(4, 2)])
    assert metrics_of(2, eager, truth)["dice_c2"] == 0.5


def test_background_alone_rightly_predicted_is_perfect():
    nothing = np.stack([image(0, 0)] * 2)
    metrics = metrics_of(2, nothing, nothing)
    assert set(metrics.values()) == {1.0}
    assert not any(name.startswith(("dice_c", "iou_c")) for name in metrics)


def test_a_class_may_be_called_like_another_metric():
    confusions = np.stack([np.eye(4, dtype=np.int64)])
    metrics = multiclass_metrics(confusions, ("Pooled", "Nucleus ", "nucleus"))
    assert {"dice_pooled", "dice_pooled_0", "dice_nucleus", "dice_nucleus_2"} <= set(metrics)


def test_large_images_are_counted_without_overflow():
    confusions = np.array([[[2**41, 2, 0], [3, 2**40, 0], [0, 0, 2**40]]])
    metrics = multiclass_metrics(confusions, ("a", "b"))
    assert metrics["dice_a"] == pytest.approx(2**41 / (2**41 + 5), rel=1e-15)
    assert metrics["dice_b"] == 1.0
