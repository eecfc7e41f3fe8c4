"""A store of release 0001 comes to this release with all that it holds, and with the rules of this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import insert, text

from fhir_server.authorization.request import Document
from fhir_server.authorization.states import State
from fhir_server.errors import StoreMismatch
from fhir_server.store import schema
from fhir_server.store.database import Database
from fhir_server.store.decisions import CaseDecision
from fhir_server.store.tables import metadata, store_information
from fhir_server.store.translating import ConstraintBroken
from tests.store.reviews import CLINIC, DOCTOR, OPERATOR, decide, finding, load
from tests.store.submissions import ALICE, BOB, CLINICIAN, HOSPITAL, NOW, Submission, request, submit

LOGS = "SELECT case_number, number, owner, at, kind, state, denies_line, data FROM event ORDER BY case_number, number"
RECORD = Document("d", "DocumentReference", "text/plain", b"record")


@pytest.fixture
def old(store_url: str) -> Iterator[Database]:
    """A store of release 0001, with cases that wait and cases that were decided, and one delivery twice."""
    with closing(Database(store_url, sandbox=False)) as database:
        with schema._made_file(database.url), database.engines.writing() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", "fhir_server.store:migrations")
            config.set_main_option("path_separator", "os")
            command.upgrade(config, "0001")
            connection.execute(insert(store_information), {"id": 1, "mode": "production", "created_at": "x"})
        with database.write(ALICE) as unit:
            submit(unit, Submission("WP-1", b"1", request=request((RECORD,))))
            submit(unit, Submission("WP-2", b"2", state=State.AFFIRMED))
            submit(unit, Submission("WP-3", b"3", state=State.NON_AFFIRMED, decider=CLINICIAN))
        with database.write(BOB) as unit:
            submit(unit, Submission("WP-4", b"4"))
            decide(unit, State.INFORMATION_REQUESTED, case="WP-4")
            submit(unit, Submission("WP-5", b"5", state=State.DISMISSED))
            unit.outbox.put("WP-5", "decision", NOW)
        yield database


def test_an_old_store_is_not_opened_before_it_was_upgraded(old: Database) -> None:
    with pytest.raises(StoreMismatch, match="db upgrade"):
        old.check()
    old.upgrade()
    old.check()


def test_nothing_that_was_written_is_lost_or_changed(old: Database) -> None:
    with old.engines.reading() as connection:
        before = connection.execute(text(LOGS)).all()
    old.upgrade()
    with old.engines.reading() as connection:
        assert connection.execute(text(LOGS)).all() == before
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    with old.read(OPERATOR) as unit:
        assert [len(unit.events.of(f"WP-{number}")) for number in range(1, 6)] == [3, 3, 3, 4, 3]
        assert unit.cases.get("WP-3").state is State.NON_AFFIRMED
        assert unit.documents.find("WP-1", "d").content == b"record"


def test_what_was_to_leave_leaves_once(old: Database) -> None:
    old.upgrade()
    with old.write(OPERATOR) as unit:
        unit.outbox.put("WP-5", "decision", NOW)
        found = [row[0] for row in unit.connection.execute(text("SELECT case_number FROM outbox ORDER BY id"))]
    assert found == [f"WP-{number}" for number in range(1, 6)]


def test_what_waits_is_in_the_worklist(old: Database) -> None:
    old.upgrade()
    with old.read(CLINIC) as unit:
        items = unit.worklist.listed()
    assert [(item.case, item.owner, item.status) for item in items] == [
        ("WP-1", "alice", "waiting"),
        ("WP-4", "bob", "information-requested"),
    ]
    assert {(item.received_at, item.due_at, item.latest_at) for item in items} == {
        ("2026-03-01T15:00:00.000Z", "2026-03-04T15:00:00.000Z", "2026-03-04T15:00:00.000Z")
    }
    assert {(item.round, item.tier, item.category, item.specialties) for item in items} == {(1, "standard", None, ())}


def test_what_was_decided_is_counted(old: Database) -> None:
    old.upgrade()
    at = "2026-03-01T15:00:00.000Z"
    with old.read(OPERATOR) as unit:
        counted = [row for number in range(1, 6) for row in unit.decisions.of(f"WP-{number}")]
    assert [(each.case, each.event_number, each.outcome) for each in counted] == [
        ("WP-1", 2, State.IN_REVIEW),
        ("WP-2", 2, State.AFFIRMED),
        ("WP-3", 2, State.NON_AFFIRMED),
        ("WP-4", 2, State.IN_REVIEW),
        ("WP-4", 4, State.INFORMATION_REQUESTED),
        ("WP-5", 2, State.DISMISSED),
    ]
    assert counted[2] == CaseDecision(
        "WP-3", 2, "alice", at, at, "own", "clinician", State.NON_AFFIRMED, None, None, None, False, "fhir-2.2.1",
        False, HOSPITAL, 0, 0,
    )  # fmt: skip


def test_what_waited_is_decided_by_the_new_rules(old: Database) -> None:
    old.upgrade()
    load(old)
    with pytest.raises(ConstraintBroken, match="a denial needs"), old.write(CLINIC) as unit:
        decide(unit, State.NON_AFFIRMED, case="WP-1")
    with old.write(CLINIC) as unit:
        assert unit.worklist.assign("WP-1", DOCTOR.id, NOW)
        finding(unit, "SN1", case="WP-1")
        decide(unit, State.NON_AFFIRMED, case="WP-1")
        assert unit.worklist.close("WP-1")


def test_an_upgraded_store_is_like_one_that_was_made_new(old: Database) -> None:
    old.upgrade()
    with old.engines.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_upgrade_that_fails_leaves_the_old_store(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def fails_late(config: Config, revision: str) -> None:
        upgrade(config, revision)
        raise RuntimeError("power cut")

    monkeypatch.setattr(command, "upgrade", fails_late)
    with pytest.raises(RuntimeError, match="power cut"):
        old.upgrade()
    monkeypatch.undo()
    with old.engines.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
    old.upgrade()
    old.check()
