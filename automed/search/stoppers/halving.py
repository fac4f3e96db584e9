"""Asynchronous successive halving under several objectives of which one is uncertain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automed.search.stoppers.contender import Contender
from automed.search.stoppers.rungs import rungs_of
from automed.search.stoppers.staircase import gains


@dataclass(frozen=True)
class Halving:
    """Lets the best part of the trainings pass each rung, as far as they have reached it.

    Asynchronous as ASHA (Li et al. 2020, arXiv 1810.05934): nothing waits for a rung to fill. What
    was stopped goes on as soon as the rung has grown so far that it would pass. Under several
    objectives Schmucker et al. 2021 (arXiv 2106.12639) rank a rung by non-dominated sorting and an
    epsilon-net. Here all objectives but one are costs, known exactly from the start; a training can
    be ranked by its gain in quality over what is as cheap. Non-dominated trainings come first by
    construction, those that lift the front most before the others; what is cheaper than all there
    were passes its first rung in any case, for small models learn slowly.

    Attributes:
        epochs: Of a whole training.
        floor: A quality that is worth nothing.
        reduction: One of so many passes a rung.
        bracket: How many of the first rungs are left out.
    """

    epochs: int
    floor: float = 0.0
    reduction: int = 3
    bracket: int = 0

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """As `Stopper.decide`: at rungs only."""
        rungs = rungs_of(self.epochs, self.reduction, self.bracket)
        if epoch not in rungs:
            return None
        there = [o for o in others if o.number != trial.number and o.reached(epoch)]
        if epoch == rungs[0] and not any(o.costs_no_more(trial) for o in there):
            return None
        found = gains([trial, *there], epoch, self.floor)
        better = int((found[1:] > found[0]).sum())
        quota = math.ceil((len(there) + 1) / self.reduction)
        if better < quota:
            return None
        return (
            f"{better} of {len(there)} trials gained more by epoch {epoch} over what is as cheap; "
            f"{quota} of {len(there) + 1} pass this rung"
        )

    def resumed(self, trials: Sequence[Contender], at_last: bool) -> int | None:
        """As `Stopper.resumed`: the best of the highest rung that now lets one pass."""
        last = None
        for epoch in reversed(rungs_of(self.epochs, self.reduction, self.bracket)):
            there = [t for t in trials if t.reached(epoch)]
            waiting = [t for t in there if t.stopped and t.epochs == epoch]
            if not waiting:
                continue
            gained = dict(
                zip((t.number for t in there), gains(there, epoch, self.floor), strict=True)
            )
            best = max(waiting, key=lambda t: (gained[t.number], -t.number))
            if self.decide(best, epoch, there) is None:
                return best.number
            last = best.number if last is None else last
        return last if at_last else None
