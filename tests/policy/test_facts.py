"""Facts: where each is looked for, in which order, and that the table tells the truth."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fhir_server.authorization.parties import (
    NPI,
    Coverage,
    Location,
    Organization,
    Person,
    Practitioner,
    Provider,
    Role,
)
from fhir_server.authorization.request import (
    AuthorizationRequest,
    CareTeamMember,
    Diagnosis,
    Insurance,
    SupportingInformation,
)
from fhir_server.authorization.values import Address, Code, Concept, Identifier, Period, PersonName, Quantity
from fhir_server.policy.extraction import Service
from fhir_server.policy.fact_table import LINE_FACTS, REQUEST_FACTS
from fhir_server.policy.facts import FACTS, LineFacts, RequestFacts, facts_of
from fhir_server.policy.lines import ProviderNumber, Site
from tests.policy.requests import (
    BILL_TYPE,
    CCN,
    CPT,
    HCPCS,
    ICD_10_CM,
    PLACE_OF_SERVICE,
    ROLES,
    TYPES,
    concept,
    coverage,
    facility,
    line,
    place,
    request,
    requester,
)

CERTIFICATION = "https://codesystem.x12.org/005010/1322"


def one_line(asked: AuthorizationRequest) -> LineFacts:
    return facts_of(asked).lines[0]


def member(sequence: int, state: str, role: str, *, whole: bool = True) -> CareTeamMember:
    return CareTeamMember(sequence, facility(state), covers_whole_request=whole, role=concept(ROLES, role))


def test_the_table_fills_every_field_and_no_other() -> None:
    of_request = {each.name for each in dataclasses.fields(RequestFacts)} - {"lines"}
    assert {fact.field for fact in REQUEST_FACTS} == of_request
    assert {fact.field for fact in LINE_FACTS} == {each.name for each in dataclasses.fields(LineFacts)}
    assert len(FACTS) == len(REQUEST_FACTS) + len(LINE_FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.field)
def test_every_place_of_the_table_is_a_place_of_the_hub(fact: Any) -> None:
    assert fact.what
    assert fact.x12
    for path in fact.hub:
        known: Any = AuthorizationRequest
        for name in path.split("."):
            if known is AuthorizationRequest and name == "insurance":
                known = Insurance
                continue
            known = _inner(typing.get_type_hints(known)[name])


def _inner(hint: Any) -> Any:
    """The dataclass within ``tuple[X, ...]`` or ``X | None``; anything else as it is."""
    if typing.get_origin(hint) in (tuple, typing.Union, types.UnionType):
        return next((each for each in map(_inner, typing.get_args(hint)) if dataclasses.is_dataclass(each)), hint)
    return hint


def test_state_role_goes_before_place_in_the_care_team() -> None:
    """77 or FA before SJ; among the same, the line's own member before that of the whole request."""
    team = (member(1, "TX", "FA"), member(2, "OH", "77", whole=False), member(3, "NJ", "SJ", whole=False))
    own = line(1, "22513", care_team=(2, 3))
    assert one_line(request(own, care_team=team)).state == "OH"
    assert one_line(request(replace(own, care_team=(3,)), care_team=team)).state == "TX"
    assert one_line(request(replace(own, care_team=(3,)), care_team=team[1:])).state == "NJ"
    assert one_line(request(replace(own, care_team=()), care_team=team[1:])).state is None
    assert one_line(request(own, care_team=(member(2, "OH", "71", whole=False),))).state is None


def test_state_a_location_goes_before_the_organization() -> None:
    role = Role(locations=(Location(), Location(address=Address(state="OK"))))
    provider = replace(facility("TX"), role=role)
    team = (CareTeamMember(1, provider, covers_whole_request=True, role=concept(ROLES, "FA")),)
    assert one_line(request(line(1, "22513"), care_team=team)).state == "OK"


