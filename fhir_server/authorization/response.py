"""The internal model of an answer: what a requester is told, line by line, in no channel's words.

An answer is composed from a request and its determination (`fhir_server.authorization.answering`); an edge renders it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from fhir_server.authorization.orders import ServiceOrder
from fhir_server.authorization.parties import Coverage, Location, Organization, Person, Provider
from fhir_server.authorization.request import Document, TransmissionIdentifiers
from fhir_server.authorization.values import Address, Concept, DateOrPeriod, Identifier, Money, Origin, Period, Quantity

Outcome = Literal["complete", "error", "partial"]


@dataclass(frozen=True, slots=True)
class ReviewAction:
    """A decision: its X12 306 action, the number given with it, and why (X12 HCR)."""

    action: Concept | None = None
    number: str | None = None
    reasons: tuple[Concept, ...] = ()
    second_surgical_opinion: bool | None = None


@dataclass(frozen=True, slots=True)
class AuthorizedProvider:
    """Who may give the service."""

    provider: Provider | None = None
    type: Concept | None = None
    role: Concept | None = None
    qualification: Concept | None = None


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """The service of a line in full: on a line of the request what was asked for."""

    service: Concept | None = None
    service_end: Concept | None = None
    modifiers: tuple[Concept, ...] = ()
    unit_price: Money | None = None
    quantity: Quantity | None = None
    epsdt: bool | None = None
    nursing_home_level_of_care: Concept | None = None
    revenue: Concept | None = None
    revenue_unit_rate_limit: Decimal | int | None = None
    order: ServiceOrder | None = None


@dataclass(frozen=True, slots=True)
class ResponseLine:
    """The answer to one requested line; ``sequence`` is the request's."""

    sequence: int
    actions: tuple[ReviewAction, ...] = ()
    trace_numbers: tuple[Identifier, ...] = ()
    authorization_issued: str | None = None
    authorization_period: Period | None = None
    previous_authorization_number: str | None = None
    administrative_reference_number: str | None = None
    requested_service_date: DateOrPeriod | None = None
    authorized_providers: tuple[AuthorizedProvider, ...] = ()
    detail: ServiceDetail | None = None
    admission: DateOrPeriod | None = None
    discharge: str | None = None
    communicated_diagnoses: tuple[Concept, ...] = ()
    notes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AddedLineProvider:
    """A provider of an added line, with the kind of provider it is authorized as."""

    provider: Provider | None = None
    type: Concept | None = None


@dataclass(frozen=True, slots=True)
class AddedLine:
    """A service that was authorized in place of, or beside, what was asked for.

    Where it may be given is told in one of three ways: ``location`` (a code), ``location_address`` or ``place``.
    """

    sequence: int
    service: Concept = Concept()
    service_end: Concept | None = None
    actions: tuple[ReviewAction, ...] = ()
    trace_numbers: tuple[Identifier, ...] = ()
    authorization_issued: str | None = None
    authorization_period: Period | None = None
    previous_authorization_number: str | None = None
    administrative_reference_number: str | None = None
    request_type: Concept | None = None
    certification_type: Concept | None = None
    category: Concept | None = None
    epsdt: bool | None = None
    nursing_home_residential_status: Concept | None = None
    nursing_home_level_of_care: Concept | None = None
    revenue: Concept | None = None
    revenue_unit_rate_limit: Decimal | int | None = None
    order: ServiceOrder | None = None
    admission: DateOrPeriod | None = None
    discharge: str | None = None
    providers: tuple[AddedLineProvider, ...] = ()
    modifiers: tuple[Concept, ...] = ()
    serviced: DateOrPeriod | None = None
    location: Concept | None = None
    location_address: Address | None = None
    place: Location | None = None
    quantity: Quantity | None = None
    unit_price: Money | None = None
    notes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A remark in words that lines and errors point at by its number."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class RequestError:
    """A business error (X12 AAA): its 901 code, what to do next (889), where it is, and the note that explains it.

    ``position`` is the X12 element (``2010A-NM103``), ``path`` a FHIRPath from the sent Bundle.
    """

    code: Concept
    follow_up: Concept | None = None
    position: str | None = None
    path: str | None = None
    note: int | None = None


@dataclass(frozen=True, slots=True)
class InformationRequest:
    """A request for one more record: its X12 755 category or its LOINC code, for one line or for all."""

    origin: Origin = Origin()
    identifier: Identifier | None = None
    line: int | None = None
    category: Concept | None = None
    medium: Concept | None = None
    code: str | None = None
    modifiers: tuple[Concept, ...] = ()
    diagnoses: tuple[Concept, ...] = ()
    requester: Organization | None = None
    recipients: tuple[Provider, ...] = ()
    sender: Provider | None = None


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Whether a person reviewed the request, and which clinician it was."""

    human: bool
    npi: Identifier | None = None
    specialty: Concept | None = None


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """The request that an answer points at; ``absent`` says why where no such resource exists (PAS-049)."""

    key: str | None = None
    identifier: Identifier | None = None
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class AnsweredInsurance:
    """A coverage that the answer was made under."""

    sequence: int
    focal: bool
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """A whole answer. Parties are those of the request, with their origins.

    ``documents`` are the records that orders and roles in the answer point at; an edge sends those that it needs.
    """

    origin: Origin = Origin()
    transaction_identifier: Identifier | None = None
    created: str = ""
    identifiers: tuple[Identifier, ...] = ()
    transmission: TransmissionIdentifiers | None = None
    type: Concept | None = None
    beneficiary: Person = Person()
    payer: Organization = Organization()
    requester: Provider | None = None
    request: AnsweredRequest = AnsweredRequest()
    outcome: Outcome = "complete"
    disposition: str | None = None
    authorization_number: str | None = None
    authorization_period: Period | None = None
    reviewer: Reviewer | None = None
    authorized_providers: tuple[AuthorizedProvider, ...] = ()
    actions: tuple[ReviewAction, ...] = ()
    lines: tuple[ResponseLine, ...] = ()
    added_lines: tuple[AddedLine, ...] = ()
    notes: tuple[Note, ...] = ()
    information_requests: tuple[InformationRequest, ...] = ()
    insurance: tuple[AnsweredInsurance, ...] = ()
    errors: tuple[RequestError, ...] = ()
    documents: tuple[Document, ...] = ()
