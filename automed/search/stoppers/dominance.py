"""Stops what can no longer reach the front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automed.search.stoppers.contender import Contender
from automed.search.stoppers.rungs import FIRST
from automed.search.stoppers.stopper import Final


@dataclass(frozen=True)
class Dominance(Final):
    """Ends a training that is dominated even if it gains from now on as the best ones did.

    What is left to gain is read off the finished trainings: how much they gained after the same
    epoch. Compared is with finished trainings that cost no more. Cautious: for studies in which
    a stopped model that was good is worse than an hour lost.

    Attributes:
        quantile: Of the gains of others: what a training may still gain.
        margin: Of quality, on top of that.
        enough: Finished trainings before it decides.
    """

    quantile: float = 0.9
    margin: float = 0.0
    enough: int = 5

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """As `Stopper.decide`."""
        done = [o for o in others if o.finished and o.number != trial.number]
        rivals = [o for o in done if o.costs_no_more(trial)]
        if epoch < FIRST or len(done) < self.enough or not rivals:
            return None
        # A curve that ends early has no value to gain from: it gained nothing.
        gains = [o.best - o.at(epoch) for o in done if np.isfinite(o.at(epoch))]
        if not gains:
            return None
        hoped = trial.at(epoch) + float(np.quantile(gains, self.quantile)) + self.margin
        best = max(rivals, key=lambda o: (o.best, -o.number))
        if hoped >= best.best:
            return None
        return (
            f"trial {best.number} costs no more and has {best.best:.4g}; "
            f"at epoch {epoch} at most {hoped:.4g} can be hoped for"
        )
