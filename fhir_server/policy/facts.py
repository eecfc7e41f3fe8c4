"""What the policy reads from a request, each fact with the places where this server looks for it.

The table `FACTS` is what ``wiser-pas policy facts`` prints and what `facts_of` runs: a row holds its own extractor, so
the two cannot drift apart. Places and their order follow the standard's own homes of each datum; nothing is expected
beyond mandatory and must-support elements (PAS-008, PAS-012).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.policy import extraction as read
from fhir_server.policy.extraction import FacilitySource, LineOfBusiness, LineView, Service, Site
from fhir_server.policy.forms import is_medicare_number
from fhir_server.policy.spans import Span

View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What one service line says. ``None``, or an empty tuple, is silence.

    ``serviced_unreadable`` and ``diagnoses_unreadable`` tell that something was sent that cannot be read.
    """

    sequence: int
    cancelled: bool
    service: Service
    modifiers: tuple[str, ...]
    revenue: str | None
    diagnoses: tuple[str, ...]
    diagnoses_unreadable: bool
    serviced: Span | None
    serviced_unreadable: bool
    units: Decimal | int | None
    site: Site | None
    line_of_business: LineOfBusiness | None
    state: str | None
    facility_source: FacilitySource
    facility_npi: str | None
    facility_named: bool
    ccn: str | None
    ptan: str | None

    @property
    def code(self) -> str | None:
        """The CPT or HCPCS code, if a well-formed one was sent."""
        return self.service.code


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a request says. Only codes, dates and states of it may be repeated in words."""

    member_id: str | None = field(repr=False)
    name: tuple[str, str] | None = field(repr=False)
    birth_date: str | None = field(repr=False)
    coverage_type: str | None
    payer_identifiers: tuple[str, ...]
    requester_npi: str | None
    requester_named: bool
    certification_type: str | None
    prior_number: str | None
    expedited: bool
    procedures: tuple[str, ...]
    lines: tuple[LineFacts, ...]

    @property
    def has_medicare_number(self) -> bool:
        """Whether the member number has the form of a Medicare Beneficiary Identifier."""
        return self.member_id is not None and is_medicare_number(self.member_id)

    @property
    def resubmission(self) -> bool:
        """Whether the request calls itself a resubmission or revision (certification type R or S)."""
        return self.certification_type in ("R", "S")

    @property
    def npis(self) -> tuple[str, ...]:
        """The NPIs that a registry has to be asked about."""
        named = (self.requester_npi, *(line.facility_npi for line in self.lines))
        return tuple(dict.fromkeys(npi for npi in named if npi))


@dataclass(frozen=True, slots=True)
class Fact(Generic[View]):
    """A fact and where it comes from.

    ``field`` is its name in `RequestFacts` or `LineFacts`; ``hub`` the places looked at, in order, as paths of an
    `AuthorizationRequest`; ``x12`` its position in a 278; ``element`` the element of a checklist that says the same.
    """

    field: str
    what: str
    hub: tuple[str, ...]
    x12: str
    extract: Callable[[View], object]
    element: str | None = None


_FACILITY = ("care_team.provider.role.locations.address.state", "care_team.provider.organization.addresses.state")

REQUEST_FACTS: tuple[Fact[AuthorizationRequest], ...] = (
    Fact(
        "member_id",
        "Medicare number (MBI); its format is checked",
        ("insurance.coverage.identifiers", "beneficiary.identifiers", "insurance.coverage.subscriber_id"),
        "2010C NM109, qualifier MI",
        read.member_id,
    ),
    Fact("name", "Name of the beneficiary", ("beneficiary.names",), "2010C NM103, NM104", read.name),
    Fact("birth_date", "Date of birth", ("beneficiary.birth_date",), "2010C DMG02", read.birth_date),
    Fact(
        "coverage_type",
        "Payer is Original Medicare: type of coverage (SOPT)",
        ("insurance.coverage.type",),
        "none",
        read.coverage_type,
    ),
    Fact(
        "payer_identifiers",
        "Payer is Original Medicare: identifiers of the payer",
        ("insurance.coverage.payor.identifiers", "payer.identifiers"),
        "2010A NM109",
        read.payer_identifiers,
    ),
    Fact(
        "requester_npi",
        "NPI of the requester",
        ("requester.practitioner.identifiers", "requester.organization.identifiers"),
        "2010B NM109, qualifier XX",
        read.requester_npi,
    ),
    Fact(
        "requester_named",
        "Name of the requester",
        ("requester.organization.name", "requester.practitioner.names"),
        "2010B NM103",
        read.requester_named,
    ),
    Fact(
        "certification_type",
        "Initial or resubmission: I, R or S",
        ("certification_type", "lines.certification_type"),
        "UM02",
        read.certification_type,
    ),
    Fact(
        "prior_number",
        "Initial or resubmission: number of the earlier decision",
        (
            "authorization_number",
            "administrative_reference_number",
            "lines.authorization_number",
            "lines.administrative_reference_number",
        ),
        "REF*BB or REF*NT",
        read.prior_number,
    ),
    Fact("expedited", "Expedited", ("level_of_service", "priority"), "UM06", read.expedited),
    Fact(
        "procedures",
        "All codes of the request: a generator planned with a lead, a base code beside its add-on",
        ("lines.service",),
        "2000F SV1 or SV2",
        read.procedures,
        "SN6",
    ),
)

LINE_FACTS: tuple[Fact[LineView], ...] = (
    Fact("sequence", "Number of the line", ("lines.sequence",), "2000F HL", lambda view: view.line.sequence),
    Fact("cancelled", "Line was withdrawn", ("lines.cancelled",), "UM02 3", lambda view: bool(view.line.cancelled)),
    Fact("service", "CPT or HCPCS code", ("lines.service",), "SV101-2 or SV202-2", read.service),
    Fact("modifiers", "Modifiers of the code", ("lines.modifiers",), "SV101-3 to -6", read.modifiers),
    Fact("revenue", "Revenue code", ("lines.revenue",), "SV201", read.revenue),
    Fact(
        "diagnoses",
        "Diagnoses (ICD-10-CM) of the line, else of the request; purpose of 62323, revision or replacement",
        ("lines.diagnoses", "diagnoses.code"),
        "HI",
        read.diagnoses,
    ),
    Fact(
        "diagnoses_unreadable",
        "A diagnosis was sent that is no ICD-10-CM code",
        ("lines.diagnoses", "diagnoses.code"),
        "HI",
        read.diagnoses_unreadable,
    ),
    Fact(
        "serviced",
        "Date of service",
        ("lines.serviced", "supporting_information.timing"),
        "DTP*472, else DTP*AAH",
        read.serviced,
    ),
    Fact(
        "serviced_unreadable",
        "A date of service was sent that cannot be read",
        ("lines.serviced", "supporting_information.timing"),
        "DTP*472, else DTP*AAH",
        read.serviced_unreadable,
    ),
    Fact("units", "Units", ("lines.quantity",), "SV104, SV205 or HSD", read.units),
    Fact(
        "site",
        "Site of service: place of service or type of bill",
        ("lines.location",),
        "UM04, qualifier B or A",
        read.site,
    ),
    Fact(
        "line_of_business",
        "Line of business: 13x, 19, 22 Part A; 11, 12, 24 Part B",
        ("lines.location",),
        "UM04",
        read.line_of_business,
    ),
    Fact(
        "state",
        "State of service: of the facility (role 77 or FA, then SJ), else of the requester",
        (*_FACILITY, "requester.organization.addresses.state"),
        "2010F or 2010EA N402; else 2010B N402",
        read.state_of_service,
    ),
    Fact(
        "facility_source",
        "Where the facility stands: the line, the request, or the requester in its place",
        ("lines.care_team", "care_team.covers_whole_request", "requester"),
        "2010F, 2010EA or 2010B",
        lambda view: view.facility_source,
    ),
    Fact(
        "facility_npi",
        "NPI of the facility",
        ("care_team.provider.organization.identifiers", "care_team.provider.practitioner.identifiers"),
        "2010F or 2010EA NM109, qualifier XX",
        read.facility_npi,
    ),
    Fact(
        "facility_named",
        "Name of the facility",
        (
            "care_team.provider.organization.name",
            "care_team.provider.role.locations.name",
            "care_team.provider.practitioner.names",
        ),
        "2010F or 2010EA NM103",
        read.facility_named,
    ),
    Fact(
        "ccn",
        "CMS certification number (CCN) of the facility",
        ("care_team.provider.organization.identifiers", "requester.organization.identifiers"),
        "REF*1J",
        read.ccn,
    ),
    Fact(
        "ptan",
        "Provider transaction access number (PTAN) of the facility or a practitioner",
        (
            "care_team.provider.organization.identifiers",
            "care_team.provider.practitioner.identifiers",
            "requester.practitioner.identifiers",
            "requester.organization.identifiers",
        ),
        "REF*ZH",
        read.ptan,
    ),
)

FACTS: tuple[Fact[AuthorizationRequest] | Fact[LineView], ...] = (*REQUEST_FACTS, *LINE_FACTS)
"""Every fact, in the order in which ``wiser-pas policy facts`` shows them."""


def facts_of(request: AuthorizationRequest) -> RequestFacts:
    """Return what *request* says; pure, and the same for every policy."""
    lines = tuple(_line_facts(LineView.of(request, line)) for line in request.lines)
    return RequestFacts(**{fact.field: fact.extract(request) for fact in REQUEST_FACTS}, lines=lines)  # type: ignore[arg-type]


def _line_facts(view: LineView) -> LineFacts:
    return LineFacts(**{fact.field: fact.extract(view) for fact in LINE_FACTS})  # type: ignore[arg-type]
