"""How much hypervolume a config can be expected to add, its costs being certain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from automed.domain.front import hypervolume, non_dominated

Array = NDArray[np.float64]


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
