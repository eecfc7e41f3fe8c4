"""One transaction a unit, and what a store that is not there is told as."""

from __future__ import annotations

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from fhir_server.authorization.events import EventKind
from fhir_server.authorization.request import ServiceLine
from fhir_server.errors import ContentInvalid, NotFound, SettingsInvalid, Unavailable
from fhir_server.store.cases import CaseIdentifier
from fhir_server.store.database import Database
from fhir_server.store.messages import Message
from tests.conftest import StartPostgreSQL
from tests.store.submissions import ALICE, NOW, Submission, request, submit


def test_a_submission_is_kept_after_the_store_was_closed_and_opened_again(database: Database, store_url: str) -> None:
    sent = Submission()
    with database.write(ALICE) as unit:
        assert submit(unit, sent) is None
    database.close()
    with closing(Database(store_url, sandbox=False)) as again:
        again.check()
        with again.read(ALICE) as unit:
            kinds = [each.kind for each in unit.events.of(sent.case)]
            assert kinds == [EventKind.RECEIVED, EventKind.DETERMINED, EventKind.ANSWERED]
            assert unit.messages.of(sent.case)[0].content == sent.body
            assert unit.cases.get(sent.case).state == sent.state


def test_nothing_is_kept_when_anything_is_raised(database: Database) -> None:
    def fails_late() -> None:
        with database.write(ALICE) as unit:
            submit(unit, Submission())
            raise RuntimeError("later")

    with pytest.raises(RuntimeError, match="later"):
        fails_late()
    with database.read(ALICE) as unit, pytest.raises(NotFound):
        unit.cases.get(Submission().case)
    with database.write(ALICE) as unit:
        assert submit(unit, Submission()) is None


def test_a_unit_that_reads_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable), database.read(ALICE) as unit:
        submit(unit, Submission())


def test_a_unit_that_reads_sees_one_moment(database: Database) -> None:
    with database.read(ALICE) as reading:
        assert reading.cases.identified_by("administrative", "WP-0001") == ()
        with database.write(ALICE) as unit:
            submit(unit, Submission())
        assert reading.cases.identified_by("administrative", "WP-0001") == ()
    with database.read(ALICE) as unit:
        assert unit.cases.identified_by("administrative", "WP-0001") == ("WP-0001",)


def test_threads_share_one_store(database: Database) -> None:
    def one(position: int) -> None:
        with database.write(ALICE) as unit:
            submit(unit, Submission(case=f"WP-{position}", body=str(position).encode()))

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(one, range(72)))
    with database.read(ALICE) as unit:
        assert len(unit.cases.identified_by("request", "A-1")) == 72


