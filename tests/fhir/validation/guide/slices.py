"""Profiles that slice: by each kind of discriminator, open and closed, ordered, sliced again, not to be told apart."""

from __future__ import annotations

from typing import Any

from tests.fhir.validation.guide.profiles import types
from tests.fhir.validation.guide.snapshots import PROFILES, TYPES, structure
from tests.fhir.validation.guide.terminology import WARM
from tests.fhir.validation.guide.values import CODING, SYSTEM

Json = dict[str, Any]


def slicing(kind: str, path: str, rules: str = "open", **more: Any) -> Json:
    """Return a slicing by one discriminator."""
    return {"slicing": {"discriminator": [{"type": kind, "path": path}], "rules": rules, **more}}


def coding(code: str) -> Json:
    """Return a Coding of the guide's own system."""
    return {"system": SYSTEM, "code": code}


def _by_system(element: str, rules: str = "open", **more: Any) -> tuple[Json, ...]:
    return (
        {"id": element, **slicing("value", "system", rules, **more)},
        {"id": f"{element}:one", "min": 1, "max": "1"},
        {"id": f"{element}:one.system", "min": 1, "fixedUri": "urn:one"},
        {"id": f"{element}:two", "max": "2"},
        {"id": f"{element}:two.system", "min": 1, "fixedUri": "urn:two"},
        {"id": f"{element}:two.value", "min": 1},
    )


BY_VALUE = (
    structure("by-system", "Patient", *_by_system("Patient.identifier")),
    structure("closed", "Patient", *_by_system("Patient.identifier", "closed")),
    structure("ordered", "Patient", *_by_system("Patient.identifier", ordered=True)),
    structure(
        "whole",  # what is said of the element after its slices were made is not repeated in them, and holds for them
        "Patient",
        {"id": "Patient.identifier", **slicing("value", "system")},
        {"id": "Patient.identifier:one"},
        {"id": "Patient.identifier:one.system", "min": 1, "fixedUri": "urn:one"},
        {"id": "Patient.identifier.value", "min": 1},
    ),
    structure(
        "excluded-slice",
        "Patient",
        {"id": "Patient.identifier", **slicing("value", "system")},
        {"id": "Patient.identifier:two", "max": "0"},
        {"id": "Patient.identifier:two.system", "min": 1, "fixedUri": "urn:two"},
    ),
    structure(
        "by-pattern",
        "Observation",
        {"id": "Observation.category", **slicing("pattern", "$this")},
        {"id": "Observation.category:a", "min": 1, "max": "1", "patternCodeableConcept": {"coding": [coding("a")]}},
        {"id": "Observation.category:b", "max": "0", "patternCodeableConcept": {"coding": [coding("b")]}},
    ),
    structure(
        "by-code",
        "Observation",
        {"id": "Observation.category", **slicing("value", "coding.code")},
        {"id": "Observation.category:a", "min": 1},
        {"id": "Observation.category:a.coding.code", "min": 1, "fixedCode": "a"},
    ),
    structure(
        "by-fixed-concept",
        "Observation",
        {"id": "Observation.category", **slicing("value", "$this")},
        {"id": "Observation.category:a", "min": 1, "fixedCodeableConcept": {"coding": [CODING]}},
    ),
    structure(
        "by-lax-fixed-concept",
        "Observation",
        {"id": "Observation.category", **slicing("value", "$this")},
        {"id": "Observation.category:a", "fixedCodeableConcept": {"coding": [CODING]}},
    ),
    structure(
        "by-set",
        "Observation",
        {"id": "Observation.category", **slicing("value", "$this")},
        {"id": "Observation.category:warm", "min": 1, "binding": {"strength": "required", "valueSet": WARM}},
    ),
    structure(
        "by-text",
        "HumanName",
        {"id": "HumanName.given", **slicing("value", "$this")},
        {"id": "HumanName.given:a", "min": 1, "max": "1", "fixedString": "A"},
    ),
    structure("named", "Patient", {"id": "Patient.name", "type": types("HumanName", profile=[f"{PROFILES}by-text"])}),
    structure(
        "by-two",
        "Patient",
        {
            "id": "Patient.telecom",
            "slicing": {
                "discriminator": [{"type": "value", "path": "system"}, {"type": "value", "path": "use"}],
                "rules": "open",
            },
        },
        {"id": "Patient.telecom:home", "min": 1},
        {"id": "Patient.telecom:home.system", "min": 1, "fixedCode": "phone"},
        {"id": "Patient.telecom:home.use", "min": 1, "fixedCode": "home"},
    ),
    structure(
        "by-extension",
        "Patient",
        {"id": "Patient.contact", **slicing("value", f"extension('{PROFILES}anywhere').value")},
        {"id": "Patient.contact:marked", "min": 1, "max": "1"},
        {
            "id": "Patient.contact:marked.extension",
            "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"},
        },
        {
            "id": "Patient.contact:marked.extension:mark",
            "min": 1,
            "max": "1",
            "type": types("Extension", profile=[f"{PROFILES}anywhere"]),
        },
        {"id": "Patient.contact:marked.extension:mark.value[x]", "type": types("string"), "fixedString": "yes"},
        {"id": "Patient.contact:marked.gender", "min": 1},
    ),
    structure(
        "extensions-closed",
        "Patient",
        {
            "id": "Patient.extension",
            "min": 1,
            "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "closed"},
        },
        {
            "id": "Patient.extension:known",
            "min": 1,
            "max": "1",
            "type": types("Extension", profile=[f"{PROFILES}on-patient"]),
        },
    ),
    structure(
        "again",
        "Patient",
        {"id": "Patient.identifier", **slicing("value", "system")},
        {"id": "Patient.identifier:one", "min": 1, **slicing("value", "use")},
        {"id": "Patient.identifier:one.system", "min": 1, "fixedUri": "urn:one"},
        {"id": "Patient.identifier:one/old", "max": "1"},
        {"id": "Patient.identifier:one/old.system", "min": 1, "fixedUri": "urn:one"},
        {"id": "Patient.identifier:one/old.use", "min": 1, "fixedCode": "old"},
        {"id": "Patient.identifier:one/old.value", "min": 1},
    ),
    structure(
        "several",
        "Observation",
        {"id": "Observation.category", **slicing("pattern", "$this")},
        {"id": "Observation.category:a", "patternCodeableConcept": {"coding": [coding("a")]}},
        {"id": "Observation.category:b", "patternCodeableConcept": {"coding": [coding("b")]}},
    ),
)

