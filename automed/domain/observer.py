"""What watches a search: the live table, MLflow, the log."""

from __future__ import annotations

from typing import Protocol

from automed.domain.measurement import Measurement
from automed.domain.trial import Trial


class Observer(Protocol):
    """Hears of all that happens in a study. Must not raise: a search outlives its watchers."""

    def trial_started(self, trial: Trial) -> None:
        """A config was accepted and its training begins."""

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        """An epoch ended."""

    def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
        """Its training was paused or cut off, and goes on later, from its checkpoint.

        Args:
            trial: The trial.
            lost: What became of its worker; None: it was asked to let go.
        """

    def trial_finished(self, trial: Trial) -> None:
        """A trial is complete, stopped or failed; the snapshot holds its result or failure."""

    def trial_rejected(self, trial: Trial) -> None:
        """The screen rejected a config before any training."""
