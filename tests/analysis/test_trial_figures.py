"""Confusion, curves, costs, comparisons and fates of trials."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from automed.analysis.trial_compared import config_rows, figure_rows, grouped
from automed.analysis.trial_confusion import class_rows, confusion_of
from automed.analysis.trial_costs import cost_rows
from automed.analysis.trial_rank_curves import rank_curves
from automed.domain.cost import Quantity
from automed.domain.trial import TrialState

RANDOM = np.random.default_rng(1)


def classes(folder, count, images=60):
    labels = np.concatenate([np.arange(count), RANDOM.integers(0, count, images - count)])
    raw = RANDOM.random((images, count)) + 0.6 * np.eye(count)[labels]
    probabilities = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    ids = np.array([str(n) for n in range(images)])
    np.savez(folder / "predictions.npz", ids=ids, labels=labels, probabilities=probabilities)
    return labels, probabilities


def test_images_of_several_classes(tmp_path):
    labels, probabilities = classes(tmp_path, 3)
    matrix = confusion_of(tmp_path, ("a", "b"))
    assert matrix.names == ("a", "b", "class 2")
    assert (matrix.unit, matrix.counts.sum()) == ("images", 60)
    said = probabilities.argmax(axis=1)
    rows = class_rows(matrix)
    assert [r.f1 for r in rows] == pytest.approx(list(f1_score(labels, said, average=None)))
    assert [r.support for r in rows] == np.bincount(labels).tolist()
    curves = rank_curves(tmp_path, ("a", "b"))
    for index, (roc, pr) in enumerate(zip(curves.roc, curves.precision_recall, strict=True)):
        truth = labels == index
        assert roc.area == pytest.approx(roc_auc_score(truth, probabilities[:, index]))
        assert pr.area == pytest.approx(average_precision_score(truth, probabilities[:, index]))
        assert pr.chance == pytest.approx(truth.mean())
        assert roc.half is None


def test_the_mark_of_two_classes_is_what_the_matrix_counts(tmp_path):
    labels, probabilities = classes(tmp_path, 2)
    probabilities[:9] = 0.5  # of two alike the first class is predicted
    ids = np.array([str(n) for n in range(60)])
    np.savez(tmp_path / "predictions.npz", ids=ids, labels=labels, probabilities=probabilities)
    (roc,) = rank_curves(tmp_path, ()).roc
    (pr,) = rank_curves(tmp_path, ()).precision_recall
    second = class_rows(confusion_of(tmp_path, ()))[1]
    assert pr.half == pytest.approx((second.recall, second.precision))
    assert roc.half[1] == pytest.approx(second.recall)


def test_pixels_of_one_class(tmp_path):
    scores = RANDOM.integers(0, 20, (2, 256))
    scores[1, 140:] += 60
    hits, missed = scores[1, 128:].sum(), scores[1, :128].sum()
    false, rest = scores[0, 128:].sum(), scores[0, :128].sum()
    counts = np.array([[hits, false, missed, rest]])
    np.savez(tmp_path / "preview.npz", scores=scores, counts=counts)
    matrix = confusion_of(tmp_path, ("polyp",))
    assert matrix.names == ("background", "polyp")
    assert matrix.counts.tolist() == [[rest, false], [missed, hits]]
    assert class_rows(matrix)[1].f1 == pytest.approx(2 * hits / (2 * hits + false + missed))
    curves = rank_curves(tmp_path, ("polyp",))
    truth, score = (index.ravel() for index in np.indices(scores.shape))
    expected = roc_auc_score(truth, score, sample_weight=scores.ravel())
    assert curves.roc[0].area == pytest.approx(expected)
    assert curves.roc[0].half == pytest.approx((false / (false + rest), hits / (hits + missed)))


def test_pixels_of_several_classes_are_not_ranked(tmp_path):
    np.savez(tmp_path / "preview.npz", confusion=np.array([[9, 1, 0], [2, 5, 0], [0, 0, 0]]))
    matrix = confusion_of(tmp_path, ("a", "b"))
    assert matrix.names == ("background", "a", "b")
    assert class_rows(matrix)[2].recall == 0
    assert rank_curves(tmp_path, ("a", "b")) is None


def test_nothing_of_what_is_not_there(tmp_path):
    assert confusion_of(tmp_path, ()) is None
    assert rank_curves(tmp_path, ()) is None


def test_costs_predicted_and_measured(trial):
    one = trial(0)
    cost = one.result.cost
    predicted = cost.replace(size_bytes=Quantity(value=8e6))
    rows = {row.name: row for row in cost_rows(one.replace(predicted=predicted))}
    assert rows["Size (MB)"].predicted == pytest.approx(8)
    assert rows["Size (MB)"].measured == pytest.approx(10)
    assert rows["Size (MB)"].difference == pytest.approx(25)
    assert rows["GFLOPs (MACs)"].difference == 0
    assert "Size, zipped (MB)" not in rows
    waits = one.replace(result=None, state=TrialState.RUNNING, predicted=predicted)
    assert all(row.measured is None for row in cost_rows(waits))
    assert cost_rows(one.replace(result=None)) == []


def test_configs_side_by_side(trial):
    one = trial(0, config={"model.a": 1, "training.b": 1, "c": "x", "model.d": True})
    two = trial(1, config={"model.a": 1.0, "training.b": 1, "c": "y"})
    rows = {f"{row.group}.{row.name}": row for row in config_rows([one, two])}
    assert rows["model.a"].differs, "1 and 1.0 are two values of a space"
    assert not rows["training.b"].differs
    assert rows["model.d"].values == (True, None)
    assert [group for group, _ in grouped(list(rows.values()))] == ["model", "training", "c"]


def test_figures_side_by_side(trial, objectives):
    one, two = trial(0, dice=0.8, gmacs=2.0), trial(1, dice=0.7, gmacs=1.0)
    rows = figure_rows([one, two], objectives)
    assert [row.name for row in rows][:3] == ["Dice", "GFLOPs (MACs)", "Size (MB)"]
    assert rows[0].best == (0,)
    assert rows[1].best == (1,)
    assert rows[1].values == (2.0, 1.0)
    assert rows[2].best == (), "both are alike"
    without = two.replace(result=None, predicted=two.result.cost, state=TrialState.RUNNING)
    rows = figure_rows([one, without], objectives)
    assert rows[0].values == (0.8, None)
    assert rows[1].values == (2.0, 1.0)
