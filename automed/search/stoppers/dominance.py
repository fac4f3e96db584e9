"""Stops what can no longer reach the front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automed.search.stoppers.contender import Contender
from automed.search.stoppers.stopper import Final

APART = 3
"""Between two looks the epochs grow by this factor: 1, 3, 9, 27, ..."""


@dataclass(frozen=True)
class Dominance(Final):
    """Ends a training that is dominated even if it gains from now on as nearly all others did.

    What is left to gain is bounded by the gains of finished trainings after the same epoch: by the
    quantile that a further one exceeds with a given chance at most (split conformal prediction,
    Vovk et al. 2005), so nothing is ended before there are enough of them to say. Compared is with
    finished trainings that cost no more. Each look is a chance to be wrong; there are few looks.

    Attributes:
        epochs: Of a whole training: after the last one there is nothing to end.
        risk: Of ending, at one look, a training that would have come above the bound.
    """

    epochs: int
    risk: float = 0.1

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """As `Stopper.decide`."""
        done = [o for o in others if o.finished and o.number != trial.number]
        rivals = [o for o in done if o.costs_no_more(trial)]
        if not rivals or epoch >= self.epochs or not _looks_at(epoch):
            return None
        gain = self._most_to_gain([o.best - o.at(epoch) for o in done])
        if gain is None:
            return None
        hoped = trial.at(epoch) + gain
        best = max(rivals, key=lambda o: (o.best, -o.number))
        if hoped >= best.best:
            return None
        return (
            f"trial {best.number} costs no more and has {best.best:.4g}; "
            f"at epoch {epoch} at most {hoped:.4g} can be hoped for"
        )

    def _most_to_gain(self, gains: Sequence[float]) -> float | None:
        """What a training may still gain; None: too few have shown it."""
        # A curve that ends early has no value to gain from: it says nothing.
        known = sorted(gain for gain in gains if math.isfinite(gain))
        rank = math.ceil((len(known) + 1) * (1 - self.risk))
        return known[rank - 1] if 0 < rank <= len(known) else None


def _looks_at(epoch: int) -> bool:
    while epoch > 1 and epoch % APART == 0:
        epoch //= APART
    return epoch == 1
