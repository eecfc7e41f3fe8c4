"""Requests as a provider's office would send them; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.evidence import Evidence
from fhir_server.authorization.parties import (
    NPI,
    Coverage,
    Organization,
    Person,
    Provider,
)
from fhir_server.authorization.request import (
    AuthorizationRequest,
    CareTeamMember,
    Diagnosis,
    Insurance,
    ServiceLine,
)
from fhir_server.authorization.values import Address, Code, Concept, Identifier, PersonName, Quantity
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.engine import NO_EVIDENCE, determine
from fhir_server.policy.facts import facts_of
from fhir_server.policy.pack import Pack, builtin_pack, load_packs

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
BILL_TYPE = "https://www.nubc.org/CodeSystem/TypeOfBill"
SOPT = "https://nahdo.org/sopt"
ROLES = "https://codesystem.x12.org/005010/98"
CCN = "http://terminology.hl7.org/NamingSystem/CCN"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"

MEMBER = "1EG4-TE5-MK73"  # the number that CMS shows on its sample card
FAMILY, GIVEN, BORN = "Quistgaard", "Ottoline", "1948-03-09"
FACILITY_NPI, REQUESTER_NPI = "1234567893", "1999999901"
ALL_STATES = frozenset({"AZ", "NJ", "OH", "OK", "TX", "WA"})
NOW = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)
CASE = "CASE-000017"

WISER: tuple[Pack, ...] = load_packs([builtin_pack("wiser")])
WITH_SANDBOX: tuple[Pack, ...] = load_packs([builtin_pack("wiser"), builtin_pack("sandbox")])


def concept(system: str, value: str) -> Concept:
    return Concept((Code(system, value),))


def service(code: str) -> Concept:
    return concept(CPT if code[:1].isdigit() else HCPCS, code)


def place(code: str) -> Concept:
    return concept(BILL_TYPE if code.startswith("13") else PLACE_OF_SERVICE, code)


def line(sequence: int, code: str, **changes: Any) -> ServiceLine:
    """A line for the hospital outpatient department on 15 June 2026."""
    plain = ServiceLine(
        sequence,
        service(code),
        serviced="2026-06-15",
        location=place("22"),
        quantity=Quantity(1),
    )
    return replace(plain, **changes)


def facility(state: str | None, **changes: Any) -> Provider:
    """A hospital with an NPI, a CCN, a PTAN and an address."""
    organization = Organization(
        identifiers=(
            Identifier(NPI, FACILITY_NPI),
            Identifier(CCN, "450001"),
            Identifier("http://example.org/ptan", "P00001", concept(TYPES, "MCR")),
        ),
        name="General Hospital",
        addresses=(Address(city="Somewhere", state=state),) if state else (),
    )
    return Provider(organization=replace(organization, **changes))


def requester(**changes: Any) -> Provider:
    """A practice without an address, so that it never gives the state of service."""
    organization = Organization(identifiers=(Identifier(NPI, REQUESTER_NPI),), name="Spine Practice")
    return Provider(organization=replace(organization, **changes))


def coverage(kind: str | None = "121", member: str | None = MEMBER, **changes: Any) -> Coverage:
    plain = Coverage(
        identifiers=(Identifier(None, member, concept(TYPES, "MB")),) if member else (),
        type=concept(SOPT, kind) if kind else None,
        payor=Organization(identifiers=(Identifier("http://example.org/payer", "MEDICARE"),), name="Medicare"),
    )
    return replace(plain, **changes)


def request(
    *lines: ServiceLine, diagnoses: Sequence[str] = ("M54.16",), state: str | None = "TX", **changes: Any
) -> AuthorizationRequest:
    """A first request, in order in every respect but its codes and diagnoses."""
    whole = AuthorizationRequest(
        beneficiary=Person(names=(PersonName(family=FAMILY, given=(GIVEN,)),), birth_date=BORN),
        requester=requester(),
        care_team=(CareTeamMember(1, facility(state), covers_whole_request=True, role=concept(ROLES, "FA")),),
        diagnoses=tuple(Diagnosis(n, concept(ICD_10_CM, code)) for n, code in enumerate(diagnoses, start=1)),
        insurance=(Insurance(1, coverage(), focal=True),),
        lines=lines,
    )
    return replace(whole, **changes)


def at_facility(provider: Provider | None) -> tuple[CareTeamMember, ...]:
    return (CareTeamMember(1, provider, covers_whole_request=True, role=concept(ROLES, "FA")),) if provider else ()


def circumstances(**changes: Any) -> Circumstances:
    return replace(Circumstances(NOW, ALL_STATES), **changes)


def decide(
    asked: AuthorizationRequest, packs: tuple[Pack, ...] = WISER, evidence: Evidence = NO_EVIDENCE, **changes: Any
) -> Determination:
    """Return what is decided about *asked*; *changes* are those of the circumstances."""
    return determine(asked, facts_of(asked), circumstances(**changes), packs, case_number=CASE, evidence=evidence)


def outcomes(determination: Determination) -> Mapping[int, str]:
    return {each.sequence: each.outcome for each in determination.lines}


def told(determination: Determination) -> str:
    """Everything that the requester is told, on the lines and about the whole."""
    return " ".join([*(each.reason or "" for each in determination.lines), *determination.explanations])


def found_by(determination: Determination, rule: str, line: int | None = 1) -> tuple[str, str]:
    """What came of a rule, and on what."""
    held = next(each for each in determination.findings if each.rule == rule and each.line == line)
    return held.result, held.found


def administrative(determination: Determination) -> tuple[str, ...]:
    """What is missing or unclear beside the elements of a checklist, which no record of these requests answers."""
    elements = {f"{each.label} ({each.element})" for each in determination.criteria} | {"Clinical records"}
    return tuple(each for each in determination.missing if each not in elements)


def dismissal(determination: Determination) -> str | None:
    return determination.dismissal.code if determination.dismissal else None


def errors(determination: Determination) -> list[tuple[str, str | None, str | None]]:
    """The errors as 901 code, 889 follow-up and X12 element."""
    return [
        (each.code.value or "", each.follow_up.value if each.follow_up else None, each.position)
        for each in determination.errors
    ]
