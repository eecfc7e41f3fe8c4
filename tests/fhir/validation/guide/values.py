"""Profiles that fix values, give patterns, or limit length and size."""

from __future__ import annotations

from typing import Any

from tests.fhir.validation.guide.profiles import types
from tests.fhir.validation.guide.snapshots import structure

Json = dict[str, Any]

SYSTEM = "http://example.org/made-up/system"
CODING: Json = {"system": SYSTEM, "code": "a"}
CONCEPT: Json = {"coding": [CODING], "text": "A"}
IDENTIFIER: Json = {"system": SYSTEM, "value": "1", "type": {"coding": [CODING]}}

# (profile, element, path of the resource, fixed or pattern, type, wanted)
_SINGLE: tuple[tuple[str, str, str, Json], ...] = (
    ("fixed-boolean", "Patient", "Patient.active", {"fixedBoolean": True}),
    ("fixed-code", "Patient", "Patient.gender", {"fixedCode": "female"}),
    ("fixed-date", "Patient", "Patient.birthDate", {"fixedDate": "2000-01-01"}),
    ("fixed-uri", "Patient", "Patient.implicitRules", {"fixedUri": SYSTEM}),
    ("fixed-integer", "Patient", "Patient.multipleBirth[x]", {"type": types("integer"), "fixedInteger": 2}),
    ("fixed-decimal", "Observation", "Observation.referenceRange.low.value", {"fixedDecimal": 1}),
    ("fixed-string", "Patient", "Patient.contact.name.text", {"fixedString": "A"}),
    ("fixed-coding", "Patient", "Patient.meta.tag", {"fixedCoding": CODING}),
    ("fixed-concept", "Observation", "Observation.code", {"fixedCodeableConcept": CONCEPT}),
    ("fixed-identifier", "Patient", "Patient.identifier", {"fixedIdentifier": IDENTIFIER}),
    (
        "fixed-period",
        "Observation",
        "Observation.effective[x]",
        {"type": types("Period"), "fixedPeriod": {"start": "2000"}},
    ),
    ("pattern-code", "Patient", "Patient.gender", {"patternCode": "female"}),
    ("pattern-coding", "Patient", "Patient.meta.tag", {"patternCoding": CODING}),
    ("pattern-concept", "Observation", "Observation.code", {"patternCodeableConcept": {"coding": [CODING]}}),
    ("pattern-identifier", "Patient", "Patient.identifier", {"patternIdentifier": IDENTIFIER}),
    (
        "pattern-quantity",
        "Observation",
        "Observation.value[x]",
        {"type": types("Quantity"), "patternQuantity": {"system": "http://unitsofmeasure.org", "code": "kg"}},
    ),
    ("pattern-name", "Patient", "Patient.name", {"patternHumanName": {"given": ["A", "B"]}}),
    ("pattern-reference", "Observation", "Observation.subject", {"patternReference": {"type": "Patient"}}),
    ("long", "Patient", "Patient.contact.name.family", {"maxLength": 5}),
    ("long-markdown", "Observation", "Observation.note.text", {"maxLength": 5}),
    (
        "limits-integer",
        "Patient",
        "Patient.multipleBirth[x]",
        {"type": types("integer"), "minValueInteger": 2, "maxValueInteger": 4},
    ),
    (
        "limits-decimal",
        "Observation",
        "Observation.referenceRange.low.value",
        {"minValueDecimal": 0.5, "maxValueDecimal": 1.5},
    ),
    ("limits-date", "Patient", "Patient.birthDate", {"minValueDate": "1900-01-01"}),
    ("limits-time", "Observation", "Observation.issued", {"minValueInstant": "2000-01-01T00:00:00Z"}),
    (
        "limits-quantity",
        "Observation",
        "Observation.value[x]",
        {
            "type": types("Quantity"),
            "minValueQuantity": {"value": 2, "system": "http://unitsofmeasure.org", "code": "kg"},
        },
    ),
)

RESOURCES = tuple(
    structure(identity, type_name, {"id": element, **change}) for identity, type_name, element, change in _SINGLE
)
