"""Whom a record is about: only what is known to be about the beneficiary counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.authorization.parties import Person
from fhir_server.authorization.request import MEDICARE_BENEFICIARY_SYSTEM, AuthorizationRequest
from fhir_server.authorization.values import Identifier
from fhir_server.evidence.members import Json, object_in, objects_in, text_in
from fhir_server.evidence.records import Record, Records, folded

SUBJECT_ELEMENTS = frozenset(("subject", "patient"))
Number = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """The beneficiary as records name them: by address, by number, by date of birth."""

    addresses: frozenset[str]
    resource_id: str | None
    numbers: frozenset[Number]
    birth_date: str | None

    def is_subject(self, record: Record, records: Records) -> bool:
        """Return whether the record says that it is about the beneficiary."""
        return any(
            self._is_named(record, object_in(record.resource, name), records) for name in sorted(SUBJECT_ELEMENTS)
        )

    def contradicts(self, birth_date: str | None, numbers: frozenset[Number]) -> bool:
        """Return whether a document's own words about its patient cannot be about the beneficiary."""
        if birth_date and self.birth_date and birth_date != self.birth_date:
            return True
        mine, its = _medicare_number(self.numbers), _medicare_number(numbers)
        return bool(mine and its and mine != its)

    def _is_named(self, record: Record, subject: Json, records: Records) -> bool:
        reference = text_in(subject, "reference")
        if reference is None:
            return _number(object_in(subject, "identifier")) in self.numbers
        address = record.address_of(reference)
        if address in self.addresses:
            return True
        found = records.resolve(record, reference)
        if found is not None:
            named = {_number(each) for each in objects_in(found.resource, "identifier")}
            return found.kind == "Patient" and not self.numbers.isdisjoint(named)
        return self.resource_id is not None and address == f"Patient/{self.resource_id}"  # its server is not known


def beneficiary_of(request: AuthorizationRequest) -> Beneficiary:
    """Return whom *request* is for; a person of its coverage with the same number is the same person."""
    person = request.beneficiary
    numbers = _numbers(person)
    people = [person]
    for insurance in request.insurance:
        coverage = insurance.coverage
        if coverage is not None:
            people += [each for each in (coverage.beneficiary, coverage.subscriber) if each is not None]
    same = [each for each in people if each is person or not numbers.isdisjoint(_numbers(each))]
    return Beneficiary(
        frozenset(folded(each.origin.full_url) for each in same if each.origin.full_url),
        person.origin.resource_id,
        numbers,
        person.birth_date,
    )


def _numbers(person: Person) -> frozenset[Number]:
    return frozenset(filter(None, map(_identifier, person.identifiers)))


def _identifier(identifier: Identifier) -> Number | None:
    if identifier.system and identifier.value:
        return identifier.system, identifier.value
    return None


def _number(identifier: Any) -> Number | None:
    system, value = text_in(identifier, "system"), text_in(identifier, "value")
    return (system, value) if system and value else None


def _medicare_number(numbers: frozenset[Number]) -> str | None:
    found = sorted(value for system, value in numbers if system == MEDICARE_BENEFICIARY_SYSTEM)
    return found[0].replace("-", "").upper() if found else None
