"""What MLflow should show and does not yet: shared by the search and the thread that writes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Condition

from automed.domain.measurement import Measurement
from automed.domain.trial import Trial, TrialState


@dataclass(frozen=True)
class Due:
    """A trial whose run is behind.

    Attributes:
        trial: Its newest snapshot.
        live: Its measurements so far, where it was watched.
        started: When it began, in seconds since 1970, where it was watched.
        version: Counts what happened to it, to tell whether more came in meanwhile.
    """

    trial: Trial
    live: tuple[Measurement, ...]
    started: float | None
    version: int


class Backlog:
    """The newest state of every trial. Events overwrite each other: a slow store misses none.

    It grows with the number of trials, not with the time a store is away, but for the
    measurements of trials that run.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._trials: dict[int, Trial] = {}
        self._live: dict[int, list[Measurement]] = {}
        self._started: dict[int, float] = {}
        self._due: dict[int, int] = {}
        self._version = 0
        self._rejected: set[int] = set()

    def begin(self, trial: Trial) -> None:
        """A training began, perhaps not for the first time."""
        with self._changed:
            self._live[trial.number] = []
            self._started[trial.number] = time.time()
            self._put(trial)

    def measure(self, trial: Trial, measurement: Measurement) -> None:
        """An epoch ended."""
        with self._changed:
            self._live.setdefault(trial.number, []).append(measurement)
            self._put(trial)

    def add(self, trials: Iterable[Trial]) -> None:
        """Trials that ended or were rejected; those that run are left to their events."""
        with self._changed:
            for trial in trials:
                if trial.rejected is not None:
                    self._rejected.add(trial.number)
                    self._changed.notify_all()
                elif trial.state is not TrialState.RUNNING:
                    self._put(trial)

    def _put(self, trial: Trial) -> None:
        self._version += 1
        self._trials[trial.number] = trial
        self._due[trial.number] = self._version
        self._changed.notify_all()

    def due(self) -> list[Due]:
        """What is behind, by number."""
        with self._changed:
            return [
                Due(
                    self._trials[number], tuple(self._live.get(number, ())),
                    self._started.get(number), version,
                )
                for number, version in sorted(self._due.items())
            ]  # fmt: skip

    def done(self, due: Due) -> None:
        """A run is up to date, unless more came in while it was written."""
        with self._changed:
            number = due.trial.number
            if self._due.get(number) == due.version:
                del self._due[number]
                if due.trial.state is not TrialState.RUNNING:
                    self._live.pop(number, None)
            self._changed.notify_all()

    @property
    def behind(self) -> tuple[int, ...]:
        """Numbers of the trials that ended and are not up to date."""
        with self._changed:
            return tuple(
                number
                for number in sorted(self._due)
                if self._trials[number].state is not TrialState.RUNNING
            )

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The newest snapshot of every trial that was not rejected."""
        with self._changed:
            return tuple(self._trials[number] for number in sorted(self._trials))

    @property
    def rejected(self) -> tuple[int, ...]:
        """Numbers of the rejected trials."""
        with self._changed:
            return tuple(sorted(self._rejected))