def test_state_the_requester_comes_last() -> None:
    asked = request(line(1, "22513"), care_team=(), requester=requester(addresses=(Address(state="wa"),)))
    found = one_line(asked)
    assert (found.state, found.facility_source) == ("WA", "requester")
    bare = replace(asked, care_team=(replace(member(1, "TX", "FA"), provider=facility(None)),))
    assert one_line(bare).state == "WA"


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ("TX", "TX"),
        ("tx", "TX"),
        ("Texas", "TX"),
        ("US-TX", "TX"),
        (" new  jersey", "NJ"),
        ("Washington", "WA"),
        ("ZZ", None),
        ("ON", None),
        ("Tex.", None),
        ("US-Texas", None),
    ],
)
def test_a_state_is_read_in_letters_or_by_its_name(sent: str, state: str | None) -> None:
    found = one_line(request(line(1, "22513"), state=sent))
    assert (found.state, found.state_unreadable) == (state, state is None)


def test_a_state_that_cannot_be_read_is_not_replaced_by_the_requester_s() -> None:
    asked = request(line(1, "22513"), state="Ontario", requester=requester(addresses=(Address(state="TX"),)))
    found = one_line(asked)
    assert (found.state, found.state_unreadable) == (None, True)


def test_a_facility_without_a_scope_belongs_to_the_whole_request() -> None:
    """PAS trap T-38: the scope is mandatory, its value is not."""
    team = (replace(member(1, "OH", "FA"), covers_whole_request=None),)
    found = one_line(request(line(1, "22513"), care_team=team))
    assert (found.state, found.facility_source) == ("OH", "request")


def test_a_facility_that_belongs_to_no_line_is_not_replaced_by_the_requester() -> None:
    at_home = requester(addresses=(Address(state="TX"),))
    asked = request(line(1, "22513"), care_team=(member(1, "OH", "FA", whole=False),), requester=at_home)
    found = one_line(asked)
    assert (found.state, found.facility_source, found.facility_npi) == (None, "untied", None)
    assert facts_of(asked).provider_of(found) is None
    surgeon = replace(asked, care_team=(member(1, "OH", "71", whole=False),))
    assert one_line(surgeon).state == "TX"


def test_a_ptan_keeps_whose_it_is() -> None:
    person = Practitioner(identifiers=(Identifier(NPI, "1999999901"), Identifier(None, "P7", concept(TYPES, "MCR"))))
    team = (
        CareTeamMember(1, facility("TX", identifiers=()), covers_whole_request=True, role=concept(ROLES, "FA")),
        CareTeamMember(2, Provider(practitioner=person), covers_whole_request=True, role=concept(ROLES, "71")),
    )
    found = facts_of(request(line(1, "22513"), care_team=team, requester=requester(identifiers=())))
    assert found.lines[0].ptan == ProviderNumber("P7", "1999999901")
    assert found.npis == ("1999999901",)


def test_a_range_of_codes() -> None:
    def read(first: str, last: str) -> Service:
        return one_line(request(line(1, first, service_end=concept(CPT, last)))).service

    assert read("22510", "22515") == Service("22510", "22515")
    assert read("22510", "22510") == Service("22510")
    assert read("22515", "22510").fault
    assert read("22510", "all").fault


@pytest.mark.parametrize(
    ("bill", "place_code", "contradicts"),
    [
        ("131", "22", False),
        ("131", "19", False),
        ("131", "24", True),
        ("131", "21", True),
        ("131", "11", True),
        ("111", "22", True),
        ("111", "21", False),
    ],
)
def test_a_place_of_service_that_contradicts_the_type_of_bill(bill: str, place_code: str, contradicts: bool) -> None:
    location = Concept((Code(PLACE_OF_SERVICE, place_code), Code(BILL_TYPE, bill)))
    found = one_line(request(line(1, "22513", location=location)))
    assert found.other_site == (Site("place-of-service", place_code) if contradicts else None)


def test_a_site_of_another_system_is_told_from_silence() -> None:
    assert one_line(request(line(1, "22513", location=Concept(text="hospital")))).site_unreadable
    assert not one_line(request(line(1, "22513", location=None))).site_unreadable


