"""Dismissals D03 to D08, their order, and how each is told (WISeR guide, Table 4; S-13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fhir_server.authorization.determination import Decider
from fhir_server.authorization.parties import NPI, Person, Practitioner, Provider
from fhir_server.authorization.request import AuthorizationRequest, CareTeamMember, Insurance
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept, Identifier, Period, PersonName, Quantity
from fhir_server.policy.circumstances import OpenItem, PriorCase
from fhir_server.policy.engine import determine, waiting_items
from fhir_server.policy.facts import facts_of
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord
from tests.policy.requests import (
    BILL_TYPE,
    BORN,
    CCN,
    CPT,
    FACILITY_NPI,
    FAMILY,
    GIVEN,
    PLACE_OF_SERVICE,
    REQUESTER_NPI,
    ROLES,
    TYPES,
    WISER,
    administrative,
    at_facility,
    circumstances,
    concept,
    coverage,
    decide,
    dismissal,
    errors,
    facility,
    found_by,
    line,
    outcomes,
    place,
    request,
    requester,
    service,
    told,
)

NUMBER = "1EG4TE5MK73"
KNOWN = BeneficiaryRecord(NUMBER, "eligible", "original-medicare", FAMILY, GIVEN, date.fromisoformat(BORN))
OFFICE = place("11")
OPEN = (OpenItem(FACILITY_NPI, "22513", "CASE-000003"),)


def kyphoplasty(**changes: Any) -> AuthorizationRequest:
    return request(line(1, "22513"), diagnoses=["M80.08XA"], **changes)


def insured(member: str | None, kind: str | None = "121") -> tuple[Insurance, ...]:
    return (Insurance(1, coverage(kind, member), focal=True),)


@pytest.mark.parametrize(
    "member",
    ["1EG4-TE5-MK73", "1EG4TE5MK73", "1eg4te5mk73", "2AC3RT7HY95", "9YY9YY9YY99"],
)
def test_a_well_formed_medicare_number_is_taken(member: str) -> None:
    assert decide(kyphoplasty(insurance=insured(member))).state is State.IN_REVIEW


@pytest.mark.parametrize(
    "member",
    [
        "0EG4TE5MK73",  # must not begin with 0
        "1SG4TE5MK73",  # S, L, O, I, B and Z are not used
        "1EG4TE5BK73",
        "1EG4TE5MZ73",
        "1EG4TE5MK7",
        "1EG4TE5MK733",
        "A123456789",  # an old Railroad number
        "123456789A",  # an old Medicare claim number
    ],
)
def test_an_ill_formed_medicare_number_is_returned(member: str) -> None:
    decided = decide(kyphoplasty(insurance=insured(member)))
    assert dismissal(decided) == "D04"
    assert errors(decided) == [("72", "C", "2010C-NM109")]


def test_a_missing_medicare_number_and_name_are_returned_together() -> None:
    decided = decide(kyphoplasty(insurance=insured(None), beneficiary=Person(birth_date=BORN)))
    assert dismissal(decided) == "D04"
    assert errors(decided) == [("72", "C", "2010C-NM109"), ("73", "C", "2010C-NM103")]
    assert outcomes(decided) == {1: "unanswered"}


def test_a_known_beneficiary_is_taken() -> None:
    assert decide(kyphoplasty(), beneficiary=KNOWN).state is State.IN_REVIEW


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (replace(KNOWN, birth_date=date(1948, 3, 10)), ("71", "C", "2010C-DMG02")),
        (replace(KNOWN, family_name="Other"), ("73", "C", "2010C-NM103")),
        (replace(KNOWN, given_name="Other"), ("73", "C", "2010C-NM103")),
        (replace(KNOWN, status="deceased"), ("75", "C", "2010C-NM109")),
        (replace(KNOWN, status="not-found"), ("75", "C", "2010C-NM109")),
    ],
)
def test_the_registry_contradicts(record: BeneficiaryRecord, error: tuple[str, str, str]) -> None:
    decided = decide(kyphoplasty(), beneficiary=record)
    assert dismissal(decided) == "D04"
    assert errors(decided) == [error]


def test_a_name_is_compared_without_regard_to_case() -> None:
    record = replace(KNOWN, family_name=FAMILY.upper(), given_name=None)
    assert decide(kyphoplasty(), beneficiary=record).state is State.IN_REVIEW


@pytest.mark.parametrize(
    ("sent", "record"),
    [
        (PersonName("Müller", ("Zoë", "Mae")), ("MULLER", "Zoe")),
        (PersonName("De La Cruz", ("Ana",)), ("Delacruz", "ANA MARIA")),
        (PersonName(FAMILY, ("Mary Ann",)), (FAMILY, "Maryann")),
        (PersonName(text="Ana Maria Cruz"), ("Cruz", "Ana")),
    ],
)
def test_a_name_is_compared_by_last_and_first_given_name(sent: PersonName, record: tuple[str, str]) -> None:
    asked = kyphoplasty(beneficiary=Person(names=(sent,), birth_date=BORN))
    known = replace(KNOWN, family_name=record[0], given_name=record[1])
    assert decide(asked, beneficiary=known).state is State.IN_REVIEW
    assert errors(decide(asked, beneficiary=replace(known, given_name="Other"))) == [("73", "C", "2010C-NM103")]


def test_any_of_the_names_sent_may_be_the_one_on_the_card() -> None:
    names = (PersonName("Maiden", (GIVEN,), use="maiden"), PersonName(FAMILY, (GIVEN,)))
    assert (
        administrative(decide(kyphoplasty(beneficiary=Person(names=names, birth_date=BORN)), beneficiary=KNOWN)) == ()
    )


@pytest.mark.parametrize("name", [PersonName(FAMILY), PersonName(given=(GIVEN,)), PersonName(text=FAMILY)])
def test_a_name_that_lacks_first_or_last_is_returned(name: PersonName) -> None:
    decided = decide(kyphoplasty(beneficiary=Person(names=(name,), birth_date=BORN)))
    assert dismissal(decided) == "D04"
    assert errors(decided) == [("73", "C", "2010C-NM103")]


def test_a_birth_date_that_the_registry_lacks_is_not_missing() -> None:
    assert administrative(decide(kyphoplasty(), beneficiary=replace(KNOWN, birth_date=None))) == ()


def test_a_record_that_knows_only_the_payer_contradicts_nothing_else() -> None:
    assert decide(kyphoplasty(), beneficiary=BeneficiaryRecord(NUMBER)).state is State.IN_REVIEW


@pytest.mark.parametrize("payer", ["medicare-advantage", "medicaid", "railroad", "veterans-affairs", "other"])
def test_the_registry_knows_another_payer(payer: Any) -> None:
    decided = decide(kyphoplasty(), beneficiary=replace(KNOWN, payer=payer))
    assert dismissal(decided) == "D03"
    assert errors(decided) == [("75", "N", "2010C-NM109")]


@pytest.mark.parametrize("npi", ["1234567890", "123456789", "12345678933", "ABCDEFGHIJ"])
def test_an_npi_with_a_wrong_check_digit_is_returned(npi: str) -> None:
    decided = decide(kyphoplasty(requester=requester(identifiers=(Identifier(NPI, npi),))))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [("43", "C", "2010B-NM109")]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"requester": requester(identifiers=())}, ("43", "C", "2010B-NM109")),
        ({"requester": requester(name=None)}, ("44", "C", "2010B-NM103")),
        ({"care_team": at_facility(facility("TX", name=None))}, ("44", "C", "2010EA-NM103")),
        ({"care_team": at_facility(facility(None))}, ("47", "C", "2010EA-N402")),
        ({"diagnoses": ()}, ("AF", "C", "2000E-HI")),
        ({"lines": (line(1, "22513", location=None),)}, ("15", "C", "2000F-UM04")),
        ({"lines": (line(1, "22513", service=Concept()),)}, ("AG", "C", "2000F-SV1")),
        ({"lines": (line(1, "2251"),)}, ("AG", "C", "2000F-SV1")),
        ({"lines": (line(1, "225133"),)}, ("AG", "C", "2000F-SV1")),
        ({"lines": (line(1, "22513", serviced="soon"),)}, ("57", "C", "2000F-DTP03")),
        ({"lines": (line(1, "22513", serviced="2026-02-30"),)}, ("57", "C", "2000F-DTP03")),
        ({"lines": (line(1, "22513", serviced=Period("2026-07-02", "2026-07-01")),)}, ("57", "C", "2000F-DTP03")),
        ({"certification_type": concept("https://codesystem.x12.org/005010/1322", "R")}, ("AA", "C", "2000E-REF02")),
        ({"certification_type": concept("https://codesystem.x12.org/005010/1322", "S")}, ("AA", "C", "2000E-REF02")),
    ],
)
def test_missing_billing_data_is_returned(changes: dict[str, Any], error: tuple[str, str, str]) -> None:
    decided = decide(replace(kyphoplasty(), **changes))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [error]
    assert decided.state is State.DISMISSED


def test_a_facility_without_npi_is_returned() -> None:
    bare = facility("TX", identifiers=(Identifier(CCN, "450001"),))
    assert errors(decide(kyphoplasty(care_team=at_facility(bare)))) == [("43", "C", "2010EA-NM109")]


def test_a_facility_of_a_line_is_pointed_at_in_its_own_loop() -> None:
    bare = CareTeamMember(2, facility("TX", name=None), covers_whole_request=False, role=concept(ROLES, "77"))
    asked = kyphoplasty(lines=(line(1, "22513", care_team=(2,)),))
    decided = decide(replace(asked, care_team=(*asked.care_team, bare)))
    assert errors(decided) == [("44", "C", "2010FA-NM103")]


@pytest.mark.parametrize(("site", "lost"), [("13x", CCN), ("19", CCN), ("22", CCN), ("24", "http://example.org/ptan")])
def test_each_setting_needs_its_number(site: str, lost: str) -> None:
    """V40: hospital outpatient needs the CCN, a surgical centre the PTAN."""
    whole = facility("TX")
    assert whole.organization
    kept = tuple(each for each in whole.organization.identifiers if each.system != lost)
    asked = kyphoplasty(
        lines=(line(1, "22513", location=place(site)),), care_team=at_facility(facility("TX", identifiers=kept))
    )
    assert errors(decide(asked)) == [("43", "C", "2010EA-REF02")]


@pytest.mark.parametrize("site", ["11", "12"])
def test_office_and_home_need_no_number(site: str) -> None:
    bare = facility("TX", identifiers=(Identifier(NPI, FACILITY_NPI),))
    asked = kyphoplasty(lines=(line(1, "22513", location=place(site)),), care_team=at_facility(bare))
    assert decide(asked).state is State.IN_REVIEW


def test_a_ptan_of_a_practitioner_counts() -> None:
    surgeon = Practitioner(identifiers=(Identifier("http://example.org/x", "P9", concept(TYPES, "MCR")),))
    member = CareTeamMember(2, Provider(practitioner=surgeon), covers_whole_request=True, role=concept(ROLES, "71"))
    centre = facility("TX", identifiers=(Identifier(NPI, FACILITY_NPI),))
    asked = kyphoplasty(lines=(line(1, "22513", location=place("24")),), care_team=(*at_facility(centre), member))
    assert decide(asked).state is State.IN_REVIEW


@pytest.mark.parametrize("record", [ProviderRecord(FACILITY_NPI, ccn="450002"), ProviderRecord(FACILITY_NPI, ptan="X")])
def test_a_number_that_is_not_the_one_on_file_is_returned(record: ProviderRecord) -> None:
    decided = decide(kyphoplasty(), providers={FACILITY_NPI: record})
    assert errors(decided) == [("43", "C", "2010EA-REF02")]


def test_a_number_is_compared_without_regard_to_case() -> None:
    record = ProviderRecord(FACILITY_NPI, ccn="450001", ptan="p00001")
    assert decide(kyphoplasty(), providers={FACILITY_NPI: record}).state is State.IN_REVIEW


def test_a_surgeon_s_ptan_is_held_against_his_own_record_and_not_the_hospital_s() -> None:
    numbers = (Identifier(NPI, REQUESTER_NPI), Identifier(None, "P9", concept(TYPES, "MCR")))
    surgeon = CareTeamMember(2, Provider(practitioner=Practitioner(identifiers=numbers)), covers_whole_request=True)
    center = facility("TX", identifiers=(Identifier(NPI, FACILITY_NPI),))
    asked = kyphoplasty(lines=(line(1, "22513", location=place("24")),), care_team=(*at_facility(center), surgeon))
    hospital = {FACILITY_NPI: ProviderRecord(FACILITY_NPI, ptan="P00001")}
    assert decide(asked, providers=hospital).state is State.IN_REVIEW
    both = {**hospital, REQUESTER_NPI: ProviderRecord(REQUESTER_NPI, ptan="P8")}
    assert errors(decide(asked, providers=both)) == [("43", "C", "2010EA-REF02")]


@pytest.mark.parametrize(
    "units",
    [None, 0, -1, Decimal("1.5"), Decimal("0.9"), Decimal("1E+999999"), Decimal("1E-999999"), 10**5000],
    ids=lambda units: "none" if units is None else "number",
)
def test_units_that_are_no_whole_number_are_asked_for_and_not_held_against_anybody(units: Decimal | int | None) -> None:
    decided = decide(kyphoplasty(lines=(line(1, "22513", quantity=Quantity(units)),)))
    assert decided.state is State.IN_REVIEW
    assert administrative(decided) == ("units",)
    assert administrative(decide(kyphoplasty(lines=(line(1, "22513", quantity=Quantity(Decimal("2.0"))),)))) == ()


@pytest.mark.parametrize("other", ["24", "21"])
def test_a_type_of_bill_that_contradicts_the_place_is_returned(other: str) -> None:
    """V40: 13x is the hospital's bill; it does not go with a surgery center or an inpatient stay."""
    location = Concept((Code(BILL_TYPE, "131"), Code(PLACE_OF_SERVICE, other)))
    decided = decide(kyphoplasty(lines=(line(1, "22513", location=location),)))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [("15", "C", "2000F-UM04")]
    assert f"type of bill 13x and place of service {other}" in told(decided)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (concept("http://snomed.info/sct", "447766003"), "not coded in CPT or HCPCS"),
        (Concept((Code(None, "22513"),)), "not coded in CPT or HCPCS"),
        (concept(CPT, "kyphoplasty"), "not a well-formed CPT or HCPCS code"),
    ],
)
def test_a_code_of_an_unknown_system_is_returned_and_not_taken_for_another_service(asked: Concept, words: str) -> None:
    decided = decide(kyphoplasty(lines=(line(1, "x", service=asked),)))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [("AG", "C", "2000F-SV1")]
    assert words in told(decided)


