"""What a training that was ended early would have become."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

from automed.search.stoppers.contender import Contender


def expected_final(stopped: Contender, whole: Sequence[Contender]) -> float:
    """Its quality so far, and what others gained from that epoch on, at the median.

    A sampler that heard nothing of stopped trainings would propose the like again; one that took
    their last value for their quality would think them worse than they are.

    Args:
        stopped: A training that was ended early.
        whole: Trainings that were not.

    Returns:
        Larger is better; at most the best of the whole ones, or the stopped one's own quality where
        that is higher: it was ended since it was behind. Minus infinity where it learned nothing.
    """
    epoch = max(stopped.curve, default=0)
    there = stopped.at(epoch)
    gained = list(_gains(epoch, whole))
    if not gained or not math.isfinite(there):
        return there
    best = max(other.best for other in whole)
    return max(there, min(best, there + statistics.median(gained)))


def _gains(epoch: int, whole: Iterable[Contender]) -> Iterable[float]:
    for other in whole:
        begun = other.at(epoch)
        if math.isfinite(begun):
            yield other.best - begun
