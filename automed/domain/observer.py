"""What watches a search: the live table, MLflow, the log."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from automed.domain.measurement import Measurement
from automed.domain.trial import Trial


class Observer(Protocol):
    """Hears of all that happens in a study. Must not raise: a search outlives its watchers."""

    def trial_started(self, trial: Trial) -> None:
        """A config was accepted and its training begins."""

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        """An epoch ended."""

    def trial_finished(self, trial: Trial) -> None:
        """A trial is complete, stopped or failed; the snapshot holds its result or failure."""

    def trial_rejected(self, trial: Trial) -> None:
        """The screen rejected a config before any training."""


@runtime_checkable
class PlacesObserver(Protocol):
    """An observer that wants to hear as well how many trainings have a place: to tell the time."""

    def places_changed(self, places: int) -> None:
        """So many trainings can run at a time from now on: nodes of a cluster came or went."""
