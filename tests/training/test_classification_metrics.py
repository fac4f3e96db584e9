"""Class metrics against scikit-learn."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from automed.domain.task import CLASSIFICATION_METRICS
from automed.training.metrics.classification import classification_metrics, confusion
from automed.training.metrics.slugs import slugs


@st.composite
def predictions(draw):
    classes, samples = draw(st.integers(2, 5)), draw(st.integers(1, 30))
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    present = draw(st.integers(1, classes))
    labels = source.integers(present, size=samples)
    scores = (
        source.random((samples, classes)) + draw(st.sampled_from([0, 1])) * np.eye(classes)[labels]
    )
    return labels, (scores / scores.sum(1, keepdims=True)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(predictions())
def test_metrics_are_scikit_learns_and_finite(drawn):
    labels, probabilities = drawn
    classes = probabilities.shape[1]
    predicted, every = probabilities.argmax(1), list(range(classes))
    names = [f"Class {i}" for i in every]
    metrics = classification_metrics(labels, probabilities, names)
    assert all(math.isfinite(value) and 0 <= value <= 1 for value in metrics.values())
    functions = {"f1": f1_score, "precision": precision_score, "recall": recall_score}
    for name, function in functions.items():
        for average in ("macro", "micro", "weighted"):
            expected = function(labels, predicted, labels=every, average=average, zero_division=0)
            assert metrics[f"{name}_{average}"] == pytest.approx(expected)
        each = function(labels, predicted, labels=every, average=None, zero_division=0)
        for index in every:
            assert metrics[f"{name}_class_{index}"] == pytest.approx(each[index])
    assert metrics["accuracy"] == pytest.approx((predicted == labels).mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about predicted classes that do not occur
        balanced = balanced_accuracy_score(labels, predicted)
    assert metrics["balanced_accuracy"] == pytest.approx(balanced)
    _check_auc(metrics, labels, probabilities)


def _check_auc(metrics, labels, probabilities):
    classes = probabilities.shape[1]
    present = len(np.unique(labels))
    if present == 1:
        assert "roc_auc" not in metrics
    elif classes == 2:
        assert metrics["roc_auc"] == pytest.approx(roc_auc_score(labels, probabilities[:, 1]))
    elif present == classes:
        expected = roc_auc_score(
            labels, probabilities.astype(np.float64), multi_class="ovr", average="macro"
        )
        assert metrics["roc_auc"] == pytest.approx(expected)


def test_every_metric_that_a_task_may_aim_at_is_there():
    labels = np.array([0, 1, 2, 1])
    probabilities = np.eye(3, dtype=np.float32)[labels]
    metrics = classification_metrics(labels, probabilities, ("a", "b", "c"))
    assert set(CLASSIFICATION_METRICS) <= set(metrics)
    assert all(metrics[name] == 1 for name in CLASSIFICATION_METRICS)


def test_a_confusion_matrix_has_the_truth_in_its_rows_and_room_for_absent_classes():
    labels, predicted = np.array([0, 0, 1]), np.array([0, 1, 1])
    matrix = confusion(labels, np.eye(3, dtype=np.float32)[predicted])
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_class_names_become_distinct_parts_of_metric_names():
    assert slugs(["Early Pre-B", "MCF-7", "benign"]) == ["early_pre_b", "mcf_7", "benign"]
    assert slugs(["A b", "a_b", "a_b_1", "Macro", "ß", "+"]) == [
        "a_b", "a_b_1", "a_b_1_2", "macro_3", "4", "5",
    ]  # fmt: skip


@given(st.lists(st.text(max_size=6), min_size=2, max_size=6))
def test_slugs_are_always_distinct(names):
    found = slugs(names)
    assert len(set(found)) == len(names)
    assert not set(found) & {"", "macro", "micro", "weighted", "pooled"}
