"""The searches at work on a study in Postgres, and which of them are still alive."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from automed.domain.errors import StudyError
from automed.search.lock import is_dead
from automed.search.postgres import Postgres

if TYPE_CHECKING:
    from automed.search.postgres import Connection

SIGN_SECONDS = 10.0
"""How often a search says that it is alive."""

GONE_SECONDS = 60.0
"""How long nothing may be heard of a search before its trainings are handed out to others."""


@dataclass(frozen=True)
class Driver:
    """A search, as the others see it.

    Attributes:
        id: Of this run of it.
        host: Its machine.
        pid: Of its process.
        space: Where that id means something: a boot of the machine, and a container on it.
    """

    id: str
    host: str
    pid: int
    space: str

    @property
    def is_known_dead(self) -> bool:
        """Whether it was a process of this very machine that is gone: nobody has to wait then."""
        here = bool(self.space) and self.space == _space()
        return here and is_dead(self.pid, socket.gethostname())


class Signature:
    """Says every few seconds that this search is alive, until it is closed.

    Args:
        url: Of the database; the signature has a connection of its own.
        study: Name of the study.

    Raises:
        StudyError: The database cannot be reached.
    """

    def __init__(self, url: str, study: str) -> None:
        host, pid = socket.gethostname(), os.getpid()
        self.driver = Driver(f"{host}:{pid}:{uuid.uuid4().hex[:8]}", host, pid, _space())
        self._database = Postgres(url, patience=0.0)
        self._study = study
        self._ended = threading.Event()
        self._database.transact(self._begin)
        self._thread = threading.Thread(target=self._go_on, name="automed-signature", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Say that this search is over. Does nothing when called again."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        # Where the server is away, the others notice by the silence.
        with suppress(StudyError):
            self._database.transact(self._end)
        self._database.close()

    def _go_on(self) -> None:
        while not self._ended.wait(SIGN_SECONDS):
            # The search's own connection tells the user; here it is tried again and again.
            with suppress(StudyError):
                self._database.transact(self._sign)

    def _begin(self, connection: Connection, again: bool) -> None:
        del again
        connection.execute(_FORGET, [self._study])
        # Time in which no search was at work is nobody's.
        connection.execute(
            "select 1 from automed.study where name = %s for no key update", [self._study]
        )
        if not live_drivers(connection, self._study):
            connection.execute(_BEGIN, [self._study])
        self._sign(connection, False)

    def _sign(self, connection: Connection, again: bool) -> None:
        del again
        me = self.driver
        connection.execute(_SIGN, [self._study, me.id, me.host, me.pid, me.space])

    def _end(self, connection: Connection, again: bool) -> None:
        del again
        connection.execute(_END, [self._study, self.driver.id])


def live_drivers(connection: Connection, study: str) -> dict[str, Driver]:
    """The searches that were heard of lately, by id."""
    rows = connection.execute(_LIVE, [study, GONE_SECONDS]).fetchall()
    found = [Driver(*row) for row in rows]
    return {driver.id: driver for driver in found if not driver.is_known_dead}


@lru_cache(maxsize=1)
def _space() -> str:
    """Tells machines of one name apart, and containers on one of them; empty: it cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


_FORGET = """
delete from automed.driver where study = %s and seen < clock_timestamp() - interval '1 day'
"""
_BEGIN = "update automed.study set booked = clock_timestamp() where name = %s"
_SIGN = """
insert into automed.driver (study, driver, host, pid, space) values (%s, %s, %s, %s, %s)
on conflict (study, driver) do update set seen = clock_timestamp()
"""
_END = "delete from automed.driver where study = %s and driver = %s"
_LIVE = """
select driver, host, pid, space from automed.driver
where study = %s and clock_timestamp() - greatest(seen, pg_postmaster_start_time())
    < make_interval(secs => %s)
"""
"""Whoever was silent because the server was down is not gone: it gets the same time after its
start."""
