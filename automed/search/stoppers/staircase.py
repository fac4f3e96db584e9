"""How far trainings stand above what is as cheap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automed.search.stoppers.contender import Contender


def gains(contenders: Sequence[Contender], epoch: int, floor: float) -> NDArray[np.float64]:
    """Quality after some epochs, less the best of the others that cost no more in any respect.

    Above 0 exactly where nothing dominates a training at this epoch: costs are known, so that to
    be on the front is a question of quality alone. The cheapest is measured from the floor. Of
    equals at one price both gain 0.

    Args:
        contenders: All of them trained for so long, at least.
        epoch: Qualities are compared after so many epochs.
        floor: A quality that is worth nothing.

    Returns:
        Shape (contenders,).
    """
    quality = np.array([c.at(epoch) for c in contenders], np.float64)
    costs = np.array([c.costs for c in contenders], np.float64).reshape(len(contenders), -1)
    cheaper = (costs[None, :, :] <= costs[:, None, :]).all(axis=2)
    cheaper = cheaper & ~np.eye(len(contenders), dtype=bool)
    rivals = np.where(cheaper, quality[None, :], -np.inf).max(axis=1, initial=-np.inf)
    best = np.maximum(rivals, floor)
    # Nothing learned at all is worth less than anything, not NaN.
    found: NDArray[np.float64] = np.where(np.isfinite(quality), quality - best, -np.inf)
    return found
