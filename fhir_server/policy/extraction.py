"""How each fact is read from the hub: one function a fact, named as the field that it fills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from fhir_server.authorization.parties import Organization, Practitioner, Provider, identifier_in
from fhir_server.authorization.request import AuthorizationRequest, CareTeamMember, ServiceLine
from fhir_server.authorization.values import Address, Concept, DateOrPeriod, Identifier
from fhir_server.policy import forms
from fhir_server.policy.spans import Span, span_of

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
BILL_TYPE = "https://www.nubc.org/CodeSystem/TypeOfBill"
SOURCE_OF_PAYMENT = "https://nahdo.org/sopt"
SERVICE_TYPE = "https://codesystem.x12.org/005010/1365"
ENTITY_ROLE = "https://codesystem.x12.org/005010/98"
CCN_SYSTEM = "http://terminology.hl7.org/NamingSystem/CCN"
MEDICARE_PROVIDER_NUMBER = ("http://terminology.hl7.org/CodeSystem/v2-0203", "MCR")

FACILITY_ROLES = (frozenset({"77", "FA"}), frozenset({"SJ"}))
"""Roles of the care team that name the place of service, those that do it better first."""
URGENT_LEVELS = frozenset({"U", "03"})
PART_A_PLACES = frozenset({"19", "22"})
PART_B_PLACES = frozenset({"11", "12", "24"})

LineOfBusiness = Literal["A", "B"]
FacilitySource = Literal["line", "request", "requester"]


@dataclass(frozen=True, slots=True)
class Service:
    """What a line asks for: a well-formed CPT or HCPCS ``code``, or at least whether anything was coded.

    ``ill_formed`` is a code of those systems that has not their form; ``elsewhere`` a code of another system of
    procedures or products, such as NDC. A type of service (X12 1365) is neither.
    """

    code: str | None = None
    ill_formed: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """Where the service is given: a CMS place of service, or a type of bill such as ``13x``."""

    kind: Literal["place-of-service", "bill-type"]
    code: str

    def __str__(self) -> str:
        return f"place of service {self.code}" if self.kind == "place-of-service" else f"type of bill {self.code}"


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with the request around it and the facility that it names."""

    request: AuthorizationRequest
    line: ServiceLine
    facility: Provider
    facility_source: FacilitySource

    @classmethod
    def of(cls, request: AuthorizationRequest, line: ServiceLine) -> LineView:
        """Return the view of *line*; without a facility in the care team the requester stands in its place."""
        for roles in FACILITY_ROLES:
            for source, members in (("line", _of_line(request, line)), ("request", _of_request(request))):
                for member in members:
                    if member.provider and member.role and member.role.code_in(ENTITY_ROLE) in roles:
                        return cls(request, line, member.provider, "line" if source == "line" else "request")
        return cls(request, line, request.requester, "requester")


def _of_line(request: AuthorizationRequest, line: ServiceLine) -> list[CareTeamMember]:
    return [each for each in request.care_team if each.sequence in line.care_team and not each.covers_whole_request]


def _of_request(request: AuthorizationRequest) -> list[CareTeamMember]:
    return [each for each in request.care_team if each.covers_whole_request]


def member_id(request: AuthorizationRequest) -> str | None:
    """The member number as `forms.member_number` writes it."""
    sent = request.member_id
    return forms.member_number(sent) or None if sent else None


def name(request: AuthorizationRequest) -> tuple[str, str] | None:
    """Family and first given name in upper case; a name that is only text is its last and its first word."""
    for each in request.beneficiary.names:
        if each.family:
            return each.family.upper(), (each.given[0] if each.given else "").upper()
        words = (each.text or "").upper().split()
        if words:
            return words[-1], words[0] if len(words) > 1 else ""
    return None


def birth_date(request: AuthorizationRequest) -> str | None:
    """The date of birth as it was sent."""
    return request.beneficiary.birth_date


def coverage_type(request: AuthorizationRequest) -> str | None:
    """The SOPT code of the coverage that the request is about."""
    coverage = request.coverage
    code = coverage.type.code_in(SOURCE_OF_PAYMENT) if coverage and coverage.type else None
    return code if code and code.isdecimal() else None


def payer_identifiers(request: AuthorizationRequest) -> tuple[str, ...]:
    """Each identifier twice, as ``value`` and as ``system|value``."""
    coverage = request.coverage
    payor = coverage.payor if coverage else None
    return tuple(
        text
        for organization in (payor, request.payer)
        for each in (organization.identifiers if organization else ())
        if each.value
        for text in (each.value, f"{each.system or ''}|{each.value}")
    )


def requester_npi(request: AuthorizationRequest) -> str | None:
    """The requester's NPI, whatever its form."""
    return request.requester.npi


def requester_named(request: AuthorizationRequest) -> bool:
    """Whether the requester has a name."""
    return _named(request.requester)


def certification_type(request: AuthorizationRequest) -> str | None:
    """The X12 1322 code of the request, else of the first line that has one."""
    concepts = (request.certification_type, *(line.certification_type for line in request.lines))
    return next((each.value for each in concepts if each and each.value), None)


def prior_number(request: AuthorizationRequest) -> str | None:
    """The first number of an earlier decision: of the request, else of a line."""
    numbers = [request.authorization_number, request.administrative_reference_number]
    for line in request.lines:
        numbers += [line.authorization_number, line.administrative_reference_number]
    return next((each for each in numbers if each), None)


def expedited(request: AuthorizationRequest) -> bool:
    """Whether the request asks to be decided fast."""
    level, priority = request.level_of_service, request.priority
    return bool((level and level.value in URGENT_LEVELS) or (priority and priority.value == "stat"))


