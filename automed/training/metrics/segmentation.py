"""Metrics of binary masks, per image and pooled.

Papers report the mean over images; the same names are used here. The ``_pooled`` ones treat all
pixels of all images as one image, in which large objects count more.

Empty masks: where prediction and truth are both empty, every metric is 1. Any other 0/0, such as
the precision of an empty prediction of an object that is there, is 0.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Counts = NDArray[np.int64]
"""True positives, false positives, false negatives, true negatives: shape (images, 4)."""

Values = NDArray[np.float64]


def count_pixels(predicted: Tensor, truth: Tensor) -> Tensor:
    """Pixels of each kind in each image.

    Args:
        predicted: Boolean masks, shape (batch, 1, height, width).
        truth: Boolean masks of the same shape.

    Returns:
        Int64, shape (batch, 4): true positives, false positives, false negatives, true negatives.
    """
    axes = (1, 2, 3)
    hits = (predicted & truth).sum(axes)
    false_positives = predicted.sum(axes) - hits
    misses = truth.sum(axes) - hits
    rest = truth[0].numel() - hits - false_positives - misses
    return torch.stack([hits, false_positives, misses, rest], dim=1)


def segmentation_metrics(counts: Counts) -> dict[str, float]:
    """Dice, IoU, precision, recall and accuracy: means over images, and pooled.

    Args:
        counts: At least one image.

    Returns:
        ``dice``, ``iou``, ``precision``, ``recall``, ``accuracy``, and each with ``_pooled``.
    """
    images = {name: float(values.mean()) for name, values in per_image(counts).items()}
    pooled = per_image(counts.sum(axis=0, keepdims=True))
    return images | {f"{name}_pooled": float(values[0]) for name, values in pooled.items()}


def per_image(counts: Counts) -> dict[str, Values]:
    """Each metric of each image, shape (images,)."""
    tp, fp, fn, tn = counts.T.astype(np.float64)
    both_empty = (tp + fp + fn) == 0

    def ratio(part: Values, whole: Values) -> Values:
        values = np.divide(part, whole, where=whole > 0, out=np.zeros_like(part))
        return np.where(both_empty, 1.0, values)

    return {
        "dice": ratio(2 * tp, 2 * tp + fp + fn),
        "iou": ratio(tp, tp + fp + fn),
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "accuracy": ratio(tp + tn, tp + fp + fn + tn),
    }
