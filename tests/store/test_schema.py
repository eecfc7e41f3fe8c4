"""A store is made once, in one mode, and knows its release."""

from __future__ import annotations

import fcntl
import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from fhir_server.errors import StoreMismatch
from fhir_server.store import migrations
from fhir_server.store.database import Database
from fhir_server.store.tables import SCHEMA_RELEASE, metadata


@pytest.mark.parametrize("made_as_sandbox", [True, False])
def test_a_store_is_opened_in_the_mode_that_it_was_made_in(store_url: str, made_as_sandbox: bool) -> None:
    made = Database(store_url, sandbox=made_as_sandbox)
    made.upgrade()
    made.upgrade()
    made.check()
    other = Database(store_url, sandbox=not made_as_sandbox)
    with pytest.raises(StoreMismatch, match="made for"):
        other.check()
    with pytest.raises(StoreMismatch, match="made for"):
        other.upgrade()
    made.close()
    other.close()


@pytest.mark.parametrize("action", ["check", "upgrade"])
def test_a_store_of_an_unknown_release_is_not_opened(database: Database, action: str) -> None:
    with database.engines.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreMismatch, match="9999"):
        getattr(database, action)()


def test_an_empty_postgresql_has_to_be_made_first(postgresql_url: str) -> None:
    database = Database(postgresql_url, sandbox=False)
    with pytest.raises(StoreMismatch, match="empty"):
        database.check()
    database.close()


def _upgrade(url: str) -> None:
    database = Database(url, sandbox=False)
    database.upgrade()
    database.check()
    database.close()


def test_several_processes_make_the_store_at_once(store_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_upgrade, args=(store_url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def test_whoever_makes_a_file_waits_for_another_who_does(sqlite_url: str) -> None:
    database = Database(sqlite_url, sandbox=False)
    path = Path(database.url.database or "")
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(target=database.upgrade)
        thread.start()
        thread.join(0.2)
        assert not path.exists()
    thread.join()
    database.check()
    database.close()


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a folder/of#its?own/store.sqlite", sandbox=False)
    database.upgrade()
    database.ping()
    path = Path(database.url.database or "")
    assert {each.stat().st_mode & 0o777 for each in path.parent.glob(path.name + "*[!k]")} == {0o600}
    with database.engines.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    database.close()


def test_the_newest_revision_is_the_release_of_this_software() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [SCHEMA_RELEASE]


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    with database.engines.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.fixture
def made_from_tables(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[Connection]:
    """The same engine with tables made straight from `tables`, in a place of their own."""
    if database.url.get_backend_name() == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'plain.sqlite'}")
    else:
        engine = create_engine(database.url, connect_args={"options": "-c search_path=plain"})
        with database.engines.writing() as connection:
            connection.execute(text("CREATE SCHEMA plain"))
    with engine.begin() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def test_the_migrations_make_the_same_checks_and_keys(database: Database, made_from_tables: Connection) -> None:
    with database.engines.reading() as connection:
        migrated, plain = inspect(connection), inspect(made_from_tables)
        for table in metadata.tables:
            for look in ("get_check_constraints", "get_foreign_keys", "get_pk_constraint", "get_unique_constraints"):
                assert _plain(getattr(migrated, look)(table)) == _plain(getattr(plain, look)(table))


def _plain(found: Any) -> list[str]:
    rows = found if isinstance(found, list) else [found]
    return sorted(str({key: value for key, value in row.items() if key != "referred_schema"}) for row in rows)
