"""How each fact of a service line is read from the hub: one function a fact, named as the field that it fills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar

from fhir_server.authorization.parties import Organization, Practitioner, Provider, identifier_in
from fhir_server.authorization.request import AuthorizationRequest, CareTeamMember, Diagnosis, ServiceLine
from fhir_server.authorization.values import DateOrPeriod, Identifier
from fhir_server.policy import forms
from fhir_server.policy.extraction import Service, diagnosis_of, is_named, service_of
from fhir_server.policy.spans import Span, span_of
from fhir_server.policy.systems import BILL_TYPE, CCN, ENTITY_ROLE, MEDICARE_PROVIDER_NUMBER, PLACE_OF_SERVICE

FACILITY_ROLES = (frozenset({"77", "FA"}), frozenset({"SJ"}))
"""Roles of the care team that name the place of service, those that do it better first."""
OUTPATIENT_BILL = "13x"
OUTPATIENT_PLACES = frozenset({"19", "22"})
PART_B_PLACES = frozenset({"11", "12", "24"})

Element = TypeVar("Element")
LineOfBusiness = Literal["A", "B"]
FacilitySource = Literal["line", "request", "requester", "untied"]


@dataclass(frozen=True, slots=True)
class Site:
    """Where the service is given: a CMS place of service, or a type of bill such as ``13x``."""

    kind: Literal["place-of-service", "bill-type"]
    code: str

    def __str__(self) -> str:
        return f"place of service {self.code}" if self.kind == "place-of-service" else f"type of bill {self.code}"


@dataclass(frozen=True, slots=True)
class ProviderNumber:
    """A number that a payer knows a provider by, and the NPI of the one who has it."""

    value: str
    npi: str | None


# X12 carries the first 14 providers of an event and the first 10 of a service; what repeats beyond them is ignored
# (PAS use cases, Repeating Fields).
MOST_OF_REQUEST = 14
MOST_OF_LINE = 10


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the lines of a request share, found once: its care team by sequence, and its diagnoses.

    ``of_request`` are the members for the whole request. ``untied`` tells of a facility that belongs neither to the
    whole request nor to any line: nobody knows whether a line's service is given there.
    """

    request: AuthorizationRequest
    of_request: tuple[CareTeamMember, ...]
    by_sequence: Mapping[int, tuple[int, CareTeamMember]]
    diagnoses: Mapping[int, tuple[int, Diagnosis]]
    untied: bool

    @classmethod
    def of(cls, request: AuthorizationRequest) -> Surroundings:
        """Return the surroundings of the lines of *request*. A scope without a value is the whole request (T-38)."""
        overall = tuple(each for each in request.care_team if each.covers_whole_request is not False)
        of_lines = {each.sequence: (place, each) for place, each in enumerate(request.care_team)}
        tied = {sequence for line in request.lines for sequence in line.care_team}
        roles = frozenset().union(*FACILITY_ROLES)
        untied = any(
            each.provider and _has_role(each, roles) and each.sequence not in tied for each in request.care_team
        )
        diagnoses = {each.sequence: (place, each) for place, each in enumerate(request.diagnoses)}
        return cls(request, overall[:MOST_OF_REQUEST], of_lines, diagnoses, untied)

    def of_line(self, line: ServiceLine) -> list[CareTeamMember]:
        """Return the members for *line* alone, in the order of the care team."""
        found = _placed(self.by_sequence, line.care_team)
        return [member for member in found if not member.covers_whole_request][:MOST_OF_LINE]


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with the request around it and the facility that it names.

    Without a facility in the care team the requester stands in its place, unless there is an ``untied`` one.
    """

    around: Surroundings
    line: ServiceLine
    facility: Provider
    facility_source: FacilitySource

    @property
    def request(self) -> AuthorizationRequest:
        """The request that the line belongs to."""
        return self.around.request

    @classmethod
    def of(cls, around: Surroundings, line: ServiceLine) -> LineView:
        """Return the view of *line*."""
        for roles in FACILITY_ROLES:
            for member in around.of_line(line):
                if member.provider and _has_role(member, roles):
                    return cls(around, line, member.provider, "line")
            for member in around.of_request:
                if member.provider and _has_role(member, roles):
                    return cls(around, line, member.provider, "request")
        if around.untied:
            return cls(around, line, Provider(), "untied")
        return cls(around, line, around.request.requester, "requester")


def _placed(known: Mapping[int, tuple[int, Element]], sequences: Iterable[int]) -> list[Element]:
    """Return what *sequences* name, in the order in which it was sent."""
    found = {known[sequence][0]: known[sequence][1] for sequence in sequences if sequence in known}
    return [found[place] for place in sorted(found)]


def _has_role(member: CareTeamMember, roles: frozenset[str]) -> bool:
    return member.role is not None and member.role.code_in(ENTITY_ROLE) in roles


def service(view: LineView) -> Service:
    """What the line asks for."""
    return service_of(view.line.service, view.line.service_end)


def modifiers(view: LineView) -> tuple[str, ...]:
    """The well-formed modifiers of the line."""
    read = (forms.modifier(each.value) for each in view.line.modifiers if each.value)
    return tuple(each for each in read if each)


def revenue(view: LineView) -> str | None:
    """The revenue code in four places."""
    sent = view.line.revenue
    return forms.revenue_code(sent.value) if sent and sent.value else None


def diagnoses(view: LineView) -> tuple[str, ...]:
    """The well-formed ICD-10-CM codes of the line, else of the request, in order."""
    return tuple(dict.fromkeys(code for code in _diagnoses(view) if code))


def diagnoses_unreadable(view: LineView) -> bool:
    """Whether one of those diagnoses is not an ICD-10-CM code."""
    return any(code is None for code in _diagnoses(view))


def _diagnoses(view: LineView) -> Iterator[str | None]:
    chosen = _placed(view.around.diagnoses, view.line.diagnoses)
    for each in chosen if view.line.diagnoses else view.request.diagnoses:
        yield diagnosis_of(each.code)


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
    """The place of service or type of bill, if a well-formed one was sent; the type of bill goes first."""
    place, bill = _place_and_bill(view)
    if bill:
        return Site("bill-type", bill)
    return Site("place-of-service", place) if place else None


def other_site(view: LineView) -> Site | None:
    """The place of service that contradicts the type of bill: 13x goes with 19 and 22, and they with it (V40)."""
    place, bill = _place_and_bill(view)
    contradicts = place and bill and (bill == OUTPATIENT_BILL) != (place in OUTPATIENT_PLACES)
    return Site("place-of-service", place) if place and contradicts else None


def site_unreadable(view: LineView) -> bool:
    """Whether a site was sent that is neither."""
    return view.line.location is not None and site(view) is None


def _place_and_bill(view: LineView) -> tuple[str | None, str | None]:
    location = view.line.location
    if location is None:
        return None, None
    place, bill = location.code_in(PLACE_OF_SERVICE), location.code_in(BILL_TYPE)
    return place and forms.place_of_service(place), bill and forms.bill_type(bill)


def line_of_business(view: LineView) -> LineOfBusiness | None:
    """Part A or Part B, by the site."""
    found = site(view)
    if found is None:
        return None
    if found.code in OUTPATIENT_PLACES or found == Site("bill-type", OUTPATIENT_BILL):
        return "A"
    return "B" if found.kind == "place-of-service" and found.code in PART_B_PLACES else None


def state_of_service(view: LineView) -> str | None:
    """The state in two letters: the first that was sent for the facility, else for the requester's organization."""
    return next((forms.state(each) for each in _states(view)), None)


