"""Weights that make rare classes count as much as frequent ones."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def balanced_weights(labels: NDArray[np.int64], classes: int) -> torch.Tensor:
    """N / (n_c C) for each class c, as scikit-learn's ``class_weight="balanced"``.

    A class without samples gets 0: it is never the target.

    Args:
        labels: Class indices of the training samples.
        classes: How many classes there are.

    Returns:
        Float, shape (classes,).
    """
    counts = np.bincount(labels, minlength=classes)
    weights = np.divide(len(labels), counts * classes, where=counts > 0, out=np.zeros(classes))
    return torch.from_numpy(weights).float()
