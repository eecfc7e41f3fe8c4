"""Tracking numbers: asked for once, given once, refused and asked for again; the answer told anew with the number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from sqlalchemy import text

from fhir_server.authorization.determination import Decider, Determination
from fhir_server.authorization.response import AddedLine
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Quantity
from fhir_server.errors import ContentInvalid, NotAllowed, NotFound
from fhir_server.exchange.contractor import Failed, Issued, ManualContractor, Pending, Reply, TrackingRequest
from fhir_server.exchange.simulated_contractor import SimulatedContractor, simulated_number
from fhir_server.store.database import Database
from fhir_server.store.tracking import TrackingLine
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.follow_ups import follow_up
from fhir_server.workflow.tracking_numbers import (
    ASK,
    WRITE,
    NumberSettled,
    ask,
    enter_failure,
    enter_number,
    retry,
    tracking_lines,
)
from tests.letters.contents import AFFIRMED, CASE, DISMISSED, IN_REVIEW, MEMBER, NON_AFFIRMED, PARTIAL, REQUEST, UTN
from tests.workflow.decided import AT, CLINIC, WORKER, decide, steps, take_back

NO_NUMBER = Failed("E17", "The beneficiary is not on file.", "Check the Medicare number.")


@dataclass
class Told:
    """Which cases were told anew."""

    cases: list[str] = field(default_factory=list)

    def __call__(self, unit: UnitOfWork, case: str, at: object) -> None:
        self.cases.append(case)


@dataclass
class Scripted:
    """A contractor that gives one reply after another."""

    replies: list[Reply]
    asked: list[TrackingRequest] = field(default_factory=list)

    def request(self, asked: TrackingRequest) -> Reply:
        self.asked.append(asked)
        return self.replies.pop(0)


@pytest.fixture
def store(store_url: str) -> Iterator[Database]:
    """A sandbox store, where a simulated reviewer may decide."""
    opened = Database(store_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


def topics(store: Database) -> list[tuple[str, int]]:
    """Return what waits in the outbox: topic and event."""
    with store.read(WORKER) as unit:
        rows = unit.connection.execute(text("SELECT topic, event_number FROM outbox ORDER BY id"))
        return [(topic, number) for topic, number in rows]


def asked_event(store: Database) -> int:
    """Return the last event that asks for a number."""
    return [number for topic, number in topics(store) if topic == ASK][-1]


def begun(store: Database, determination: Determination = AFFIRMED) -> int:
    """Decide a case and let all begin that follows; return the decision."""
    decision = decide(store, determination)
    follow_up(store, WORKER, CASE, decision, AT)
    return decision


@pytest.mark.parametrize("determination", [AFFIRMED, PARTIAL, NON_AFFIRMED], ids=lambda each: each.state)
def test_a_decision_on_the_merits_gets_its_number(store: Database, determination: Determination) -> None:
    decision, told = begun(store, determination), Told()
    number = simulated_number(CASE, decision)

    ask(store, WORKER, CASE, asked_event(store), SimulatedContractor(), told, AT)

    assert steps(store) == [("requested", 1, None), ("issued", 1, number)]
    assert told.cases == [CASE]
    with store.read(CLINIC) as unit:
        record = unit.tracking.find(number)
        assert (record.case, record.decision, record.simulated) == (CASE, decision, True)
        assert record.affirmed is (determination is not NON_AFFIRMED)
        assert unit.cases.identified_by("utn", number) == (CASE,)
        assert unit.cases.get(CASE).state is determination.state


@pytest.mark.parametrize(
    "determination",
    [
        IN_REVIEW,
        DISMISSED,
        replace(AFFIRMED, authorization_number="AUTH-1"),
        replace(AFFIRMED, decider=Decider("partner", interchange="I-1")),
    ],
    ids=["in review", "dismissed", "with a number of its own", "a partner's"],
)
def test_other_decisions_get_none(store: Database, determination: Determination) -> None:
    decision = begun(store, determination)

    assert steps(store) == []
    assert topics(store) == [("determined", decision), (WRITE, decision)]


def test_everything_is_done_once_however_often_it_is_delivered(store: Database) -> None:
    decision, told = begun(store), Told()
    for _ in range(3):
        follow_up(store, WORKER, CASE, decision, AT)
        ask(store, WORKER, CASE, asked_event(store), SimulatedContractor(), told, AT)

    assert [step for step, _, _ in steps(store)] == ["requested", "issued"]
    assert told.cases == [CASE]
    assert [topic for topic, _ in topics(store)] == ["determined", ASK, WRITE, WRITE]


def test_what_the_contractor_is_given(store: Database) -> None:
    begun(store, PARTIAL)
    contractor = Scripted([Pending()])

    ask(store, WORKER, CASE, asked_event(store), contractor, Told(), AT)

    (asked,) = contractor.asked
    assert (asked.case, asked.attempt, asked.member_id) == (CASE, 1, MEMBER)
    assert asked.lines == (TrackingLine(1, "64483", True, 1), TrackingLine(2, "64484", False, 2))
    assert asked.request.lines == REQUEST.lines
    assert asked.determination.state is State.PARTIAL
    assert MEMBER not in repr(asked)


def test_units_that_were_reduced_are_those_that_count() -> None:
    reduced = AddedLine(2, quantity=Quantity(Decimal("1.0")))
    lines = (AFFIRMED.lines[0], replace(AFFIRMED.lines[1], outcome="modified", added=(reduced,)))

    assert tracking_lines(REQUEST, replace(AFFIRMED, lines=lines)) == (
        TrackingLine(1, "64483", True, 1),
        TrackingLine(2, "64484", True, 1),
    )


def test_a_failure_is_kept_and_the_number_is_asked_for_again(store: Database) -> None:
    begun(store)
    contractor, told = Scripted([NO_NUMBER, Issued(UTN)]), Told()
    first = asked_event(store)
    ask(store, WORKER, CASE, first, contractor, told, AT)
    assert steps(store) == [("requested", 1, None), ("failed", 1, None)]

    with store.write(WORKER) as unit:
        assert retry(unit, CASE, AT).attempts == 2
    ask(store, WORKER, CASE, first, contractor, told, AT)  # the old delivery has nothing left to do
    ask(store, WORKER, CASE, asked_event(store), contractor, told, AT)

    assert steps(store) == [("requested", 1, None), ("failed", 1, None), ("requested", 2, None), ("issued", 2, UTN)]
    assert [each.attempt for each in contractor.asked] == [1, 2]
    assert told.cases == [CASE]


def test_a_number_of_another_form_is_a_failure(store: Database) -> None:
    begun(store)

    ask(store, WORKER, CASE, asked_event(store), Scripted([Issued("JLB-8626008003")]), Told(), AT)

    assert [step for step, _, _ in steps(store)] == ["requested", "failed"]


class TestByHand:
    def test_a_number_waits_until_somebody_enters_it(self, store: Database) -> None:
        begun(store)
        told = Told()
        ask(store, WORKER, CASE, asked_event(store), ManualContractor(), told, AT)
        assert [step for step, _, _ in steps(store)] == ["requested"]

        with store.write(WORKER) as unit:
            record = enter_number(unit, CASE, UTN, told, AT)

        assert (record.number, record.simulated, record.status) == (UTN, False, "issued")
        assert told.cases == [CASE]

    def test_a_number_is_entered_once(self, store: Database) -> None:
        begun(store)
        with store.write(WORKER) as unit:
            enter_number(unit, CASE, UTN, Told(), AT)
        with pytest.raises(NumberSettled), store.write(WORKER) as unit:
            enter_number(unit, CASE, "JLB86260080031", Told(), AT)
        with pytest.raises(NumberSettled), store.write(WORKER) as unit:
            enter_failure(unit, CASE, NO_NUMBER, Told(), AT)
        assert steps(store)[-1] == ("issued", 1, UTN)

    def test_a_number_may_be_entered_after_a_failure(self, store: Database) -> None:
        begun(store)
        with store.write(WORKER) as unit:
            enter_failure(unit, CASE, NO_NUMBER, Told(), AT)
        with store.write(WORKER) as unit:
            enter_number(unit, CASE, UTN, Told(), AT)

        assert [step for step, _, _ in steps(store)] == ["requested", "failed", "requested", "issued"]

    @pytest.mark.parametrize("number", ["", "jlb86260080030", "SIM00000000001"])
    def test_what_is_no_contractors_number_is_refused(self, store: Database, number: str) -> None:
        begun(store)
        with pytest.raises(ContentInvalid), store.write(WORKER) as unit:
            enter_number(unit, CASE, number, Told(), AT)

    def test_only_operators_enter_numbers(self, store: Database) -> None:
        begun(store)
        with pytest.raises(NotAllowed), store.write(CLINIC) as unit:
            enter_number(unit, CASE, UTN, Told(), AT)
        with pytest.raises(NotAllowed), store.write(CLINIC) as unit:
            enter_failure(unit, CASE, NO_NUMBER, Told(), AT)
        with pytest.raises(NotAllowed), store.write(CLINIC) as unit:
            retry(unit, CASE, AT)

    def test_a_case_without_a_decision_has_none_to_enter(self, store: Database) -> None:
        begun(store, IN_REVIEW)
        with pytest.raises(NotFound), store.write(WORKER) as unit:
            enter_number(unit, CASE, UTN, Told(), AT)

    def test_only_what_failed_is_asked_for_again(self, store: Database) -> None:
        begun(store)
        with pytest.raises(NumberSettled), store.write(WORKER) as unit:
            retry(unit, CASE, AT)


def test_a_decision_that_was_taken_back_is_not_asked_for(store: Database) -> None:
    decision = decide(store, AFFIRMED)
    take_back(store, decision)

    follow_up(store, WORKER, CASE, decision, AT)

    assert steps(store) == []


def test_a_decision_that_was_taken_back_meanwhile_keeps_its_number_and_tells_nobody(store: Database) -> None:
    decision, told = begun(store), Told()
    take_back(store, decision)
    ask(store, WORKER, CASE, asked_event(store), SimulatedContractor(), told, AT)
    assert [step for step, _, _ in steps(store)] == ["requested"]

    with store.write(WORKER) as unit:
        enter_number(unit, CASE, UTN, told, AT)

    assert told.cases == []
    with store.read(WORKER) as unit:
        assert unit.cases.get(CASE).state is State.IN_REVIEW
