"""The best value so far, trial by trial: what there is to see of a study with one objective."""

from __future__ import annotations

import numpy as np

from automed.analysis.front_axes import Axis
from automed.analysis.front_points import Mask, Values


def best_so_far(axis: Axis, values: Values, among: Mask) -> tuple[Mask, Values]:
    """Which trials were the best when they ended.

    Args:
        axis: The metric and which way is better.
        values: Of all trials, in the order of their numbers.
        among: Which of them count.

    Returns:
        A mask of the trials that improved on all before them, and the best value up to and with
        each trial: NaN until there is one.
    """
    losses = np.where(among & np.isfinite(values), axis.losses(values), np.inf)
    best = np.minimum.accumulate(losses) if len(losses) else losses
    before = np.concatenate([[np.inf], best[:-1]]) if len(best) else best
    improved = losses < before
    return improved, axis.losses(np.where(np.isfinite(best), best, np.nan))