@pytest.mark.parametrize(
    ("names", "read"),
    [
        ((PersonName("Quistgaard", ("Ottoline", "Mae")),), (("quistgaard", "ottoline mae"),)),
        ((PersonName("Müller", ("ZOË",)),), (("muller", "zoe"),)),
        ((PersonName(text="Ottoline  Mae Quistgaard"),), (("quistgaard", "ottoline mae"),)),
        ((PersonName("Quistgaard"), PersonName("Other", ("Ann",))), (("quistgaard", ""), ("other", "ann"))),
        ((PersonName(),), ()),
    ],
)
def test_every_name_is_read(names: tuple[PersonName, ...], read: tuple[tuple[str, str], ...]) -> None:
    assert facts_of(request(line(1, "22513"), beneficiary=Person(names=names))).names == read


def test_the_coverage_typed_original_medicare_is_the_one_that_is_asked() -> None:
    """docs/decisions/several-coverages.md"""
    other = coverage("5", "ABC", payor=Organization(identifiers=(Identifier("s", "plan"),)))
    for insurance in (
        (Insurance(1, other, focal=True), Insurance(2, coverage("121"))),
        (Insurance(1, coverage("121")), Insurance(2, other, focal=True)),
    ):
        found = facts_of(request(line(1, "22513"), insurance=insurance))
        assert (found.member_id, found.coverage_type) == ("1EG4TE5MK73", "121")
        assert "plan" not in found.payer_identifiers
        assert set(found.coverage_types) == {"5", "121"}


def test_among_others_the_focal_coverage_is_asked_else_the_first() -> None:
    first, second = coverage("5", "A"), coverage("6", "B")
    for focal, member_id in ((False, "A"), (True, "B")):
        insurance = (Insurance(1, first), Insurance(2, second, focal=focal))
        assert facts_of(request(line(1, "22513"), insurance=insurance)).member_id == member_id
    both = (Insurance(1, first, focal=True), Insurance(2, second, focal=True))
    assert facts_of(request(line(1, "22513"), insurance=both)).member_id == "A"


def test_an_expedited_request_its_reason_and_what_tells_it() -> None:
    plain = request(line(1, "22513"))
    stat = replace(plain, priority=concept("http://terminology.hl7.org/CodeSystem/processpriority", "stat"))
    urgent = replace(stat, level_of_service=concept("https://codesystem.x12.org/005010/1338", "U"))
    reason = SupportingInformation(1, "message", text="Her breathing fails.")
    explained = replace(urgent, supporting_information=(reason,))
    read = [
        (each.expedited, each.expedited_by_priority, each.expedited_reason)
        for each in map(facts_of, (plain, stat, urgent, explained))
    ]
    assert read == [(False, False, False), (True, True, False), (True, False, False), (True, False, True)]


@pytest.mark.parametrize(
    ("location", "site", "business"),
    [
        (place("22"), Site("place-of-service", "22"), "A"),
        (place("19"), Site("place-of-service", "19"), "A"),
        (place("24"), Site("place-of-service", "24"), "B"),
        (place("11"), Site("place-of-service", "11"), "B"),
        (place("12"), Site("place-of-service", "12"), "B"),
        (concept(BILL_TYPE, "0131"), Site("bill-type", "13x"), "A"),
        (concept(BILL_TYPE, "111"), Site("bill-type", "11x"), None),
        (place("21"), Site("place-of-service", "21"), None),
        (Concept((Code(PLACE_OF_SERVICE, "22"), Code(BILL_TYPE, "131"))), Site("bill-type", "13x"), "A"),
        (concept("http://example.org", "22"), None, None),
        (Concept(text="hospital"), None, None),
        (None, None, None),
    ],
)
def test_site_and_line_of_business(location: Concept | None, site: Site | None, business: str | None) -> None:
    found = one_line(request(line(1, "22513", location=location)))
    assert (found.site, found.line_of_business) == (site, business)


