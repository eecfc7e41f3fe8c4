"""What waits for a person is listed by what is due, taken by one, and comes back as a round of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.determination import Routing
from fhir_server.errors import NotAllowed, NotFound
from fhir_server.store.database import Database
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.unit import UnitOfWork
from fhir_server.store.worklist_items import Filter
from tests.store.reviews import (
    CLINIC,
    CLOCK,
    CRITERIA,
    NEUROLOGY,
    OPERATOR,
    ROUTING,
    UROLOGY,
    finding,
    load,
    review,
    wait,
)
from tests.store.submissions import ALICE, BOB, NOW, Submission, submit

CASE = "WP-0001"
HOUR = timedelta(hours=1)


@pytest.fixture
def waiting(database: Database) -> Database:
    """The reviewers, and a case that waits."""
    load(database)
    wait(database)
    return database


def test_an_item_is_what_the_routing_and_the_clock_say(waiting: Database) -> None:
    with waiting.read(CLINIC) as unit:
        item = unit.worklist.get(CASE)
        assert unit.worklist.listed() == (item,)
        assert unit.worklist.criteria(CASE) == CRITERIA
    assert (item.case, item.owner, item.round, item.status) == (CASE, "alice", 1, "waiting")
    assert (item.category, item.categories) == ("sacral", ("epidural", "sacral"))
    assert item.specialties == tuple(sorted((NEUROLOGY, UROLOGY)))
    assert (item.state_of_service, item.tier, item.expedited) == ("OH", "complex", False)
    assert (item.received_at, item.due_at, item.latest_at) == (CLOCK.received_at, CLOCK.due, CLOCK.latest)
    assert (item.assigned_to, item.assigned_at, item.alert, item.second_look) == (None, None, None, False)


def test_a_case_without_category_state_and_specialty(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
        assert unit.worklist.open(CASE, Routing((), (), "administrative"), CLOCK, ()) == 1
    with database.read(CLINIC) as unit:
        item = unit.worklist.get(CASE)
        assert (item.category, item.categories, item.specialties, item.state_of_service) == (None, (), (), None)
        assert unit.worklist.listed(Filter(specialties=("x",), states=("TX",))) == (item,)


def test_a_case_that_never_waited_is_not_found(waiting: Database) -> None:
    with waiting.write(ALICE) as unit:
        submit(unit, Submission("WP-2", b"2"))
    with waiting.write(CLINIC) as unit:
        for ask in (unit.worklist.get, unit.worklist.requeue, unit.worklist.reopen):
            with pytest.raises(NotFound):
                ask("WP-2")
        assert not unit.worklist.close("WP-2")
        assert not unit.worklist.assign("WP-2", "r-1", NOW)
        assert unit.worklist.criteria("WP-2") == ()


def test_a_case_is_taken_by_one(waiting: Database) -> None:
    with waiting.write(CLINIC) as unit:
        assert unit.worklist.assign(CASE, "r-1", NOW)
        assert unit.worklist.assign(CASE, "r-1", NOW + HOUR)
        assert not unit.worklist.assign(CASE, "r-2", NOW)
        assert not unit.worklist.release(CASE, "r-2")
        item = unit.worklist.get(CASE)
    assert (item.assigned_to, item.assigned_at) == ("r-1", "2026-03-01T15:00:00.000Z")
    with waiting.write(CLINIC) as unit:
        assert unit.worklist.assign(CASE, "r-2", NOW, instead_of="r-1")
        assert not unit.worklist.assign(CASE, "r-3", NOW, instead_of="r-1")
        assert unit.worklist.release(CASE, "r-2")
        assert not unit.worklist.release(CASE, "r-2")
        assert unit.worklist.get(CASE).assigned_to is None


def test_a_reviewer_who_was_never_loaded_takes_nothing(waiting: Database) -> None:
    with pytest.raises(ConstraintBroken), waiting.write(CLINIC) as unit:
        unit.worklist.assign(CASE, "nobody", NOW)


def test_of_many_who_take_a_case_at_once_one_has_it(waiting: Database) -> None:
    begun = threading.Barrier(4)

    def take(reviewer: str) -> bool:
        begun.wait()
        with waiting.write(CLINIC) as unit:
            return unit.worklist.assign(CASE, reviewer, NOW)

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, ("r-1", "r-2", "r-3", "c-1")))
    assert sorted(taken) == [False, False, False, True]


def test_a_case_that_is_sent_on_waits_for_another_specialty(waiting: Database) -> None:
    with waiting.write(CLINIC) as unit:
        unit.worklist.assign(CASE, "r-1", NOW)
        unit.worklist.requeue(CASE, ["radiology"], second_look=True)
        item = unit.worklist.get(CASE)
        assert (item.assigned_to, item.specialties, item.second_look) == (None, ("radiology",), True)
        unit.worklist.requeue(CASE)
        item = unit.worklist.get(CASE)
        assert (item.specialties, item.second_look) == (("radiology",), False)


def test_a_closed_case_waits_no_more(waiting: Database) -> None:
    with waiting.write(CLINIC) as unit:
        unit.worklist.assign(CASE, "r-1", NOW)
    with waiting.write(ALICE) as unit:
        assert unit.worklist.close(CASE)
        assert not unit.worklist.close(CASE)
        with pytest.raises(NotFound):
            unit.worklist.mark(CASE, "waiting")
    with waiting.write(CLINIC) as unit:
        assert unit.worklist.listed() == ()
        assert not unit.worklist.release(CASE, "r-1")
        assert not unit.worklist.alert(CASE, "late")
        assert unit.worklist.due_for_alert(NOW + 1000 * HOUR, HOUR) == ()
        assert [each.assigned_to for each in unit.worklist.listed(Filter(statuses=("closed",)))] == ["r-1"]


def test_a_case_that_is_taken_back_is_the_next_round(waiting: Database) -> None:
    with waiting.write(CLINIC) as unit:
        unit.worklist.assign(CASE, "r-1", NOW)
        unit.worklist.alert(CASE, "late")
        unit.worklist.close(CASE)
        assert unit.worklist.reopen(CASE) == 2
        item = unit.worklist.get(CASE)
        assert (item.round, item.status, item.assigned_to, item.alert) == (2, "waiting", None, None)
        assert unit.worklist.criteria(CASE) == CRITERIA
        later = clock_of(NOW + 24 * HOUR, "America/New_York", expedited=True)
        assert unit.worklist.reopen(CASE, [("sacral", "SN9")], clock=later) == 3
        assert unit.worklist.criteria(CASE) == (("sacral", "SN9"),)
        item = unit.worklist.get(CASE)
        assert (item.due_at, item.latest_at, item.expedited) == (later.due, later.latest, True)


def test_a_request_that_changes_begins_the_next_round_by_its_own_routing(waiting: Database) -> None:
    with waiting.write(CLINIC) as unit:
        unit.worklist.assign(CASE, "r-1", NOW)
    with waiting.write(ALICE) as unit:
        routing = Routing(("knee",), ("orthopedics",), "standard", "TX")
        later = clock_of(NOW + HOUR, "America/Chicago", expedited=True)
        assert unit.worklist.open(CASE, routing, later, [("knee", "KN1")]) == 2
        assert unit.worklist.criteria(CASE) == (("knee", "KN1"),)
    with waiting.read(CLINIC) as unit:
        item = unit.worklist.get(CASE)
    assert (item.categories, item.specialties, item.state_of_service) == (("knee",), ("orthopedics",), "TX")
    assert (item.assigned_to, item.expedited, item.due_at) == (None, True, later.due)


def test_other_times_make_a_standard_case(waiting: Database) -> None:
    with waiting.write(CLINIC) as unit:
        unit.worklist.due(CASE, "2026-03-05T00:00:00.000Z", "2026-03-06T00:00:00.000Z")
        item = unit.worklist.get(CASE)
    assert (item.due_at, item.latest_at) == ("2026-03-05T00:00:00.000Z", "2026-03-06T00:00:00.000Z")


def listing_of(database: Database, wanted: Filter) -> list[str]:
    with database.read(CLINIC) as unit:
        return [each.case for each in unit.worklist.listed(wanted)]


@pytest.fixture
def several(database: Database) -> Database:
    """Four cases: of two owners, states, specialties, tiers and times."""
    load(database)
    rows = [
        ("WP-1", ALICE, Routing(("sacral",), (UROLOGY,), "standard", "OH"), clock_of(NOW + 3 * HOUR, "UTC")),
        ("WP-2", BOB, Routing(("knee",), ("orthopedics",), "complex", "TX"), clock_of(NOW, "UTC", expedited=True)),
        ("WP-3", ALICE, Routing(("knee", "sacral"), (UROLOGY, "orthopedics"), "complex", "TX"), clock_of(NOW, "UTC")),
        ("WP-4", BOB, Routing((), (), "administrative", None), clock_of(NOW + HOUR, "UTC")),
    ]
    for case, owner, routing, clock in rows:
        with database.write(owner) as unit:
            submit(unit, Submission(case, case.encode()))
            unit.worklist.open(case, routing, clock, CRITERIA)
    with database.write(CLINIC) as unit:
        unit.worklist.assign("WP-3", "r-2", NOW)
        unit.worklist.mark("WP-4", "information-requested")
    return database


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), ["WP-2", "WP-3", "WP-4", "WP-1"]),
        (Filter(most=2), ["WP-2", "WP-3"]),
        (Filter(specialties=(UROLOGY,)), ["WP-3", "WP-4", "WP-1"]),
        (Filter(specialties=("orthopedics", "x")), ["WP-2", "WP-3", "WP-4"]),
        (Filter(states=("TX",)), ["WP-2", "WP-3", "WP-4"]),
        (Filter(states=("OH", "TX"), specialties=(UROLOGY,)), ["WP-3", "WP-4", "WP-1"]),
        (Filter(category="sacral"), ["WP-3", "WP-1"]),
        (Filter(assigned_to="r-2"), ["WP-3"]),
        (Filter(unassigned=True), ["WP-2", "WP-4", "WP-1"]),
        (Filter(overdue_at=NOW + 72 * HOUR), ["WP-2"]),
        (Filter(overdue_at=NOW + 73 * HOUR), ["WP-2", "WP-3"]),
        (Filter(statuses=("information-requested",)), ["WP-4"]),
        (Filter(statuses=("closed",)), []),
        (Filter(tiers=("complex", "standard")), ["WP-2", "WP-3", "WP-1"]),
        (Filter(expedited=True), ["WP-2"]),
        (Filter(expedited=False), ["WP-3", "WP-4", "WP-1"]),
        (Filter(after=("2026-03-04T15:00:00.000Z", "WP-3")), ["WP-4", "WP-1"]),
    ],
)
def test_the_list_is_what_was_asked_for(several: Database, wanted: Filter, found: list[str]) -> None:
    assert listing_of(several, wanted) == found


def test_the_list_goes_on_after_the_last_item_that_was_seen(several: Database) -> None:
    seen: list[str] = []
    after = None
    with several.read(CLINIC) as unit:
        while page := unit.worklist.listed(Filter(most=1, after=after)):
            seen.append(page[0].case)
            after = (page[0].due_at, page[0].case)
    assert seen == ["WP-2", "WP-3", "WP-4", "WP-1"]


def test_each_level_is_alerted_once(waiting: Database) -> None:
    due, latest = NOW + 72 * HOUR, NOW + 100 * HOUR
    with waiting.write(CLINIC) as unit:
        unit.worklist.due(CASE, "2026-03-04T15:00:00.000Z", "2026-03-05T19:00:00.000Z")
        assert unit.worklist.due_for_alert(due - 13 * HOUR, 12 * HOUR) == ()
        for moment, level in ((due - 12 * HOUR, "due-soon"), (due, "overdue"), (latest, "late")):
            ((item, reached),) = unit.worklist.due_for_alert(moment, 12 * HOUR)
            assert (item.case, reached) == (CASE, level)
            assert unit.worklist.alert(CASE, reached)
            assert not unit.worklist.alert(CASE, reached)
            assert unit.worklist.due_for_alert(moment, 12 * HOUR) == ()
        assert not unit.worklist.alert(CASE, "due-soon")
        assert unit.worklist.get(CASE).alert == "late"


def test_a_level_may_be_left_out(several: Database) -> None:
    with several.write(OPERATOR) as unit:
        found = unit.worklist.due_for_alert(NOW + 1000 * HOUR, HOUR, most=3)
        assert [(item.case, level) for item, level in found] == [("WP-2", "late"), ("WP-3", "late"), ("WP-4", "late")]


def test_only_who_reviews_or_operates_works_on_the_list(waiting: Database) -> None:
    with waiting.write(ALICE) as unit:
        work = unit.worklist
        for ask in (
            lambda: work.get(CASE),
            work.listed,
            lambda: work.assign(CASE, "r-1", NOW),
            lambda: work.release(CASE, "r-1"),
            lambda: work.requeue(CASE),
            lambda: work.due(CASE, "x", "x"),
            lambda: work.reopen(CASE),
            lambda: work.alert(CASE, "late"),
            lambda: work.due_for_alert(NOW, HOUR),
        ):
            with pytest.raises(NotAllowed):
                ask()


steps = st.lists(
    st.tuples(
        st.sampled_from(["assign", "release", "requeue", "close", "reopen", "mark", "open"]),
        st.sampled_from(["r-1", "r-2"]),
    ),
    max_size=15,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=steps)
def test_an_item_is_where_its_history_brought_it(database: Database, history: list[tuple[str, str]]) -> None:
    """Against a model in a few lines: who has it, whether it is closed, and which round it is."""
    load(database)
    with database.write(ALICE) as unit:
        case = f"WP-{unit.connection.exec_driver_sql('SELECT count(*) FROM authorization_case').scalar_one()}"
        submit(unit, Submission(case, case.encode()))
        unit.worklist.open(case, ROUTING, CLOCK, CRITERIA)
    holder, closed, number = None, False, 1
    for step, reviewer in history:
        with database.write(CLINIC) as unit:
            done = _step(unit, case, step, reviewer)
        if step == "assign":
            assert done == (not closed and holder in (None, reviewer))
            holder = reviewer if done else holder
        elif step == "release":
            assert done == (not closed and holder == reviewer)
            holder = None if done else holder
        elif step == "requeue":
            holder = holder if closed else None
        elif step == "close":
            assert done != closed
            closed = True
        elif step in ("reopen", "open"):
            holder, closed, number = None, False, number + 1
    with database.read(CLINIC) as unit:
        item = unit.worklist.get(case)
    assert (item.assigned_to, item.status == "closed", item.round) == (holder, closed, number)


def _step(unit: UnitOfWork, case: str, step: str, reviewer: str) -> object:
    work = unit.worklist
    steps: dict[str, Callable[[], object]] = {
        "assign": lambda: work.assign(case, reviewer, NOW),
        "release": lambda: work.release(case, reviewer),
        "requeue": lambda: work.requeue(case),
        "close": lambda: work.close(case),
        "mark": lambda: work.mark(case, "information-requested"),
        "reopen": lambda: work.reopen(case),
        "open": lambda: work.open(case, ROUTING, CLOCK, CRITERIA),
    }
    try:
        return steps[step]()
    except NotFound:
        return None


def test_findings_are_kept_with_their_events(waiting: Database) -> None:
    with waiting.write(CLINIC) as unit:
        first = finding(unit, "SN1")
        second = finding(unit, "SN1", "met", reviewer="r-2")
        third = finding(unit, "SN2", "unknown", rationale="It cannot be read.", evidence=())
    with waiting.read(ALICE) as unit:
        found = unit.findings.of(CASE)
        assert [each.event_number for each in found] == [first.number, second.number, third.number]
        assert (found[0].result, found[0].rationale, found[0].round) == ("not met", "No diary was kept.", 1)
        assert found[0].evidence == first.data.finding.evidence  # type: ignore[union-attr]
        assert found[0].at == first.at
        assert unit.findings.latest(CASE)["sacral", "SN1"] == found[1]
        assert unit.findings.of(CASE, 2) == ()
        assert unit.findings.unsettled(CASE, "r-1") == (("sacral", "SN2"),)
        assert unit.findings.unsettled(CASE, "r-2") == (("sacral", "SN2"),)
        assert unit.findings.unsettled(CASE, "r-3") == CRITERIA
        assert [each.data for each in unit.events.of(CASE)][3:] == [first.data, second.data, third.data]


def test_nothing_is_unsettled_when_a_denial_may_be(database: Database) -> None:
    review(database)
    with database.write(CLINIC) as unit:
        assert unit.findings.unsettled(CASE, "r-1") == ()
        unit.worklist.reopen(CASE)
        assert unit.findings.unsettled(CASE, "r-1") == CRITERIA


@pytest.mark.parametrize(
    "wrong",
    [
        {"rationale": None},
        {"rationale": "  "},
        {"evidence": ()},
        {"result": "met", "evidence": ()},
        {"reviewer": "nobody"},
    ],
)
def test_a_finding_needs_a_reason_and_evidence(waiting: Database, wrong: dict[str, object]) -> None:
    with pytest.raises(ConstraintBroken), waiting.write(CLINIC) as unit:
        finding(unit, "SN1", **wrong)  # type: ignore[arg-type]


def test_a_finding_needs_a_case_that_waited(waiting: Database) -> None:
    with waiting.write(ALICE) as unit:
        submit(unit, Submission("WP-2", b"2"))
    with pytest.raises(NotFound), waiting.write(CLINIC) as unit:
        finding(unit, "SN1", case="WP-2")


def test_what_a_routing_names_twice_is_kept_once(waiting: Database) -> None:
    twice = replace(ROUTING, specialties=(UROLOGY, UROLOGY), categories=("sacral", "sacral"))
    with waiting.write(ALICE) as unit:
        unit.worklist.open(CASE, twice, CLOCK, [*CRITERIA, *CRITERIA])
        assert unit.worklist.criteria(CASE) == CRITERIA