def test_a_state_in_another_form_is_returned_with_what_is_wrong() -> None:
    decided = decide(kyphoplasty(state="Ontario"))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [("47", "C", "2010EA-N402")]
    assert "not a state of the United States" in told(decided)
    assert "Ontario" not in told(decided)


def test_a_facility_that_belongs_to_no_line_is_asked_about() -> None:
    untied = replace(kyphoplasty().care_team[0], covers_whole_request=False)
    decided = decide(kyphoplasty(care_team=(untied,)))
    assert decided.state is State.IN_REVIEW
    assert administrative(decided) == ("to which lines the facility belongs",)


def test_all_errors_are_told_at_once_and_each_points_at_its_note() -> None:
    asked = request(
        line(1, "22513", location=None),
        line(2, "22512", serviced="soon"),
        diagnoses=(),
        insurance=insured("X"),
        requester=requester(identifiers=(), name=None),
    )
    decided = decide(asked)
    assert dismissal(decided) == "D04"
    assert {each[0] for each in errors(decided)} == {"72", "43", "44", "15", "AF", "AG", "57"}
    assert [each.note for each in decided.errors] == list(range(1, len(decided.errors) + 1))
    assert len(decided.explanations) == len(decided.errors)
    assert sum(each.startswith("Line 1:") for each in decided.explanations) == 1
    assert sum(each.startswith("Line 2:") for each in decided.explanations) == 2