@pytest.mark.parametrize(
    ("service", "read"),
    [
        (concept(CPT, "22513"), Service("22513")),
        (concept(HCPCS, "c8011"), Service("C8011")),
        (concept(HCPCS, "99212"), Service("99212")),
        (concept(CPT, "0123T"), Service("0123T")),
        (concept("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "C8011"), Service("C8011")),
        (concept("https://bluebutton.cms.gov/resources/codesystem/hcpcs", "22513"), Service("22513")),
        (concept("urn:oid:2.16.840.1.113883.6.12", "22513"), Service("22513")),
        (concept("urn:oid:2.16.840.1.113883.6.285", "C8011"), Service("C8011")),
        (Concept((Code(CPT, "kyphoplasty"), Code(HCPCS, "22513"))), Service("22513")),
        (concept(CPT, "2251"), Service(fault="not a well-formed CPT or HCPCS code")),
        (concept("https://codesystem.x12.org/005010/1365", "3"), Service(elsewhere=True)),
        (concept("http://hl7.org/fhir/sid/ndc", "00074379902"), Service(elsewhere=True)),
        (concept("https://www.nubc.org/CodeSystem/RevenueCodes", "0360"), Service(elsewhere=True)),
        (concept("http://www.cms.gov/Medicare/Coding/ICD10", "0PU33JZ"), Service(elsewhere=True)),
        (concept("http://snomed.info/sct", "447766003"), Service(fault="not coded in CPT or HCPCS")),
        (Concept((Code(None, "22513"),)), Service(fault="not coded in CPT or HCPCS")),
        (Concept(text="kyphoplasty"), Service(fault="missing")),
    ],
)
def test_the_service(service: Concept, read: Service) -> None:
    assert one_line(request(line(1, "x", service=service))).service == read


def test_numbers_of_the_facility() -> None:
    found = one_line(request(line(1, "22513")))
    assert (found.ccn, found.facility_npi, found.facility_named) == ("450001", "1234567893", True)
    assert found.ptan == ProviderNumber("P00001", "1234567893")


def test_numbers_of_the_requester_where_there_is_no_facility() -> None:
    identifiers = (Identifier(CCN, "450009"), Identifier(None, "P9", concept(TYPES, "MCR")))
    found = one_line(request(line(1, "22513"), care_team=(), requester=requester(identifiers=identifiers)))
    assert (found.ccn, found.ptan) == ("450009", ProviderNumber("P9", None))


def test_a_practitioner_may_stand_for_the_facility() -> None:
    person = Practitioner(identifiers=(Identifier(NPI, "1999999901"),), names=(PersonName(family="Watson"),))
    team = (CareTeamMember(1, Provider(practitioner=person), covers_whole_request=True, role=concept(ROLES, "SJ")),)
    found = one_line(request(line(1, "22513"), care_team=team))
    assert (found.facility_npi, found.facility_named, found.facility_source) == ("1999999901", True, "request")


@pytest.mark.parametrize(
    ("insurance", "patient", "number"),
    [
        (coverage(member="1EG4-TE5-MK73"), Person(), "1EG4TE5MK73"),
        (Coverage(), Person(identifiers=(Identifier(None, "1EG4TE5MK73", concept(TYPES, "MB")),)), "1EG4TE5MK73"),
        (Coverage(), Person(identifiers=(Identifier("http://hl7.org/fhir/sid/us-mbi", "1eg4te5mk73"),)), "1EG4TE5MK73"),
        (Coverage(subscriber_id="1EG4TE5MK73"), Person(), "1EG4TE5MK73"),
        (coverage(member="2AC3RT7HY95", subscriber_id="1EG4TE5MK73"), Person(), "2AC3RT7HY95"),
        (Coverage(), Person(), None),
    ],
)
def test_the_member_number(insurance: Coverage, patient: Person, number: str | None) -> None:
    asked = request(line(1, "22513"), insurance=(Insurance(1, insurance),), beneficiary=patient)
    found = facts_of(asked)
    assert found.member_id == number
    assert found.has_medicare_number is (number is not None)


def test_the_payer() -> None:
    payor = Organization(identifiers=(Identifier("s", "v"), Identifier(None, "w"), Identifier("empty")))
    asked = request(
        line(1, "22513"),
        insurance=(Insurance(1, coverage("121", payor=payor)),),
        payer=Organization(identifiers=(Identifier("t", "u"),)),
    )
    found = facts_of(asked)
    assert found.coverage_type == "121"
    assert found.payer_identifiers == ("v", "s|v", "w", "|w", "u", "t|u")


def test_a_type_of_coverage_of_another_system_tells_nothing() -> None:
    other = coverage(None, type=concept("http://example.org", "121"))
    assert facts_of(request(line(1, "22513"), insurance=(Insurance(1, other),))).coverage_type is None


def test_the_date_of_service_is_the_line_s_else_the_patient_event_s() -> None:
    event = SupportingInformation(1, "patient-event", timing=Period("2026-07-01", "2026-07-02"))
    asked = request(line(1, "22513", serviced=None), line(2, "22513"), supporting_information=(event,))
    first, second = facts_of(asked).lines
    assert str(first.serviced) == "2026-07-01 to 2026-07-02"
    assert str(second.serviced) == "2026-06-15"


def test_a_date_that_cannot_be_read_is_told_from_silence() -> None:
    silent, unreadable = facts_of(request(line(1, "22513", serviced=None), line(2, "22513", serviced="soon"))).lines
    assert (silent.serviced, silent.serviced_unreadable) == (None, False)
    assert (unreadable.serviced, unreadable.serviced_unreadable) == (None, True)


def test_diagnoses_of_the_line_else_of_the_request() -> None:
    asked = request(line(1, "22513", diagnoses=(2,)), line(2, "22513"), diagnoses=["M5416", "M51.16", "M51.16"])
    first, second = facts_of(asked).lines
    assert first.diagnoses == ("M51.16",)
    assert second.diagnoses == ("M54.16", "M51.16")


@pytest.mark.parametrize("code", [concept("http://snomed.info/sct", "23056005"), concept(ICD_10_CM, "back pain")])
def test_a_diagnosis_that_is_no_icd_code(code: Concept) -> None:
    found = one_line(replace(request(line(1, "22513")), diagnoses=(Diagnosis(1, code),)))
    assert (found.diagnoses, found.diagnoses_unreadable) == ((), True)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (None, None, False)),
        ({"certification_type": concept(CERTIFICATION, "I"), "authorization_number": "1"}, ("I", "1", False)),
        ({"certification_type": concept(CERTIFICATION, "R"), "administrative_reference_number": "2"}, ("R", "2", True)),
        (
            {"certification_type": concept(CERTIFICATION, "S"), "lines": (line(1, "22513", authorization_number="3"),)},
            ("S", "3", True),
        ),
        (
            {
                "lines": (
                    line(
                        1, "22513", certification_type=concept(CERTIFICATION, "R"), administrative_reference_number="4"
                    ),
                )
            },
            ("R", "4", True),
        ),
    ],
)
def test_initial_or_resubmission(changes: dict[str, Any], expected: tuple[str | None, str | None, bool]) -> None:
    found = facts_of(replace(request(line(1, "22513")), **changes))
    assert (found.certification_type, found.prior_number, found.resubmission) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"level_of_service": concept("https://codesystem.x12.org/005010/1338", "U")}, True),
        ({"level_of_service": concept("https://codesystem.x12.org/005010/1338", "03")}, True),
        ({"level_of_service": concept("https://codesystem.x12.org/005010/1338", "E")}, False),
        ({"priority": concept("http://terminology.hl7.org/CodeSystem/processpriority", "stat")}, True),
        ({"priority": concept("http://terminology.hl7.org/CodeSystem/processpriority", "normal")}, False),
    ],
)
def test_expedited(changes: dict[str, Any], expected: bool) -> None:
    assert facts_of(request(line(1, "22513"), **changes)).expedited is expected


def test_units_modifiers_and_revenue() -> None:
    asked = line(
        1,
        "22513",
        quantity=Quantity(Decimal("2")),
        modifiers=(concept(CPT, "rt"), concept(CPT, "too long")),
        revenue=concept("https://www.nubc.org/CodeSystem/RevenueCodes", "360"),
    )
    found = one_line(request(asked))
    assert (found.units, found.modifiers, found.revenue) == (Decimal("2"), ("RT",), "0360")


def test_facts_do_not_show_the_beneficiary() -> None:
    shown = repr(facts_of(request(line(1, "22513"))))
    assert not any(word in shown for word in ("1EG4", "quistgaard", "ottoline", "1948"))
