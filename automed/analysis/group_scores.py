"""A metric of a model on a part, as a function of how often each group is drawn.

All metrics here but the ROC AUC are made of sums over images: summed once by group, thousands of
resamples are one matrix product. Drawn once each, the groups give the metric itself, as
`automed.training.metrics` defines it. Images of one patient are drawn together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GroupScore = Callable[[NDArray[Any]], Floats]
"""From how often each group is drawn, shape (resamples, groups), to metrics, shape (resamples,);
NaN where the drawn images do not define it."""


def mean_over_images(values: Floats, groups: Ints) -> GroupScore:
    """Of a metric that is a mean over images.

    Args:
        values: Shape (images,), or (images, classes) where it is a mean over classes, too; NaN
            where an image has nothing of a class. Where no image has anything the metric is 1.
        groups: Index of each image's group, shape (images,).
    """
    table = values.reshape(len(values), -1)
    defined = np.isfinite(table)
    totals = _by_group(np.where(defined, table, 0.0), groups)
    counts = _by_group(defined, groups)

    def score(drawn: NDArray[Any]) -> Floats:
        total, count = drawn @ totals, drawn @ counts
        means = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        classes = (count > 0).sum(axis=1)
        summed = means.sum(axis=1)
        return np.where(classes > 0, summed / np.maximum(classes, 1), 1.0)

    return score


def of_classes(
    metric: str, labels: Ints, predicted: Ints, classes: int, groups: Ints
) -> GroupScore:
    """Of accuracy, balanced accuracy, or precision, recall or F1 of any average.

    Args:
        metric: Such as ``f1_macro``.
        labels: True classes, shape (images,).
        predicted: The same of the predictions.
        classes: How many there are.
        groups: As for `mean_over_images`.
    """
    cells = np.eye(classes**2)[labels * classes + predicted]
    totals = _by_group(cells, groups)

    def score(drawn: NDArray[Any]) -> Floats:
        counts = (drawn @ totals).reshape(-1, classes, classes)
        return _of_counts(metric, counts)

    return score


def of_ranks(labels: Ints, probabilities: Floats, groups: Ints) -> GroupScore:
    """Of the ROC AUC: of the second class for two, else the mean of those that occur.

    Args:
        labels: As for `of_classes`.
        probabilities: Shape (images, classes).
        groups: As for `mean_over_images`.
    """
    chosen = [1] if probabilities.shape[1] == 2 else [int(c) for c in np.unique(labels)]
    tables = [_ordered_pairs(labels == c, probabilities[:, c], groups) for c in chosen]

    def score(drawn: NDArray[Any]) -> Floats:
        areas = []
        for right, positives, negatives in tables:
            pairs = (drawn @ positives) * (drawn @ negatives)
            won = np.einsum("rg,gh,rh->r", drawn, right, drawn, optimize=True)
            areas.append(np.divide(won, pairs, out=np.full(len(drawn), np.nan), where=pairs > 0))
        found = np.stack(areas, axis=1)
        there = np.isfinite(found)
        total = np.where(there, found, 0.0).sum(axis=1)
        count = there.sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    return score


def _of_counts(metric: str, counts: Floats) -> Floats:
    """A metric of confusion matrices (true class, predicted class), shape (n, classes, classes)."""
    hits = counts.diagonal(axis1=1, axis2=2)
    truth, said = counts.sum(axis=2), counts.sum(axis=1)
    share = truth / truth.sum(axis=1, keepdims=True)
    kind, _, average = metric.rpartition("_")
    if metric == "accuracy" or average == "micro":  # one class an image: all micro averages
        accuracy: Floats = hits.sum(axis=1) / truth.sum(axis=1)
        return accuracy
    if metric == "balanced_accuracy":
        there: Floats = _ratio(hits, truth).sum(axis=1) / (truth > 0).sum(axis=1)
        return there
    by_class = {
        "precision": _ratio(hits, said),
        "recall": _ratio(hits, truth),
        "f1": _ratio(2 * hits, truth + said),
    }[kind]
    weights = share if average == "weighted" else np.full_like(share, 1 / share.shape[1])
    averaged: Floats = (by_class * weights).sum(axis=1)
    return averaged


def _ordered_pairs(
    positive: NDArray[np.bool_], scores: Floats, groups: Ints
) -> tuple[Floats, Floats, Floats]:
    """Pairs of a positive and a negative image by their groups that the scores put in order.

    Ties count one half. And how many positive and negative images each group has.
    """
    difference = scores[positive][:, None] - scores[~positive][None, :]
    won = (difference > 0) + 0.5 * (difference == 0)
    count = int(groups.max()) + 1
    by_positive = np.zeros((count, won.shape[1]))
    np.add.at(by_positive, groups[positive], won)
    right = np.zeros((count, count))
    np.add.at(right.T, groups[~positive], by_positive.T)
    return (
        right,
        np.bincount(groups[positive], minlength=count).astype(np.float64),
        np.bincount(groups[~positive], minlength=count).astype(np.float64),
    )


def _by_group(rows: NDArray[Any], groups: Ints) -> Floats:
    totals = np.zeros((int(groups.max()) + 1, rows.shape[1]))
    np.add.at(totals, groups, rows)
    return totals


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
