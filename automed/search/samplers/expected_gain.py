"""How much hypervolume a config can be expected to add, its costs being certain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from automed.domain.front import hypervolume, non_dominated

Array = NDArray[np.float64]

BEYOND_LOG = 0.05
"""Of the range of log costs: how far the reference point lies beyond the dearest config."""
BEYOND = 1.1
"""How many times the dearest config's costs the reference is, as in `domain.front`."""


def expected_shares(
    front_quality: Array,
    front_logs: Array,
    mean: Array,
    std: Array,
    logs: Array,
    *,
    floor: float,
    ceiling: float,
) -> Array:
    """Expected gains in two hypervolumes, over log costs and over costs, as shares of their boxes.

    Over log costs a tenth less is worth as much to a microcontroller as to a server, and a sampler
    begins by training the cheapest model in every way there is. Over costs as they are, which is
    the hypervolume that a search reports, the best quality counts for more, and what is cheap
    already hardly gains by being cheaper.

    Args:
        front_quality: Of what is there, shape (n,), larger is better.
        front_logs: Logarithms of its costs, shape (n, d).
        mean: Of the candidates' qualities, shape (m,).
        std: Their standard deviations, above 0, shape (m,).
        logs: Logarithms of the candidates' costs, shape (m, d).
        floor: The lowest quality that counts.
        ceiling: The highest quality there can be.

    Returns:
        Shape (m,), at least 0.
    """
    everything = np.vstack([front_logs, logs])
    low, high = everything.min(axis=0), everything.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    by_log = expected_gains(
        front_quality, front_logs, mean, std, logs,
        reference=low + (1 + BEYOND_LOG) * span, floor=floor, ceiling=ceiling,
    )  # fmt: skip
    by_cost = expected_gains(
        front_quality, np.exp(front_logs - high), mean, std, np.exp(logs - high),
        reference=np.full(len(high), BEYOND), floor=floor, ceiling=ceiling,
    )  # fmt: skip
    found: Array = by_log / np.prod((1 + BEYOND_LOG) * span) + by_cost / BEYOND ** len(high)
    return found


def expected_gains(
    front_quality: Array,
    front_costs: Array,
    mean: Array,
    std: Array,
    costs: Array,
    *,
    reference: Array,
    floor: float,
    ceiling: float,
) -> Array:
    """Expected hypervolume improvement where only the quality is uncertain.

    At a quality u, a config with costs c adds the volume of costs between c and the reference that
    no front member at least as good as u covers. That volume is constant between the qualities on
    the front, and what is expected is its integral over u, weighted by the chance that the config
    reaches u, which for a normal distribution has a closed form. With every objective uncertain
    the same integral needs a decomposition into boxes (Emmerich et al. 2006; Yang et al. 2019).

    Args:
        front_quality: Of what is there, shape (n,), larger is better. Need not be non-dominated.
        front_costs: Its costs, shape (n, d), smaller is better.
        mean: Of the candidates' qualities, shape (m,).
        std: Their standard deviations, above 0, shape (m,).
        costs: Of the candidates, shape (m, d).
        reference: The highest costs that count, shape (d,).
        floor: The lowest quality that counts.
        ceiling: The highest quality there can be.

    Returns:
        Shape (m,), at least 0.
    """
    leads = non_dominated(np.column_stack([-front_quality, front_costs]))
    front_quality, front_costs = front_quality[leads], front_costs[leads]
    inside = [float(q) for q in front_quality if floor < q < ceiling]
    low = np.asarray(sorted({floor, *inside}), np.float64)
    high = np.append(low[1:], ceiling)
    prices, which = np.unique(costs, axis=0, return_inverse=True)
    volumes = np.stack(
        [_uncovered(price, low, front_quality, front_costs, reference) for price in prices]
    )
    chances = _mean_length(low, mean, std) - _mean_length(high, mean, std)
    found: Array = (volumes[which.ravel()] * chances).sum(axis=1)
    return np.maximum(found, 0.0)


def _mean_length(start: Array, mean: Array, std: Array) -> Array:
    """How far a normal variable lies above each start on average, shape (m, starts)."""
    z = (start[None, :] - mean[:, None]) / std[:, None]
    found: Array = std[:, None] * (norm.pdf(z) - z * norm.sf(z))
    return found


def _uncovered(price: Array, low: Array, quality: Array, costs: Array, reference: Array) -> Array:
    """Volume of costs from a price on that nothing better than each of the qualities covers."""
    if (price >= reference).any():
        return np.zeros(len(low))
    box = float(np.prod(reference - price))
    found = np.full(len(low), box)
    for level, bound in enumerate(low):
        better = costs[quality > bound]
        covered = hypervolume(np.maximum(better, price), reference.tolist()) if len(better) else 0.0
        if covered <= 0:
            break  # nor does anything better
        found[level] = box - covered
    return found
