"""The people, organizations and places of an authorization, and the coverage that binds them."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.authorization.values import (
    Address,
    Code,
    Concept,
    ContactPerson,
    ContactPoint,
    Identifier,
    Origin,
    Period,
    PersonName,
)

NPI = "http://hl7.org/fhir/sid/us-npi"


def identifier_in(identifiers: tuple[Identifier, ...], system: str) -> str | None:
    """Return the first identifier value that *system* gave."""
    return next((each.value for each in identifiers if each.system == system and each.value), None)


@dataclass(frozen=True, slots=True)
class PopulationGroup:
    """A race or an ethnicity as US Core tells it: categories of the OMB, finer codes, and the person's own words."""

    categories: tuple[Code, ...] = ()
    detailed: tuple[Code, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """A language that a person can be spoken to in."""

    language: Concept | None = None
    preferred: bool | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A beneficiary or a subscriber. ``multiple_birth_order`` tells twins apart; ``gender`` is administrative."""

    origin: Origin = Origin()
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[PersonName, ...] = ()
    gender: str | None = None
    birth_date: str | None = None
    addresses: tuple[Address, ...] = ()
    multiple_birth_order: int | None = None
    military_status: Concept | None = None
    telecom: tuple[ContactPoint, ...] = ()
    languages: tuple[Language, ...] = ()
    race: PopulationGroup | None = None
    ethnicity: PopulationGroup | None = None
    birth_sex: str | None = None


@dataclass(frozen=True, slots=True)
class Organization:
    """A payer, a requesting organization, a facility."""

    origin: Origin = Origin()
    identifiers: tuple[Identifier, ...] = ()
    active: bool | None = None
    types: tuple[Concept, ...] = ()
    name: str | None = None
    telecom: tuple[ContactPoint, ...] = ()
    addresses: tuple[Address, ...] = ()
    contacts: tuple[ContactPerson, ...] = ()

    @property
    def npi(self) -> str | None:
        """The national provider identifier, or ``None``."""
        return identifier_in(self.identifiers, NPI)


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A person who orders, performs or asks for a service."""

    origin: Origin = Origin()
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[PersonName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    addresses: tuple[Address, ...] = ()

    @property
    def npi(self) -> str | None:
        """The national provider identifier, or ``None``."""
        return identifier_in(self.identifiers, NPI)


@dataclass(frozen=True, slots=True)
class Location:
    """A place where a service is given."""

    origin: Origin = Origin()
    identifiers: tuple[Identifier, ...] = ()
    status: str | None = None
    name: str | None = None
    types: tuple[Concept, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    address: Address | None = None
    managing_organization: Organization | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """What a practitioner does at an organization, and where."""

    origin: Origin = Origin()
    identifiers: tuple[Identifier, ...] = ()
    codes: tuple[Concept, ...] = ()
    specialties: tuple[Concept, ...] = ()
    locations: tuple[Location, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """Who acts: an organization, a practitioner, or (with ``role``) a practitioner for an organization."""

    organization: Organization | None = None
    practitioner: Practitioner | None = None
    role: Role | None = None

    @property
    def npi(self) -> str | None:
        """The practitioner's NPI, else the organization's."""
        return (self.practitioner and self.practitioner.npi) or (self.organization and self.organization.npi) or None


@dataclass(frozen=True, slots=True)
class CoverageClass:
    """A group or plan within a coverage."""

    type: Concept | None = None
    value: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The insurance that should pay. The member id is the identifier of type ``MB``."""

    origin: Origin = Origin()
    identifiers: tuple[Identifier, ...] = ()
    status: str | None = None
    type: Concept | None = None
    subscriber: Person | None = None
    subscriber_id: str | None = None
    beneficiary: Person | None = None
    relationship: Concept | None = None
    period: Period | None = None
    payor: Organization | None = None
    classes: tuple[CoverageClass, ...] = ()


@dataclass(frozen=True, slots=True)
class EncounterParticipant:
    """Who takes part in an encounter, as what and when; a relative is the key of a `Document`."""

    types: tuple[Concept, ...] = ()
    period: Period | None = None
    individual: Provider | str | None = None


@dataclass(frozen=True, slots=True)
class Encounter:
    """The planned stay or visit that a request belongs to (X12 CL1).

    ``reasons_documented_by`` are keys of `Document`, see `fhir_server.authorization.request`.
    """

    origin: Origin = Origin()
    last_updated: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    status: str | None = None
    encounter_class: Code | None = None
    types: tuple[Concept, ...] = ()
    subject: Person | None = None
    participants: tuple[EncounterParticipant, ...] = ()
    period: Period | None = None
    reason_codes: tuple[Concept, ...] = ()
    reasons_documented_by: tuple[str, ...] = ()
    admission_source: Concept | None = None
    discharge_disposition: Concept | None = None
    locations: tuple[Location, ...] = ()
    service_provider: Organization | None = None
    patient_status: Concept | None = None
    nursing_home_residential_status: Concept | None = None
