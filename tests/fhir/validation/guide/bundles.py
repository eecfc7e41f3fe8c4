"""Profiles of references, and of Bundles whose entries have profiles."""

from __future__ import annotations

from typing import Any

from tests.fhir.validation.guide.profiles import types
from tests.fhir.validation.guide.slices import slicing
from tests.fhir.validation.guide.snapshots import PROFILES, TYPES, structure

Json = dict[str, Any]


def reference(*identities: str, **more: Any) -> list[Json]:
    """Return the type of a reference to profiles of the guide, or to types of FHIR."""
    targets = [(TYPES if each[0].isupper() else PROFILES) + each for each in identities]
    return types("Reference", targetProfile=targets, **more)


REFERENCES = (
    structure("named-patient", "Patient", {"id": "Patient.name", "min": 1}),
    structure("aged-patient", "Patient", {"id": "Patient.birthDate", "min": 1}),
    structure(
        "referring",
        "Observation",
        {"id": "Observation.subject", "type": reference("named-patient", "aged-patient")},
        {"id": "Observation.performer", "type": reference("Organization", "Practitioner")},
        {"id": "Observation.focus", "type": reference("Resource")},
    ),
    structure(
        "holding",
        "Observation",
        {"id": "Observation.subject", "type": reference("Patient", aggregation=["contained"])},
        {"id": "Observation.device", "type": reference("Device", aggregation=["bundled"])},
        {"id": "Observation.encounter", "type": reference("Encounter", aggregation=["referenced", "bundled"])},
    ),
    structure("linked", "Observation", {"id": "Observation.hasMember", "type": reference("linked")}),
)

BUNDLES = (
    structure(
        "typed-bundle",
        "Bundle",
        {"id": "Bundle.entry", **slicing("type", "resource", "closed")},
        {"id": "Bundle.entry:patient", "min": 1, "max": "1"},
        {
            "id": "Bundle.entry:patient.resource",
            "min": 1,
            "type": types("Patient", profile=[f"{PROFILES}named-patient"]),
        },
        {"id": "Bundle.entry:firm"},
        {"id": "Bundle.entry:firm.resource", "min": 1, "type": types("Organization")},
    ),
    structure(
        "profiled-bundle",
        "Bundle",
        {"id": "Bundle.entry", **slicing("profile", "resource")},
        {"id": "Bundle.entry:named", "min": 1},
        {"id": "Bundle.entry:named.resource", "min": 1, "type": types("Patient", profile=[f"{PROFILES}named-patient"])},
    ),
    structure(
        "either-bundle",
        "Bundle",
        {
            "id": "Bundle.entry.resource",
            "type": types("Patient", profile=[f"{PROFILES}named-patient", f"{PROFILES}aged-patient"]),
        },
    ),
    structure(
        "imposing-bundle",
        "Bundle",
        {"id": "Bundle.entry.resource", "type": types("Patient", profile=[f"{PROFILES}imposing"])},
    ),
    structure(
        "any-type-bundle",
        "Bundle",
        {"id": "Bundle.entry.resource", "type": types("Resource", profile=[f"{PROFILES}lax-patient"])},
    ),
    structure(
        "ruled-bundle",
        "Bundle",
        {
            "id": "Bundle.entry.resource",
            "constraint": [
                {"key": "made-20", "severity": "error", "human": "-", "expression": "id.exists()"},
            ],
        },
    ),
)

RESOURCES = (*REFERENCES, *BUNDLES)
