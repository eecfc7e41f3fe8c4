"""References between resources, followed on the way in and made on the way out.

The hub holds whole objects where FHIR holds references. Reading, each referenced resource of the Bundle is read once
and the same object is handed out again; writing, each object becomes one entry, under the fullUrl that it came with,
and is referenced by it (PAS-038, PAS-040). Clinical records stay opaque: the hub holds their key, which is their
fullUrl (with ``#`` and its id for a contained one).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from fhir_server.authorization.parties import Provider
from fhir_server.authorization.values import Identifier, Origin
from fhir_server.errors import Issue
from fhir_server.fhir.mapping import Table, Writing
from fhir_server.fhir.reading import Json, Reading
from fhir_server.pas.datatypes import IDENTIFIER

ENTRY_NAMESPACE = uuid.UUID("8d6f3f5e-0d0b-5c4e-9a53-6e1c1f1d9a4b")


@dataclass(slots=True)
class ReadingLinks:
    """The resources of a Bundle, each read at most once.

    ``targets`` says where each reference leads, by the referring entry and the reference; it knows no dangling ones.
    ``dangling`` are those that the check of the Bundle has told about, so that nothing empty for them is told again.
    ``mapped`` entries became parties of the hub; ``records`` are the opaque ones, by key. ``contained`` resources are
    found by entry and id.
    """

    entries: list[Json]
    targets: Mapping[tuple[int, str], int]
    dangling: Set[tuple[int, str]] = frozenset()
    here: int = 0
    known: dict[tuple[str, str], Any] = field(default_factory=dict)
    mapped: set[int] = field(default_factory=set)
    records: dict[str, Json] = field(default_factory=dict)
    contained: dict[int, dict[str, Json]] = field(default_factory=dict)

    def follow(self, reference: Json, reading: Reading) -> tuple[int | None, Json] | None:
        """Return the entry's position and the resource that *reference* points at; ``None`` where it points at none.

        A contained resource has no position.
        """
        text = reference.get("reference")
        if text is None:
            return None
        found = self._find(text)
        if found is None and (self.here, text) in self.dangling:
            reading.told_before()
        return found

    def _find(self, text: str) -> tuple[int | None, Json] | None:
        if text == "#":  # the resource that contains this one
            return self.here, self.entries[self.here]["resource"]
        if text.startswith("#"):
            resource = self._contained(text[1:])
            return None if resource is None else (None, resource)
        position = self.targets.get((self.here, text))
        return None if position is None else (position, self.entries[position]["resource"])

    def _contained(self, name: str) -> Json | None:
        if self.here not in self.contained:
            sent = self.entries[self.here]["resource"].get("contained")
            found = [each for each in sent if isinstance(each, dict)] if isinstance(sent, list) else []
            self.contained[self.here] = {each["id"]: each for each in found if isinstance(each.get("id"), str)}
        return self.contained[self.here].get(name)

    def record(self, reference: Json, reading: Reading) -> str | None:
        """Return the key of the record that *reference* points at."""
        found = self.follow(reference, reading)
        if found is None:
            return None
        key = self.origin(*found).full_url
        if key is not None:
            self.records[key] = found[1]
        return key

    def read(self, position: int | None, resource: Json, table: Table, reading: Reading) -> Any:
        """Return the object that *table* makes of *resource*, the same one each time."""
        origin = self.origin(position, resource)
        key = (table.type_name, origin.full_url or "")
        if key in self.known:
            return self.known[key]
        came_from, path = self.here, f"Bundle.entry[{self.here}].resource.contained"
        if position is not None:
            self.here, path = position, f"Bundle.entry[{position}].resource"
            self.mapped.add(position)
        self.known[key] = found = table.read(resource, path, reading, origin=origin)
        self.here = came_from
        return found

    def origin(self, position: int | None, resource: Json) -> Origin:
        """Return where a resource came from: its entry (none for a contained one) and its id."""
        full_url = self.entries[self.here if position is None else position].get("fullUrl")
        name = resource.get("id")
        if position is None:
            full_url = f"{full_url}#{name}"
        return Origin(full_url if isinstance(full_url, str) else None, name if isinstance(name, str) else None)


@dataclass(slots=True)
class WritingLinks:
    """The entries of a Bundle in the making, in the order in which they were first referenced.

    ``seed`` (a case or transaction number) makes the fullUrls of things that came without one, the same each time.
    ``has_records`` tells whether anything points at an opaque record.
    """

    seed: str
    entries: dict[str, Json] = field(default_factory=dict)
    has_records: bool = False

    def full_url(self, origin: Origin, kind: str) -> str:
        """Return the fullUrl to write: the one that the thing came with, or a stable urn:uuid."""
        if origin.full_url and "#" not in origin.full_url:
            return origin.full_url
        told = origin.full_url or f"{origin.loop}|{origin.control_number}"
        return f"urn:uuid:{uuid.uuid5(ENTRY_NAMESPACE, f'{self.seed}|{kind}|{told}')}"

    def record_url(self, key: str) -> str:
        """Return the fullUrl of the record *key*; what was contained becomes an entry of its own."""
        self.has_records = True
        return self.full_url(Origin(key), "record")

    def add(self, full_url: str, resource: Json) -> None:
        """Keep *resource* as the entry *full_url*, unless it is one already."""
        self.entries.setdefault(full_url, resource)

    def refer(self, value: Any, table: Table, writing: Writing) -> Json:
        """Return a reference to *value*, whose resource becomes an entry."""
        full_url = self.full_url(value.origin, table.type_name)
        if full_url not in self.entries:
            self.entries[full_url] = {}  # holds the place in the order, and ends a circle of references
            self.entries[full_url] = write_resource(value, table, writing)
        return {"reference": full_url}

    def bundle_entries(self) -> Iterator[Json]:
        """Yield the entries of the Bundle."""
        for full_url, resource in self.entries.items():
            yield {"fullUrl": full_url, "resource": resource}


def write_resource(value: Any, table: Table, writing: Writing, profile: str | None = None) -> Json:
    """Return the whole resource of *value*: type, id and profile (*profile*, else the table's) first."""
    profile = profile or table.profile
    head: Json = {"resourceType": table.type_name}
    if value.origin.resource_id:
        head["id"] = value.origin.resource_id
    if profile:
        head["meta"] = {"profile": [profile]}
    body = table.write(value, writing)
    if "meta" in body:
        head["meta"] = {**body.pop("meta"), **head.get("meta", {})}
    return {**head, **body}


def is_logical(origin: Origin) -> bool:
    """Return whether a party was told by an identifier or a name alone, without a resource of its own."""
    return origin == Origin()


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A reference to a party that the hub holds as an object; *name_field* is told in ``display``."""

    table: Table
    name_field: str | None = None
    type_name: str = "Reference"

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the party; a logical reference gives a party with that identifier alone."""
        if not _is_reference(value, path, reading):
            return None
        found = reading.links.follow(value, reading)
        if found is not None:
            position, resource = found
            if resource.get("resourceType") != self.table.type_name:
                _wrong_target(path, self.table.type_name, reading)
                return None
            return reading.links.read(position, resource, self.table, reading)
        return self._logical(value, path, reading)

    def _logical(self, value: Json, path: str, reading: Reading) -> Any:
        fields: Json = {}
        if "identifier" in value:
            identifier = IDENTIFIER.read(value["identifier"], f"{path}.identifier", reading)
            fields["identifiers"] = (identifier,) if identifier else ()
        if self.name_field and isinstance(value.get("display"), str):
            fields[self.name_field] = value["display"]
        return self.table.kind(**fields) if fields and "reference" not in value else None

    def write(self, value: Any, writing: Writing) -> Json:
        """Return the reference; the party becomes an entry unless it is known by an identifier alone."""
        if not is_logical(value.origin):
            return dict(writing.links.refer(value, self.table, writing))
        reference: Json = {}
        if value.identifiers:
            reference["identifier"] = IDENTIFIER.write(value.identifiers[0], writing)
        if self.name_field and getattr(value, self.name_field):
            reference["display"] = getattr(value, self.name_field)
        return reference


@dataclass(frozen=True, slots=True, eq=False)
class ProviderLink:
    """A reference to whoever acts: an Organization, a Practitioner or a PractitionerRole.

    With ``anyone`` it may also point at somebody else, a patient or a relative, whom the hub holds as a record's key.
    """

    organization: Link
    practitioner: Link
    role: Table
    anyone: bool = False
    type_name: str = "Reference"

    def read(self, value: Any, path: str, reading: Reading) -> Provider | str | None:
        """Return the provider (from a role, with its practitioner and organization), or the key of somebody else."""
        if not _is_reference(value, path, reading):
            return None
        found = reading.links.follow(value, reading)
        if found is None and "reference" in value:
            return None
        kind = found[1].get("resourceType") if found else value.get("type", "Organization")
        if found is not None and kind == "PractitionerRole":
            return self._read_role(found[0], found[1], reading)
        if kind == "Practitioner":
            practitioner = self.practitioner.read(value, path, reading)
            return practitioner and Provider(practitioner=practitioner)
        if kind == "Organization":
            organization = self.organization.read(value, path, reading)
            return organization and Provider(organization=organization)
        if self.anyone:
            key: str | None = reading.links.record(value, reading)
            return key
        _wrong_target(path, "Organization, Practitioner or PractitionerRole", reading)
        return None

    def _read_role(self, position: int | None, resource: Json, reading: Reading) -> Provider:
        links: ReadingLinks = reading.links
        role = links.read(position, resource, self.role, reading)
        came_from, where = links.here, f"Bundle.entry[{links.here}].resource.contained"
        if position is not None:
            links.here, where = position, f"Bundle.entry[{position}].resource"
        parts = {
            name: link.read(resource[name], f"{where}.{name}", reading)
            for name, link in (("organization", self.organization), ("practitioner", self.practitioner))
            if name in resource
        }
        links.here = came_from
        return Provider(parts.get("organization"), parts.get("practitioner"), role)

    def write(self, value: Provider | str, writing: Writing) -> Json:
        """Return the reference; role, practitioner and organization become entries."""
        if isinstance(value, str):
            return {"reference": writing.links.record_url(value)}
        if value.role is not None:
            return self._write_role(value, writing)
        if value.practitioner is not None:
            return self.practitioner.write(value.practitioner, writing)
        return self.organization.write(value.organization, writing) if value.organization is not None else {}

    def _write_role(self, value: Provider, writing: Writing) -> Json:
        links: WritingLinks = writing.links
        reference = links.refer(value.role, self.role, writing)
        resource = links.entries[reference["reference"]]
        if value.practitioner is not None:
            resource.setdefault("practitioner", self.practitioner.write(value.practitioner, writing))
        if value.organization is not None:
            resource.setdefault("organization", self.organization.write(value.organization, writing))
        return reference


@dataclass(frozen=True, slots=True, eq=False)
class RecordLink:
    """A reference to a record; the hub holds its key, or (with ``or_identifier``) the identifier that names it."""

    or_identifier: bool = False
    type_name: str = "Reference"

    def read(self, value: Any, path: str, reading: Reading) -> str | Identifier | None:
        """Return the record's key, or its identifier where only that was sent."""
        if not _is_reference(value, path, reading):
            return None
        if self.or_identifier and "reference" not in value and "identifier" in value:
            identifier: Identifier | None = IDENTIFIER.read(value["identifier"], f"{path}.identifier", reading)
            return identifier
        key: str | None = reading.links.record(value, reading)
        return key

    def write(self, value: str | Identifier, writing: Writing) -> Json:
        """Return a reference to the record of the key or identifier *value*."""
        if isinstance(value, str):
            return {"reference": writing.links.record_url(value)}
        return {"identifier": IDENTIFIER.write(value, writing)}


@dataclass(frozen=True, slots=True, eq=False)
class KindLink:
    """A reference to one of several resource types, each with a table of its own, all telling of one dataclass."""

    tables: Mapping[str, Table]
    kinds: Mapping[str, str]
    type_name: str = "Reference"

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the object that the table of the resource's type makes."""
        if not _is_reference(value, path, reading):
            return None
        found = reading.links.follow(value, reading)
        if found is None:
            return None
        table = self.tables.get(str(found[1].get("resourceType")))
        if table is None:
            _wrong_target(path, ", ".join(self.tables), reading)
            return None
        return reading.links.read(found[0], found[1], table, reading)

    def write(self, value: Any, writing: Writing) -> Json:
        """Return a reference to *value*, written by the table of its kind."""
        return dict(writing.links.refer(value, self.tables[self.kinds[value.kind]], writing))


def _is_reference(value: Any, path: str, reading: Reading) -> bool:
    if type(value) is dict and type(value.get("reference", "")) is str:
        return True
    reading.wrong_type(path, "a reference", value)
    return False


def _wrong_target(path: str, expected: str, reading: Reading) -> None:
    found, mend = f"{path} leads to a resource of another type.", f"Refer to {expected} here."
    reading.note(Issue("fhir-target", found, mend, path, code="structure"))
