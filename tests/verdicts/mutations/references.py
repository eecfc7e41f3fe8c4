"""References: of a wrong type, to nothing, in a wrong form."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.verdicts.elements import Place
from tests.verdicts.mutations.seed import Mutation, Seed, key_of
from tests.verdicts.packages import Json
from tests.verdicts.patches import add, put, remove, replace
from tests.verdicts.samples import GUID

TYPES = ("Patient", "Organization", "Practitioner", "Medication", "Encounter", "Basic", "Bundle", "Coverage", "Device")
FORMS = (
    "#nothing",
    "#",
    "",
    " ",
    "Patient",
    "Patient/",
    "/Patient/1",
    "patient/1",
    "Nonsense/1",
    "Patient/1/_history/2",
    "Patient/a b",
    "Patient/1?x=y",
    "http://example.org/fhir/Patient/1",
    "http://example.org/other",
    "urn:uuid:nonsense",
    GUID,
    "urn:oid:1.2.3",
    "mailto:a@b.example",
    "Patient/" + "x" * 65,
    "http://example.org/fhir/Nonsense/1",
)


def reference_type(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Refer to a resource of another type, by address."""
    for place in _references(seed):
        wrong = chance.choice(TYPES)
        yield Mutation(f"{key_of(place)} relative", [put((*place.path, "reference"), f"{wrong}/some", seed.resource)])
        absolute = f"http://example.org/fhir/{wrong}/some"
        yield Mutation(f"{key_of(place)} absolute", [put((*place.path, "reference"), absolute, seed.resource)])


def reference_element_type(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Say in ``Reference.type`` that it is a resource of some type."""
    for place in _references(seed):
        wrong = chance.choice((*TYPES, "Nonsense", "http://hl7.org/fhir/StructureDefinition/Patient", "patient"))
        change = put((*place.path, "type"), wrong, seed.resource)
        yield Mutation(f"{key_of(place)} beside", [change])
        if "reference" in place.value:
            yield Mutation(f"{key_of(place)} alone", [change, remove((*place.path, "reference"))])


def reference_form(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Write an address that is unusual, wrong or leads nowhere."""
    for place in _references(seed):
        form = chance.choice(FORMS)
        yield Mutation(f"{key_of(place)} {form}", [put((*place.path, "reference"), form, seed.resource)])


def reference_emptied(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Leave a display or an identifier of a reference, or nothing."""
    for place in _references(seed):
        for label, value in (
            ("display", {"display": "somebody"}),
            ("identifier", {"identifier": {"system": "http://example.org/ids", "value": "1"}}),
            ("type", {"type": "Patient"}),
            ("both", {"reference": "Patient/some", "identifier": {"value": "1"}}),
        ):
            yield Mutation(f"{key_of(place)} {label}", [replace(place.path, value)])


def reference_retargeted(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Within a Bundle, refer to another of its entries."""
    entries = [entry for entry in _entries(seed) if isinstance(entry.get("resource"), dict)]
    for place in _references(seed):
        if place.path[0] != "entry" or not entries:
            continue
        entry = chance.choice(entries)
        target = entry["resource"]
        address = f"{target.get('resourceType')}/{target.get('id')}"
        to = chance.choice((entry.get("fullUrl", address), address))
        if to != place.value.get("reference"):
            yield Mutation(f"{key_of(place)} {target.get('resourceType')}", [replace((*place.path, "reference"), to)])


def reference_unresolvable(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Within a Bundle, refer to nothing, or take away what is referred to."""
    for place in _references(seed):
        if place.path[0] == "entry" and "reference" in place.value:
            address = str(place.value["reference"]) + "-none"
            yield Mutation(key_of(place), [replace((*place.path, "reference"), address)])


def reference_fragment(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Refer to a contained resource of a fitting type or another, or contain what is referred to."""
    for place in _references(seed):
        holder = _holder(place)
        if "contained" in holder.value:
            continue
        wanted = _target_types(seed, place)
        kind = chance.choice((*wanted, *wanted, *TYPES))
        one = {"resourceType": kind, "id": "c1"} | _LEAST.get(kind, {})
        contained = add((*holder.path, "contained"), [one])
        yield Mutation(f"{key_of(place)} {kind}", [replace(place.path, {"reference": "#c1"}), contained])


_LEAST: dict[str, Json] = {
    "Patient": {"name": [{"family": "Doe"}], "gender": "female"},
    "Organization": {"name": "Some", "active": True},
    "Practitioner": {"name": [{"family": "Doe"}]},
    "Basic": {"code": {"text": "x"}},
    "Encounter": {
        "status": "planned",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    },
    "Bundle": {"type": "collection"},
    "Coverage": {"status": "active", "beneficiary": {"reference": "Patient/1"}, "payor": [{"display": "x"}]},
    "PractitionerRole": {"active": True},
    "Location": {"name": "Here"},
    "Observation": {"status": "final", "code": {"text": "x"}},
    "Condition": {"subject": {"reference": "Patient/1"}},
    "Questionnaire": {"status": "draft"},
}


def _target_types(seed: Seed, place: Place) -> list[str]:
    found = []
    for told in place.node.element.get("type", ()):
        for canonical in told.get("targetProfile", ()):
            structure = seed.view.library.structure(canonical)
            if structure and structure["type"] in _LEAST:
                found.append(structure["type"])
    return found


def _references(seed: Seed) -> Iterator[Place]:
    return (place for place in seed.objects if place.type == "Reference")


def _holder(place: Place) -> Place:
    """Return the resource that *place* is in."""
    while place.parent is not None and "resourceType" not in place.value:
        place = place.parent
    return place


def _entries(seed: Seed) -> list[Json]:
    entries = seed.resource.get("entry", [])
    return [entry for entry in entries if isinstance(entry, dict)]
