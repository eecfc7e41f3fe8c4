"""What one client has, no other client sees or changes, whatever both do (docs/decisions/never.md, 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from fhir_server.authorization.caller import Caller, Role, operator
from fhir_server.authorization.events import Answered, EventKind
from fhir_server.authorization.states import State
from fhir_server.errors import NotAllowed, NotFound
from fhir_server.store.cases import CaseIdentifier
from fhir_server.store.database import Database
from fhir_server.store.instances import Instance
from fhir_server.store.letters import Letter
from fhir_server.store.messages import Message
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.unit import UnitOfWork
from tests.store.reviews import CLOCK, CRITERIA, ROUTING
from tests.store.submissions import ALICE, BOB, HOSPITAL, NOW, WINDOW, Submission, submit

Operation = Callable[[UnitOfWork, str], Any]

ON_ONE_CASE: dict[str, Operation] = {
    "get": lambda unit, case: unit.cases.get(case),
    "identify": lambda unit, case: unit.cases.identify(case, (CaseIdentifier("utn", "U" + case),)),
    "events": lambda unit, case: unit.events.of(case, with_documents=True),
    "append": lambda unit, case: unit.events.append(
        case, unit.caller.client, EventKind.ANSWERED, Answered("c", "0" * 64, "a"), State.IN_REVIEW, NOW
    ),
    "documents": lambda unit, case: unit.documents.contents(case),
    "document": lambda unit, case: unit.documents.find(case, "no such document"),
    "messages": lambda unit, case: unit.messages.of(case),
    "message": lambda unit, case: unit.messages.find(case, "0" * 64),
    "keep": lambda unit, case: unit.messages.keep(Message("sent", "c", "text/plain", b"x", NOW, case)),
    "replay": lambda unit, case: unit.replays.keep("key", case, 200, b"x", "text/plain", NOW),
    "put": lambda unit, case: unit.outbox.put(case, "topic", NOW),
    "open": lambda unit, case: unit.worklist.open(case, ROUTING, CLOCK, CRITERIA),
    "criteria": lambda unit, case: unit.worklist.criteria(case),
    "mark": lambda unit, case: unit.worklist.mark(case, "information-requested"),
    "close": lambda unit, case: unit.worklist.close(case),
    "findings": lambda unit, case: unit.findings.of(case),
    "latest": lambda unit, case: unit.findings.latest(case),
    "unsettled": lambda unit, case: unit.findings.unsettled(case, "r-1"),
    "decisions": lambda unit, case: unit.decisions.of(case),
    "track": lambda unit, case: unit.tracking.issued(case, 2, "U", NOW),
    "untrack": lambda unit, case: unit.tracking.failed(case, 2, NOW),
    "number": lambda unit, case: unit.tracking.get(case, 2),
    "numbers": lambda unit, case: unit.tracking.of(case),
    "lines": lambda unit, case: unit.tracking.lines(case, 2),
    "units": lambda unit, case: unit.tracking.units_used(case, 2),
    "claims": lambda unit, case: unit.claims.of(case),
    "letters": lambda unit, case: unit.letters.of(case),
    "next letter": lambda unit, case: unit.letters.next_number(case),
    "letter": lambda unit, case: unit.letters.keep(
        Letter(f"{case}-{unit.letters.next_number(case)}", "affirmation", "x", "x", "x", "{}", case, 2)
    ),
}
MAY_FIND_NOTHING = {"document", "message", "mark", "number"}


@pytest.mark.parametrize("operation", sorted(ON_ONE_CASE))
def test_a_case_of_another_client_is_not_reached(database: Database, operation: str) -> None:
    with database.write(BOB) as unit:
        submit(unit, Submission())
    with database.write(ALICE) as unit, pytest.raises(NotAllowed):
        ON_ONE_CASE[operation](unit, "WP-0001")
    with database.write(BOB) as unit:
        try:
            ON_ONE_CASE[operation](unit, "WP-0001")
        except NotFound:
            assert operation in MAY_FIND_NOTHING
    with database.write(operator()) as unit:
        assert unit.cases.get("WP-0001").owner == "bob"


@pytest.mark.parametrize("operation", sorted(ON_ONE_CASE))
def test_a_case_that_does_not_exist_is_not_found(database: Database, operation: str) -> None:
    with database.write(ALICE) as unit, pytest.raises(NotFound):
        ON_ONE_CASE[operation](unit, "WP-0001")


ALL_CASES = "SELECT number, owner FROM authorization_case"
operations = st.lists(
    st.tuples(
        st.sampled_from([ALICE, BOB]),
        st.sampled_from([*sorted(ON_ONE_CASE), "submit", "submit", "list", "duplicate", "instances"]),
        st.integers(0, 5),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=operations)
def test_no_row_crosses(database: Database, history: list[tuple[Caller, str, int]]) -> None:
    made: dict[str, str] = {}
    with database.engines.writing() as connection:
        made.update(tuple(row) for row in connection.execute(text(ALL_CASES)))
    for caller, operation, position in history:
        _operate(database, made, caller, operation, position)
    _check_owners(database, made)


def _operate(database: Database, made: dict[str, str], caller: Caller, operation: str, position: int) -> None:
    if operation == "submit":
        case = f"WP-{len(made)}"
        with database.write(caller) as unit:
            if submit(unit, Submission(case=case, body=f"{position}".encode())) is None:
                made[case] = caller.client
    elif operation in ON_ONE_CASE:
        case = f"WP-{position}"
        try:
            with database.write(caller) as unit:
                ON_ONE_CASE[operation](unit, case)
            assert made[case] == caller.client
        except NotAllowed:
            assert made[case] != caller.client
        except NotFound:
            assert case not in made or operation in MAY_FIND_NOTHING
    else:
        _list(database, made, caller, operation)


def _list(database: Database, made: dict[str, str], caller: Caller, operation: str) -> None:
    own = {case for case, owner in made.items() if owner == caller.client}
    with database.write(caller) as unit:
        if operation == "list":
            assert set(unit.cases.identified_by("request", "A-1")) == own
        elif operation == "duplicate":
            found = set(unit.cases.open_items("1EG4TE5MK73", [(HOSPITAL, "64561")]).values())
            assert found <= own
            assert bool(found) == bool(own)
        else:
            full_url = f"urn:uuid:{caller.client}"
            assert set(unit.instances.known(("urn:uuid:alice", "urn:uuid:bob"))) <= {full_url}
            unit.instances.keep((Instance(full_url, "Patient", frozenset({caller.client}), caller.client),))


def _check_owners(database: Database, made: dict[str, str]) -> None:
    tables = (
        "event", "message", "document", "case_line", "case_identifier", "outbox", "replay", "worklist_item",
        "worklist_specialty", "worklist_category", "case_criterion", "letter",
    )  # fmt: skip
    with database.engines.reading() as connection:
        for table in tables:
            rows = connection.execute(text(f"SELECT case_number, owner FROM {table}"))
            assert all(made[case] == owner for case, owner in rows)


def test_reviewers_and_operators_see_the_cases_of_all(database: Database) -> None:
    for caller in (ALICE, BOB):
        with database.write(caller) as unit:
            submit(unit, Submission(case=f"WP-{caller.client}"))
    for role in (Role.REVIEWER, Role.OPERATOR):
        with database.read(Caller("clinic", roles=frozenset({role}))) as unit:
            assert set(unit.cases.identified_by("request", "A-1")) == {"WP-alice", "WP-bob"}
            assert unit.cases.get("WP-alice").owner == "alice"


def test_an_event_of_a_reviewer_belongs_to_the_owner_of_the_case(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    with database.write(Caller("clinic", roles=frozenset({Role.REVIEWER}))) as unit:
        ON_ONE_CASE["append"](unit, "WP-0001")
        ON_ONE_CASE["keep"](unit, "WP-0001")
    _check_owners(database, {"WP-0001": "alice"})


def test_the_database_itself_refuses_a_row_of_another_owner(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    columns = "case_number, owner, kind, system, value"
    row = f"INSERT INTO case_identifier ({columns}) VALUES ('WP-0001', 'bob', 'utn', '', 'x')"
    with pytest.raises(ConstraintBroken), database.write(ALICE) as unit:
        unit.connection.execute(text(row))


def test_the_same_content_of_two_clients_makes_two_cases(database: Database) -> None:
    for caller in (ALICE, BOB):
        with database.write(caller) as unit:
            assert submit(unit, Submission(case=f"WP-{caller.client}")) is None
            assert unit.replays.claim(Submission().key(caller), NOW, WINDOW) is not None