def test_a_line_without_a_code_is_asked_for_nothing_else() -> None:
    asked = request(line(1, "22513"), line(2, "22513", service=Concept(), location=None, serviced="soon"))
    assert errors(decide(asked)) == [("AG", "C", "2000F-SV1")]


def test_out_of_scope_lines_are_not_held_to_billing_data() -> None:
    decided = decide(request(line(1, "22513"), line(2, "99213", location=None, serviced="soon")))
    assert decided.state is State.IN_REVIEW


NON_AFFIRMED = PriorCase("CASE-000002", State.NON_AFFIRMED, "1EG4TE5MK73", (("quistgaard", "ottoline"),), BORN)


def resubmission(**changes: Any) -> AuthorizationRequest:
    return kyphoplasty(
        certification_type=concept("https://codesystem.x12.org/005010/1322", "R"),
        administrative_reference_number="JLB86260080030",
        **changes,
    )


@pytest.mark.parametrize("state", [State.NON_AFFIRMED, State.PARTIAL])
def test_a_resubmission_of_a_decision_that_said_no_is_taken(state: State) -> None:
    assert decide(resubmission(), prior=replace(NON_AFFIRMED, state=state)).state is State.IN_REVIEW


@pytest.mark.parametrize(
    ("prior", "code", "position"),
    [
        (None, "AA", "2000E-REF02"),
        (replace(NON_AFFIRMED, member_id="2AA2AA2AA22"), "AA", "2000E-REF02"),
        (replace(NON_AFFIRMED, state=State.AFFIRMED), "AA", "2000E-REF02"),
        (replace(NON_AFFIRMED, state=State.IN_REVIEW), "AA", "2000E-REF02"),
        (replace(NON_AFFIRMED, names=(("quistgard", "ottoline"),)), "73", "2010C-NM103"),
        (replace(NON_AFFIRMED, birth_date="1948-03-10"), "71", "2010C-DMG02"),
    ],
)
def test_a_resubmission_needs_the_number_and_the_very_same_beneficiary(
    prior: PriorCase | None, code: str, position: str
) -> None:
    decided = decide(resubmission(), prior=prior)
    assert dismissal(decided) == "D05"
    assert errors(decided) == [(code, "C", position)]


