"""A connection to Postgres that is made anew when it is lost."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from automed.domain.errors import StudyError
from automed.search.postgres_tables import make_tables
from automed.search.storage_url import PASSWORD_FILE, STORAGE, password, shown
from automed.search.uninterrupted import uninterrupted

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

PATIENCE_SECONDS = 600.0
"""How long a search waits for a server that was there before: for its restart, or the network."""

_LONGEST_PAUSE = 5.0
_CONNECT_SECONDS = 10
_THINKING_MS = 300_000
"""A search that holds the study for so long hangs: the server lets the others go on."""

_SETTINGS: tuple[LiteralString, ...] = (
    # A machine that is cut off in its turn is noticed in half a minute, not two hours.
    "set tcp_keepalives_idle = 10",
    "set tcp_keepalives_interval = 5",
    "set tcp_keepalives_count = 3",
)

Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)


class Postgres:
    """Runs transactions, each of them again where the server was lost in its middle.

    Several threads may use it, one at a time.

    Args:
        url: Of the database. Neither it nor the password is ever part of a message.
        patience: Seconds to wait for a server that answered before.

    Raises:
        StudyError: The driver is not installed.
    """

    def __init__(self, url: str, patience: float = PATIENCE_SECONDS) -> None:
        self._connection: Connection | None = None
        self._process = os.getpid()
        self.place = shown(url)
        """Host and database, for messages."""
        self._url = url
        self._patience = patience
        self._gave_up = False
        self._driver = _driver()
        self._answered = False
        self._one_at_a_time = threading.RLock()

    def transact(self, work: Callable[[Connection, bool], Answer]) -> Answer:
        """The answer of some work, whose changes are written whole or not at all.

        Args:
            work: Is run in a transaction. Its second argument says whether it was run before and
                the server was then lost: what it changed may have been written or not.

        Raises:
            StudyError: The server cannot be reached, stays away, or refuses.
        """
        with self._one_at_a_time:
            return self._persistently(partial(self._once, work))

    def rows(self, query: LiteralString, *values: object) -> Sequence[tuple[Any, ...]]:
        """What a query that changes nothing finds.

        Raises:
            StudyError: As `transact`.
        """
        with self._one_at_a_time:
            return self._persistently(lambda _: self._connected().execute(query, values).fetchall())

    def close(self) -> None:
        """Hang up. The next question connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        if self._process == os.getpid():
            self.close()

    def _persistently(self, work: Callable[[bool], Answer]) -> Answer:
        again = False
        while True:
            try:
                return work(again)
            except self._driver.Error as error:
                if not self._is_lost(error):
                    raise self._refused(error) from error
                self._wait_for_it(error)
                again = True

    def _once(self, work: Callable[[Connection, bool], Answer], again: bool) -> Answer:
        connection = self._connected()
        try:
            connection.execute("begin")
            answer = work(connection, again)
            # Whoever is interrupted here would not know whether it was written.
            with uninterrupted():
                connection.execute("commit")
        except BaseException:
            self._give_up(connection)
            raise
        return answer

    def _give_up(self, connection: Connection) -> None:
        """Roll back; a connection of which nobody knows how it stands is closed."""
        try:
            connection.execute("rollback")
        except BaseException:  # noqa: BLE001 - what is raised already says more
            connection.close()

    def _connected(self) -> Connection:
        if self._process != os.getpid():  # forked: the connection is the parent's
            self._process, self._connection = os.getpid(), None
        if self._connection is None or self._connection.closed:
            self._connection = None  # should the next line fail, nothing is there
            self._connection = self._connect()
            self._answered, self._gave_up = True, False
        return self._connection

    def _connect(self) -> Connection:
        secret = password()
        connection: Connection = self._driver.connect(
            self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS, prepare_threshold=None,
            application_name="automed", keepalives_idle=10, keepalives_interval=5,
            keepalives_count=3, **({} if secret is None else {"password": secret}),
        )  # fmt: skip
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
            connection.execute(
                "select set_config('idle_in_transaction_session_timeout', %s, false)",
                [str(_THINKING_MS)],
            )
            make_tables(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_lost(self, error: psycopg.Error) -> bool:
        """Whether the server went away, rather than refused; one that never answered refuses."""
        gone = self._connection is None or self._connection.closed
        kinds = (self._driver.OperationalError, self._driver.InterfaceError)
        return self._answered and gone and isinstance(error, kinds)

    def _wait_for_it(self, error: psycopg.Error) -> None:
        """Until the server answers again.

        Raises:
            StudyError: It does not, for too long.
        """
        began, pause = time.monotonic(), 0.1
        said = False
        while True:
            try:
                self._connected()
                break
            except self._driver.OperationalError as still:
                error = still
            waited = time.monotonic() - began
            if self._gave_up or waited + pause > self._patience:
                self._gave_up = True  # whatever is left to write is not waited for as long again
                raise self._refused(error) from error
            if not said and self._patience >= PATIENCE_SECONDS:
                said = True
                _log.warning(
                    "the storage %s is away (%s): trying again for up to %.0f minutes",
                    self.place, self._in_a_line(error), self._patience / 60,
                )  # fmt: skip
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        if said:
            _log.warning("the storage %s answers again: the search goes on", self.place)

    def _refused(self, error: psycopg.Error) -> StudyError:
        if self._answered and (self._connection is None or self._connection.closed):
            return StudyError(
                f"the storage {self.place} went away",
                found=self._in_a_line(error),
                hint="what is finished is kept there; go on with --resume when it answers again",
            )
        return StudyError(
            f"the storage {self.place} cannot be used",
            found=self._in_a_line(error),
            hint=f"check the server and {STORAGE}; a password may also stand in ~/.pgpass, or in "
            f"the file that {PASSWORD_FILE} names: automed doctor",
        )

    def _in_a_line(self, error: psycopg.Error) -> str:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        text = lines[0] if lines else type(error).__name__
        for secret in (self._url, password() or "", _password_in(self._url)):
            text = text.replace(secret, "***") if secret else text
        return text


def _password_in(url: str) -> str:
    return url.partition("://")[2].rpartition("@")[0].partition(":")[2]


def _driver() -> Any:  # noqa: ANN401 - a module
    try:
        import psycopg
    except ImportError as error:
        raise StudyError(
            "studies in Postgres need a driver that is not installed",
            found=str(error),
            expected="psycopg 3",
            hint=f"{sys.executable} -m pip install 'automed[postgres]'",
        ) from error
    return psycopg
