"""The figures of decisions, counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization.clocks import utc_text
from fhir_server.authorization.states import State
from fhir_server.store.database import Database
from fhir_server.store.decisions import CaseDecision
from fhir_server.workflow.report import Report, Row, report_of, touchless_report
from tests.letters.contents import AFFIRMED, IN_REVIEW
from tests.store.conftest import database
from tests.workflow.decided import AT, CLINIC, OTHER, WORKER, decide

__all__ = ["database"]
SINCE, UNTIL = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


def decision(outcome: State, hours: float = 0, decider: str = "software", **changes: Any) -> CaseDecision:
    values: dict[str, Any] = {
        "case": "W",
        "event_number": 2,
        "owner": "clinic",
        "decided_at": utc_text(SINCE + timedelta(hours=hours)),
        "received_at": utc_text(SINCE),
        "decided_by": "own",
        "decider_kind": decider,
        "outcome": outcome,
        "category": "epidural-steroid-injection",
        "state_of_service": "TX",
        "dismissal": None,
        "expedited": False,
        "channel": "pas-2.2.1",
        "resubmission": False,
        "provider_npi": "1999999901",
        "lines_affirmed": int(outcome is State.AFFIRMED),
        "lines_not": int(outcome is State.NON_AFFIRMED),
    }
    return CaseDecision(**{**values, **changes})


DECISIONS = [
    *[decision(State.AFFIRMED)] * 6,
    *[decision(State.IN_REVIEW)] * 4,
    decision(State.DISMISSED, dismissal="D05"),
    decision(State.DISMISSED, dismissal="D02", category=None, state_of_service=None),
    decision(State.AFFIRMED, 24, "clinician"),
    decision(State.NON_AFFIRMED, 80, "clinician"),
    decision(State.PARTIAL, 72, "clinician"),
    decision(State.AFFIRMED, 49, "clinician", expedited=True, category="knee-arthroscopy"),
]


def report() -> Report:
    return report_of(DECISIONS, SINCE, UNTIL)


def test_the_whole() -> None:
    total = report().total

    assert (total.category, total.state) == (None, None)
    assert (total.received, total.affirmed_at_once, total.routed) == (12, 6, 4)
    assert total.dismissed == {"D02": 1, "D05": 1}
    assert total.touchless == 60.0
    assert (total.affirmed, total.partial, total.non_affirmed) == (8, 1, 1)
    assert (total.by_software, total.by_clinician, total.denied_by_software, total.late) == (6, 4, 0, 2)
    assert total.standard is not None
    assert total.expedited is not None
    assert (total.standard.decisions, total.standard.median_hours, total.standard.p90_hours) == (9, 0.0, 80.0)
    assert (total.standard.within_72_hours, total.standard.within_48_hours) == (88.9, 77.8)
    assert (total.standard.mean_hours, total.expedited.within_48_hours) == (19.56, 0.0)


def test_by_category_and_state() -> None:
    rows = {(each.category, each.state): each for each in report().rows}

    assert set(rows) == {(None, None), ("epidural-steroid-injection", "TX"), ("knee-arthroscopy", "TX")}
    assert rows[None, None].dismissed == {"D02": 1}
    assert rows[None, None].touchless is None
    assert rows["knee-arthroscopy", "TX"].expedited is not None


def test_a_denial_by_software_would_be_seen() -> None:
    assert report_of([decision(State.NON_AFFIRMED)], SINCE, UNTIL).total.denied_by_software == 1


def test_a_period_without_decisions_has_no_times() -> None:
    total = report_of([], SINCE, UNTIL).total

    assert (total.received, total.touchless, total.standard, total.expedited) == (0, None, None, None)


@given(
    st.lists(
        st.builds(
            decision,
            st.sampled_from([State.AFFIRMED, State.IN_REVIEW, State.DISMISSED, State.PARTIAL, State.NON_AFFIRMED]),
            st.floats(0, 200).map(lambda each: round(each, 2)),
            st.sampled_from(["software", "clinician"]),
            category=st.sampled_from([None, "a", "b"]),
            state_of_service=st.sampled_from([None, "TX", "OH"]),
            expedited=st.booleans(),
        )
    )
)
def test_the_rows_make_up_the_whole(decisions: list[CaseDecision]) -> None:
    found = report_of(decisions, SINCE, UNTIL)

    def of(read: Any) -> tuple[int, int]:
        return sum(read(each) for each in found.rows), read(found.total)

    for read in (_received, _decided, _denied, _late):
        parts, whole = of(read)
        assert parts == whole
    for row in (*found.rows, found.total):
        for times in filter(None, (row.standard, row.expedited)):
            assert times.median_hours <= times.p90_hours <= times.longest_hours
            assert times.within_48_hours <= times.within_72_hours


def _received(row: Row) -> int:
    return row.received


def _decided(row: Row) -> int:
    return row.affirmed + row.partial + row.non_affirmed


def _denied(row: Row) -> int:
    return row.denied_by_software


def _late(row: Row) -> int:
    return row.late


def test_what_is_in_the_store_is_counted_for_whom_it_belongs_to(database: Database) -> None:
    decide(database, AFFIRMED, case="W-1")
    decide(database, IN_REVIEW, case="W-2")
    decide(database, AFFIRMED, case="W-3", owner=OTHER)

    def received(caller: Any) -> int:
        return touchless_report(database, caller, AT - timedelta(hours=1), AT + timedelta(hours=1)).total.received

    assert (received(CLINIC), received(OTHER), received(WORKER)) == (2, 1, 3)
