"""The tables that studies in Postgres are kept in: a schema of their own, ``automed``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    import psycopg

_ONE_AT_A_TIME = 20251017
"""Key of the lock under which they are made; any number that nobody else in the database takes."""

_TABLES: tuple[LiteralString, ...] = (
    "create schema if not exists automed",
    """
    create table automed.study (
        name text primary key,
        length bigint not null default 0,
        spec text,
        split text,
        prior text,
        changes bigint not null default 0,
        booked timestamptz not null default clock_timestamp()
    )
    """,
    # Text, not jsonb: a diverged training is a NaN, which JSON proper does not know.
    """
    create table automed.log (
        study text not null references automed.study (name) on delete cascade,
        at bigint not null,
        batch text not null,
        record text not null,
        primary key (study, at)
    )
    """,
    """
    create table automed.driver (
        study text not null references automed.study (name) on delete cascade,
        driver text not null,
        host text not null,
        pid bigint not null,
        space text not null,
        seen timestamptz not null default clock_timestamp(),
        primary key (study, driver)
    )
    """,
)
"""``study``: its settings, the length of its log, how often its settings were changed, and up to
when its wall time is booked. ``log``: optuna's journal, a record a row, numbered from 0 without
gaps. ``driver``: the searches at work, and when each was last heard of."""


def make_tables(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Make what is not there."""
    if _are_there(connection):
        return
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        if not _are_there(connection):
            for statement in _TABLES:
                connection.execute(statement)


def _are_there(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    # Of a table, which is read anew: to_regclass may answer from what it remembers.
    query = "select 1 from pg_tables where schemaname = 'automed' and tablename = 'driver'"
    return connection.execute(query).fetchone() is not None
