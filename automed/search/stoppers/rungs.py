"""The epochs at which successive halving looks."""

from __future__ import annotations

FIRST = 2
"""Epochs that are trained at least: after one, quality says little but how warm-up went."""


def rungs_of(epochs: int, reduction: int, bracket: int = 0) -> tuple[int, ...]:
    """Rising epochs, each a `reduction` of the next; the end of a training is none of them.

    Args:
        epochs: Of a whole training.
        reduction: Between rungs, at least 2.
        bracket: How many of the first rungs are left out.
    """
    found: list[int] = []
    rung = epochs / reduction
    while round(rung) >= FIRST:
        found.append(round(rung))
        rung /= reduction
    return tuple(sorted(set(found) - {epochs}))[bracket:]
