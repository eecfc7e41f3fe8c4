"""The clinician's order behind a service line, and what a payer's requirement check wrote onto it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.authorization.parties import Coverage, Person, Provider
from fhir_server.authorization.values import (
    Code,
    Concept,
    ContactPerson,
    ContactPoint,
    DateOrPeriod,
    Identifier,
    Origin,
    Period,
    Quantity,
    Range,
    Timing,
)

OrderKind = Literal["service", "medication", "device", "nutrition"]


@dataclass(frozen=True, slots=True)
class CoverageDetail:
    """One limit or condition of a requirement check: exactly one of ``text`` to ``quantity`` tells its value."""

    category: str | None = None
    code: Concept | None = None
    text: str | None = None
    flag: bool | None = None
    address: str | None = None
    period: Period | None = None
    quantity: Quantity | None = None
    qualification: str | None = None


@dataclass(frozen=True, slots=True)
class CoverageInformation:
    """What a requirement check (CRD) found out about an order, as it was written onto the order.

    ``dependencies`` and ``answers`` are keys of `Document`. ``assertion_id`` ties the order, its questionnaire answers
    and the request together.
    """

    coverage: Coverage | None = None
    covered: str | None = None
    authorization_needed: str | None = None
    documentation_needed: tuple[str, ...] = ()
    documentation_purposes: tuple[str, ...] = ()
    information_needed: tuple[str, ...] = ()
    billing_codes: tuple[Code, ...] = ()
    reasons: tuple[Concept, ...] = ()
    details: tuple[CoverageDetail, ...] = ()
    dependencies: tuple[str, ...] = ()
    questionnaires: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    date: str | None = None
    assertion_id: str | None = None
    satisfied_authorization: str | None = None
    contacts: tuple[ContactPerson, ...] = ()
    contact_points: tuple[ContactPoint, ...] = ()
    expiry_date: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """An order for a service, a drug, a device or nutrition; fields that a kind does not know stay empty.

    A ``requester`` who is no provider (the patient, a relative) is the key of a `Document`.

    ``code_documented_by`` is the key of the `Document` that describes the drug or device where no code does.
    """

    kind: OrderKind
    origin: Origin = Origin()
    identifiers: tuple[Identifier, ...] = ()
    status: str | None = None
    intent: str | None = None
    categories: tuple[Concept, ...] = ()
    code: Concept | None = None
    code_end: Concept | None = None
    quantity: Quantity | None = None
    timing: Timing | None = None
    occurrence: DateOrPeriod | None = None
    subject: Person | None = None
    authored_on: str | None = None
    requester: Provider | str | None = None
    coverage_information: tuple[CoverageInformation, ...] = ()
    code_documented_by: str | None = None
    reported: bool | None = None
    reported_by: str | None = None
    encounter_documented_by: str | None = None
    dosages: tuple[Dosage, ...] = ()
    refills: int | None = None
    dispense_quantity: Quantity | None = None
    oral_diet_types: tuple[Concept, ...] = ()
    enteral_formula_type: Concept | None = None


@dataclass(frozen=True, slots=True)
class DoseAmount:
    """How much of a drug at a time."""

    quantity: Quantity | None = None
    range: Range | None = None


@dataclass(frozen=True, slots=True)
class Dosage:
    """How a drug is to be taken."""

    text: str | None = None
    timing: Timing | None = None
    amounts: tuple[DoseAmount, ...] = ()
