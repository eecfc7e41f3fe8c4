"""A policy case as the request that a provider's office would send."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.authorization.parties import NPI, Coverage, Organization, Person, Provider
from fhir_server.authorization.request import (
    MEMBER_NUMBER,
    AuthorizationRequest,
    CareTeamMember,
    Diagnosis,
    Document,
    Insurance,
    ServiceLine,
    SupportingInformation,
)
from fhir_server.authorization.values import (
    Address,
    Code,
    Concept,
    DateOrPeriod,
    Identifier,
    Period,
    PersonName,
    Quantity,
)
from fhir_server.policy.cases import CaseLine, CasePatient, PolicyCase
from fhir_server.policy.systems import (
    BILL_TYPE,
    CCN,
    CERTIFICATION_TYPE,
    CPT,
    ENTITY_ROLE,
    HCPCS,
    ICD_10_CM,
    LEVEL_OF_SERVICE,
    MEDICARE_PROVIDER_NUMBER,
    PLACE_OF_SERVICE,
    REVENUE,
    SOURCE_OF_PAYMENT,
)

# Types of coverage (SOPT) by their names; Railroad Medicare is told by its payer alone, as senders do.
COVERAGES: dict[str, str | None] = {
    "original-medicare": "121",
    "medicare-advantage": "111",
    "medicaid": "2",
    "railroad": "121",
    "veterans-affairs": "32",
    "indian-health-service": "33",
    "none": None,
}
RAILROAD_PAYER = "RAILROAD-MEDICARE"
MEDICARE_PAYER = "MEDICARE"
FACILITY_ROLE = "FA"
URGENT = "U"
CERTIFICATION_TYPES = {"initial": "I", "resubmission": "R"}


def request_of(case: PolicyCase) -> AuthorizationRequest:
    """Return the request that *case* tells."""
    return AuthorizationRequest(
        certification_type=_concept(CERTIFICATION_TYPE, CERTIFICATION_TYPES[case.submission]),
        authorization_number=case.prior_utn,
        level_of_service=_concept(LEVEL_OF_SERVICE, URGENT) if case.expedited.requested else None,
        beneficiary=_person(case.patient),
        requester=Provider(organization=Organization(identifiers=_npi(case.ids.requester_npi), name="Practice")),
        care_team=(
            CareTeamMember(1, _facility(case), covers_whole_request=True, role=_concept(ENTITY_ROLE, FACILITY_ROLE)),
        ),
        supporting_information=tuple(_reason(case)),
        diagnoses=tuple(Diagnosis(n, _concept(ICD_10_CM, code)) for n, code in enumerate(case.diagnoses, start=1)),
        insurance=(Insurance(1, _coverage(case), focal=True),),
        lines=tuple(_line(case, number, line) for number, line in enumerate(case.lines, start=1)),
        documents=tuple(
            Document(document_key(number), "DocumentReference", "text/plain")
            for number in range(1, len(case.documents) + 1)
        ),
    )


def document_key(number: int) -> str:
    """Return the key of a document by its place in the case, counted from 1."""
    return f"document-{number}"


def person_name(text: str) -> tuple[str, str]:
    """Return the last name and the given names of *text*; the last name is its last word."""
    given, _, family = text.strip().rpartition(" ")
    return family, given


def _concept(system: str, value: str) -> Concept:
    return Concept((Code(system, value),))


def _person(patient: CasePatient) -> Person:
    family, given = person_name(patient.name or "")
    return Person(
        names=(PersonName(family=family, given=tuple(given.split())),) if patient.name else (),
        birth_date=patient.birth_date.isoformat() if patient.birth_date else None,
        gender=patient.sex,
    )


def _npi(number: str | None) -> tuple[Identifier, ...]:
    return (Identifier(NPI, number),) if number else ()


def _facility(case: PolicyCase) -> Provider:
    numbers = [*_npi(case.ids.npi)]
    if case.ids.ccn:
        numbers.append(Identifier(CCN, case.ids.ccn))
    if case.ids.ptan:
        numbers.append(Identifier(value=case.ids.ptan, type=_concept(*MEDICARE_PROVIDER_NUMBER)))
    addresses = (Address(state=case.state),) if case.state else ()
    return Provider(organization=Organization(identifiers=tuple(numbers), name="Facility", addresses=addresses))


def _reason(case: PolicyCase) -> Iterator[SupportingInformation]:
    if case.expedited.requested and case.expedited.reason:
        yield SupportingInformation(1, "message", text=case.expedited.reason)


def _coverage(case: PolicyCase) -> Coverage:
    kind = COVERAGES.get(case.coverage or "none", case.coverage)
    payer = RAILROAD_PAYER if case.coverage == "railroad" else MEDICARE_PAYER
    member = case.ids.mbi
    return Coverage(
        identifiers=(Identifier(value=member, type=_concept(*MEMBER_NUMBER)),) if member else (),
        type=_concept(SOURCE_OF_PAYMENT, kind) if kind else None,
        payor=Organization(identifiers=(Identifier(value=payer),), name="Payer"),
    )


def _line(case: PolicyCase, number: int, line: CaseLine) -> ServiceLine:
    return ServiceLine(
        number,
        _concept(CPT if line.code[:1].isdigit() else HCPCS, line.code),
        modifiers=tuple(_concept(HCPCS, each) for each in line.modifiers),
        serviced=_serviced(case),
        location=_location(case.site) if case.site else None,
        quantity=Quantity(line.units) if line.units is not None else None,
        revenue=_concept(REVENUE, line.revenue) if line.revenue else None,
    )


def _serviced(case: PolicyCase) -> DateOrPeriod | None:
    days = case.days_of_service
    if days is None:
        return None
    first, last = days
    return first.isoformat() if first == last else Period(first.isoformat(), last.isoformat())


def _location(site: str) -> Concept:
    """A site of two digits is a place of service; any other is a type of bill."""
    is_place = len(site) == 2 and site.isdigit()
    return _concept(PLACE_OF_SERVICE if is_place else BILL_TYPE, site)
