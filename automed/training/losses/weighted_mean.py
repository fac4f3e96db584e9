"""Means in which rare classes count as much as frequent ones."""

from __future__ import annotations

import torch
from torch import Tensor


def weighted_mean(weighted: Tensor, weights: Tensor) -> Tensor:
    """The sum of values divided by that of their weights, as torch's cross entropy has it.

    Args:
        weighted: Values that were multiplied with their weights.
        weights: The weights; where all are 0 because no class of the batch occurs in the training
            part, the sum is not divided, rather than not a number.
    """
    total = weights.sum()
    return weighted.sum() / torch.where(total > 0, total, torch.ones_like(total))
