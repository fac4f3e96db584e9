"""Two calls timed in turns, so that what slows the machine cancels in their ratio."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass

_BLOCKS = (5, 15)
"""Fewest, and most: of a model that takes long, and of one that is quick."""
_TURNS = (1, 20)
"""Calls in a row of the one while the other, slower one is called once."""
_SLOW = 0.2
"""Seconds of a call that needs fewer to warm up."""

Clock = Callable[[], float]
Call = Callable[[], object]


@dataclass(frozen=True)
class Block:
    """A short while, in which the machine was about equally fast."""

    ratio: float
    """Median of the model's times over the median of the reference's."""
    reference: float
    """Median of the reference's times, seconds."""
    pairs: tuple[float, ...]
    """Each of the model's times over the reference's in the same turn."""


def paired_blocks(model: Call, reference: Call, clock: Clock, seconds: float) -> list[Block]:
    """Time a call in turns with a reference.

    Of the quicker one several calls make a turn. Garbage is not collected meanwhile.

    Args:
        model: What is measured.
        reference: What it is measured against.
        clock: In seconds.
        seconds: About how long, by that clock, after warming up. It takes longer where five
            blocks of one turn do.

    Returns:
        5 to 15 blocks, in the order of time.
    """
    ours, theirs = _warm(model, clock), _warm(reference, clock)
    # The reference has the smaller share where the model is slow: that is what takes the time.
    of_theirs = _within(round(ours / theirs / 2), _TURNS)
    of_ours = _within(round(theirs / ours), _TURNS)
    turn = of_ours * ours + of_theirs * theirs
    count = _within(int(seconds / turn / 3), _BLOCKS)
    turns = max(1, int(seconds / turn / count))
    was_on = gc.isenabled()
    gc.disable()
    try:
        return [_block(model, reference, clock, (turns, of_ours, of_theirs)) for _ in range(count)]
    finally:
        if was_on:
            gc.enable()


def _block(model: Call, reference: Call, clock: Clock, counts: tuple[int, int, int]) -> Block:
    turns, of_ours, of_theirs = counts
    ours: list[float] = []
    theirs: list[float] = []
    pairs: list[float] = []
    for _ in range(turns):
        still = [_timed(reference, clock) for _ in range(of_theirs)]
        mine = [_timed(model, clock) for _ in range(of_ours)]
        pairs += [taken / statistics.median(still) for taken in mine]
        theirs += still
        ours += mine
    middle = statistics.median(theirs)
    return Block(ratio=statistics.median(ours) / middle, reference=middle, pairs=tuple(pairs))


def _warm(call: Call, clock: Clock) -> float:
    """Seconds of a call, after calls that allocate and choose what later ones use."""
    more = 2 if _timed(call, clock) > _SLOW else 5
    return min(_timed(call, clock) for _ in range(more))


def _timed(call: Call, clock: Clock) -> float:
    """Seconds of one call; never 0, however coarse the clock."""
    begun = clock()
    call()
    return max(clock() - begun, 1e-9)


def _within(value: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(bounds[1], value))