def test_a_denied_claim_ends_resubmission() -> None:
    decided = decide(resubmission(), prior=replace(NON_AFFIRMED, claim_denied=True))
    assert (dismissal(decided), errors(decided)) == ("D10", [("AA", "N", "2000E")])


def test_a_provider_who_is_not_eligible() -> None:
    decided = decide(kyphoplasty(), providers={FACILITY_NPI: ProviderRecord(FACILITY_NPI, eligible=False)})
    assert dismissal(decided) == "D06"
    assert outcomes(decided) == {1: "not-required"}
    assert decided.errors == ()


def test_without_a_facility_the_requester_is_the_provider() -> None:
    address = facility("TX").organization
    assert address
    alone = requester(addresses=address.addresses)
    asked = kyphoplasty(lines=(line(1, "22513", location=OFFICE),), care_team=(), requester=alone)
    assert decide(asked).state is State.IN_REVIEW
    record = ProviderRecord(REQUESTER_NPI, eligible=False)
    assert dismissal(decide(asked, providers={REQUESTER_NPI: record})) == "D06"


@pytest.mark.parametrize(
    ("exemption", "expected"),
    [
        (Exemption(FACILITY_NPI, date(2026, 6, 15)), "D07"),
        (Exemption(FACILITY_NPI, date(2026, 6, 16)), None),
        (Exemption(FACILITY_NPI, date(2026, 1, 1), date(2026, 6, 15)), "D07"),
        (Exemption(FACILITY_NPI, date(2026, 1, 1), date(2026, 6, 14)), None),
        (Exemption(FACILITY_NPI, date(2026, 1, 1), states=("TX",)), "D07"),
        (Exemption(FACILITY_NPI, date(2026, 1, 1), states=("OH",)), None),
        (Exemption(FACILITY_NPI, date(2026, 1, 1), categories=("vertebral-augmentation",)), "D07"),
        (Exemption(FACILITY_NPI, date(2026, 1, 1), categories=("cervical-fusion",)), None),
        (Exemption(REQUESTER_NPI, date(2026, 1, 1)), None),
    ],
)
def test_an_exemption_by_date_state_and_category(exemption: Exemption, expected: str | None) -> None:
    assert dismissal(decide(kyphoplasty(), exemptions=(exemption,))) == expected


