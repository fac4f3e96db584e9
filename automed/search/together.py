"""One of several searches, perhaps on several machines, at a study in Postgres."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState

from automed.domain.errors import AutomedError, StudyError
from automed.domain.study_spec import StudySpec
from automed.domain.trial_files import RESULT
from automed.domain.workspace import trial_folder
from automed.search.postgres import Postgres
from automed.search.postgres_drivers import Driver, Signature, live_drivers
from automed.search.postgres_journal import PostgresJournal, is_written
from automed.search.record import DRIVER
from automed.search.seat import Memory

if TYPE_CHECKING:
    from automed.search.postgres import Connection

LOOK_SECONDS = 1.0
"""How often a search that has nothing to do looks whether the others left it something."""

Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)


class PlaceInPostgres:
    """A study's journal as rows.

    Args:
        database: Where.
        study: Name of the study.
    """

    def __init__(self, database: Postgres, study: str) -> None:
        self.name = f"the log of study {study!r} in {database.place}"
        self.backend = PostgresJournal(database, study)

    @property
    def exists(self) -> bool:
        """It is there, and perhaps empty."""
        return True

    def mend(self) -> str | None:
        """Nothing is ever half written."""
        return None

    def open(self) -> JournalStorage:
        """Optuna's storage over the rows."""
        return JournalStorage(self.backend)


class Together:
    """Takes turns with the others: what a turn writes is there as a whole, or not at all.

    A turn in whose middle the server is lost is taken again, on whatever the others have written
    meanwhile.

    Args:
        folder: The study's folder on this machine.
        url: Of the database, which holds the study.
        study: Its name.

    Raises:
        StudyError: The database cannot be reached.
    """

    def __init__(self, folder: Path, url: str, study: str) -> None:
        self._folder = folder
        self._study = study
        self._database = Postgres(url)
        self.place = PlaceInPostgres(self._database, study)
        self._signature = Signature(url, study)
        self.id = self._signature.driver.id
        self._live: dict[str, Driver] = {}
        self._length = 0
        self._changes = -1
        self._said = False

    def turn(self, work: Callable[[], Answer], memory: Memory) -> Answer:
        """Do some work while no other search can write.

        An ``AutomedError`` that the work raises does not undo what it wrote; anything else does.

        Raises:
            StudyError: The database stays away, or the study was removed there.
        """
        batch, bring_back = uuid.uuid4().hex, memory.keep()
        done: list[Callable[[], Answer]] = []

        def play(connection: Connection, again: bool) -> Callable[[], Answer]:
            if again and done and is_written(connection, self._study, batch):
                return done[-1]
            if again:
                bring_back()
            unbooked, changed = self._sit_down(connection)
            with self.place.backend.turn(connection, self._length, batch):
                memory.catch_up(unbooked, changed)
                done.append(_outcome(work))
            connection.execute(_BOOK, [memory.unbooked(), self._study])
            return done[-1]

        try:
            answer = self._database.transact(play)
        except BaseException:
            bring_back()
            raise
        return answer()

    def is_elsewhere(self, trial: FrozenTrial) -> bool:
        """Whether another search has a trial, or had it when it was last heard of."""
        holder = trial.user_attrs.get(DRIVER)
        return trial.state is TrialState.RUNNING and bool(holder) and holder != self.id

    def is_alive(self, trial: FrozenTrial) -> bool:
        """Whether another search has a trial, and was heard of lately."""
        return self.is_elsewhere(trial) and trial.user_attrs[DRIVER] in self._live

    def has_files(self, number: int) -> bool:
        """Whether the training was done here, or in a folder that the machines share."""
        return (trial_folder(self._folder, number) / RESULT).exists()

    def rest(self) -> None:
        """Wait until another search has written something, or is gone."""
        if not self._said:
            self._said = True
            _log.warning("waiting for trials that other searches of %r are running", self._study)
        live = frozenset(self._live)
        while self._database.transact(self._look) == (live, False):
            time.sleep(LOOK_SECONDS)

    def release(self) -> None:
        """Leave: what this search still has may be handed out to the others at once."""
        self._signature.close()
        self._database.close()

    def _sit_down(self, connection: Connection) -> tuple[float, StudySpec | None]:
        """Wait for the turn: seconds that are not booked, settings where they were changed."""
        row = connection.execute(_SIT_DOWN, [self._study]).fetchone()
        if row is None:
            raise StudyError(
                f"study {self._study!r} was removed from the storage {self._database.place}",
                hint="start anew under another --name",
            )
        self._live = live_drivers(connection, self._study)
        length, changes, unbooked = row
        self._length, changed = int(length), None
        if changes != self._changes:
            self._changes = changes
            (text,) = connection.execute(_SPEC, [self._study]).fetchone() or (None,)
            changed = None if text is None else StudySpec.model_validate_json(text)
        return max(0.0, float(unbooked)), changed

    def _look(self, connection: Connection, again: bool) -> tuple[frozenset[str], bool]:
        """Who is at work, and whether a trial ended or was put back since the last turn."""
        del again
        news = connection.execute(_NEWS, [self._study, self._length]).fetchone()
        return frozenset(live_drivers(connection, self._study)), news is not None


def _outcome(work: Callable[[], Answer]) -> Callable[[], Answer]:
    """What work came to, to be had later: its answer, or the error that it raised."""
    try:
        answer = work()
    except AutomedError as error:
        failure = error

        def fail() -> Answer:
            raise failure

        return fail
    return lambda: answer


_SIT_DOWN = """
select length, changes, extract(epoch from clock_timestamp() - booked)
from automed.study where name = %s for no key update
"""
_SPEC = "select spec from automed.study where name = %s"
# An epoch that another search reports leaves nothing to do for one that waits.
_NEWS = """
select 1 from automed.log where study = %s and at >= %s
and (starts_with(record, '{"op_code":6,') or position('"automed:driver"' in record) > 0) limit 1
"""
_BOOK = """
update automed.study set booked = clock_timestamp() - make_interval(secs => %s) where name = %s
"""
