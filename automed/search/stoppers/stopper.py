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


class NoStopper:
    """Trains every model to its end."""

    def decide(self, trial: Contender, epoch: int, others: Sequence[Contender]) -> str | None:
        """None."""
        return None