def state_unreadable(view: LineView) -> bool:
    """Whether what was sent first is not a state of the United States."""
    return next((forms.state(each) is None for each in _states(view)), False)


def _states(view: LineView) -> Iterator[str]:
    if view.facility_source == "untied":
        return
    role = view.facility.role
    places = role.locations if role else ()
    yield from (place.address.state for place in places if place.address and place.address.state)
    for organization in (view.facility.organization, view.request.requester.organization):
        yield from (each.state for each in (organization.addresses if organization else ()) if each.state)


def facility_npi(view: LineView) -> str | None:
    """The facility's NPI, else that of the practitioner who stands for it."""
    organization, practitioner = view.facility.organization, view.facility.practitioner
    return (organization and organization.npi) or (practitioner and practitioner.npi) or None


def facility_named(view: LineView) -> bool:
    """Whether the facility has a name."""
    return is_named(view.facility)


def ccn(view: LineView) -> str | None:
    """The facility's CMS certification number."""
    organization = view.facility.organization
    return identifier_in(organization.identifiers, CCN) if organization else None


def ptan(view: LineView) -> ProviderNumber | None:
    """The first provider transaction access number: of the facility, else of a practitioner, else of the requester."""
    for party in _parties(view):
        for each in party.identifiers:
            if each.value and _is_provider_number(each):
                return ProviderNumber(each.value, party.npi)
    return None


def _is_provider_number(identifier: Identifier) -> bool:
    return identifier.type is not None and identifier.type.has(*MEDICARE_PROVIDER_NUMBER)


def _parties(view: LineView) -> Iterator[Organization | Practitioner]:
    team = (*view.around.of_line(view.line), *view.around.of_request)
    requester = view.request.requester
    found: tuple[Organization | Practitioner | None, ...] = (
        view.facility.organization,
        view.facility.practitioner,
        *(member.provider.practitioner for member in team if member.provider),
        requester.practitioner,
        requester.organization,
    )
    return (each for each in found if each is not None)
