"""How sparse a model is after how many steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

INITIAL = 0.5
"""Share of zero weights from the start on (paper 1)."""

INTERVAL = 100
"""Steps between two updates of the masks, in a training that is long enough (paper 1)."""

FEWEST = 10
"""Updates that a schedule should have; a shorter training gets them at shorter intervals."""

RISE = 0.7
"""Share of the steps in which the sparsity rises; in the others it stays at the final one."""

_POWER = 3


@dataclass(frozen=True)
class SparsitySchedule:
    """TensorFlow's ``PolynomialDecay``, of power 3, from one half to the final sparsity.

    After Zhu and Gupta, To prune, or not to prune, 2017: fast at first, while there is much to
    remove, then ever slower.

    Attributes:
        final: Share of zero weights from the last update on.
        interval: Steps of the optimizer between two updates.
        updates: How many follow the one before the first step.
    """

    final: float
    interval: int
    updates: int

    @classmethod
    def over(cls, steps: int, final: float) -> Self:
        """The schedule of a training.

        Args:
            steps: Of the optimizer, in all; at least 1.
            final: Share of zero weights at the end.
        """
        room = max(math.floor(RISE * steps), 1)
        interval = min(max(room // FEWEST, 1), INTERVAL)
        return cls(final, interval, room // interval)

    @property
    def last_step(self) -> int:
        """The step after which the sparsity is the final one."""
        return self.interval * self.updates

    def is_due(self, step: int) -> bool:
        """Whether the masks are updated after a step, counted from 1; 0 is before the first."""
        return step <= self.last_step and step % self.interval == 0

    def sparsity(self, step: int) -> float:
        """Share of zero weights that an update after this step makes."""
        left = 1 - min(step / self.last_step, 1.0)
        return float(self.final + (INITIAL - self.final) * left**_POWER)

    def first_epoch(self, steps_per_epoch: int) -> int:
        """The first epoch, counted from 1, that ends at the final sparsity."""
        return math.ceil(self.last_step / steps_per_epoch)
