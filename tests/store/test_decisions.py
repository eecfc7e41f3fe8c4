"""What was decided is counted as it was decided, and summed for reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.authorization.determination import Dismissal, LineDetermination
from fhir_server.authorization.events import Determined, Event, EventKind
from fhir_server.authorization.states import State
from fhir_server.errors import NotAllowed
from fhir_server.store.database import Database
from fhir_server.store.decisions import DecisionSummary, ProviderCount
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.unit import UnitOfWork
from tests.store.reviews import CLINIC, ROUTING, decide, review
from tests.store.submissions import ALICE, BOB, NOW, Submission, determination, submit

HOUR = timedelta(hours=1)
LINES = (LineDetermination(1, "affirmed", category="sacral"), LineDetermination(2, "not-required"))


def decided(
    unit: UnitOfWork,
    case: str,
    hours: int,
    *,
    npi: str | None = "1",
    routed: bool = True,
    state: State = State.AFFIRMED,
) -> Event:
    """Take a request in, and have software decide and count it some hours later."""
    submit(unit, Submission(case, case.encode()))
    made = replace(determination(state), lines=LINES, routing=ROUTING if routed else None)
    if state is State.DISMISSED:
        made = replace(made, dismissal=Dismissal("D02", "x", "y"), lines=())
    at = NOW + hours * HOUR
    event = unit.events.append(case, "x", EventKind.DETERMINED, Determined(made), state, at)
    unit.decisions.keep(event, received_at=NOW, provider_npi=npi, expedited=hours < 3, resubmission=hours > 3)
    return event


def test_a_decision_is_read_as_it_was_counted(database: Database) -> None:
    with database.write(ALICE) as unit:
        event = decided(unit, "WP-1", 2)
    with database.read(ALICE) as unit:
        (found,) = unit.decisions.of("WP-1")
    assert (found.case, found.event_number, found.owner) == ("WP-1", event.number, "alice")
    assert (found.received_at, found.decided_at) == ("2026-03-01T15:00:00.000Z", "2026-03-01T17:00:00.000Z")
    assert found.taken == 2 * HOUR
    assert (found.decided_by, found.decider_kind, found.outcome) == ("own", "software", State.AFFIRMED)
    assert (found.category, found.state_of_service, found.dismissal) == ("sacral", "OH", None)
    assert (found.expedited, found.resubmission, found.channel, found.provider_npi) == (True, False, "fhir-2.2.1", "1")
    assert (found.lines_affirmed, found.lines_not) == (1, 0)


def test_what_the_routing_does_not_say_is_taken_from_the_lines_or_given(database: Database) -> None:
    with database.write(ALICE) as unit:
        decided(unit, "WP-1", 1, routed=False)
        event = decided(unit, "WP-2", 1, routed=False, state=State.DISMISSED)
        submit(unit, Submission("WP-3", b"3"))
        given = unit.events.append(
            "WP-3", "x", EventKind.DETERMINED, Determined(determination(State.IN_REVIEW)), State.IN_REVIEW, NOW
        )
        unit.decisions.keep(given, received_at=NOW, category="knee", state_of_service="TX")
        assert [each.category for each in unit.decisions.of("WP-1")] == ["sacral"]
        (dismissed,) = unit.decisions.of("WP-2")
        (third,) = unit.decisions.of("WP-3")
    assert (dismissed.dismissal, dismissed.category, dismissed.event_number) == ("D02", None, event.number)
    assert (third.category, third.state_of_service) == ("knee", "TX")


def test_a_denial_counts_the_lines_that_were_not_affirmed(database: Database) -> None:
    review(database)
    with database.write(CLINIC) as unit:
        unit.decisions.keep(decide(unit, State.PARTIAL, outcome="modified"), received_at=NOW)
        (found,) = unit.decisions.of("WP-0001")
    assert (found.decider_kind, found.lines_affirmed, found.lines_not) == ("clinician", 0, 2)


def test_only_a_decision_is_counted_and_once(database: Database) -> None:
    with database.write(ALICE) as unit:
        event = decided(unit, "WP-1", 1)
        received = unit.events.of("WP-1")[0]
        with pytest.raises(ValueError, match="decided"):
            unit.decisions.keep(received, received_at=NOW)
    with pytest.raises(ConstraintBroken), database.write(ALICE) as unit:
        unit.decisions.keep(event, received_at=NOW)
    with pytest.raises(ConstraintBroken, match="as its event says"), database.write(ALICE) as unit:
        unit.decisions.keep(replace(event, number=2), received_at=NOW)


@pytest.fixture
def counted(database: Database) -> Database:
    """Five decisions of two owners: four affirmed within 1 to 4 hours, one dismissed at once."""
    for hours in (1, 2, 3, 4):
        with database.write(ALICE if hours < 4 else BOB) as unit:
            decided(unit, f"WP-{hours}", hours, npi="1" if hours < 3 else "2")
    with database.write(BOB) as unit:
        decided(unit, "WP-5", 0, npi="2", state=State.DISMISSED)
    return database


def test_a_summary_is_by_what_was_decided_by_whom(counted: Database) -> None:
    with counted.read(operator()) as unit:
        found = unit.decisions.summary(NOW, NOW + 5 * HOUR)
    affirmed = DecisionSummary("sacral", "OH", "own", "software", State.AFFIRMED, 4, 2, 1, 4, 0, 2.5, 4.0)
    dismissed = DecisionSummary("sacral", "OH", "own", "software", State.DISMISSED, 1, 1, 0, 0, 0, 0.0, 0.0)
    assert found == (affirmed, dismissed)


def test_a_time_holds_its_begin_and_not_its_end(counted: Database) -> None:
    with counted.read(operator()) as unit:
        assert [each.case for each in unit.decisions.between(NOW + HOUR, NOW + 3 * HOUR)] == ["WP-1", "WP-2"]
        assert unit.decisions.summary(NOW + 9 * HOUR, NOW + 10 * HOUR) == ()


def test_an_owner_sees_his_own_decisions_only(counted: Database) -> None:
    with counted.read(BOB) as unit:
        assert [each.case for each in unit.decisions.between(NOW, NOW + 9 * HOUR)] == ["WP-5", "WP-4"]
        with pytest.raises(NotAllowed):
            unit.decisions.by_provider(NOW, NOW + 9 * HOUR)


def test_providers_are_counted_by_their_decisions_on_the_merits(counted: Database) -> None:
    review(counted)
    with counted.write(CLINIC) as unit:
        unit.decisions.keep(decide(unit, State.PARTIAL), received_at=NOW, provider_npi="1")
    with counted.write(ALICE) as unit:
        decided(unit, "WP-6", 1, npi=None)
    with counted.read(operator()) as unit:
        assert unit.decisions.by_provider(NOW, NOW + 9 * HOUR) == (ProviderCount("1", 3, 2), ProviderCount("2", 2, 2))