def procedures(request: AuthorizationRequest) -> tuple[str, ...]:
    """The codes of all lines that were not withdrawn."""
    codes = (_service(line.service).code for line in request.lines if not line.cancelled)
    return tuple(code for code in codes if code)


def service(view: LineView) -> Service:
    """What the line asks for."""
    return _service(view.line.service)


def _service(concept: Concept) -> Service:
    sent = concept.code_in(CPT, HCPCS)
    if sent is not None:
        code = forms.procedure_code(sent)
        return Service(code, ill_formed=code is None)
    return Service(elsewhere=any(code.system not in (None, SERVICE_TYPE) and code.value for code in concept.codes))


def modifiers(view: LineView) -> tuple[str, ...]:
    """The well-formed modifiers of the line."""
    read = (forms.modifier(each.value) for each in view.line.modifiers if each.value)
    return tuple(each for each in read if each)


def revenue(view: LineView) -> str | None:
    """The revenue code in four digits."""
    sent = view.line.revenue
    return forms.revenue_code(sent.value) if sent and sent.value else None


def diagnoses(view: LineView) -> tuple[str, ...]:
    """The well-formed ICD-10-CM codes of the line, else of the request, in order."""
    return tuple(dict.fromkeys(code for code in _diagnoses(view) if code))


def diagnoses_unreadable(view: LineView) -> bool:
    """Whether one of those diagnoses is no ICD-10-CM code."""
    return any(code is None for code in _diagnoses(view))


def _diagnoses(view: LineView) -> Iterator[str | None]:
    chosen = view.line.diagnoses
    for each in view.request.diagnoses:
        if not chosen or each.sequence in chosen:
            sent = each.code.code_in(ICD_10_CM)
            yield forms.diagnosis_code(sent) if sent else None


def serviced(view: LineView) -> Span | None:
    """The days of service: of the line, else of the patient event."""
    sent = _serviced(view)
    return span_of(sent) if sent is not None else None


def serviced_unreadable(view: LineView) -> bool:
    """Whether days of service were sent that cannot be read."""
    sent = _serviced(view)
    return sent is not None and span_of(sent) is None


def _serviced(view: LineView) -> DateOrPeriod | None:
    if view.line.serviced is not None:
        return view.line.serviced
    events = (each.timing for each in view.request.supporting_information if each.kind == "patient-event")
    return next((each for each in events if each is not None), None)


def units(view: LineView) -> Decimal | int | None:
    """How many units are asked for."""
    return view.line.quantity.value if view.line.quantity else None


def site(view: LineView) -> Site | None:
    """The place of service or type of bill, if a well-formed one was sent."""
    location = view.line.location
    if location is None:
        return None
    place, bill = location.code_in(PLACE_OF_SERVICE), location.code_in(BILL_TYPE)
    if bill and (code := forms.bill_type(bill)):
        return Site("bill-type", code)
    if place and (code := forms.place_of_service(place)):
        return Site("place-of-service", code)
    return None


def line_of_business(view: LineView) -> LineOfBusiness | None:
    """Part A or Part B, by the site."""
    found = site(view)
    if found is None:
        return None
    if found.code in PART_A_PLACES or (found.kind == "bill-type" and found.code == "13x"):
        return "A"
    return "B" if found.kind == "place-of-service" and found.code in PART_B_PLACES else None


def state_of_service(view: LineView) -> str | None:
    """The state in two letters: of the facility, else of the requester's organization."""
    return _state_of(view.facility) or _state_in(
        view.request.requester.organization.addresses if view.request.requester.organization else ()
    )


def _state_of(provider: Provider) -> str | None:
    places = provider.role.locations if provider.role else ()
    found = _state_in(tuple(place.address for place in places if place.address))
    return found or _state_in(provider.organization.addresses if provider.organization else ())


def _state_in(addresses: tuple[Address, ...]) -> str | None:
    read = (forms.state(each.state) for each in addresses if each.state)
    return next((each for each in read if each), None)


def facility_npi(view: LineView) -> str | None:
    """The facility's NPI, else that of the practitioner who stands for it."""
    organization, practitioner = view.facility.organization, view.facility.practitioner
    return (organization and organization.npi) or (practitioner and practitioner.npi) or None


def facility_named(view: LineView) -> bool:
    """Whether the facility has a name."""
    return _named(view.facility)


def _named(provider: Provider) -> bool:
    organization, practitioner = provider.organization, provider.practitioner
    places = provider.role.locations if provider.role else ()
    people = practitioner.names if practitioner else ()
    return bool(
        (organization and organization.name)
        or any(place.name for place in places)
        or any(each.family or each.text for each in people)
    )


def ccn(view: LineView) -> str | None:
    """The facility's CMS certification number."""
    organization = view.facility.organization
    return identifier_in(organization.identifiers, CCN_SYSTEM) if organization else None


def ptan(view: LineView) -> str | None:
    """The first provider transaction access number: of the facility, else of a practitioner, else of the requester."""
    for party in _parties(view):
        for each in party.identifiers:
            if each.value and _is_provider_number(each):
                return each.value
    return None


def _is_provider_number(identifier: Identifier) -> bool:
    return identifier.type is not None and identifier.type.has(*MEDICARE_PROVIDER_NUMBER)


def _parties(view: LineView) -> Iterator[Organization | Practitioner]:
    team = (*_of_line(view.request, view.line), *_of_request(view.request))
    requester = view.request.requester
    found: tuple[Organization | Practitioner | None, ...] = (
        view.facility.organization,
        view.facility.practitioner,
        *(member.provider.practitioner for member in team if member.provider),
        requester.practitioner,
        requester.organization,
    )
    return (each for each in found if each is not None)
