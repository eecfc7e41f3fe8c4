"""Cases are found by what they are known by, and the queries for it stay quick."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from fhir_server.authorization.caller import operator
from fhir_server.authorization.states import State
from fhir_server.store import cases
from fhir_server.store.cases import CaseIdentifier, CaseLine, CaseRecord
from fhir_server.store.database import Database
from fhir_server.store.translating import ConstraintBroken
from tests.store.reviews import CLINIC, decide, review
from tests.store.submissions import ALICE, HOSPITAL, NOW, SURGEON, Submission, request, submit

MEMBER = "1EG4TE5MK73"


def test_a_case_is_what_its_events_made_of_it(database: Database) -> None:
    sent = Submission()
    with database.write(ALICE) as unit:
        submit(unit, sent)
        within = unit.cases.get(sent.case)
    with database.read(ALICE) as unit:
        case = unit.cases.get(sent.case)
        assert case == within
        assert (case.owner, case.channel, case.member_id) == ("alice", sent.channel, MEMBER)
        assert (case.requester_npi, case.created_at) == (HOSPITAL, "2026-03-01T15:00:00.000Z")
        assert unit.messages.find(sent.case, case.answer_sha256 or "").content == sent.answer


@pytest.mark.parametrize(
    ("member", "items", "found"),
    [
        (MEMBER, [(HOSPITAL, "64561")], [(HOSPITAL, "64561")]),
        (MEMBER, [("other", "64561"), (HOSPITAL, "0000"), (HOSPITAL, "64561")], [(HOSPITAL, "64561")]),
        ("other", [(HOSPITAL, "64561")], []),
        (MEMBER, [("other", "64561")], []),
        (MEMBER, [(HOSPITAL, "64562")], []),
        (MEMBER, [], []),
    ],
)
def test_the_same_item_for_the_same_member_by_the_same_provider(
    database: Database, member: str, items: list[tuple[str, str]], found: list[tuple[str, str]]
) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
        assert unit.cases.open_items(member, items) == dict.fromkeys(found, "WP-0001")


def test_a_provider_of_one_line_does_not_stand_for_another_line(database: Database) -> None:
    lines = (CaseLine(1, "64561", HOSPITAL), CaseLine(2, "22513", SURGEON))
    with database.write(ALICE) as unit:
        unit.cases.create(CaseRecord("WP-1", "c", NOW, MEMBER, None, lines))
        assert unit.cases.open_items(MEMBER, [(SURGEON, "64561"), (HOSPITAL, "22513")]) == {}
        assert unit.cases.open_items(MEMBER, [(HOSPITAL, "64561"), (SURGEON, "22513")]) == {
            (HOSPITAL, "64561"): "WP-1",
            (SURGEON, "22513"): "WP-1",
        }


def test_each_item_has_the_oldest_case_that_asks_for_it(database: Database) -> None:
    with database.write(ALICE) as unit:
        for number, hour, codes in (("WP-1", 3, ("22513",)), ("WP-2", 2, ("22513", "22514")), ("WP-3", 4, ("22514",))):
            lines = tuple(CaseLine(sequence, code, HOSPITAL) for sequence, code in enumerate(codes, 1))
            unit.cases.create(CaseRecord(number, "c", NOW.replace(hour=hour), MEMBER, None, lines))
        found = unit.cases.open_items(MEMBER, [(HOSPITAL, "22513"), (HOSPITAL, "22514")])
    assert set(found.values()) == {"WP-2"}


def test_whoever_sees_all_is_told_of_his_own_cases_only(database: Database) -> None:
    """D08 names the open case, which is nobody's business but its owner's."""
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    with database.write(operator()) as unit:
        assert unit.sees_all
        assert unit.cases.open_items(MEMBER, [(HOSPITAL, "64561")]) == {}


@pytest.mark.parametrize("state", [State.AFFIRMED, State.DISMISSED])
def test_a_decided_case_is_no_open_one(database: Database, state: State) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission(state=state))
        assert unit.cases.open_items(MEMBER, [(HOSPITAL, "64561")]) == {}


def test_a_denied_case_is_no_open_one(database: Database) -> None:
    review(database)
    with database.write(CLINIC) as unit:
        decide(unit, State.NON_AFFIRMED)
    with database.write(ALICE) as unit:
        assert unit.cases.open_items(MEMBER, [(HOSPITAL, "64561")]) == {}


def test_two_requests_for_one_member_take_turns(database: Database) -> None:
    begun, found = threading.Barrier(6), []

    def one(position: int) -> None:
        begun.wait()
        with database.write(ALICE) as unit:
            earlier = unit.cases.open_items(MEMBER, [(HOSPITAL, "64561")])
            found.append(next(iter(earlier.values()), None))
            if not earlier:
                submit(unit, Submission(case=f"WP-{position}", body=str(position).encode()))

    threads = [threading.Thread(target=one, args=(position,)) for position in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(None) == 1
    assert len(set(found)) == 2


def test_the_newest_case_of_an_identifier_comes_first(database: Database) -> None:
    for hour in (3, 1, 2):
        with database.write(ALICE) as unit:
            submit(unit, Submission(case=f"WP-{hour}", body=str(hour).encode(), at=NOW.replace(hour=hour)))
    with database.write(ALICE) as unit:
        assert unit.cases.identified_by("request", "A-1") == ("WP-3", "WP-2", "WP-1")
        unit.cases.identify("WP-1", [CaseIdentifier("utn", "U1")] * 2)
        unit.cases.identify("WP-1", [CaseIdentifier("utn", "U1")])
        assert unit.cases.identified_by("utn", "U1") == ("WP-1",)
        assert unit.cases.identified_by("trace", "U1") == ()


def test_lines_that_a_sender_repeats_are_no_fault(database: Database) -> None:
    lines = (
        CaseLine(1, "64561", ""),
        CaseLine(1, "64561", ""),
        CaseLine(2**31 - 1, "", "1", "s"),
        CaseLine(1, "x", ""),
    )
    with database.write(ALICE) as unit:
        unit.cases.create(CaseRecord("WP-1", "c", NOW, MEMBER, None, lines))
        assert unit.cases.open_items(MEMBER, [("", "x")]) == {("", "x"): "WP-1"}


def test_a_number_is_given_once(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    with pytest.raises(ConstraintBroken), database.write(ALICE) as unit:
        submit(unit, Submission(body=b"other", request=request(member="other")))


@pytest.mark.parametrize("query", [cases._OWN_OPEN_LINES, cases._BY_IDENTIFIER.of_all, cases._BY_IDENTIFIER.of_owner])
def test_sqlite_reads_no_table_from_end_to_end(sqlite_url: str, query: Any) -> None:
    database = Database(sqlite_url, sandbox=False)
    database.upgrade()
    database.close()
    sql = str(query._constructs.compile(dialect=sqlite.dialect()))
    connection = sqlite3.connect(Path(database.url.database or ""))
    steps = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql, ["x"] * sql.count("?"))]
    connection.close()
    searches = [step for step in steps if step.startswith(("SEARCH", "SCAN"))]
    assert all(step.startswith("SEARCH") for step in searches), steps
    assert "owner" not in searches[0], steps  # an owner may have a million cases
