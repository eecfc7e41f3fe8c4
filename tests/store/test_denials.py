"""What may never happen, 1: no automated actor denies anything, by whatever entrance (docs/decisions/never.md).

The code is not asked here, but the database itself: rows that no code of ours writes, by hand, on both engines.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from fhir_server.authorization.determination import Decider, Routing
from fhir_server.authorization.events import Answered, Determined, EventKind
from fhir_server.authorization.request import Document
from fhir_server.authorization.states import State
from fhir_server.store.database import Database
from fhir_server.store.migrations.release_0002_rules import RULES
from fhir_server.store.reviewers import Licence, Reviewer
from fhir_server.store.translating import ConstraintBroken
from tests.store.reviews import (
    CLINIC,
    CLOCK,
    DOCTOR,
    NEUROLOGY,
    OPERATOR,
    OTHER,
    REVIEWERS,
    ROUTING,
    UROLOGY,
    decide,
    finding,
    load,
    review,
    settle,
    wait,
)
from tests.store.submissions import ALICE, CLINICIAN, NOW, SOFTWARE, Submission, determination, request, submit

SIMULATED = replace(CLINICIAN, kind="simulated")
PARTNER = Decider(decided_by="partner", kind="clinician", interchange="ISA-000000001")
denials = pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.NON_AFFIRMED, "non-affirmed"),
        (State.PARTIAL, "affirmed"),
        (State.IN_REVIEW, "non-affirmed"),
        (State.AFFIRMED, "modified"),
    ],
)


def refused(
    database: Database,
    told: str,
    state: State = State.NON_AFFIRMED,
    outcome: str = "non-affirmed",
    decider: Decider = CLINICIAN,
) -> None:
    """Check that the decision is refused with these words, and that nothing of it is kept."""
    with database.read(OPERATOR) as unit:
        before = unit.cases.get("WP-0001").last_event
    with pytest.raises(ConstraintBroken, match=told), database.write(CLINIC) as unit:
        decide(unit, state, decider, outcome)
    with database.read(OPERATOR) as unit:
        assert unit.cases.get("WP-0001").last_event == before


@denials
class TestADenialOfOurOwn:
    def test_by_the_reviewer_of_the_case_is_kept(self, database: Database, state: State, outcome: str) -> None:
        review(database)
        with database.write(CLINIC) as unit:
            decide(unit, state, CLINICIAN, outcome)
        with database.read(ALICE) as unit:
            assert unit.cases.get("WP-0001").state is state
            assert unit.events.of("WP-0001")[-1].data == Determined(determination(state, CLINICIAN, outcome))

    @pytest.mark.parametrize(
        "decider",
        [
            SOFTWARE,
            replace(CLINICIAN, kind="software"),
            *(replace(CLINICIAN, reviewer=nothing) for nothing in (None, "")),
            *(replace(CLINICIAN, licence=nothing) for nothing in (None, "")),
            *(replace(CLINICIAN, specialty=nothing) for nothing in (None, "")),
        ],
    )
    def test_needs_a_named_clinician(self, database: Database, state: State, outcome: str, decider: Decider) -> None:
        review(database)
        refused(database, "a denial", state, outcome, decider)

    def test_needs_a_case_in_review(self, database: Database, state: State, outcome: str) -> None:
        review(database)
        with database.write(CLINIC) as unit:
            decide(unit, State.AFFIRMED, SOFTWARE)
        with pytest.raises(ConstraintBroken, match="in review"), database.write(ALICE) as unit:
            insert(unit.connection, **denial(state, outcome, "affirmed", 7))

    def test_needs_an_assignment(self, database: Database, state: State, outcome: str) -> None:
        review(database)
        with database.write(CLINIC) as unit:
            assert unit.worklist.release("WP-0001", DOCTOR.id)
        refused(database, "assigned", state, outcome)
        with database.write(CLINIC) as unit:
            assert unit.worklist.assign("WP-0001", OTHER.id, NOW)
        refused(database, "assigned", state, outcome)

    def test_needs_an_item_that_is_not_closed(self, database: Database, state: State, outcome: str) -> None:
        review(database)
        with database.write(ALICE) as unit:
            assert unit.worklist.close("WP-0001")
        refused(database, "assigned", state, outcome)

    def test_needs_a_case_that_was_routed(self, database: Database, state: State, outcome: str) -> None:
        load(database)
        with database.write(ALICE) as unit:
            submit(unit, Submission())
        refused(database, "a denial needs a", state, outcome)

    def test_needs_each_finding(self, database: Database, state: State, outcome: str) -> None:
        load(database)
        wait(database)
        with database.write(CLINIC) as unit:
            unit.worklist.assign("WP-0001", DOCTOR.id, NOW)
        refused(database, "a finding of the reviewer", state, outcome)
        with database.write(CLINIC) as unit:
            finding(unit, "SN1")
        refused(database, "each criterion", state, outcome)
        with database.write(CLINIC) as unit:
            finding(unit, "SN2", "unknown")
        refused(database, "each criterion", state, outcome)
        with database.write(CLINIC) as unit:
            finding(unit, "SN2", "met")
            decide(unit, state, CLINICIAN, outcome)


def test_a_denial_counts_the_last_finding(database: Database) -> None:
    review(database)
    with database.write(CLINIC) as unit:
        finding(unit, "SN1", "unknown")
    refused(database, "each criterion")


def test_a_denial_counts_no_finding_of_another(database: Database) -> None:
    load(database)
    wait(database)
    with database.write(CLINIC) as unit:
        unit.worklist.assign("WP-0001", DOCTOR.id, NOW)
        finding(unit, "SN1")
        finding(unit, "SN2", reviewer=OTHER.id)
    refused(database, "each criterion")


def test_a_denial_counts_no_finding_of_an_earlier_round(database: Database) -> None:
    review(database)
    with database.write(CLINIC) as unit:
        assert unit.worklist.reopen("WP-0001") == 2
        assert unit.worklist.assign("WP-0001", DOCTOR.id, NOW)
    refused(database, "in this round")


def test_a_denial_is_not_had_by_a_round_that_asks_for_less(database: Database) -> None:
    """A round that somebody began by hand, with another criterion in the place of those of the case."""
    review(database)
    with database.write(CLINIC) as unit:
        unit.connection.execute(text("UPDATE worklist_item SET round = round + 1"))
        finding(unit, "SN9")
    refused(database, "every criterion of the round before")


@pytest.mark.parametrize(
    ("reviewer", "told"),
    [
        (replace(DOCTOR, active=False), "active clinician"),
        (replace(DOCTOR, licences=()), "licence"),
        (replace(DOCTOR, licences=(Licence("OH", "OH-999", "2020-01-01"),)), "licence"),
        (replace(DOCTOR, licences=(Licence("TX", "OH-123", "2020-01-01"),)), "licence"),
        (replace(DOCTOR, licences=(Licence("OH", "OH-123", "2026-03-02"),)), "licence"),
        (replace(DOCTOR, licences=(Licence("OH", "OH-123", "2020-01-01", "2026-02-28"),)), "licence"),
        (replace(DOCTOR, specialties=()), "specialty"),
        (replace(DOCTOR, specialties=(UROLOGY,)), "specialty"),
    ],
)
def test_a_denial_needs_a_reviewer_who_may(database: Database, reviewer: Reviewer, told: str) -> None:
    review(database)
    load(database, [reviewer])
    refused(database, told)


def test_a_denial_on_the_first_and_on_the_last_day_of_a_licence_is_kept(database: Database) -> None:
    review(database)
    load(database, [replace(DOCTOR, licences=(Licence("OH", "OH-123", "2026-03-01", "2026-03-01"),))])
    with database.write(CLINIC) as unit:
        decide(unit, State.NON_AFFIRMED)


def test_a_denial_needs_a_specialty_that_the_case_asks_for(database: Database) -> None:
    review(database)
    with database.write(CLINIC) as unit:
        unit.worklist.requeue("WP-0001", [UROLOGY])
        assert unit.worklist.assign("WP-0001", DOCTOR.id, NOW)
    refused(database, "specialty")


def test_a_denial_of_a_case_that_asks_for_none_is_kept(database: Database) -> None:
    """Where no state of service is known and no specialty is asked for, any licence and specialty will do."""
    load(database, [replace(DOCTOR, licences=(Licence("TX", "OH-123", "2020-01-01"),))])
    wait(database, routing=replace(ROUTING, specialties=(), state=None))
    settle(database)
    with database.write(CLINIC) as unit:
        decide(unit, State.NON_AFFIRMED)


def test_a_denial_without_a_criterion_needs_a_finding_all_the_same(database: Database) -> None:
    load(database)
    with database.write(ALICE) as unit:
        submit(unit, Submission())
        unit.worklist.open("WP-0001", Routing((), (), "standard"), CLOCK, ())
    with database.write(CLINIC) as unit:
        unit.worklist.assign("WP-0001", DOCTOR.id, NOW)
    refused(database, "in this round")
    with database.write(CLINIC) as unit:
        finding(unit, "SN9")
        decide(unit, State.NON_AFFIRMED)


def test_while_information_was_asked_for_a_denial_is_kept(database: Database) -> None:
    review(database)
    with database.write(CLINIC) as unit:
        decide(unit, State.INFORMATION_REQUESTED)
        unit.worklist.mark("WP-0001", "information-requested")
        decide(unit, State.NON_AFFIRMED)


@pytest.mark.parametrize("state", [State.NON_AFFIRMED, State.PARTIAL])
class TestADenialBy:
    def test_a_partner_needs_a_forwarded_case_and_the_interchange(self, database: Database, state: State) -> None:
        with database.write(ALICE) as unit:
            submit(unit, Submission(state=State.FORWARDED))
        for partner in (replace(PARTNER, interchange=None), replace(PARTNER, interchange="")):
            refused(database, "interchange", state, "non-affirmed", partner)
        with database.write(ALICE) as unit:
            decide(unit, state, PARTNER)
        with pytest.raises(ConstraintBroken, match="forwarded"), database.write(ALICE) as unit:
            submit(unit, Submission(case="WP-2", body=b"2", state=state, decider=PARTNER))

    def test_a_simulated_reviewer_is_kept_in_a_sandbox(self, sandbox: Database, state: State) -> None:
        with sandbox.write(ALICE) as unit:
            assert submit(unit, Submission(state=state, decider=SIMULATED)) is None

    def test_a_simulated_reviewer_is_refused_elsewhere(self, database: Database, state: State) -> None:
        with pytest.raises(ConstraintBroken, match="simulated"), database.write(ALICE) as unit:
            submit(unit, Submission(state=state, decider=SIMULATED))

    def test_software_is_refused_in_a_sandbox_too(self, sandbox: Database, state: State) -> None:
        with pytest.raises(ConstraintBroken, match="clinician"), sandbox.write(ALICE) as unit:
            submit(unit, Submission(state=state))

    def test_the_way_of_another_event_is_refused(self, database: Database, state: State) -> None:
        review(database)
        answered = Answered("fhir-2.2.1", "0" * 64, "a")
        with pytest.raises(ConstraintBroken), database.write(ALICE) as unit:
            unit.events.append("WP-0001", "x", EventKind.ANSWERED, answered, state, NOW)


COLUMNS = (
    "case_number", "number", "owner", "at", "actor", "kind", "state", "state_before", "decided_by", "decider_kind",
    "reviewer", "licence", "specialty", "interchange", "denies_line", "data",
)  # fmt: skip


def denial(state: State, outcome: str, before: str, number: int) -> dict[str, Any]:
    """Return the row of a denial by the doctor, as the log holds it."""
    decided = Determined(determination(state, CLINICIAN, outcome))
    return {
        "case_number": "WP-0001",
        "number": number,
        "owner": "alice",
        "at": "2026-03-01T15:00:00.000Z",
        "actor": "r-1",
        "kind": "determined",
        "state": str(state),
        "state_before": before,
        "decided_by": "own",
        "decider_kind": "clinician",
        "reviewer": DOCTOR.id,
        "licence": "OH-123",
        "specialty": NEUROLOGY,
        "interchange": None,
        "denies_line": outcome in ("non-affirmed", "modified"),
        "data": msgspec.json.encode(decided).decode(),
    }


def insert(connection: Connection, verb: str = "INSERT", /, **row: Any) -> None:
    names = ", ".join(f":{name}" for name in COLUMNS)
    connection.execute(text(f"{verb} INTO event ({', '.join(COLUMNS)}) VALUES ({names})"), row)


SOFTWARES_DENIAL = (
    "INTO event (case_number, number, owner, at, actor, kind, state, state_before, decided_by, decider_kind, "
    "denies_line, data) VALUES ('WP-0001', {number}, 'alice', '2026-03-01T15:00:00.000Z', 'x', '{kind}', "
    "'{state}', '{before}', {by}, {kind_of}, FALSE, '{{}}')"
)
DENIAL = SOFTWARES_DENIAL.format(
    number=6, kind="determined", state="non-affirmed", before="in-review", by="'own'", kind_of="'software'"
)
BY_HAND = {
    "the projection": "UPDATE authorization_case SET state = 'non-affirmed'",
    "the projection, partly": "UPDATE authorization_case SET state = 'partial', last_event = 2",
    "an affirmation without its event": "UPDATE authorization_case SET state = 'affirmed'",
    "a new projection": "INSERT INTO authorization_case (number, owner, channel, state, created_at, changed_at, "
    "last_event) VALUES ('WP-2', 'alice', 'c', 'non-affirmed', 'x', 'x', 0)",
    "a projection without events": "INSERT INTO authorization_case (number, owner, channel, state, created_at, "
    "changed_at, last_event) VALUES ('WP-2', 'alice', 'c', 'in-review', 'x', 'x', 3)",
    "an event of software": f"INSERT {DENIAL}",
    "an event of nobody": "INSERT "
    + SOFTWARES_DENIAL.format(
        number=6, kind="determined", state="non-affirmed", before="in-review", by="NULL", kind_of="NULL"
    ),
    "an event of another kind": "INSERT "
    + SOFTWARES_DENIAL.format(
        number=6, kind="answered", state="non-affirmed", before="in-review", by="NULL", kind_of="NULL"
    ),
    "an event of another word": "INSERT "
    + SOFTWARES_DENIAL.format(
        number=6, kind="determined", state="Non-Affirmed", before="in-review", by="'own'", kind_of="'software'"
    ),
    "an event of an unknown decider": "INSERT "
    + SOFTWARES_DENIAL.format(
        number=6, kind="determined", state="partial", before="in-review", by="'Own'", kind_of="'machine'"
    ),
    "an event of half a decider": "INSERT "
    + SOFTWARES_DENIAL.format(
        number=6, kind="determined", state="non-affirmed", before="in-review", by="NULL", kind_of="'software'"
    ),
    "an event before the first": "INSERT "
    + SOFTWARES_DENIAL.format(
        number=0, kind="answered", state="non-affirmed", before="non-affirmed", by="NULL", kind_of="NULL"
    ),
    "a count of a denial": "INSERT INTO case_decision (case_number, event_number, owner, decided_at, received_at, "
    "decided_by, decider_kind, outcome, expedited, channel, resubmission, lines_affirmed, lines_not) "
    "VALUES ('WP-0001', 2, 'alice', 'x', 'x', 'own', 'software', 'non-affirmed', FALSE, 'c', FALSE, 0, 1)",
    "a tracking number of a denial": "INSERT INTO tracking_number (case_number, decision_event, owner, status, "
    "attempts, simulated, affirmed, changed_at) VALUES ('WP-0001', 2, 'alice', 'pending', 1, FALSE, FALSE, 'x')",
    "a tracking number of no decision": "INSERT INTO tracking_number (case_number, decision_event, owner, status, "
    "attempts, simulated, affirmed, changed_at) VALUES ('WP-0001', 2, 'alice', 'pending', 1, FALSE, TRUE, 'x')",
    "a letter of a denial": "INSERT INTO letter (number, case_number, owner, kind, about_event, created_at, text, "
    "html, document_reference) VALUES ('L', 'WP-0001', 'alice', 'non-affirmation', 2, 'x', 'x', 'x', '{}')",
    "a letter of half a denial": "INSERT INTO letter (number, case_number, owner, kind, about_event, created_at, text, "
    "html, document_reference) VALUES ('L', 'WP-0001', 'alice', 'partial', 2, 'x', 'x', 'x', '{}')",
    "a finding without its event": "INSERT INTO review_finding (case_number, event_number, owner, round, category, "
    "element, result, reviewer, rationale, evidence, at) VALUES ('WP-0001', 3, 'alice', 1, 'sacral', 'SN1', 'met', "
    "'r-1', 'x', '[{}]', '2026-03-01T15:00:00.000Z')",
    "a finding of another reviewer than its event": "INSERT INTO review_finding (case_number, event_number, owner, "
    "round, category, element, result, reviewer, rationale, evidence, at) SELECT case_number, event_number + 0, owner, "
    "round, category, element, 'met', 'r-2', rationale, evidence, at FROM review_finding",
    "a finding that is changed": "UPDATE review_finding SET result = 'met'",
    "a finding that goes": "DELETE FROM review_finding",
    "a criterion that goes": "DELETE FROM case_criterion",
    "a criterion that is changed": "UPDATE case_criterion SET element = 'SN1'",
    "an item that goes": "DELETE FROM worklist_item",
    "a round that goes back": "UPDATE worklist_item SET round = 0",
    "a round that is left out": "UPDATE worklist_item SET round = round + 2",
    "a simulated reviewer": "INSERT INTO reviewer (id, name, kind, active, changed_at, changed_by) "
    "VALUES ('s', 's', 'simulated', TRUE, 'x', 'x')",
    "a coordinator who becomes a clinician": "UPDATE reviewer SET kind = 'clinician' WHERE id = 'c-1'",
    "a store that becomes a sandbox": "UPDATE store_information SET mode = 'sandbox'",
    "a store that is a sandbox too": "INSERT INTO store_information (id, mode, created_at) VALUES (2, 'sandbox', 'x')",
}


@pytest.mark.parametrize("attempt", BY_HAND)
def test_a_statement_by_hand_is_refused(half_reviewed: Database, attempt: str) -> None:
    with pytest.raises(ConstraintBroken), half_reviewed.write(ALICE) as unit:
        unit.connection.execute(text(BY_HAND[attempt]))


@pytest.mark.parametrize("attempt", BY_HAND)
def test_a_statement_by_hand_is_refused_where_no_check_is_made(half_reviewed_file: Database, attempt: str) -> None:
    """SQLite leaves out the checks of its tables for whoever asks it to."""
    with pytest.raises(ConstraintBroken), without_checks(half_reviewed_file) as connection:
        connection.execute(text(BY_HAND[attempt]))


@contextlib.contextmanager
def without_checks(database: Database) -> Iterator[Connection]:
    with database.write(ALICE) as unit:
        unit.connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        yield unit.connection


@pytest.fixture
def half_reviewed(database: Database) -> Database:
    """A case with five events, a reviewer who has it, and one criterion of two settled."""
    half_review(database)
    return database


@pytest.fixture
def half_reviewed_file(sqlite_url: str) -> Iterator[Database]:
    """The same, on SQLite."""
    with contextlib.closing(Database(sqlite_url, sandbox=False)) as database:
        database.upgrade()
        half_review(database)
        yield database


@pytest.fixture
def half_reviewed_server(postgresql_url: str) -> Iterator[Database]:
    """The same, on PostgreSQL."""
    with contextlib.closing(Database(postgresql_url, sandbox=False)) as database:
        database.upgrade()
        half_review(database)
        yield database


def half_review(database: Database) -> None:
    load(database)
    wait(database)
    with database.write(CLINIC) as unit:
        unit.worklist.assign("WP-0001", DOCTOR.id, NOW)
        finding(unit, "SN1")
        decide(unit, State.IN_REVIEW)


BY_REPLACE = {
    "an event": "INSERT OR REPLACE "
    + SOFTWARES_DENIAL.format(
        number=2, kind="determined", state="non-affirmed", before="received", by="'own'", kind_of="'software'"
    ),
    "an event with the same in its place": "REPLACE INTO event SELECT * FROM event WHERE number = 2",
    "an event as a partner's": "REPLACE INTO event SELECT case_number, number, owner, at, actor, kind, 'non-affirmed', "
    "'forwarded', 'partner', 'clinician', NULL, NULL, NULL, 'x', FALSE, data FROM event WHERE number = 2",
    "an event by its change": "UPDATE OR REPLACE event SET number = 2 WHERE number = 3",
    "an event that is left out if it must": f"INSERT OR IGNORE {DENIAL}",
    "an event by its conflict": f"INSERT {DENIAL} ON CONFLICT DO UPDATE SET state = 'non-affirmed'",
    "an event of two bytes' type": "INSERT "
    + SOFTWARES_DENIAL.format(
        number=6, kind="determined", state="non-affirmed", before="in-review", by="'own'", kind_of="'software'"
    ).replace("'non-affirmed'", "CAST('non-affirmed' AS BLOB)"),
    "the mode": "REPLACE INTO store_information VALUES (1, 'sandbox', 'x')",
    "the mode by its row": "INSERT OR REPLACE INTO store_information (rowid, id, mode, created_at) "
    "VALUES (1, 1, 'sandbox', 'x')",
    "the message": "REPLACE INTO message SELECT * FROM message WHERE id = 1",
    "the finding": "REPLACE INTO review_finding SELECT * FROM review_finding",
    "the criterion": "REPLACE INTO case_criterion SELECT * FROM case_criterion",
    "the item": "REPLACE INTO worklist_item SELECT * FROM worklist_item",
    "the reviewer's kind": "REPLACE INTO reviewer SELECT id, name, 'clinician', npi, active, changed_at, changed_by "
    "FROM reviewer WHERE id = 'c-1'",
    "the reviewer by its change": "UPDATE OR REPLACE reviewer SET id = 'c-1' WHERE id = 'r-1'",
    "the case": "REPLACE INTO authorization_case SELECT number, owner, channel, 'non-affirmed', created_at, "
    "changed_at, member_id, requester_npi, last_event, answer_sha256 FROM authorization_case",
}


@pytest.mark.parametrize("attempt", BY_REPLACE)
@pytest.mark.parametrize("checks", ["ON", "OFF"])
def test_sqlite_does_not_replace_what_was_written(half_reviewed_file: Database, attempt: str, checks: str) -> None:
    with half_reviewed_file.engines.reading() as connection:
        before = _everything(connection)
    with contextlib.suppress(ConstraintBroken), half_reviewed_file.write(ALICE) as unit:
        unit.connection.exec_driver_sql(f"PRAGMA ignore_check_constraints = {checks}")
        unit.connection.exec_driver_sql(BY_REPLACE[attempt])
    with half_reviewed_file.engines.reading() as connection:
        assert _everything(connection) == before


def test_sqlite_does_not_replace_a_record_by_its_place(half_reviewed_file: Database) -> None:
    """The key of ``document`` is not its place in the table, and REPLACE takes away what is in the same place."""
    columns = "case_number, event_number, position, owner, key, kind, media_type, sha256, content"
    with half_reviewed_file.write(ALICE) as unit:
        record = Document("d", "DocumentReference", "text/plain", b"record")
        submit(unit, Submission("WP-2", b"2", request=request((record,))))
    other = f"SELECT rowid, {columns.replace('position', '9')} FROM document WHERE position = 1"
    with pytest.raises(ConstraintBroken), half_reviewed_file.write(ALICE) as unit:
        unit.connection.exec_driver_sql(f"REPLACE INTO document (rowid, {columns}) {other}")


WATCHED = (
    "event", "message", "store_information", "review_finding", "case_criterion", "worklist_item", "reviewer",
    "authorization_case",
)  # fmt: skip


def _everything(connection: Connection) -> Mapping[str, Any]:
    return {table: connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2").all() for table in WATCHED}


SHADOWS = {
    "case_criterion": "DELETE FROM case_criterion",
    "review_finding": "INSERT INTO review_finding SELECT case_number, 99, owner, round, category, 'SN2', result, "
    "reviewer, rationale, evidence, at FROM public.review_finding",
}


@pytest.mark.parametrize("table", SHADOWS)
def test_postgresql_asks_its_own_tables(half_reviewed_server: Database, table: str) -> None:
    """A table of the session comes before ours in every search path that does not say otherwise."""
    shadow = f"CREATE TEMP TABLE {table} AS SELECT * FROM public.{table}; {SHADOWS[table]}"
    with pytest.raises(ConstraintBroken), half_reviewed_server.write(ALICE) as unit:
        _after(unit.connection, shadow, denial(State.NON_AFFIRMED, "non-affirmed", "in-review", 6))


def _after(connection: Connection, statements: str, row: Mapping[str, Any]) -> None:
    for statement in statements.split("; "):
        connection.exec_driver_sql(statement)
    insert(connection, **row)


@pytest.mark.parametrize(
    "attempt",
    [
        f"INSERT {DENIAL} ON CONFLICT (case_number, number) DO UPDATE SET state = 'non-affirmed'",
        "TRUNCATE event CASCADE",
        "TRUNCATE worklist_item",
        "TRUNCATE case_criterion",
        "TRUNCATE review_finding",
        "TRUNCATE tracking_number CASCADE",
        "WITH gone AS (DELETE FROM case_criterion RETURNING 1) SELECT * FROM gone",
        "MERGE INTO event USING (SELECT 1) one ON FALSE WHEN NOT MATCHED THEN INSERT "
        + DENIAL.removeprefix("INTO event "),
    ],
)
def test_postgresql_has_no_other_way(half_reviewed_server: Database, attempt: str) -> None:
    with pytest.raises(ConstraintBroken), half_reviewed_server.write(ALICE) as unit:
        unit.connection.exec_driver_sql(attempt)


class _Undone(Exception):
    """Ends a transaction of which nothing is to remain."""


STRANGE: dict[str, list[Any]] = {
    "case_number": ["WP-0001", "WP-0002", "WP-0003", "none"],
    "number": [0, 1, 2, 3, 4, 5, 6, 7],
    "owner": ["alice", "bob"],
    "at": ["2026-03-01T15:00:00.000Z", "2019-12-31T23:59:59.999Z", "now", ""],
    "actor": ["r-1", ""],
    "kind": ["determined", "answered", "finding", "Determined"],
    "state": [*map(str, State), "Non-Affirmed", "denied", ""],
    "state_before": [*map(str, State), None],
    "decided_by": ["own", "partner", "OWN", "", None],
    "decider_kind": ["software", "clinician", "simulated", "Clinician", "", None],
    "reviewer": [*(each.id for each in REVIEWERS), "nobody", "", None],
    "licence": ["OH-123", "OH-9", "C", "R", "", None],
    "specialty": [NEUROLOGY, UROLOGY, "", None],
    "interchange": [None, "", "ISA-1"],
    "denies_line": [True, False],
    "data": ["{}"],
}
changes = st.dictionaries(st.sampled_from(sorted(STRANGE)), st.integers(0, 20), max_size=16)
verbs = st.sampled_from(["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "REPLACE"])


@pytest.fixture
def three_cases(database: Database) -> Database:
    """One case that its reviewer may deny, one that waits, and one that was forwarded; five events each, or three."""
    review(database)
    wait(database, "WP-0002")
    with database.write(ALICE) as unit:
        submit(unit, Submission(case="WP-0003", body=b"3", state=State.FORWARDED))
    return database


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(changed=changes, verb=verbs)
@example(changed={}, verb="INSERT")
@example(changed={"case_number": 2, "number": 4, "state_before": 2, "decided_by": 1, "interchange": 2}, verb="INSERT")
def test_whatever_an_event_says_a_denial_is_a_clinicians_or_a_partners(
    three_cases: Database, changed: Mapping[str, int], verb: str
) -> None:
    row = denial(State.NON_AFFIRMED, "non-affirmed", "in-review", 6)
    row |= {name: STRANGE[name][choice % len(STRANGE[name])] for name, choice in changed.items()}
    if three_cases.url.get_backend_name() == "postgresql":
        verb = "INSERT"
    kept = _tried(three_cases, verb, row)
    if row == denial(State.NON_AFFIRMED, "non-affirmed", "in-review", 6):
        assert kept
    assert not kept or not _denies(row) or _by_clinician(row) or _by_partner(row)


def _tried(database: Database, verb: str, row: Mapping[str, Any]) -> bool:
    """Return whether the row is kept, or would be."""
    kept = False
    with contextlib.suppress(_Undone, ConstraintBroken), database.write(ALICE) as unit:
        before = unit.connection.execute(text("SELECT * FROM event ORDER BY case_number, number")).all()
        insert(unit.connection, verb, **row)
        after = unit.connection.execute(text("SELECT * FROM event ORDER BY case_number, number")).all()
        kept = after != before
        raise _Undone
    return kept


def _denies(row: Mapping[str, Any]) -> bool:
    return row["state"].lower() in ("partial", "non-affirmed") or row["denies_line"] or row["state"] not in set(State)


def _by_clinician(row: Mapping[str, Any]) -> bool:
    wanted = denial(State.NON_AFFIRMED, "non-affirmed", "in-review", 6)
    names = ("case_number", "number", "at", "kind", "state_before", "decided_by", "decider_kind", "reviewer", "licence")
    decided = row["kind"] == "determined" or row["state"] == "in-review"
    return decided and all(row[name] == wanted[name] for name in (*names, "specialty") if name != "kind")


def _by_partner(row: Mapping[str, Any]) -> bool:
    names = {"case_number": "WP-0003", "number": 4, "state_before": "forwarded", "decided_by": "partner"}
    return bool(row["interchange"]) and all(row[name] == value for name, value in names.items())


def test_each_rule_is_made_on_both_engines(database: Database) -> None:
    made = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT prosrc FROM pg_proc p JOIN pg_trigger t ON t.tgfoid = p.oid WHERE NOT t.tgisinternal",
    }
    with database.engines.reading() as connection:
        found = "\n".join(connection.exec_driver_sql(made[connection.dialect.name]).scalars())
    assert all(told in found and allowed in found for rules in RULES for told, allowed in rules.allowed.items())
