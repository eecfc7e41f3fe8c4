"""What holds for every request, whatever it says (docs/decisions/never.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.authorization.parties import NPI, Person
from fhir_server.authorization.request import AuthorizationRequest, Insurance
from fhir_server.authorization.states import State, check_transition
from fhir_server.authorization.values import Concept, Identifier, Period, PersonName, Quantity
from fhir_server.policy.circumstances import OpenItem
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import facts_of
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord
from tests.policy.requests import (
    ALL_STATES,
    FACILITY_NPI,
    HCPCS,
    WISER,
    WITH_SANDBOX,
    at_facility,
    concept,
    coverage,
    decide,
    facility,
    line,
    place,
    request,
    requester,
)

NAME, MEMBER, BORN = "Xylophenderson", "9XX9XX9XX99", "1931-12-30"
pack = WISER[0]
assert isinstance(pack, CoveragePack)

codes = st.sampled_from([*pack.listed, "99213", "64590", "63650", "61867", "Q4101", "29880", "2251", "Z9901", "Z9903"])
diagnoses = st.sampled_from(
    ["G40.211", "G47.33", "N39.41", "E11.621", "M54.16", "T85.111A", "Z45.42", "M80.08XA", NAME, "L97.411"]
)
states = st.sampled_from([*sorted(ALL_STATES), "CA", NAME, None])
dates = st.sampled_from(
    ["2026-01-14", "2026-04-05", "2026-04-06", "2026-06-15", "2026", NAME, None, Period("2026-03-01", "2026-05-01")]
)
sites = st.sampled_from(["11", "12", "19", "22", "24", "21", "13x", NAME])


@st.composite
def lines(draw: st.DrawFn, sequence: int) -> object:
    return line(
        sequence,
        draw(codes),
        serviced=draw(dates),
        location=draw(st.none() | sites.map(place)),
        quantity=draw(st.none() | st.integers(0, 9).map(Quantity)),
        modifiers=draw(st.sampled_from([(), (concept(HCPCS, "ET"),), (concept(HCPCS, NAME),)])),
        cancelled=draw(st.sampled_from([None, None, None, True])),
        authorization_number=draw(st.sampled_from([None, NAME])),
    )


@st.composite
def requests(draw: st.DrawFn) -> AuthorizationRequest:
    asked = request(
        *(draw(lines(number)) for number in range(1, draw(st.integers(1, 4)) + 1)),  # type: ignore[arg-type]
        diagnoses=draw(st.lists(diagnoses, max_size=3)),
        state=draw(states),
        insurance=(
            Insurance(
                1,
                coverage(draw(st.sampled_from(["121", "111", "5", None])), draw(st.sampled_from([MEMBER, NAME, None]))),
            ),
        ),
        beneficiary=Person(
            names=(PersonName(family=NAME, given=(NAME,)),), birth_date=draw(st.sampled_from([BORN, None]))
        ),
        requester=requester(
            identifiers=draw(st.sampled_from([(Identifier(NPI, "1999999901"),), (Identifier(NPI, MEMBER),), ()]))
        ),
        certification_type=draw(st.sampled_from([None, Concept(text="x"), concept("x", "R")])),
    )
    return replace(
        asked, care_team=draw(st.sampled_from([asked.care_team, (), at_facility(facility("TX", name=NAME))]))
    )


around = st.fixed_dictionaries(
    {
        "states": st.sampled_from([ALL_STATES, frozenset({"TX"})]),
        "beneficiary": st.sampled_from(
            [
                None,
                BeneficiaryRecord(MEMBER, "eligible", "original-medicare", NAME, NAME, date.fromisoformat(BORN)),
                BeneficiaryRecord(MEMBER, "deceased", family_name="Other", birth_date=date(1930, 1, 1)),
            ]
        ),
        "providers": st.sampled_from([{}, {FACILITY_NPI: ProviderRecord(FACILITY_NPI, False, "X", "Y")}]),
        "exemptions": st.sampled_from(
            [(), (Exemption(FACILITY_NPI, date(2026, 1, 1), categories=("cervical-fusion",)),)]
        ),
        "open_items": st.sampled_from([(), (OpenItem(FACILITY_NPI, "22513", "CASE-1"),)]),
        "sandbox": st.booleans(),
    }
)


@settings(max_examples=400, deadline=None)
@given(requests(), around, st.sampled_from([WISER, WITH_SANDBOX]))
def test_every_decision(asked: AuthorizationRequest, circumstances: dict[str, object], packs: object) -> None:
    decided = decide(asked, packs, **circumstances)  # type: ignore[arg-type]
    encoded = msgspec.json.encode(decided)

    # The same bytes again.
    assert msgspec.json.encode(decide(asked, packs, **circumstances)) == encoded  # type: ignore[arg-type]

    # No software says no.
    adverse = decided.state in (State.NON_AFFIRMED, State.PARTIAL)
    adverse = adverse or any(each.outcome in ("non-affirmed", "modified") for each in decided.lines)
    assert not adverse or decided.decider.kind == "simulated"
    if decided.policy.pack == "wiser":
        assert decided.state in (State.IN_REVIEW, State.DISMISSED)
        assert decided.decider.kind == "software"
        in_review = any(each.outcome == "in-review" for each in decided.lines)
        assert (decided.state is State.IN_REVIEW) == in_review

    # Nothing about the beneficiary is repeated.
    text = encoded.decode()
    assert not any(word.lower() in text.lower() for word in (NAME, MEMBER, BORN))

    # Every line is answered once, in words, and the state can be entered.
    assert [each.sequence for each in decided.lines] == [each.sequence for each in asked.lines]
    assert all(each.reason for each in decided.lines)
    assert check_transition(State.RECEIVED, decided.state) is decided.state
    assert decided.explanations or decided.policy.pack == "sandbox"
    assert not {each.reason for each in decided.lines} & set(decided.explanations)

    # Every error points at its note.
    assert all(each.note and each.note <= len(decided.explanations) for each in decided.errors)


@settings(max_examples=200, deadline=None)
@given(requests())
def test_an_empty_registry_dismisses_nothing(asked: AuthorizationRequest) -> None:
    """Without a record, nothing but the request itself is held against it."""
    rules = {each.rule for each in decide(asked).findings if each.result == "not met"}
    assert not rules & {"member-known", "member-alive", "provider-eligible", "provider-not-exempt", "birth-date"}


@settings(max_examples=200, deadline=None)
@given(requests())
def test_every_line_in_scope_is_reviewed_or_the_whole_is_returned(asked: AuthorizationRequest) -> None:
    decided = decide(asked)
    if decided.state is State.IN_REVIEW:
        for each in decided.lines:
            gates = [found for found in decided.findings if found.line == each.sequence]
            failed = any(found.result == "not met" for found in gates)
            cancelled = bool(asked.lines[each.sequence - 1].cancelled)
            assert (each.outcome == "in-review") == (not failed and not cancelled)


@settings(max_examples=200, deadline=None)
@given(requests())
def test_facts_can_be_read_from_anything(asked: AuthorizationRequest) -> None:
    assert len(facts_of(asked).lines) == len(asked.lines)
