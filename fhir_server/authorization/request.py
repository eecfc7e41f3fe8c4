"""The internal model of an authorization request: what is asked, for whom, by whom, and with which records.

A request may be a first one, an update of an earlier one, or an inquiry (a request by example). Its shape is that of
the newest guide (PAS 2.2.1); an edge maps its own form to and from it. Elements that point at a clinical record hold
the record's *key*, the ``Document.key`` of one of ``AuthorizationRequest.documents``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from fhir_server.authorization.orders import ServiceOrder
from fhir_server.authorization.parties import Coverage, Encounter, Organization, Person, Provider
from fhir_server.authorization.values import (
    Address,
    Concept,
    DateOrPeriod,
    Identifier,
    Money,
    Origin,
    Period,
    Quantity,
)

Purpose = Literal["initial", "update", "inquiry"]
Change = Literal["added", "changed"]
SupportingKind = Literal["patient-event", "admission", "discharge", "document", "message"]
MEMBER_NUMBER = ("http://terminology.hl7.org/CodeSystem/v2-0203", "MB")
MEDICARE_BENEFICIARY_SYSTEM = "http://hl7.org/fhir/sid/us-mbi"


@dataclass(frozen=True, slots=True)
class TransmissionIdentifiers:
    """Who sends and who receives, by the ids that the two sides agreed on (X12 GS02, GS03, ISA06, ISA08)."""

    application_sender: str | None = None
    application_receiver: str | None = None
    interchange_sender: str | None = None
    interchange_receiver: str | None = None


@dataclass(frozen=True, slots=True)
class ConditionIndicator:
    """A statement about the patient's condition that applies or does not (X12 CRC)."""

    category: Concept | None = None
    applies: bool | None = None
    codes: tuple[Concept, ...] = ()


@dataclass(frozen=True, slots=True)
class HomeHealthCare:
    """Prognosis and start of home health care (X12 CR6)."""

    prognosis: Concept | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class CareTeamMember:
    """A provider of the requested care: of the whole request, or of the lines that name its sequence."""

    sequence: int
    provider: Provider | None = None
    covers_whole_request: bool | None = None
    role: Concept | None = None
    qualification: Concept | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis that the service is asked for."""

    sequence: int
    code: Concept = Concept()
    types: tuple[Concept, ...] = ()
    recorded_date: str | None = None


@dataclass(frozen=True, slots=True)
class Insurance:
    """A coverage in the order in which it should pay."""

    sequence: int
    coverage: Coverage | None = None
    focal: bool | None = None


@dataclass(frozen=True, slots=True)
class Accident:
    """The accident that the service follows from."""

    date: str | None = None
    type: Concept | None = None
    location: Address | None = None


@dataclass(frozen=True, slots=True)
class DocumentDescription:
    """How a document is announced (X12 PWK): report type, way of transmission, control number."""

    report_type: Concept | None = None
    transmission_method: Concept | None = None
    control_number: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class SupportingInformation:
    """A fact, message or document that supports the request. A ``kind`` without a name here is the sender's concept."""

    sequence: int
    kind: SupportingKind | Concept = Concept()
    timing: DateOrPeriod | None = None
    text: str | None = None
    document: str | None = None
    document_description: DocumentDescription | None = None
    change: Change | None = None
    cancelled: bool | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A record, opaque to the hub: its bytes, and what they are.

    ``key`` is unique within the request. ``kind`` names the form (a clinical resource's type, ``C-CDA``, ``275``).
    ``content`` may be empty in a request that was read back from the store without its records.
    """

    key: str
    kind: str
    media_type: str
    content: bytes = field(repr=False, default=b"")
    origin: Origin = Origin()
    type: Concept | None = None


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One requested service. ``sequence`` is its name for the life of the authorization (PAS-041).

    The last four fields are criteria of an inquiry.
    """

    sequence: int
    service: Concept = Concept()
    service_end: Concept | None = None
    care_team: tuple[int, ...] = ()
    diagnoses: tuple[int, ...] = ()
    information: tuple[int, ...] = ()
    trace_numbers: tuple[Identifier, ...] = ()
    authorization_number: str | None = None
    administrative_reference_number: str | None = None
    request_type: Concept | None = None
    certification_type: Concept | None = None
    category: Concept | None = None
    modifiers: tuple[Concept, ...] = ()
    serviced: DateOrPeriod | None = None
    location: Concept | None = None
    quantity: Quantity | None = None
    unit_price: Money | None = None
    revenue: Concept | None = None
    epsdt: bool | None = None
    nursing_home_residential_status: Concept | None = None
    nursing_home_level_of_care: Concept | None = None
    revenue_unit_rate_limit: Decimal | int | None = None
    order: ServiceOrder | None = None
    change: Change | None = None
    cancelled: bool | None = None
    certification_issued: DateOrPeriod | None = None
    certification_expires: DateOrPeriod | None = None
    certification_effective: DateOrPeriod | None = None
    review_action: Concept | None = None


@dataclass(frozen=True, slots=True)
class PriorRequest:
    """The request that this one changes, told by the sent record's key or by identifier, and how they are related."""

    claim: str | Identifier | None = None
    relationship: Concept | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """The envelope that carried the request: the sender's number for it and the time it was made."""

    identifier: Identifier | None = None
    created: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A whole request. Sequences are those of the sender and are never renumbered."""

    purpose: Purpose = "initial"
    origin: Origin = Origin()
    transaction: Transaction = Transaction()
    transmission: TransmissionIdentifiers | None = None
    identifiers: tuple[Identifier, ...] = ()
    status: str | None = None
    type: Concept | None = None
    beneficiary: Person = Person()
    billable_period: Period | None = None
    created: str | None = None
    payer: Organization = Organization()
    requester: Provider = Provider()
    priority: Concept | None = None
    level_of_service: Concept | None = None
    conditions: tuple[ConditionIndicator, ...] = ()
    home_health_care: HomeHealthCare | None = None
    authorization_number: str | None = None
    administrative_reference_number: str | None = None
    certification_type: Concept | None = None
    encounter: Encounter | None = None
    prior: tuple[PriorRequest, ...] = ()
    care_team: tuple[CareTeamMember, ...] = ()
    supporting_information: tuple[SupportingInformation, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    insurance: tuple[Insurance, ...] = ()
    accident: Accident | None = None
    lines: tuple[ServiceLine, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def coverage(self) -> Coverage | None:
        """The coverage that the request is about: the focal one, else the first (PAS trap T-14)."""
        focal = next((each for each in self.insurance if each.focal), None)
        chosen = focal or (self.insurance[0] if self.insurance else None)
        return chosen.coverage if chosen else None
