"""How many channels stay, and which."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from automed.domain.compression import Scope

MULTIPLE = 8
"""Channels stay in multiples of this, which vector units like; narrower layers stay whole."""


def kept_count(channels: int, ratio: float, multiple: int = MULTIPLE) -> int:
    """How many of some channels stay.

    Args:
        channels: How many there are.
        ratio: Share to remove.
        multiple: What the answer is a multiple of, unless all stay.

    Returns:
        The multiple nearest to the share that stays, the lower of two; at least one multiple.
    """
    # Rounded first: 16 * (1 - 0.9) must not become 1.6000000000000014 multiples.
    multiples = math.ceil(round(channels * (1 - ratio) / multiple - 0.5, 6))
    return min(channels, max(multiples, 1) * multiple)


def kept_counts(
    scores: Sequence[Tensor], ratio: float, scope: Scope, multiples: Sequence[int]
) -> list[int]:
    """How many channels of each set stay.

    Args:
        scores: Of each set: what its channels are worth, shape (channels,), of a mean of 1.
        ratio: Share to remove.
        scope: ``uniform``: of each set; ``global``: of all sets together, the least worth first.
        multiples: Of each set: what the answer is a multiple of.
    """
    if scope == "uniform":
        return [
            kept_count(len(s), ratio, multiple)
            for s, multiple in zip(scores, multiples, strict=True)
        ]
    everything = torch.cat([s.cpu() for s in scores])
    removed = round(ratio * len(everything))
    threshold = float(everything.sort().values[removed - 1]) if removed else -math.inf
    return [
        kept_count(len(s), float((s <= threshold).float().mean()), multiple)
        for s, multiple in zip(scores, multiples, strict=True)
    ]


def least(scores: Tensor, count: int) -> Tensor:
    """The indices of the `count` channels of least worth, sorted; of equals, the first."""
    return scores.cpu().argsort(stable=True)[:count].sort().values