BY_EXISTENCE = (
    structure(
        "by-existence",
        "Patient",
        {"id": "Patient.contact", **slicing("exists", "organization")},
        {"id": "Patient.contact:firm", "max": "1"},
        {"id": "Patient.contact:firm.organization", "min": 1},
        {"id": "Patient.contact:person", "min": 1},
        {"id": "Patient.contact:person.organization", "max": "0"},
        {"id": "Patient.contact:person.name", "min": 1},
    ),
    structure(
        "by-value-existence",
        "Patient",
        {"id": "Patient.telecom", **slicing("exists", "value")},
        {"id": "Patient.telecom:known", "min": 1},
        {"id": "Patient.telecom:known.value", "min": 1},
    ),
)

BY_TYPE = (
    structure(
        "sliced-choice",
        "Observation",
        {"id": "Observation.value[x]", **slicing("type", "$this")},
        {
            "id": "Observation.value[x]:valueQuantity",
            "sliceName": "valueQuantity",
            "min": 1,
            "type": types("Quantity"),
        },
        {"id": "Observation.value[x]:valueQuantity.code", "min": 1},
    ),
    structure(
        "closed-choice",
        "Observation",
        {"id": "Observation.value[x]", "type": types("Quantity", "string"), **slicing("type", "$this", "closed")},
        {
            "id": "Observation.value[x]:valueQuantity",
            "sliceName": "valueQuantity",
            "type": types("Quantity"),
        },
    ),
    structure(
        "excluded-choice",
        "Observation",
        {"id": "Observation.value[x]", **slicing("type", "$this")},
        {"id": "Observation.value[x]:valueString", "sliceName": "valueString", "max": "0", "type": types("string")},
    ),
    structure(
        "by-value-type",
        "Observation",
        {"id": "Observation.component", **slicing("type", "value")},
        {"id": "Observation.component:number", "min": 1},
        {"id": "Observation.component:number.value[x]", "min": 1, "type": types("Quantity")},
    ),
    structure(
        "by-target",
        "Observation",
        {"id": "Observation.performer", **slicing("type", "resolve()")},
        {
            "id": "Observation.performer:firm",
            "min": 1,
            "type": types("Reference", targetProfile=[f"{TYPES}Organization"]),
        },
    ),
)

BY_PROFILE = (
    structure("marked-observation", "Observation", {"id": "Observation.method", "min": 1}),
    structure(
        "by-target-profile",
        "Observation",
        {"id": "Observation.hasMember", **slicing("profile", "resolve()")},
        {
            "id": "Observation.hasMember:marked",
            "min": 1,
            "type": types("Reference", targetProfile=[f"{PROFILES}marked-observation"]),
        },
    ),
    structure(
        "extended-identifier",
        "Identifier",
        {"id": "Identifier.value", "min": 1},
    ),
    structure(
        "by-own-profile",
        "Patient",
        {"id": "Patient.identifier", **slicing("profile", "$this")},
        {
            "id": "Patient.identifier:valued",
            "min": 1,
            "type": types("Identifier", profile=[f"{PROFILES}extended-identifier"]),
        },
    ),
    structure(
        "home-address",
        "Address",
        {"id": "Address.use", "min": 1, "fixedCode": "home"},
        {"id": "Address.city", "min": 1},
    ),
    structure(
        "profiled-slice",
        "Patient",
        {"id": "Patient.address", **slicing("value", "use")},
        {"id": "Patient.address:home", "min": 1, "type": types("Address", profile=[f"{PROFILES}home-address"])},
    ),
)

NOT_TOLD_APART = (
    structure(
        "no-criterion",
        "Patient",
        {"id": "Patient.identifier", **slicing("value", "system", "closed")},
        {"id": "Patient.identifier:one", "min": 1},
    ),
    structure(
        "no-discriminator",
        "Patient",
        {"id": "Patient.identifier", "slicing": {"rules": "open"}},
        {"id": "Patient.identifier:one", "min": 1},
        {"id": "Patient.identifier:one.system", "min": 1, "fixedUri": "urn:one"},
    ),
)

RESOURCES = (*BY_VALUE, *BY_EXISTENCE, *BY_TYPE, *BY_PROFILE, *NOT_TOLD_APART)
