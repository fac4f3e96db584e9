"""Reading a study in Postgres while others search it: each record once, and nothing is written."""

from __future__ import annotations

import json
from functools import lru_cache

from optuna.trial import FrozenTrial, TrialState

from automed.domain.study_spec import StudySpec
from automed.search.journal_state import JournalState
from automed.search.postgres import Postgres
from automed.search.postgres_drivers import live_drivers
from automed.search.record import DRIVER
from automed.search.storage_url import required_url

_PATIENCE = 0.0
"""Whoever only looks is told at once that the server is away."""


class PostgresReader:
    """The trials of a study that is looked at again and again. Not for several threads.

    Args:
        study: Its name.

    Raises:
        StudyError: The environment does not say where studies are kept, or the driver is missing.
    """

    def __init__(self, study: str) -> None:
        self._study = study
        self._database = reading(required_url(study))
        self.place = f"the log of study {study!r} in {self._database.place}"
        """For messages."""
        self._changes = 0
        self._theirs: StudySpec | None = None
        self._forget()

    def trials(self) -> list[FrozenTrial]:
        """All trials in order. Finished ones are handed out again: not to be changed.

        Raises:
            StudyError: The database cannot be reached.
            ValueError, KeyError, TypeError: The log holds what is no record of optuna's.
        """
        try:
            if revision(self._study)[0] < self._read:  # the log was removed, or restored
                self._forget()
            for (text,) in self._database.rows(_READ, self._study, self._read):
                self._state.apply(json.loads(text))
                self._read += 1
        except BaseException:
            self._forget()
            raise
        return self._state.trials(self._study)

    def live(self) -> frozenset[str]:
        """The searches at work.

        Raises:
            StudyError: The database cannot be reached.
        """
        return self._database.transact(
            lambda connection, _: frozenset(live_drivers(connection, self._study))
        )

    def current(self, spec: StudySpec) -> StudySpec:
        """The settings, with a budget and compressions that another machine may have changed.

        Raises:
            StudyError: The database cannot be reached.
        """
        changes = revision(self._study)[1]
        if changes != self._changes:
            rows = self._database.rows(_SPEC, self._study)
            self._theirs = StudySpec.model_validate_json(rows[0][0]) if rows else None
            self._changes = changes
        if self._theirs is None:
            return spec
        now: StudySpec = spec.replace(budget=self._theirs.budget, compress=self._theirs.compress)
        return now

    def _forget(self) -> None:
        self._state = JournalState()
        self._read = 0


def waits(trial: FrozenTrial, live: frozenset[str]) -> bool:
    """Whether a trial is under way, and no search that is alive runs it."""
    return trial.state is TrialState.RUNNING and trial.user_attrs.get(DRIVER) not in live


def revision(study: str) -> tuple[int, int, int]:
    """Number of records, of changes to the settings, and of searches at work.

    Raises:
        StudyError: The database cannot be reached.
    """
    database = reading(required_url(study))
    rows = database.rows(_REVISION, study)
    live = database.transact(lambda connection, _: live_drivers(connection, study))
    return (int(rows[0][0]), int(rows[0][1]), len(live)) if rows else (0, 0, 0)


@lru_cache(maxsize=4)
def reading(url: str) -> Postgres:
    """The connection that all readers of this process share."""
    return Postgres(url, patience=_PATIENCE)


_READ = "select record from automed.log where study = %s and at >= %s order by at"
_REVISION = "select length, changes from automed.study where name = %s"
_SPEC = "select spec from automed.study where name = %s and spec is not null"
