"""Connections: one pool a process and purpose, each connection set up so that a commit is durable.

SQLite: WAL, ``synchronous=FULL``, foreign keys enforced, every write begun with BEGIN IMMEDIATE (where two writes meet
that begin with a read, one fails at once in spite of the timeout). PostgreSQL: psycopg 3, READ COMMITTED for writes (an
INSERT that waited sees what it waited for), REPEATABLE READ READ ONLY for reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from fhir_server.errors import SettingsInvalid
from fhir_server.store.turns import Turns

MOST_CONNECTIONS = 16
CONNECT_SECONDS = 5
CHECKPOINT_PAGES = 4000  # four times the default: a page that many transactions change is copied back less often


def parse_url(text: str) -> URL:
    """Return the address of a store; raise SettingsInvalid unless it is PostgreSQL's or that of a SQLite file.

    A relative path of a SQLite file is made absolute here, so that a later change of folder does not matter.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise SettingsInvalid("DATABASE_URL is not an address (postgresql://… or sqlite:///file).") from error
    match url.get_backend_name():
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite" if url.database and url.database != ":memory:":
            return URL.create("sqlite", database=str(Path(url.database).absolute()))
        case _:
            raise SettingsInvalid("DATABASE_URL must be postgresql://… or sqlite:///file, a file that lasts.")


class Engines:
    """The connections of one process to one store."""

    def __init__(self, url: URL, wait_seconds: float) -> None:
        file = url.database if url.get_backend_name() == "sqlite" else None
        self._turns = Turns(Path(file), wait_seconds) if file else None
        self._writer, self._reader = (_sqlite if file else _postgresql)(url, wait_seconds)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection within a transaction that is committed at the end, or rolled back on any exception.

        On SQLite the writers take turns.
        """
        with self._turns.mine() if self._turns else nullcontext(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection within a transaction that sees one moment of the store and cannot write."""
        with self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._writer.dispose()
        self._reader.dispose()
        if self._turns:
            self._turns.close()


def _sqlite(url: URL, wait_seconds: float) -> tuple[Engine, Engine]:
    assert url.database is not None
    address = Path(url.database).as_uri() + "?mode=rw"  # never makes a new, empty file where ours has gone

    def connect(*pragmas: str) -> Callable[[], sqlite3.Connection]:
        def made() -> sqlite3.Connection:
            connection = sqlite3.connect(
                address, uri=True, timeout=wait_seconds, isolation_level=None, check_same_thread=False
            )
            for pragma in ("foreign_keys=ON", "synchronous=FULL", f"wal_autocheckpoint={CHECKPOINT_PAGES}", *pragmas):
                connection.execute(f"PRAGMA {pragma}")
            return connection

        return made

    def engine(creator: Callable[[], sqlite3.Connection], begin: str, connections: int) -> Engine:
        made = create_engine(
            "sqlite://",
            creator=creator,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=wait_seconds,
            hide_parameters=True,
        )
        event.listen(made, "begin", lambda connection: connection.exec_driver_sql(begin))
        return made

    return (
        engine(connect(), "BEGIN IMMEDIATE", 1),
        engine(connect("query_only=ON"), "BEGIN", MOST_CONNECTIONS),
    )


def _postgresql(url: URL, wait_seconds: float) -> tuple[Engine, Engine]:
    writer = create_engine(
        url,
        pool_size=MOST_CONNECTIONS,
        max_overflow=0,
        pool_timeout=wait_seconds,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_SECONDS},
    )

    @event.listens_for(writer, "connect")
    def limit_waiting(connection: Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = '{wait_seconds}s'")
        connection.commit()

    return writer, writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
