"""The observers of a search, kept from ending it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from automed.domain.measurement import Measurement
from automed.domain.observer import Observer
from automed.domain.trial import Trial
from automed.search.study import Study

_log = logging.getLogger(__name__)


class Watchers:
    """Tells every observer; one that raises is logged once and told of the rest all the same.

    Args:
        observers: In the order in which they are told.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self._complained: set[int] = set()

    @contextmanager
    def hearing_of_rejected(self, study: Study) -> Iterator[None]:
        """In the block the study tells of rejected configs, unless it tells somebody already."""
        given = study.on_rejected
        study.on_rejected = given or self.trial_rejected
        try:
            yield
        finally:
            study.on_rejected = given

    def trial_started(self, trial: Trial) -> None:
        """A config was accepted and its training begins."""
        self._tell(lambda observer: observer.trial_started(trial))

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        """An epoch ended."""
        self._tell(lambda observer: observer.trial_measured(trial, measurement))

    def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
        """Its training was paused or cut off."""
        self._tell(lambda observer: observer.trial_put_back(trial, lost))

    def trial_finished(self, trial: Trial) -> None:
        """A trial is complete, stopped or failed."""
        self._tell(lambda observer: observer.trial_finished(trial))

    def trial_rejected(self, trial: Trial) -> None:
        """The screen rejected a config."""
        self._tell(lambda observer: observer.trial_rejected(trial))

    def _tell(self, message: Callable[[Observer], None]) -> None:
        for observer in self._observers:
            try:
                message(observer)
            except Exception as error:  # noqa: BLE001 - whatever it is, the search must outlive it
                if id(observer) not in self._complained:
                    self._complained.add(id(observer))
                    _log.warning(
                        "%s failed and may miss trials; the search goes on: %s: %s",
                        type(observer).__name__,
                        type(error).__name__,
                        error,
                        exc_info=_log.isEnabledFor(logging.DEBUG),
                    )
