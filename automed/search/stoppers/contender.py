"""A training as stoppers see it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """What is known of one training: its costs exactly, its quality so far.

    Attributes:
        number: Of its trial.
        costs: The objectives that are known before training, signs turned so that smaller is
            better, in the order of the study's objectives.
        curve: The guide metric by epoch, its sign turned so that larger is better.
        finished: Whether it was trained to its end, rather than stopped, failed or running.
        stopped: Whether a stopper ended it: it could go on.
        began_as: Number of the trial that began it, where this one continues it; None: this one.
    """

    number: int
    costs: tuple[float, ...]
    curve: Mapping[int, float]
    finished: bool
    stopped: bool = False
    began_as: int | None = None

    @property
    def first(self) -> int:
        """Number of the trial that began it: what a training keeps when it is continued."""
        return self.number if self.began_as is None else self.began_as

    @property
    def epochs(self) -> int:
        """For how many it was trained."""
        return max(self.curve, default=0)

    def reached(self, epoch: int) -> bool:
        """Whether it was trained for so many epochs, or ended by itself before."""
        return self.finished or self.epochs >= epoch

    def at(self, epoch: int) -> float:
        """The best of the first epochs, which is what is kept; minus infinity if there is none."""
        seen = [v for e, v in self.curve.items() if e <= epoch and math.isfinite(v)]
        return max(seen, default=-math.inf)

    @property
    def best(self) -> float:
        """The best of all its epochs."""
        return self.at(self.epochs)

    def costs_no_more(self, other: Contender) -> bool:
        """Whether it is at least as cheap as another in every respect."""
        return all(mine <= its for mine, its in zip(self.costs, other.costs, strict=True))
