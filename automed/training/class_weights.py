"""Weights that make rare classes count as much as frequent ones."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from automed.domain.task import AnyTask, ClassificationTask
from automed.training.batches import in_order
from automed.training.part import Part

_MASKS = 64
"""How many are read from disk at a time."""


def balanced_weights(task: AnyTask, part: Part) -> torch.Tensor:
    """N / (n_c C) for each class c, as scikit-learn's ``class_weight="balanced"``.

    In a classification N and n_c count samples, in a segmentation pixels. A class that does not
    occur gets 0: it is never the target.

    Args:
        task: Names the classes.
        part: The training samples.

    Returns:
        Float32, shape (classes,): of a segmentation the background and its classes, so that a
        binary mask has two.
    """
    if isinstance(task, ClassificationTask):
        classes = len(task.classes)
        counts = np.bincount(part.labels, minlength=classes)
    else:
        classes = 1 + len(task.classes)
        counts = _pixels(part, classes)
    total = counts.sum()
    weights = np.divide(total, counts * classes, where=counts > 0, out=np.zeros(classes))
    return torch.from_numpy(weights).float()


def _pixels(part: Part, classes: int) -> NDArray[np.int64]:
    counts = np.zeros(classes, np.int64)
    for picked in in_order(len(part), _MASKS):
        masks = part.targets[part.rows[picked]]
        counts += np.bincount(masks.ravel(), minlength=classes)
    return counts
