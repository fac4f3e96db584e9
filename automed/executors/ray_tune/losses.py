"""How often a trial's training may be lost: of its actor it may be the cause, of a node it is not.

A node that is lost takes its trainings with it, and spot nodes are lost daily: a trial that took
hours must not fail of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from automed.executors.processes import DEATHS

NODES = 5
"""Lost under a trial, after which it is taken for the cause after all."""

_WITH_NODE = ("its node has died", "is unavailable:")
"""Ray's words. Until a cluster notices that a node is lost, what ran there is unavailable to it."""


@dataclass(frozen=True)
class Loss:
    """Of a training.

    Attributes:
        why: In words.
        with_node: Whether its node went, or cannot be reached.
    """

    why: str
    with_node: bool = False


def loss_of(said: str) -> Loss:
    """What Ray says of an actor that does not answer."""
    # The last line is the exception; what stands above it is Ray's.
    lines = said.strip().splitlines() or ["its actor is gone"]
    return Loss(lines[-1].strip(), with_node=any(words in said for words in _WITH_NODE))


class Losses:
    """Of the trials of one run of a search."""

    def __init__(self) -> None:
        self._deaths: Counter[int] = Counter()
        self._nodes: Counter[int] = Counter()

    def verdict(self, trial: int, loss: Loss) -> str | None:
        """Count a loss.

        Args:
            trial: Its number.
            loss: What became of its training.

        Returns:
            Why the trial fails; None: it goes on elsewhere.
        """
        counted = self._nodes if loss.with_node else self._deaths
        counted[trial] += 1
        if self._deaths[trial] >= DEATHS:
            return f"{DEATHS} workers died of it, one after the other: {loss.why}"
        if self._nodes[trial] >= NODES:
            return f"{NODES} nodes were lost under it, one after the other: {loss.why}"
        return None
