"""What a store was made as, and how it comes to this release."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, insert, inspect, select, text

from fhir_server.errors import SettingsInvalid, StoreMismatch
from fhir_server.store.engines import Engines
from fhir_server.store.tables import SCHEMA_RELEASE, store_information
from fhir_server.store.values import utc_text

_UPGRADE_LOCK = 0x77697365722D7061  # any number that no one else locks in this database


def check(connection: Connection, mode: str) -> None:
    """Raise `StoreMismatch` unless the store was made in *mode* and is of this release."""
    _check_mode(_stored_mode(connection), mode)
    release = _stored_release(connection)
    if release != SCHEMA_RELEASE:
        raise StoreMismatch(
            f"The store is of release {release}; this software works with {SCHEMA_RELEASE}. Run `wiser-pas db upgrade`."
        )


def upgrade(engines: Engines, url: URL, mode: str) -> None:
    """Bring the store to this release in one transaction; make it in *mode* where it is empty.

    Raises `StoreMismatch` for a store of another mode, or of a release that this software does not know.
    """
    with _made_file(url), engines.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _UPGRADE_LOCK})
        stored = _stored_mode(connection)
        if stored is not None:
            _check_mode(stored, mode)
        _migrate(connection)
        if stored is None:
            made = {"id": 1, "mode": mode, "created_at": utc_text(datetime.now(UTC))}
            connection.execute(insert(store_information), made)


def _stored_mode(connection: Connection) -> str | None:
    """Return the mode that the store was made in, ``None`` where it is empty."""
    if not inspect(connection).has_table(store_information.name):
        return None
    mode: str = connection.execute(select(store_information.c.mode)).scalar_one()
    return mode


def _stored_release(connection: Connection) -> str | None:
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _check_mode(stored: str | None, mode: str) -> None:
    if stored is None:
        raise StoreMismatch("The store is empty. Run `wiser-pas db upgrade`.")
    if stored != mode:
        raise StoreMismatch(f"The store was made for {stored}; this server runs in {mode} and does not open it.")


def _migrate(connection: Connection) -> None:
    from alembic import command  # slow to import, and needed here only
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "fhir_server.store:migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if inspect(connection).has_table("alembic_version") and (release := _stored_release(connection)) not in known:
        raise StoreMismatch(
            f"The store is of release {release}, which this software does not know. Update the software."
        )
    command.upgrade(config, "head")


@contextmanager
def _made_file(url: URL) -> Iterator[None]:
    """Make the file of a SQLite store, in WAL mode, and keep other processes from doing the same meanwhile."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    assert url.database is not None
    path = Path(url.database)
    with ExitStack() as held:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = held.enter_context(path.with_name(path.name + ".lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            path.touch(mode=0o600)  # beneficiaries' data: SQLite gives its other files the same rights
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        except (OSError, sqlite3.Error) as error:
            raise SettingsInvalid(f"DATABASE_URL: {path} cannot be a store: {error}.") from error
        yield
