"""Several successive halvings beside each other, which begin to look at different rungs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from automed.search.stoppers.contender import Contender
from automed.search.stoppers.halving import Halving
from automed.search.stoppers.rungs import rungs_of

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Brackets:
    """Shares trainings out among brackets, as Hyperband does, and halves each on its own.

    What learns slowly is ended by the first rung, however good it would have become. So some
    trainings skip it: bracket 1 the first rung, bracket 2 the first two, and so on. Trainings are
    compared within their bracket alone, for what reaches a late rung by way of the earlier ones is
    selected already. A bracket gets trainings in proportion to those that Hyperband would start in
    it (Li et al. 2018, arXiv 1603.06560; asynchronous: Li et al. 2020, arXiv 1810.05934).

    Attributes:
        halving: Of the first bracket, which leaves no rung out.
        count: How many brackets there are.
    """

    halving: Halving
    count: int

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """As `Stopper.decide`: among the trainings of its bracket."""
        bracket = self.bracket_of(trial)
        why = self._of(bracket).decide(trial, epoch, self._within(bracket, others))
        return None if why is None else f"bracket {bracket}: {why}"

    def resumed(self, trials: Sequence[Contender], at_last: bool) -> int | None:
        """As `Stopper.resumed`: of the first bracket that has one."""
        for bracket in range(self.count):
            found = self._of(bracket).resumed(self._within(bracket, trials), at_last)
            if found is not None:
                return found
        return None

    def bracket_of(self, trial: Contender) -> int:
        """A function of the number that its training began with, and of nothing else.

        Multiples of the golden ratio fill a circle evenly, whatever is left out: also where every
        third trial is a training and the others are its children, the shares hold.
        """
        place = trial.first * _GOLDEN % 1 * sum(self.shares)
        for bracket, share in enumerate(self.shares):
            place -= share
            if place < 0:
                return bracket
        return self.count - 1

    @property
    def shares(self) -> tuple[int, ...]:
        """Trainings that Hyperband would start in each bracket, at one compute for each."""
        rungs = len(rungs_of(self.halving.epochs, self.halving.reduction))
        left = [rungs - bracket for bracket in range(self.count)]
        return tuple(
            math.ceil((rungs + 1) / (rung + 1) * self.halving.reduction**rung) for rung in left
        )

    def _of(self, bracket: int) -> Halving:
        return replace(self.halving, bracket=bracket)

    def _within(self, bracket: int, trials: Sequence[Contender]) -> list[Contender]:
        return [trial for trial in trials if self.bracket_of(trial) == bracket]


def most_brackets(epochs: int, reduction: int = Halving.reduction) -> int:
    """The last of so many brackets looks at no rung: its trainings are all trained to the end."""
    return 1 + len(rungs_of(epochs, reduction))