def test_an_exemption_for_one_line_leaves_the_other() -> None:
    exemption = Exemption(FACILITY_NPI, date(2026, 1, 1), categories=("cervical-fusion",))
    decided = decide(request(line(1, "22554"), line(2, "22513")), exemptions=(exemption,))
    assert outcomes(decided) == {1: "not-required", 2: "in-review"}


def test_an_exemption_that_may_end_before_the_service_does_not_count() -> None:
    asked = kyphoplasty(lines=(line(1, "22513", serviced=None),))
    assert dismissal(decide(asked, exemptions=(Exemption(FACILITY_NPI, date(2026, 1, 1)),))) == "D07"
    assert dismissal(decide(asked, exemptions=(Exemption(FACILITY_NPI, date(2026, 1, 1), date(2026, 12, 31)),))) is None


def test_a_duplicate_names_the_case_that_is_open() -> None:
    decided = decide(kyphoplasty(), open_items=OPEN)
    assert dismissal(decided) == "D08"
    assert errors(decided) == [("33", "N", "2000E")]
    assert "CASE-000003" in decided.explanations[0]


def two_lines() -> AuthorizationRequest:
    return request(line(1, "22513"), line(2, "22554"), line(3, "C1713"), diagnoses=["M80.08XA"])


def test_a_request_whose_every_line_in_scope_is_open_is_a_duplicate() -> None:
    """An associated line is not asked about, and two open cases are both named."""
    both = (*OPEN, OpenItem(FACILITY_NPI, "22554", "CASE-000004"))
    decided = decide(two_lines(), open_items=both)
    assert dismissal(decided) == "D08"
    assert len(decided.errors) == 1
    assert "case CASE-000003 and case CASE-000004" in decided.explanations[0]


