"""The contract of stoppers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from automed.search.stoppers.contender import Contender


class Stopper(Protocol):
    """Decides after each epoch whether a training goes on.

    A decision is a function of what is passed, and of nothing else: not of the order of the
    others, the time or earlier calls. So a search can be resumed and replayed.
    """

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """Why a training should end now; None: it goes on.

        Args:
            trial: The training, its curve up to this epoch.
            epoch: That it has just finished, from 1.
            others: All other trainings of the study, running ones included.
        """
        ...

    def resumed(self, trials: Sequence[Contender], at_last: bool) -> int | None:
        """The stopped training that should go on after all; None: none should.

        Args:
            trials: All trainings of the study.
            at_last: Nothing new is left to train, and there is budget: which of the stopped ones
                is worth it most?
        """
        ...


class Final:
    """A stopper's part that never changes its mind."""

    def resumed(self, trials: Sequence[Contender], at_last: bool) -> int | None:
        """None."""
        return None


class NoStopper(Final):
    """Trains every model to its end."""

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """None."""
        return None
