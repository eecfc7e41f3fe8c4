"""What is added to a log stays as it was written, whatever statement is tried, on both engines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, inspect, text

from fhir_server.authorization.events import ClaimRecorded
from fhir_server.authorization.request import Document
from fhir_server.authorization.states import State
from fhir_server.store.database import Database
from fhir_server.store.letters import Letter
from fhir_server.store.migrations.release_0002_rules import KEYS
from fhir_server.store.tracking import TrackingLine
from fhir_server.store.translating import ConstraintBroken
from tests.store.reviews import CLINIC, OPERATOR, decide, review
from tests.store.submissions import ALICE, NOW, Submission, request, submit

LOGS = (
    "event", "message", "document", "review_finding", "case_criterion", "case_decision", "tracking_line", "claim_line",
    "letter", "letter_pdf",
)  # fmt: skip
CHANGING = {
    "worklist_item": "tier = 'standard'",
    "tracking_number": "attempts = 99",
}
"""Tables whose rows change, and a change that would show."""


def fill(database: Database) -> None:
    """Leave a row in every log: a case that was denied by its sixth event, with all that follows."""
    review(database)
    with database.write(CLINIC) as unit:
        denial = decide(unit, State.PARTIAL)
        unit.decisions.keep(denial, received_at=NOW)
        lines = (TrackingLine(1, "64561", True), TrackingLine(2, "64561", False))
        unit.tracking.request("WP-0001", denial.number, NOW, affirmed=True, member_id=None, lines=lines)
        unit.tracking.issued("WP-0001", denial.number, "U1", NOW)
        claim = ClaimRecorded("C", 1, "64561", "2026-04-01", 1, "paid")
        unit.claims.record("WP-0001", denial.number, claim, NOW)
        unit.letters.keep(Letter("L1", "partial", "x", "x", "x", "{}", "WP-0001", denial.number))
        unit.letters.keep_pdf("L1", b"%PDF", NOW)
    with database.write(ALICE) as unit:
        record = Document("d", "DocumentReference", "text/plain", b"record")
        submit(unit, Submission("WP-2", b"2", request=request((record,)), state=State.AFFIRMED))
        unit.tracking.request("WP-2", 2, NOW, affirmed=True, member_id=None)


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database)
    return database


@pytest.fixture
def filled_file(sqlite_url: str) -> Iterator[Database]:
    with contextlib.closing(Database(sqlite_url, sandbox=False)) as database:
        database.upgrade()
        fill(database)
        yield database


def refused(database: Database, statement: str, told: str = "append-only") -> None:
    with pytest.raises(ConstraintBroken, match=told), database.write(OPERATOR) as unit:
        unit.connection.execute(text(statement))


@pytest.mark.parametrize("table", LOGS)
def test_a_row_of_a_log_is_neither_changed_nor_deleted(filled: Database, table: str) -> None:
    column = KEYS[table][-1].split(", ")[0]
    refused(filled, f"UPDATE {table} SET {column} = {column}")
    refused(filled, f"DELETE FROM {table}")


@pytest.mark.parametrize("table", CHANGING)
def test_a_row_that_changes_is_not_deleted(filled: Database, table: str) -> None:
    refused(filled, f"DELETE FROM {table}")


@pytest.mark.parametrize("table", [*LOGS, *CHANGING])
def test_postgresql_does_not_empty_a_table(postgresql_url: str, table: str) -> None:
    with contextlib.closing(Database(postgresql_url, sandbox=False)) as database:
        database.upgrade()
        refused(database, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(("table", "key"), [(table, key) for table, keys in KEYS.items() for key in keys])
def test_sqlite_lets_no_row_of_a_log_take_the_place_of_another(filled_file: Database, table: str, key: str) -> None:
    """Whatever key the new row has in common with one that is there, all else being its own."""
    with filled_file.engines.reading() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns(table)]
    names = ["rowid", *columns] if key == "rowid" else columns
    own = [name if name in key.split(", ") else _other(table, name) for name in names]
    row = f"SELECT {', '.join(own)} FROM {table} ORDER BY 1 DESC LIMIT 1"
    refused(filled_file, f"REPLACE INTO {table} ({', '.join(names)}) {row}")


def _other(table: str, column: str) -> str:
    """Return a value for the column that no other key of the row has."""
    if column in ("id", "number") and table != "event":
        return "99" if column == "id" else "'another'"
    return "position + 9" if column == "position" else column


@pytest.mark.parametrize("table", LOGS)
def test_no_key_is_forgotten(filled_file: Database, table: str) -> None:
    with filled_file.engines.reading() as connection:
        assert {", ".join(key) for key in _unique_keys(connection, table)} <= set(KEYS[table])


def _unique_keys(connection: Connection, table: str) -> Iterator[tuple[str, ...]]:
    found = inspect(connection)
    yield tuple(found.get_pk_constraint(table)["constrained_columns"])
    for each in found.get_unique_constraints(table):
        yield tuple(each["column_names"])
    for index in found.get_indexes(table):
        if index["unique"]:
            yield tuple(str(name) for name in index["column_names"])


@pytest.mark.parametrize("table", CHANGING)
def test_sqlite_lets_no_item_or_number_take_the_place_of_another(filled_file: Database, table: str) -> None:
    column, value = CHANGING[table].split(" = ")
    with filled_file.engines.reading() as connection:
        columns = [each["name"] for each in inspect(connection).get_columns(table)]
    changed = ", ".join(value if each == column else each for each in columns)
    refused(filled_file, f"REPLACE INTO {table} SELECT {changed} FROM {table} ORDER BY 1 LIMIT 1", "one")


def test_sqlite_lets_no_number_be_taken_from_a_decision(filled_file: Database) -> None:
    refused(
        filled_file,
        "UPDATE OR REPLACE tracking_number SET number = 'U1', status = 'issued' WHERE case_number = 'WP-2'",
        "one tracking number",
    )


@pytest.mark.parametrize(
    "change",
    [
        "number = 'U2'",
        "number = NULL, status = 'failed'",
        "affirmed = FALSE",
        "valid_to = '2099-12-31'",
    ],
)
def test_a_tracking_number_that_was_issued_stays(filled: Database, change: str) -> None:
    refused(filled, f"UPDATE tracking_number SET {change} WHERE number = 'U1'", "was issued stays")


@pytest.mark.parametrize("change", ["affirmed = FALSE", "decision_event = 1", "case_number = 'WP-0001'"])
def test_a_tracking_number_that_waits_stays_with_its_decision(filled: Database, change: str) -> None:
    refused(filled, f"UPDATE tracking_number SET {change} WHERE case_number = 'WP-2'", "was issued stays")


def test_an_item_of_the_worklist_begins_with_its_first_round(filled: Database) -> None:
    columns = "owner, round, tier, expedited, received_at, due_at, latest_at, status, second_look"
    refused(
        filled,
        f"INSERT INTO worklist_item (case_number, {columns}) SELECT 'WP-2', {columns.replace('round', '2')} "
        "FROM worklist_item",
        "first round",
    )


def test_a_finding_is_of_the_round_of_its_case(filled: Database) -> None:
    """One that was made in the first round stands for nothing in the second."""
    with filled.write(CLINIC) as unit:
        decide(unit, State.IN_REVIEW)
        unit.worklist.reopen("WP-0001")
        unit.worklist.assign("WP-0001", "r-1", NOW)
        unit.heads.write()
        unit.connection.execute(
            text(
                "INSERT INTO event (case_number, number, owner, at, actor, kind, state, state_before, reviewer, "
                "denies_line, data) SELECT case_number, 8, owner, at, actor, kind, state, state_before, reviewer, "
                "denies_line, data FROM event WHERE case_number = 'WP-0001' AND number = 5"
            )
        )
    columns = "case_number, event_number, owner, round, category, element, result, reviewer, rationale, evidence, at"
    copied = columns.replace("event_number", "8").replace("round", "1")
    refused(
        filled,
        f"INSERT INTO review_finding ({columns}) SELECT {copied} FROM review_finding WHERE event_number = 5",
        "round of its case",
    )


def test_a_case_stays_with_its_number_and_owner(filled: Database) -> None:
    with filled.write(OPERATOR) as unit:
        unit.connection.execute(
            text(
                "INSERT INTO authorization_case (number, owner, channel, state, created_at, changed_at, last_event) "
                "VALUES ('WP-3', 'alice', 'c', 'received', 'x', 'x', 0)"
            )
        )
    for change in ("owner = 'bob'", "number = 'WP-4'"):
        refused(filled, f"UPDATE authorization_case SET {change} WHERE number = 'WP-3'", "number and owner")
