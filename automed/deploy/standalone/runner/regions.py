"""Counting what a mask shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def count_components(mask: NDArray[np.bool_]) -> int:
    """How many connected components a mask (height, width) has; corners connect (8 neighbours)."""
    padded = np.pad(mask, 1)
    width = padded.shape[1]
    flat = padded.ravel().view(np.int8)
    steps = np.diff(flat)
    starts, ends = np.flatnonzero(steps == 1) + 1, np.flatnonzero(steps == -1) + 1
    # Runs of the row above that touch a run, corners included: neighbours in this order.
    first = np.searchsorted(ends, starts - width - 1, side="right")
    last = np.searchsorted(starts, ends - width + 1, side="left")
    parents = list(range(len(starts)))
    for run in range(len(starts)):
        for above in range(first[run], last[run]):
            parents[_root(parents, above)] = _root(parents, run)
    return sum(parent == run for run, parent in enumerate(parents))


def _root(parents: list[int], run: int) -> int:
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run
