"""Metrics of classes, from scikit-learn.

A class that is never predicted has precision 0, one that never occurs has recall 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from automed.training.metrics.slugs import AVERAGES, slugs


def classification_metrics(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], classes: Sequence[str]
) -> dict[str, float]:
    """Accuracy, balanced accuracy, precision, recall, F1 and ROC AUC.

    The balanced accuracy is the mean recall of the classes that occur. The ROC AUC is that of the
    second class for two classes, else the mean over classes of one against the rest, of those
    that occur; it is left out where only one class occurs.

    Args:
        labels: Class indices, shape (samples,).
        probabilities: Shape (samples, classes); the largest is the prediction.
        classes: Names; their keys are lower case with underscores, such as ``f1_early_pre_b``.

    Returns:
        Finite numbers only.
    """
    predicted = probabilities.argmax(axis=1)
    indices = list(range(len(classes)))
    every = precision_recall_fscore_support(labels, predicted, labels=indices, zero_division=0)
    metrics = {
        "accuracy": float(accuracy_score(labels, predicted)),
        "balanced_accuracy": float(every[1][np.unique(labels)].mean()),
    }
    for average in AVERAGES:
        summary = precision_recall_fscore_support(
            labels, predicted, labels=indices, average=average, zero_division=0
        )
        metrics |= _named(average, summary)
    for index, slug in enumerate(slugs(classes)):
        metrics |= _named(slug, [values[index] for values in every])
    auc = _roc_auc(labels, probabilities)
    return metrics if auc is None else metrics | {"roc_auc": auc}


def confusion(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """Counts, shape (classes, classes): rows are the truth, columns the prediction."""
    classes = list(range(probabilities.shape[1]))
    matrix: NDArray[np.int64] = confusion_matrix(
        labels, probabilities.argmax(axis=1), labels=classes
    )
    return matrix


def _named(suffix: str, values: Sequence[float]) -> dict[str, float]:
    precision, recall, f1 = (float(value) for value in values[:3])
    return {f"precision_{suffix}": precision, f"recall_{suffix}": recall, f"f1_{suffix}": f1}


def _roc_auc(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> float | None:
    present = np.unique(labels)
    if len(present) < 2:
        return None
    if probabilities.shape[1] == 2:
        present = np.array([1])
    scores = [roc_auc_score(labels == index, probabilities[:, index]) for index in present]
    return float(np.mean(scores))
