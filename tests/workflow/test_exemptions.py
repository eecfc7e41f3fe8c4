"""Exemptions: whom the numbers exempt, from when, and how an exemption ends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.parties import Provider
from fhir_server.authorization.states import State
from fhir_server.errors import NotAllowed, NotFound
from fhir_server.letters.content import ExemptionMatter
from fhir_server.letters.office import LetterOffice, WrittenLetter
from fhir_server.policy.registry import Exemption
from fhir_server.store.database import Database
from fhir_server.store.decisions import CaseDecision
from fhir_server.store.exemptions import ExemptionNotice
from fhir_server.workflow.exemption_counts import Grain, Grantee, Terms, counts
from fhir_server.workflow.exemptions import Assessment, NotReady, apply, assess, remove, sample
from fhir_server.workflow.quarters import Quarter, next_quarter_after, quarter_named, quarter_of
from fhir_server.workflow.registry import StoredRegistry
from tests.letters.contents import AFFIRMED, NON_AFFIRMED, PACKS
from tests.workflow.decided import WORKER, decide
from tests.workflow.test_report import decision

NPI = "1999999901"
SECOND_QUARTER = Quarter(2026, 2)
IN_QUARTER = datetime(2026, 6, 1, 22, tzinfo=UTC)
AFTER = datetime(2026, 7, 5, 12, tzinfo=UTC)
TERMS = Terms(Decimal(90), 1, "initial", "npi")
OFFICE = LetterOffice(PACKS, {"TX"}, sandbox=True)


@pytest.fixture
def store(store_url: str) -> Iterator[Database]:
    opened = Database(store_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


def write(
    notice: ExemptionNotice,
    *,
    number: str,
    at: datetime,
    provider: Provider,
    threshold: Decimal | None,
    reason: str | None,
) -> WrittenLetter:
    """Write the real letter."""
    matter = ExemptionMatter(
        provider,
        notice.npi,
        date.fromisoformat(notice.effective_from),
        states=(notice.state,) if notice.state else None,
        period=notice.period,
        requests=notice.requests,
        affirmed=notice.affirmed,
        least_percent=threshold,
        reason=reason,
    )
    kind = "exemption-granted" if notice.kind == "granted" else "exemption-removed"
    return OFFICE.about_exemption(kind, number=number, at=at, matter=matter, state=notice.state)  # type: ignore[arg-type]


def decided(store: Database, *determinations: Determination, npi: str = NPI, start: int = 0, **kept: Any) -> None:
    for number, each in enumerate(determinations, start):
        given = {"provider_npi": npi, "state_of_service": "TX", **kept}
        decide(store, each, case=f"W-{npi}-{number}", at=IN_QUARTER, **given)


def proposals(found: Assessment) -> list[tuple[str, str | None, date | None]]:
    return [(each.count.grantee.npi, each.proposal, each.effective_from) for each in found.standings]


def exemptions(store: Database, npi: str = NPI) -> tuple[Exemption, ...]:
    with store.read(WORKER) as unit:
        return StoredRegistry(unit).exemptions(npi)


def test_who_has_enough_affirmed_requests_is_exempt_from_the_next_quarter_on(store: Database) -> None:
    decided(store, *[AFFIRMED] * 9, NON_AFFIRMED)
    decided(store, *[AFFIRMED] * 9, npi="1234567893")
    decided(store, *[AFFIRMED] * 8, *[NON_AFFIRMED] * 2, npi="1245319599")

    found = apply(store, WORKER, SECOND_QUARTER, TERMS, write, AFTER)

    assert proposals(found) == [
        ("1234567893", None, None),
        ("1245319599", None, None),
        (NPI, "grant", date(2026, 10, 1)),
    ]
    assert exemptions(store) == (Exemption(NPI, date(2026, 10, 1)),)
    with store.read(WORKER) as unit:
        (notice,) = unit.exemptions_log.of(NPI)
        letter = unit.letters.get(notice.letter or "")
    assert (notice.requests, notice.affirmed, notice.period, notice.id) == (10, 9, "2026-Q2", found.notices[0])
    assert letter.kind == "exemption-granted"
    assert "Hill Country Spine Practice" in letter.text
    assert "90 percent" in letter.text


def test_looking_changes_nothing(store: Database) -> None:
    decided(store, *[AFFIRMED] * 10)

    found = assess(store, WORKER, SECOND_QUARTER, TERMS, AFTER)

    assert (proposals(found), found.notices) == ([(NPI, "grant", date(2026, 10, 1))], ())
    assert exemptions(store) == ()


def test_a_quarter_is_applied_once(store: Database) -> None:
    decided(store, *[AFFIRMED] * 10)
    apply(store, WORKER, SECOND_QUARTER, TERMS, write, AFTER)

    with pytest.raises(NotReady):
        apply(store, WORKER, SECOND_QUARTER, TERMS, write, AFTER)
    found = apply(store, WORKER, Quarter(2026, 3), replace(TERMS, quarters=2), write, AFTER + timedelta(days=92))
    assert [(each.exempt, each.proposal) for each in found.standings] == [(True, None)]
    assert found.period == "2026-Q2 to 2026-Q3"
    assert len(exemptions(store)) == 1


def test_what_the_guide_leaves_open_has_no_default(store: Database) -> None:
    with pytest.raises(NotReady) as refused:
        assess(store, WORKER, SECOND_QUARTER, Terms(), AFTER)

    told = " ".join(issue.found for issue in refused.value.issues)
    for name in ("EXEMPTION_THRESHOLD", "EXEMPTION_PERIOD", "EXEMPTION_COUNTS", "EXEMPTION_GRAIN"):
        assert name in told


def test_a_quarter_that_goes_on_is_not_assessed(store: Database) -> None:
    with pytest.raises(NotReady):
        apply(store, WORKER, SECOND_QUARTER, TERMS, write, IN_QUARTER)
    with pytest.raises(NotAllowed):
        assess(store, Caller("clinic"), SECOND_QUARTER, TERMS, AFTER)


def test_a_request_that_was_affirmed_after_its_resubmission_counts_where_it_is_set_so(store: Database) -> None:
    decided(store, *[AFFIRMED] * 8, NON_AFFIRMED, NON_AFFIRMED)
    decided(store, NON_AFFIRMED, start=10, resubmission=True, resubmission_of=f"W-{NPI}-9")
    decided(store, AFFIRMED, start=11, resubmission=True, resubmission_of=f"W-{NPI}-10")

    def affirmed(terms: Terms) -> tuple[int, int]:
        (standing,) = assess(store, WORKER, SECOND_QUARTER, terms, AFTER).standings
        return standing.count.affirmed, standing.count.requests

    assert affirmed(TERMS) == (8, 10)
    assert affirmed(replace(TERMS, counted="after-resubmission")) == (9, 10)


class TestRemoval:
    def test_an_exemption_whose_rate_fell_ends_with_notice(self, store: Database) -> None:
        with store.write(WORKER) as unit:
            row = {"npi": NPI, "effective_from": date(2026, 1, 1), "effective_to": None}
            unit.registry.load("exemption", [{**row, "states": None, "categories": None}], IN_QUARTER)
        decided(store, *[AFFIRMED] * 5, *[NON_AFFIRMED] * 5)

        late = datetime(2026, 8, 5, 12, tzinfo=UTC)
        found = apply(store, WORKER, SECOND_QUARTER, TERMS, write, late)

        assert proposals(found) == [(NPI, "remove", date(2027, 1, 1))]
        assert exemptions(store) == (Exemption(NPI, date(2026, 1, 1), date(2026, 12, 31)),)
        with store.read(WORKER) as unit:
            (notice,) = unit.exemptions_log.of(NPI)
            assert "5 of 10 requests were affirmed" in unit.letters.get(notice.letter or "").text

    def test_an_operator_ends_one_after_its_re_evaluation(self, store: Database) -> None:
        decided(store, *[AFFIRMED] * 10)
        apply(store, WORKER, SECOND_QUARTER, TERMS, write, AFTER)
        ask = {"period": "2027-Q3", "requests": 10, "affirmed": 6, "reason": "Too few claims met the rules."}
        at = datetime(2027, 8, 3, tzinfo=UTC)

        notice = remove(store, WORKER, Grantee(NPI), write=write, at=at, **ask)  # type: ignore[arg-type]

        assert (notice.kind, notice.effective_from) == ("removed", "2028-01-01")
        assert exemptions(store) == (Exemption(NPI, date(2026, 10, 1), date(2027, 12, 31)),)
        with store.read(WORKER) as unit:
            assert unit.letters.get(notice.letter or "").kind == "exemption-removed"
        with pytest.raises(NotFound):
            remove(store, WORKER, Grantee(NPI), write=write, at=at, **ask)  # type: ignore[arg-type]


class TestSample:
    def test_ten_a_year_at_most(self, store: Database) -> None:
        claims = [f"CLM-{number}" for number in range(30)]

        first = sample(store, WORKER, NPI, claims, AFTER, most=6, chance=random.Random(1))
        second = sample(store, WORKER, NPI, claims, AFTER, chance=random.Random(2))

        assert (len(first), len(second)) == (6, 4)
        assert not set(first) & set(second)
        assert sample(store, WORKER, NPI, claims, AFTER) == ()
        assert len(sample(store, WORKER, NPI, claims, AFTER + timedelta(days=365))) == 10

    def test_a_few_are_all_drawn(self, store: Database) -> None:
        assert set(sample(store, WORKER, NPI, ["A", "B", "A"], AFTER)) == {"A", "B"}


class TestCounts:
    def of(self, grain: Grain, *decisions: CaseDecision) -> dict[Grantee, tuple[int, int, int]]:
        numbered = [replace(each, case=f"W-{number}") for number, each in enumerate(decisions)]
        found = counts(numbered, frozenset(), grain)
        return {each.grantee: (each.affirmed, each.requests, each.requests_of_provider) for each in found}

    def test_the_volume_is_counted_across_services(self) -> None:
        decisions = [
            decision(State.AFFIRMED, category="a"),
            decision(State.AFFIRMED, category="b"),
            decision(State.AFFIRMED, category="b", state_of_service="OH"),
        ]

        assert self.of("npi", *decisions) == {Grantee(NPI): (3, 3, 3)}
        assert self.of("npi+category", *decisions) == {
            Grantee(NPI, None, "a"): (1, 1, 3),
            Grantee(NPI, None, "b"): (2, 2, 3),
        }
        assert self.of("npi+state", *decisions) == {Grantee(NPI, "OH"): (1, 1, 1), Grantee(NPI, "TX"): (2, 2, 2)}

    def test_what_is_not_known_is_never_taken_for_all(self) -> None:
        unknown = decision(State.AFFIRMED, category=None, state_of_service=None)

        assert self.of("npi+state", unknown) == {}
        assert self.of("npi+category", unknown) == {}
        assert self.of("npi", unknown) == {Grantee(NPI): (1, 1, 1)}
        assert self.of("npi", decision(State.AFFIRMED, provider_npi=None)) == {}

    def test_only_own_decisions_on_the_merits_count(self) -> None:
        assert self.of("npi", decision(State.DISMISSED), decision(State.IN_REVIEW)) == {}
        assert self.of("npi", decision(State.AFFIRMED, decided_by="partner")) == {}

    def test_the_last_decision_of_a_case_counts(self) -> None:
        twice = [decision(State.NON_AFFIRMED, event_number=4), decision(State.AFFIRMED, event_number=9)]

        assert [each.affirmed for each in counts(twice, frozenset(), "npi")] == [1]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 200))
def test_quarters(day: date, notice: int) -> None:
    quarter, later = quarter_of(day), next_quarter_after(day, timedelta(days=notice))

    assert quarter.first_day <= day < quarter.later(1).first_day
    assert quarter_named(str(quarter)) == quarter_named(str(quarter).replace("-", "")) == quarter
    assert quarter.later(5).later(-5) == quarter
    assert later.first_day > day
    assert later.first_day - day >= timedelta(days=notice)
    assert later.later(-1).first_day <= day or later.later(-1).first_day - day < timedelta(days=notice)


@pytest.mark.parametrize("text", ["", "2026Q5", "Q1", "2026-1"])
def test_what_is_no_quarter(text: str) -> None:
    with pytest.raises(ValueError, match="2026Q3"):
        quarter_named(text)