def test_a_forked_process_makes_its_own_connections(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    child = os.fork()
    if child == 0:
        kept = False
        with database.write(ALICE) as unit:
            kept = submit(unit, Submission(case="WP-child", body=b"child")) is None
        os._exit(0 if kept else 1)
    assert os.waitpid(child, 0)[1] == 0
    with database.write(ALICE) as unit:
        submit(unit, Submission(case="WP-parent", body=b"parent"))
    with database.read(ALICE) as unit:
        assert len(unit.cases.identified_by("request", "A-1")) == 3


def test_a_document_of_ten_megabytes_comes_back(database: Database) -> None:
    content = os.urandom(10 * 1024 * 1024)
    with database.write(ALICE) as unit:
        kept = unit.messages.keep(Message("received", "fhir-2.2.1", "application/fhir+json", content, NOW))
    with database.engines.reading() as connection:
        row = connection.execute(text("SELECT content FROM message WHERE id = :id"), {"id": kept}).one()
    assert bytes(row.content) == content


@pytest.mark.parametrize("strange", ["\x00", os.urandom(50_000).hex()], ids=["NUL", "long"])
def test_what_no_index_can_hold_is_stored_all_the_same(database: Database, strange: str) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
        unit.cases.identify("WP-0001", (CaseIdentifier("trace", strange, strange),))
    with database.read(ALICE) as unit:
        assert unit.cases.identified_by("trace", strange) == ("WP-0001",)
        assert unit.cases.identified_by("trace", strange + "x") == ()


def test_text_that_the_engine_cannot_hold_is_the_senders_fault(postgresql_url: str) -> None:
    database = Database(postgresql_url, sandbox=False)
    database.upgrade()
    with pytest.raises(ContentInvalid), database.write(ALICE) as unit:
        submit(unit, Submission(channel="\x00"))
    database.close()


@pytest.mark.parametrize("sequence", [2**63, 2**64, 10**30, -(10**30)])
def test_a_number_beyond_all_ranges_is_the_senders_fault(database: Database, sequence: int) -> None:
    sent = Submission(request=replace(request(), lines=(ServiceLine(sequence),)))
    with pytest.raises(ContentInvalid), database.write(ALICE) as unit:
        submit(unit, sent)


def test_half_a_character_is_the_senders_fault(database: Database) -> None:
    with pytest.raises(ContentInvalid), database.write(ALICE) as unit:
        submit(unit, Submission(request=replace(request(), status="\ud800")))


class TestWhenTheStoreIsNotThere:
    def test_a_locked_file(self, sqlite_url: str) -> None:
        database = Database(sqlite_url, sandbox=False, wait_seconds=0.1)
        database.upgrade()
        holder = sqlite3.connect(Path(database.url.database or ""), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refused, database.write(ALICE):
            pass
        assert refused.value.headers == {"Retry-After": "1"}
        assert refused.value.status == 503
        holder.execute("ROLLBACK")
        with database.write(ALICE) as unit:
            assert submit(unit, Submission()) is None
        holder.close()
        database.close()

    def test_a_thread_that_takes_too_long(self, sqlite_url: str) -> None:
        database = Database(sqlite_url, sandbox=False, wait_seconds=0.1)
        database.upgrade()
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with database.write(ALICE):
                held.set()
                release.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        with pytest.raises(Unavailable), database.write(ALICE):
            pass
        with database.read(ALICE) as unit:
            assert unit.cases.identified_by("utn", "none") == ()
        release.set()
        thread.join()
        database.close()

    def test_a_full_disk(self, sqlite_url: str) -> None:
        database = Database(sqlite_url, sandbox=False)
        database.upgrade()
        with database.engines.writing() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 4}")
        with pytest.raises(Unavailable), database.write(ALICE) as unit:
            submit(unit, Submission(body=b"x" * 100_000))
        with database.engines.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=100000")
        with database.write(ALICE) as unit:
            assert submit(unit, Submission(body=b"x" * 100_000)) is None
        database.close()

    def test_a_file_that_has_gone_is_not_made_anew(self, sqlite_url: str) -> None:
        database = Database(sqlite_url, sandbox=False)
        with pytest.raises(Unavailable):
            database.ping()
        with pytest.raises(Unavailable), database.write(ALICE):
            pass
        assert not Path(database.url.database or "").exists()

    def test_a_postgresql_that_comes_back(self, start_postgresql: StartPostgreSQL) -> None:
        server = start_postgresql()
        database = Database(server.url("postgres"), sandbox=False)
        database.upgrade()
        with database.write(ALICE) as unit:
            submit(unit, Submission())
        server.stop()
        for _ in range(2):
            with pytest.raises(Unavailable), database.write(ALICE) as unit:
                submit(unit, Submission(case="WP-2", body=b"2"))
        with pytest.raises(Unavailable):
            database.ping()
        server.start()
        database.ping()
        with database.write(ALICE) as unit:
            assert submit(unit, Submission(case="WP-2", body=b"2")) is None
        database.close()

    def test_a_postgresql_that_is_read_only(self, postgresql_url: str) -> None:
        database = Database(postgresql_url, sandbox=False)
        database.upgrade()
        database.close()
        admin = create_engine(database.url)
        with admin.begin() as connection:
            name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        admin.dispose()
        with pytest.raises(Unavailable), database.write(ALICE) as unit:
            submit(unit, Submission())
        database.close()


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "not an address", ""])
def test_an_address_of_nothing_that_lasts_is_refused(address: str) -> None:
    with pytest.raises(SettingsInvalid):
        Database(address, sandbox=False)
