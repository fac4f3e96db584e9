"""A study's log in Postgres: the records that optuna writes into a journal file, as rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optuna.storages.journal import BaseJournalBackend

from automed.search.postgres import Postgres

if TYPE_CHECKING:
    from automed.search.postgres import Connection

Record = dict[str, Any]


class PostgresJournal(BaseJournalBackend):
    """For ``optuna.storages.JournalStorage``: one study's records, in the order of the log.

    ``optuna.load_study(study_name=name, storage=JournalStorage(PostgresJournal(url, name)))``

    Several processes may write: the order of the rows decides, and has no gaps. Each append is
    written once, even where the server is lost before it has said so.

    Args:
        database: Where, or its URL.
        study: Name of the study; each has a log of its own.
    """

    def __init__(self, database: Postgres | str, study: str) -> None:
        self._database = Postgres(database) if isinstance(database, str) else database
        self._study = study
        self._turn: _Turn | None = None

    def read_logs(self, log_number_from: int) -> list[Record]:
        """The records from a number on."""
        turn = self._turn
        if turn is None:
            rows = self._database.rows(_READ, self._study, log_number_from)
            return [json.loads(text) for (text,) in rows]
        written: list[str] = []
        if log_number_from < turn.start:
            found = turn.connection.execute(_READ, [self._study, log_number_from]).fetchall()
            written = [text for (text,) in found]
        own = turn.records[max(0, log_number_from - turn.start) :]
        return [json.loads(text) for text in (*written, *own)]

    def append_logs(self, logs: list[Record]) -> None:
        """Add records at the end, all of them or none."""
        records = [json.dumps(log, separators=(",", ":")) for log in logs]
        if self._turn is not None:
            self._turn.records += records
            return
        batch = uuid.uuid4().hex

        def append(connection: Connection, again: bool) -> None:
            if again and is_written(connection, self._study, batch):
                return
            connection.execute(_KNOW, [self._study])
            (start,) = _one(connection.execute(_LOCK, [self._study]).fetchone())
            _append(connection, self._study, start, batch, records)

        self._database.transact(append)

    @contextmanager
    def turn(self, connection: Connection, start: int, batch: str) -> Iterator[None]:
        """In the block, which holds the study's row, nobody else can write.

        What is appended is written at the end of the block. It is not there before the transaction
        around the block is.

        Args:
            connection: In a transaction that has locked the row.
            start: How long the log is.
            batch: Marks what is written.
        """
        self._turn = _Turn(connection, start)
        try:
            yield
            if self._turn.records:
                _append(connection, self._study, start, batch, self._turn.records)
        finally:
            self._turn = None


class _Turn:
    """What is read and written while the study's row is held."""

    def __init__(self, connection: Connection, start: int) -> None:
        self.connection = connection
        self.start = start
        self.records: list[str] = []


def is_written(connection: Connection, study: str, batch: str) -> bool:
    """Whether records with this mark are in a study's log."""
    return connection.execute(_IS_WRITTEN, [study, batch]).fetchone() is not None


def _append(connection: Connection, study: str, start: int, batch: str, records: list[str]) -> None:
    connection.execute(_APPEND, [study, start, batch, records])
    connection.execute(_LENGTHEN, [start + len(records), study])


def _one(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    assert row is not None
    return row


_READ = "select record from automed.log where study = %s and at >= %s order by at"
_KNOW = "insert into automed.study (name) values (%s) on conflict do nothing"
_LOCK = "select length from automed.study where name = %s for no key update"
_IS_WRITTEN = "select 1 from automed.log where study = %s and batch = %s limit 1"
_APPEND = """
insert into automed.log (study, at, batch, record)
select %s, %s + number - 1, %s, record
from unnest(%s::text[]) with ordinality as new (record, number)
"""
_LENGTHEN = "update automed.study set length = %s where name = %s"
