"""Mean and standard deviation of the training images."""

from __future__ import annotations

import numpy as np

from automed.domain.normalization import Normalization
from automed.training.batches import in_order
from automed.training.part import Part

_BATCH = 16
"""Images at a time: counting takes 8 bytes a pixel."""
_SMALLEST = 1e-3
"""Of a channel that is the same everywhere: the deviation that it is divided by."""


def statistics(part: Part) -> Normalization:
    """Channel statistics of a part's images on the [0, 1] scale, over all pixels.

    From counts of the 256 intensities, so that no precision is lost, and equal on every machine
    whatever the order. The standard deviation is that of a population (divided by N).
    """
    channels = part.images.shape[-1]
    counts = np.zeros((channels, 256), np.int64)
    for picked in in_order(len(part), _BATCH):
        images = part.images[part.rows[picked]]
        for channel in range(channels):
            counts[channel] += np.bincount(images[..., channel].ravel(), minlength=256)
    shares = counts / counts.sum(axis=1, keepdims=True)
    values = np.arange(256) / 255
    mean = shares @ values
    std = np.sqrt((shares * (values - mean[:, None]) ** 2).sum(axis=1))
    return Normalization(mean=tuple(mean.tolist()), std=tuple(np.maximum(std, _SMALLEST).tolist()))
