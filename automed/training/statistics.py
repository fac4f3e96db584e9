"""Mean and standard deviation of the training images."""

from __future__ import annotations

import numpy as np

from automed.domain.normalization import Normalization
from automed.training.batches import in_order
from automed.training.part import Part

_BATCH = 64
_SMALLEST = 1e-3
"""Of a channel that is the same everywhere: the deviation that it is divided by."""


def statistics(part: Part) -> Normalization:
    """Channel statistics of a part's images on the [0, 1] scale, over all pixels.

    Sums of integers: equal on every machine, whatever the order.
    """
    sums = squares = np.zeros(part.images.shape[-1], np.uint64)
    pixels = 0
    for picked in in_order(len(part), _BATCH):
        images = part.images[part.rows[picked]].astype(np.uint64)
        sums = sums + images.sum((0, 1, 2))
        squares = squares + (images * images).sum((0, 1, 2))
        pixels += images[..., 0].size
    mean = sums / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    return Normalization(
        mean=tuple((mean / 255).tolist()), std=tuple(np.maximum(std / 255, _SMALLEST).tolist())
    )
