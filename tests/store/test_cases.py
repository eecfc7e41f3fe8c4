"""Cases are found by what they are known by, and the queries for it stay quick."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from fhir_server.authorization.states import State
from fhir_server.store import cases
from fhir_server.store.cases import CaseIdentifier, CaseLine, CaseRecord
from fhir_server.store.database import Database
from fhir_server.store.repository import Listing
from fhir_server.store.translating import ConstraintBroken
from tests.store.submissions import ALICE, CLINICIAN, HOSPITAL, NOW, SURGEON, Submission, request, submit

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
    ("member", "npis", "codes", "found"),
    [
        (MEMBER, (HOSPITAL,), ("64561",), True),
        (MEMBER, ("other", SURGEON), ("0000", "64561"), True),
        ("other", (HOSPITAL,), ("64561",), False),
        (MEMBER, ("other",), ("64561",), False),
        (MEMBER, (HOSPITAL,), ("64562",), False),
        (MEMBER, (), ("64561",), False),
    ],
)
def test_the_same_item_for_the_same_member_by_the_same_provider(
    database: Database, member: str, npis: tuple[str, ...], codes: tuple[str, ...], found: bool
) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
        assert (unit.cases.open_duplicate(member, npis, codes) == "WP-0001") is found


@pytest.mark.parametrize("state", [State.AFFIRMED, State.NON_AFFIRMED, State.DISMISSED])
def test_a_decided_case_is_no_open_one(database: Database, state: State) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission(state=state, decider=CLINICIAN))
        assert unit.cases.open_duplicate(MEMBER, (HOSPITAL,), ("64561",)) is None


def test_two_requests_for_one_member_take_turns(database: Database) -> None:
    begun, found = threading.Barrier(6), []

    def one(position: int) -> None:
        begun.wait()
        with database.write(ALICE) as unit:
            earlier = unit.cases.open_duplicate(MEMBER, (HOSPITAL,), ("64561",))
            found.append(earlier)
            if earlier is None:
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
    lines = (CaseLine(1, "64561"), CaseLine(1, "64561"), CaseLine(2**31 - 1, "", "s", ("1", "1")), CaseLine(1, "other"))
    with database.write(ALICE) as unit:
        unit.cases.create(CaseRecord("WP-1", "c", NOW, MEMBER, None, lines))
        assert unit.cases.open_duplicate(MEMBER, ("",), ("other",)) == "WP-1"


def test_a_number_is_given_once(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    with pytest.raises(ConstraintBroken), database.write(ALICE) as unit:
        submit(unit, Submission(body=b"other", request=request(member="other")))


@pytest.mark.parametrize("query", [cases._OPEN_LINES, cases._BY_IDENTIFIER])
@pytest.mark.parametrize("form", ["of_all", "of_owner"])
def test_sqlite_reads_no_table_from_end_to_end(sqlite_url: str, query: Listing, form: str) -> None:
    database = Database(sqlite_url, sandbox=False)
    database.upgrade()
    database.close()
    sql = str(getattr(query, form)._constructs.compile(dialect=sqlite.dialect()))
    connection = sqlite3.connect(Path(database.url.database or ""))
    steps = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql, ["x"] * sql.count("?"))]
    connection.close()
    searches = [step for step in steps if step.startswith(("SEARCH", "SCAN"))]
    assert all(step.startswith("SEARCH") for step in searches), steps
    assert "owner" not in searches[0], steps  # an owner may have a million cases