def test_a_request_that_overlaps_an_open_one_in_part_goes_to_a_person_who_is_told() -> None:
    decided = decide(two_lines(), open_items=OPEN)
    assert outcomes(decided) == {1: "in-review", 2: "in-review", 3: "not-required"}
    assert found_by(decided, "no-duplicate") == ("unknown", "case CASE-000003")
    assert "Line 1 (case CASE-000003) was asked for in an earlier request that is still open." in decided.explanations


@pytest.mark.parametrize(
    "item", [OpenItem(REQUESTER_NPI, "22513", "CASE-1"), OpenItem(FACILITY_NPI, "22514", "CASE-1")]
)
def test_another_provider_or_another_code_is_no_duplicate(item: OpenItem) -> None:
    """The provider of a line is its facility, else the requester (as for D06 and D07)."""
    assert decide(kyphoplasty(), open_items=(item,)).state is State.IN_REVIEW


def waiting(asked: AuthorizationRequest, **known: Any) -> dict[int, tuple[str, str]]:
    """Return what of *asked* waits for a decision."""
    facts = facts_of(asked)
    return waiting_items(facts, determine(asked, facts, circumstances(**known), WISER, case_number="W1"))


def test_the_items_of_a_request_are_its_waiting_lines_with_their_providers() -> None:
    asked = request(
        line(1, "22513"),
        line(2, "C1713"),
        line(3, "22554", cancelled=True),
        line(4, "22511", care_team=(2,)),
        line(5, "64568"),
        line(6, "22514", location=place("21")),
        line(7, "22510", service_end=service("22515")),
        diagnoses=["M80.08XA"],
    )
    other = facility("TX", identifiers=(Identifier(NPI, "1245319599"), Identifier(CCN, "450002")))
    members = (*asked.care_team, CareTeamMember(2, other, covers_whole_request=False, role=concept(ROLES, "77")))
    found = waiting(replace(asked, care_team=members))
    assert found == {1: (FACILITY_NPI, "22513"), 4: ("1245319599", "22511")}


