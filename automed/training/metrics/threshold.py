"""The foreground probability from which on a pixel is best called foreground."""

from __future__ import annotations

import numpy as np

from automed.training.metrics.roc import Scores
from automed.training.metrics.scores import BINS, REACH


def best_threshold(scores: Scores) -> float | None:
    """The threshold with the best pooled Dice on the pixels that were counted.

    Args:
        scores: As `count_scores` gives them, shape (2, `BINS`).

    Returns:
        A probability at the lower edge of a bin, so that counting pixels by it is exact; of equal
        ones the closest to one half. None where no pixel is foreground.
    """
    background, foreground = scores[:, ::-1].cumsum(axis=1)[:, ::-1].astype(np.float64)
    everything = foreground[0]
    if not everything:
        return None
    dice = 2 * foreground / (foreground + background + everything)
    edges = np.arange(BINS)
    # Bin 0 would call every pixel foreground, also those far below its edge.
    best = min(edges[1:], key=lambda edge: (-dice[edge], abs(edge - BINS / 2)))
    logit = (best - BINS / 2) * (2 * REACH / BINS)
    return float(1 / (1 + np.exp(-logit)))
