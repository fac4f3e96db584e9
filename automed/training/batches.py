"""Which samples go together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray


def shuffled(
    samples: int, batch_size: int, generator: torch.Generator
) -> Iterator[NDArray[np.int64]]:
    """Positions of the batches of one epoch, in a new order each time.

    A last batch of a single sample is left out: batch normalization after global pooling cannot
    train on it. Its sample comes back in another epoch. With `batch_size` 1, or with one sample
    in all, single samples are what was asked for.

    Args:
        samples: How many there are.
        batch_size: May exceed `samples`: the epoch is then one batch.
        generator: A CPU generator.
    """
    order = torch.randperm(samples, generator=generator).numpy()
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        if len(batch) > 1 or batch_size == 1 or samples == 1:
            yield batch


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """How many batches `shuffled` gives."""
    full, rest = divmod(samples, batch_size)
    alone = rest == 1 and full > 0
    return full + (rest > 0 and not alone)


def in_order(samples: int, batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Positions of batches that hold every sample once, in order."""
    for start in range(0, samples, batch_size):
        yield np.arange(start, min(start + batch_size, samples))
