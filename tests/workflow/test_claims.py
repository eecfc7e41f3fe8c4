"""Claims under a tracking number: rule by rule, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization.caller import Caller, Role
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import ClaimRecorded
from fhir_server.authorization.states import State
from fhir_server.errors import ContentInvalid, NotAllowed
from fhir_server.exchange.simulated_contractor import simulated_number
from fhir_server.policy.coverage import CoveragePack
from fhir_server.store.database import Database
from fhir_server.store.tracking import TrackingLine, TrackingRecord
from fhir_server.workflow.claim_rules import ClaimLine, HeldLine, reasons
from fhir_server.workflow.claims import ClaimCheck, ClaimOutcome, check_claim, record_claims
from fhir_server.workflow.tracking_numbers import begin, enter_number
from tests.letters.contents import AFFIRMED, CASE, MEMBER, NON_AFFIRMED, PACKS, PARTIAL, UTN
from tests.workflow.decided import AT, CLINIC, OTHER, WORKER, decide, take_back

FIRST, LAST = date(2026, 6, 1), date(2026, 9, 28)
LINE = ClaimLine(UTN, MEMBER, "64483", date(2026, 6, 15), 1)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Database]:
    """A sandbox store, where a simulated reviewer may decide."""
    opened = Database(sqlite_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


def numbered(store: Database, determination: Determination = AFFIRMED) -> int:
    """Decide a case whose number is `UTN`; return the decision."""
    decision = decide(store, determination)
    with store.write(WORKER) as unit:
        begin(unit, CASE, decision, AT)
        enter_number(unit, CASE, UTN, lambda *_: None, AT)
    return decision


def check(store: Database, caller: Caller = CLINIC, **changes: Any) -> ClaimCheck:
    return check_claim(store, caller, replace(LINE, **changes), PACKS)


def associated_code() -> str:
    """Return a code that follows epidural steroid injections (guide, Appendix C)."""
    (pack,) = (each for each in PACKS if isinstance(each, CoveragePack))
    return next(code for code, categories in pack.associated.items() if "epidural-steroid-injection" in categories)


def failing(found: ClaimCheck) -> list[str]:
    """Return the rules that do not hold."""
    assert found.covered is not any(each.result == "not met" for each in found.reasons)
    return [each.rule for each in found.reasons if each.result == "not met"]


def outcome(**changes: Any) -> ClaimOutcome:
    return replace(ClaimOutcome(UTN, "CLM-1", 1, "64483", date(2026, 6, 15), 1, "paid"), **changes)


def test_a_line_that_was_affirmed_is_covered(store: Database) -> None:
    numbered(store)

    found = check(store)

    assert found.covered
    assert (found.case, found.line, found.follows, found.simulated) == (CASE, 1, None, False)
    assert {each.rule for each in found.reasons} == {
        "UTN-FORM",
        "UTN-EXISTS",
        "UTN-STANDS",
        "UTN-BENEFICIARY",
        "UTN-CODE",
        "UTN-FROM",
        "UTN-TO",
        "UTN-UNITS",
    }
    assert all(each.source and each.found for each in found.reasons)
    assert MEMBER not in repr(found)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"utn": "JLB8626008003"}, ["UTN-FORM"]),
        ({"utn": "JLB86260080031"}, ["UTN-EXISTS"]),
        ({"member_id": "1EG4TE5MK74"}, ["UTN-BENEFICIARY"]),
        ({"member_id": "1EG4-TE5-MK73"}, []),
        ({"service_code": "64479"}, ["UTN-CODE"]),
        ({"date_of_service": FIRST}, []),
        ({"date_of_service": FIRST - timedelta(days=1)}, ["UTN-FROM"]),
        ({"date_of_service": LAST}, []),
        ({"date_of_service": LAST + timedelta(days=1)}, ["UTN-TO"]),
        ({"units": 2}, ["UTN-UNITS"]),
        ({"service_code": "64484", "units": 2}, []),
        ({"service_code": "64484", "units": 3}, ["UTN-UNITS"]),
        ({"service_code": "64479", "member_id": "X", "units": 9}, ["UTN-BENEFICIARY", "UTN-CODE"]),
    ],
)
def test_each_rule_is_told(store: Database, changes: dict[str, Any], rules: list[str]) -> None:
    numbered(store)

    assert failing(check(store, **changes)) == rules


def test_one_day_more_is_warned_about(store: Database) -> None:
    numbered(store)

    told = [each.result for each in check(store, date_of_service=LAST + timedelta(days=1)).reasons]
    later = [each.result for each in check(store, date_of_service=LAST + timedelta(days=2)).reasons]

    assert (told.count("warning"), later.count("warning")) == (1, 0)


def test_lines_of_a_partial_affirmation_are_told_apart(store: Database) -> None:
    numbered(store, PARTIAL)

    assert check(store).covered
    assert failing(check(store, service_code="64484")) == ["UTN-CODE"]


def test_nothing_is_covered_by_the_number_of_a_non_affirmation(store: Database) -> None:
    numbered(store, NON_AFFIRMED)

    assert failing(check(store)) == ["UTN-CODE"]


def test_an_associated_service_follows_its_line(store: Database) -> None:
    associated = associated_code()
    numbered(store, PARTIAL)

    found = check(store, service_code=associated, units=5)

    assert found.covered
    assert (found.line, found.follows) == (None, 1)


def test_an_associated_service_is_not_covered_where_its_line_is_not(store: Database) -> None:
    associated = associated_code()
    numbered(store, NON_AFFIRMED)

    found = check(store, service_code=associated)

    assert failing(found) == ["UTN-FOLLOWS"]
    assert found.follows == 1


def test_a_decision_that_was_taken_back_covers_nothing(store: Database) -> None:
    take_back(store, numbered(store))

    assert failing(check(store)) == ["UTN-STANDS"]


def test_a_simulated_number_says_so(store: Database) -> None:
    decision = decide(store, AFFIRMED)
    number = simulated_number(CASE, decision)
    with store.write(WORKER) as unit:
        begin(unit, CASE, decision, AT)
        unit.tracking.issued(CASE, decision, number, AT, simulated=True)

    assert check(store, utn=number).simulated


def test_a_number_of_another_client_is_as_unknown_as_none(store: Database) -> None:
    numbered(store)

    theirs, nobodys = check(store, OTHER), check(store, OTHER, utn="JLB86260080031")

    assert theirs == nobodys
    assert check(store, WORKER).covered
    with pytest.raises(NotAllowed):
        check(store, Caller("reviewer", roles=frozenset({Role.REVIEWER})))


class TestRecording:
    def test_paid_units_are_used_up(self, store: Database) -> None:
        numbered(store)
        record_claims(store, CLINIC, [outcome(service_code="64484", units=1)], AT)
        assert check(store, service_code="64484").covered
        record_claims(store, CLINIC, [outcome(claim="CLM-2", service_code="64484", units=1)], AT)

        assert failing(check(store, service_code="64484")) == ["UTN-UNITS"]

    def test_denied_units_are_not(self, store: Database) -> None:
        numbered(store)
        record_claims(store, CLINIC, [outcome(outcome="denied")], AT)

        assert check(store).covered

    def test_a_line_is_recorded_once(self, store: Database) -> None:
        numbered(store)
        first = record_claims(store, CLINIC, [outcome()], AT)
        again = record_claims(store, CLINIC, [outcome(outcome="denied")], AT)

        assert ([each.known for each in first], [each.known for each in again]) == ([False], [True])
        with store.read(CLINIC) as unit:
            told = [each.data for each in unit.events.of(CASE) if isinstance(each.data, ClaimRecorded)]
        assert told == [ClaimRecorded("CLM-1", 1, "64483", "2026-06-15", 1, "paid")]

    def test_all_is_recorded_or_nothing(self, store: Database) -> None:
        numbered(store)
        lines = [outcome(), outcome(utn="JLB86260080031"), outcome(utn="JLB86260080032")]

        with pytest.raises(ContentInvalid) as refused:
            record_claims(store, CLINIC, lines, AT)

        assert [each.expression for each in refused.value.issues] == ["claims[1].utn", "claims[2].utn"]
        assert check(store).covered

    def test_another_client_records_nothing(self, store: Database) -> None:
        numbered(store)
        with pytest.raises(ContentInvalid):
            record_claims(store, OTHER, [outcome()], AT)


@given(
    sent=st.builds(
        ClaimLine,
        st.just(UTN),
        st.sampled_from([MEMBER, "1EG4TE5MK74"]),
        st.sampled_from(["64483", "64484", "76942", "99999"]),
        st.dates(FIRST - timedelta(days=3), LAST + timedelta(days=3)),
        st.integers(1, 5),
    ),
    affirmed=st.booleans(),
    used=st.integers(0, 3),
    state=st.sampled_from([State.AFFIRMED, State.PARTIAL, State.EXPIRED, State.CANCELLED, State.NON_AFFIRMED]),
    taken_back=st.booleans(),
)
def test_what_is_covered_is_just_what_the_guide_says(
    sent: ClaimLine, affirmed: bool, used: int, state: State, taken_back: bool
) -> None:
    line = TrackingLine(1, "64483", affirmed, 3)
    record = TrackingRecord(
        CASE, 2, "clinic", "issued", 1, UTN, False, affirmed, MEMBER, FIRST.isoformat(), LAST.isoformat(), ""
    )
    primaries = (line,) if sent.service_code == "76942" else ()
    held = HeldLine(sent, record, state, taken_back, (line,), primaries, {"64483": used})

    covered = all(each.result != "not met" for each in reasons(held))

    own, follows = sent.service_code == "64483", sent.service_code == "76942"
    assert covered == (
        not taken_back
        and state is not State.CANCELLED
        and affirmed
        and sent.member_id == MEMBER
        and FIRST <= sent.date_of_service <= LAST
        and (follows or (own and used + sent.units <= 3))
    )
