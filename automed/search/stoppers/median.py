"""Stops what is worse than most."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from automed.search.stoppers.contender import Contender
from automed.search.stoppers.rungs import FIRST
from automed.search.stoppers.stopper import Final


@dataclass(frozen=True)
class Median(Final):
    """Ends a training below the median of the others at the same epoch, whatever it costs.

    Golovin et al. 2017 (Google Vizier), on the guide metric alone: small models, which learn less,
    are ended first. For studies that look for the best quality at any price.

    Attributes:
        enough: Trainings that must have reached the epoch before it decides.
    """

    enough: int = 5

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """As `Stopper.decide`."""
        there = [o.at(epoch) for o in others if o.number != trial.number and o.reached(epoch)]
        if epoch < FIRST or len(there) < self.enough:
            return None
        middle = statistics.median(there)
        if trial.at(epoch) >= middle:
            return None
        return f"below the median of {len(there)} trials at epoch {epoch}, which is {middle:.4g}"
