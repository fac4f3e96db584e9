"""Metrics of masks of several foreground classes, per image and pooled.

Dice, IoU, precision and recall are means over the foreground classes of the mean over images, as
in nnU-Net's ``foreground_mean``. An image in which a class is neither there nor predicted does not
count for that class (nnU-Net 2, ``evaluate_predictions``): were it worth 1, as an empty binary mask
is, a class in one image of ten would give a Dice of 0.9 to a model that never finds it. A class
that is predicted where it is not there counts 0. (MONAI's ``DiceMetric`` would leave that out, too:
it forgives false positives in images without the class.) A class that is in no image and in no
prediction is left out of the mean over classes; without any class left every metric is 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automed.training.metrics.segmentation import Counts, Values, per_image
from automed.training.metrics.slugs import slugs

Confusions = NDArray[np.int64]
"""Pixels by true class (rows) and predicted class (columns), background first: shape (images,
1 + classes, 1 + classes)."""

_EACH = ("dice", "iou")
"""The metrics that every class has of its own."""


def count_confusions(predicted: Tensor, truth: Tensor, outputs: int) -> Tensor:
    """The confusion matrix of each image.

    Args:
        predicted: Int64 class indices, shape (batch, height, width).
        truth: The same.
        outputs: How many classes there are, with the background.

    Returns:
        Int64, shape (batch, outputs, outputs).
    """
    cells = outputs * outputs
    image = torch.arange(len(truth), device=truth.device).view(-1, 1, 1)
    places = image * cells + truth * outputs + predicted
    counts = torch.bincount(places.flatten(), minlength=len(truth) * cells)
    return counts.view(-1, outputs, outputs)


def class_counts(confusions: Confusions) -> Counts:
    """True and false positives, false and true negatives: shape (images, classes, 4)."""
    hits = confusions.diagonal(axis1=1, axis2=2)
    false_positives = confusions.sum(axis=1) - hits
    misses = confusions.sum(axis=2) - hits
    rest = confusions.sum(axis=(1, 2))[:, None] - hits - false_positives - misses
    return np.stack([hits, false_positives, misses, rest], axis=2)[:, 1:]


def multiclass_metrics(confusions: Confusions, classes: Sequence[str]) -> dict[str, float]:
    """Dice, IoU, precision, recall and accuracy: means over images, and pooled.

    Accuracy is the share of right pixels, those of the background included. Pooled metrics treat
    all pixels of all images as one image.

    Args:
        confusions: At least one image.
        classes: Names of the foreground classes.

    Returns:
        ``dice``, ``iou``, ``precision``, ``recall``, ``accuracy``, each with ``_pooled``, and
        ``dice_<class>`` and ``iou_<class>``: means over the images that have the class, left out
        where none has. Finite numbers only.
    """
    pooled = confusions.sum(axis=0, keepdims=True)
    metrics = _foreground(confusions)
    metrics |= {f"{name}_pooled": value for name, value in _foreground(pooled).items()}
    by_class = _by_class(confusions)
    for index, slug in enumerate(slugs(classes)):
        values = {f"{name}_{slug}": float(by_class[name][index]) for name in _EACH}
        metrics |= {name: value for name, value in values.items() if np.isfinite(value)}
    return metrics


def dice_per_image(confusions: Confusions) -> Values:
    """The mean Dice of the classes that an image has or is said to have, shape (images,).

    An image of background alone, rightly predicted, has 1.
    """
    counts = class_counts(confusions)
    return _filled(_mean(_values(counts)["dice"], axis=1))


def _foreground(confusions: Confusions) -> dict[str, float]:
    means = {name: _mean(values, axis=0) for name, values in _by_class(confusions).items()}
    right = confusions.trace(axis1=1, axis2=2) / confusions.sum(axis=(1, 2))
    return {name: float(_filled(mean)) for name, mean in means.items()} | {
        "accuracy": float(right.mean())
    }


def _by_class(confusions: Confusions) -> dict[str, Values]:
    """The mean over images of each metric, shape (classes,); NaN where no image has the class."""
    values = _values(class_counts(confusions))
    return {name: _mean(values[name], axis=0) for name in ("dice", "iou", "precision", "recall")}


def _values(counts: Counts) -> dict[str, Values]:
    """Each metric, shape (images, classes); NaN where an image has nothing of the class."""
    there = counts[..., :3].any(axis=2)
    flat = per_image(counts.reshape(-1, 4))
    return {name: np.where(there, v.reshape(there.shape), np.nan) for name, v in flat.items()}


def _mean(values: Values, axis: int) -> Values:
    """The mean of those that are defined; NaN where none is, without numpy's warning."""
    defined = np.isfinite(values)
    count = defined.sum(axis=axis)
    total: Values = np.where(defined, values, 0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _filled(values: Values) -> Values:
    return np.where(np.isnan(values), 1.0, values)
