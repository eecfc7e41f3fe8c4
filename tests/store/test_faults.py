"""Any statement may fail, and any process may die: nothing half written remains, and a retry succeeds."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from fhir_server.authorization.request import Document
from fhir_server.errors import Unavailable
from fhir_server.store.database import Database
from fhir_server.store.statements import Statement
from tests.conftest import StartPostgreSQL
from tests.store.integrity import cases_of
from tests.store.submissions import ALICE, Submission, request, submit

SENT = Submission(request=request((Document("d", "DocumentReference", "text/plain", b"record"),)))


def operational_error(connection: Connection) -> Exception:
    driver: Any = connection.dialect.dbapi
    return driver.OperationalError("disk I/O error")  # type: ignore[no-any-return]


@contextmanager
def failing_at(database: Database, statement: int) -> Iterator[list[str]]:
    """Let the connection break at the given statement (from 1) of the transaction; give what was run."""
    seen: list[str] = []

    def fail(_connection: Connection, _cursor: Any, sql: str, *_: object) -> None:
        seen.append(sql)
        if len(seen) == statement:
            raise error

    def watched(text: Callable[..., Any]) -> Callable[..., Any]:
        def counted(self: Statement, connection: Connection, parameters: Any) -> Any:
            found = text(self, connection, parameters)
            fail(connection, None, found[0])
            return found

        return counted

    with database.engines.writing() as connection:
        engine, error = connection.engine, operational_error(connection)
    event.listen(engine, "before_cursor_execute", fail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Statement, "_text", watched(Statement._text))  # the hot path goes past SQLAlchemy's own events
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", fail)


def statements_of_a_submission(database: Database) -> int:
    with failing_at(database, 0) as seen, database.write(ALICE) as unit:
        submit(unit, replace(SENT, case="WP-0", body=b"0"))
    return len(seen)


def test_every_statement_of_a_submission_may_fail(database: Database) -> None:
    statements = statements_of_a_submission(database)
    assert 15 <= statements <= 25
    kept = ["WP-0"]
    for failing in range(1, statements + 1):
        sent = replace(SENT, case=f"WP-{failing}", body=str(failing).encode())
        with failing_at(database, failing) as seen, pytest.raises(Unavailable), database.write(ALICE) as unit:
            submit(unit, sent)
        assert len(seen) == failing
        assert cases_of(database) == sorted(kept)
        with database.write(ALICE) as unit:
            assert submit(unit, sent) is None
        kept.append(sent.case)
    assert cases_of(database) == sorted(kept)


def test_the_commit_may_fail(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_connection: object) -> None:
        raise error

    with database.engines.writing() as connection:
        dialect, error = connection.dialect, operational_error(connection)
    monkeypatch.setattr(dialect, "do_commit", broken)
    with pytest.raises(Unavailable), database.write(ALICE) as unit:
        submit(unit, SENT)
    monkeypatch.undo()
    assert cases_of(database) == []
    with database.write(ALICE) as unit:
        assert submit(unit, SENT) is None


def _submit_for_ever(url: str, tag: str, acknowledged: str) -> None:
    database = Database(url, sandbox=False)
    with Path(acknowledged).open("a") as log:
        for number in range(100_000):
            sent = replace(SENT, case=f"WP-{tag}-{number}", body=f"{tag}-{number}".encode() * 500)
            with database.write(ALICE) as unit:
                submit(unit, sent)
            log.write(sent.case + "\n")
            log.flush()


def _kill_twenty_times(database: Database, url: str, folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    acknowledged = folder / "acknowledged"
    for kill in range(20):
        process = context.Process(target=_submit_for_ever, args=(url, str(kill), str(acknowledged)))
        process.start()
        before = acknowledged.stat().st_size if acknowledged.exists() else 0
        while not acknowledged.exists() or acknowledged.stat().st_size == before:
            time.sleep(0.001)
        time.sleep(random.random() * 0.03)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    kept, told = set(cases_of(database)), acknowledged.read_text().split()
    assert set(told) <= kept
    assert len(kept) - len(told) <= 20  # the one that each kill met between its commit and the word of it
    with database.write(ALICE) as unit:
        assert submit(unit, SENT) is None


def test_a_process_may_be_killed_at_any_time(database: Database, store_url: str, tmp_path: Path) -> None:
    _kill_twenty_times(database, store_url, tmp_path)


def test_postgresql_itself_may_be_killed(start_postgresql: StartPostgreSQL) -> None:
    server = start_postgresql()
    database = Database(server.url("postgres"), sandbox=False)
    database.upgrade()
    told = []
    for number in range(30):
        if number % 10 == 5:
            server.kill()
            with pytest.raises(Unavailable), database.write(ALICE) as unit:
                submit(unit, replace(SENT, case=f"WP-{number:02}", body=str(number).encode()))
            server.start()
        with database.write(ALICE) as unit:
            submit(unit, replace(SENT, case=f"WP-{number:02}", body=str(number).encode()))
        told.append(f"WP-{number:02}")
    assert cases_of(database) == told
    database.close()
