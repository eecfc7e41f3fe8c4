"""The store as the server opens it: one address, one mode, units of work.

database = Database("sqlite:///var/wiser.sqlite", sandbox=False)
database.upgrade()
with database.write(caller) as unit:
    unit.cases.create(...)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from fhir_server.authorization.caller import Caller
from fhir_server.store import schema
from fhir_server.store.engines import Engines, parse_url
from fhir_server.store.tables import store_information
from fhir_server.store.translating import translated
from fhir_server.store.unit import UnitOfWork

WAIT_SECONDS = 5.0


class Database:
    """A store on SQLite or PostgreSQL. Safe to share between threads and across a fork."""

    def __init__(self, url: str, *, sandbox: bool, wait_seconds: float = WAIT_SECONDS) -> None:
        """Take note of the address; connections are made when they are needed. Raises `SettingsInvalid`."""
        self.url = parse_url(url)
        self.mode = "sandbox" if sandbox else "production"
        self._wait_seconds = wait_seconds
        self._engines: dict[int, Engines] = {}

    @property
    def engines(self) -> Engines:
        """The connections of this process.

        Those that a parent made before a fork stay in the table, untouched: using or closing them here would break his.
        """
        process = os.getpid()
        return self._engines.get(process) or self._engines.setdefault(process, Engines(self.url, self._wait_seconds))

    @contextmanager
    def write(self, caller: Caller) -> Iterator[UnitOfWork]:
        """Give a unit that is kept whole at the end, and not at all when anything is raised.

        Raises `Unavailable` when the store cannot be reached, is locked for too long, full or read-only;
        `ContentInvalid` for content that the store cannot hold; `ConstraintBroken` for what may never be.
        """
        with translated(), self.engines.writing() as connection:
            unit = UnitOfWork(connection, caller, writing=True)
            yield unit
            unit.heads.write()

    @contextmanager
    def read(self, caller: Caller) -> Iterator[UnitOfWork]:
        """Give a unit that sees one moment of the store and cannot write. Raises `Unavailable` as `write` does."""
        with translated(), self.engines.reading() as connection:
            yield UnitOfWork(connection, caller, writing=False)

    def upgrade(self) -> None:
        """Bring the store to this release, and make it in this mode where there is none yet; its folder too.

        Several processes may do so at once. Raises `StoreMismatch` for a store of another mode or of a newer release.
        """
        with translated():
            schema.upgrade(self.engines, self.url, self.mode)

    def check(self) -> None:
        """Raise `StoreMismatch` unless the store was made in this mode and is of this release."""
        with translated(), self.engines.reading() as connection:
            schema.check(connection, self.mode)

    def ping(self) -> None:
        """Raise `Unavailable` unless the store answers."""
        with translated(), self.engines.reading() as connection:
            connection.execute(select(store_information.c.mode))

    def close(self) -> None:
        """Close the connections of this process that are not in use."""
        if engines := self._engines.pop(os.getpid(), None):
            engines.close()