def test_what_a_provider_is_relieved_of_is_no_item() -> None:
    exemption = Exemption(FACILITY_NPI, date(2026, 1, 1), categories=("vertebral-augmentation",))
    found = waiting(two_lines(), exemptions=(exemption,))
    assert found == {2: (FACILITY_NPI, "22554")}


def test_a_sandbox_does_not_refuse_duplicates() -> None:
    """S-24."""
    assert decide(kyphoplasty(), open_items=OPEN, sandbox=True).state is State.IN_REVIEW


def everything_wrong() -> tuple[AuthorizationRequest, dict[str, Any]]:
    """A request that fails at every stage, with the mend of each stage in the order of precedence."""
    asked = request(
        line(1, "22513", location=place("21")),
        state="OH",
        diagnoses=(),
        insurance=insured("X", "111"),
        requester=requester(identifiers=()),
    )
    circumstances = {
        "states": frozenset({"TX"}),
        "providers": {FACILITY_NPI: ProviderRecord(FACILITY_NPI, eligible=False)},
        "exemptions": (Exemption(FACILITY_NPI, date(2026, 1, 1)),),
        "open_items": OPEN,
    }
    return asked, circumstances


def test_precedence_one_stage_mended_after_another() -> None:
    asked, around = everything_wrong()
    told = [dismissal(decide(asked, **around))]
    asked = replace(asked, insurance=insured("X"))
    told.append(dismissal(decide(asked, **around)))
    around["states"] = frozenset({"TX", "OH"})
    told.append(dismissal(decide(asked, **around)))
    asked = replace(asked, lines=(line(1, "22513"),))
    told.append(dismissal(decide(asked, **around)))
    asked = replace(asked, insurance=insured(NUMBER))
    told.append(dismissal(decide(asked, **around)))
    asked = replace(asked, diagnoses=kyphoplasty().diagnoses, requester=requester())
    told.append(dismissal(decide(asked, **around)))
    around["providers"] = {}
    told.append(dismissal(decide(asked, **around)))
    around["exemptions"] = ()
    told.append(dismissal(decide(asked, **around)))
    around["open_items"] = ()
    told.append(dismissal(decide(asked, **around)))
    assert told == ["D03", "D01", "D02", "D04", "D05", "D06", "D07", "D08", None]


def test_every_dismissal_says_why_and_how_to_mend_it() -> None:
    asked, around = everything_wrong()
    decided = decide(asked, **around)
    assert decided.dismissal
    assert decided.dismissal.reason
    assert decided.dismissal.mend
    assert all(each.reason for each in decided.lines)


def test_a_request_without_lines_is_returned() -> None:
    assert errors(decide(request())) == [("AG", "C", "2000F-SV1")]


def test_software_of_our_own_decides_and_the_policy_is_named() -> None:
    decided = decide(kyphoplasty())
    assert decided.decider == Decider("own", "software")
    assert decided.policy.pack == "wiser"
    assert decided.policy.sources[0] == "G6 6.0 (2026-04-24)"
    assert decided.policy.sources[-1].startswith("ICD-10-CM 2026")
    assert decided.decided_at == "2026-06-01T15:30:00.000Z"
    assert decided.valid is None
    assert decided.authorization_number is None


def test_same_inputs_same_bytes() -> None:
    first, second = (msgspec.json.encode(decide(kyphoplasty())) for _ in range(2))
    assert first == second


def test_a_name_in_words_is_a_name() -> None:
    asked = kyphoplasty(beneficiary=Person(names=(PersonName(text=f"{GIVEN} {FAMILY}"),), birth_date=BORN))
    assert decide(asked, beneficiary=KNOWN).state is State.IN_REVIEW
