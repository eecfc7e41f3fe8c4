"""Profiles that say how often an element comes, of which type it is, from which value set, and what must hold."""

from __future__ import annotations

from typing import Any

from tests.fhir.validation.guide.snapshots import PROFILES, TYPES, structure
from tests.fhir.validation.guide.terminology import ALL, NOWHERE, OPEN, WARM

Json = dict[str, Any]

IMPOSE = f"{TYPES}structuredefinition-imposeProfile"
MAXIMUM = f"{TYPES}elementdefinition-maxValueSet"
BEST_PRACTICE = f"{TYPES}elementdefinition-bestpractice"


def types(*codes: str, **more: Any) -> list[Json]:
    """Return the types of an element."""
    return [{"code": code, **more} for code in codes]


def invariant(key: str, expression: str, severity: str = "error", **more: Any) -> list[Json]:
    """Return a constraint, as a list."""
    return [{"key": key, "severity": severity, "human": key, "expression": expression, **more}]


def bound(strength: str, value_set: str, limit: str | None = None) -> Json:
    """Return a binding; *limit* is its maxValueSet."""
    more = {"extension": [{"url": MAXIMUM, "valueCanonical": limit}]} if limit else {}
    return {"strength": strength, "valueSet": value_set, **more}


def imposing(*identities: str) -> list[Json]:
    """Return the extensions by which a profile imposes others."""
    return [{"url": IMPOSE, "valueCanonical": PROFILES + each} for each in identities]


STRUCTURE = (
    structure(
        "counts",
        "Patient",
        {"id": "Patient.active", "min": 1},
        {"id": "Patient.name", "min": 2, "max": "3"},
        {"id": "Patient.telecom", "max": "1"},
        {"id": "Patient.photo", "max": "0"},
        {"id": "Patient.birthDate", "max": "0"},
        {"id": "Patient.deceased[x]", "max": "0"},
    ),
    structure("lists", "HumanName", {"id": "HumanName.given", "min": 2, "max": "3"}),
    structure("listed", "Patient", {"id": "Patient.name", "type": types("HumanName", profile=[f"{PROFILES}lists"])}),
    structure(
        "choices",
        "Observation",
        {"id": "Observation.effective[x]", "min": 1, "type": types("dateTime")},
        {"id": "Observation.value[x]", "type": types("Quantity", "string", "CodeableConcept")},
    ),
    structure("deep", "Patient", {"id": "Patient.contact.name.period.start", "min": 1}),
    structure(
        "supported",
        "Patient",
        {"id": "Patient.gender", "mustSupport": True},
        {"id": "Patient.deceased[x]", "mustSupport": True},
        {"id": "Patient.contact.name", "mustSupport": True},
    ),
    structure("nested-items", "Questionnaire", {"id": "Questionnaire.item.text", "min": 1}),
    structure("second-items", "Questionnaire", {"id": "Questionnaire.item.item.text", "min": 1}),
    structure("lax-patient", "Patient"),
    structure(
        "absolute-reference",
        "Questionnaire",
        {
            "id": "Questionnaire.item.item",
            "contentReference": f"{TYPES}Questionnaire#Questionnaire.item",
        },
    ),
    structure("either", "Identifier", {"id": "Identifier.system", "min": 1}),
    structure("other", "Identifier", {"id": "Identifier.value", "min": 1}),
    structure(
        "one-of-two",
        "Patient",
        {"id": "Patient.identifier", "type": types("Identifier", profile=[f"{PROFILES}either", f"{PROFILES}other"])},
    ),
)

BINDINGS = (
    structure(
        "bound-concepts",
        "Observation",
        {"id": "Observation.code", "binding": bound("required", WARM)},
        {"id": "Observation.method", "binding": bound("extensible", WARM)},
        {"id": "Observation.bodySite", "binding": bound("extensible", WARM, ALL)},
        {"id": "Observation.interpretation", "binding": bound("required", OPEN)},
        {"id": "Observation.category", "binding": bound("preferred", WARM)},
        {"id": "Observation.dataAbsentReason", "binding": bound("required", NOWHERE)},
    ),
    structure("bound-codings", "Patient", {"id": "Patient.meta.tag", "binding": bound("required", WARM)}),
    structure("wished-codings", "Patient", {"id": "Patient.meta.tag", "binding": bound("extensible", WARM)}),
    structure("bound-text", "Patient", {"id": "Patient.contact.name.family", "binding": bound("required", WARM)}),
    structure("bound-links", "Patient", {"id": "Patient.implicitRules", "binding": bound("extensible", WARM)}),
    structure("limited-code", "Patient", {"id": "Patient.language", "binding": bound("example", ALL, WARM)}),
)

INVARIANTS = (
    structure(
        "ruled",
        "Patient",
        {"id": "Patient", "constraint": invariant("made-1", "active.exists() implies birthDate.exists()")},
        {"id": "Patient.contact", "constraint": invariant("made-2", "name.exists()", "warning")},
        {"id": "Patient.name", "constraint": invariant("made-3", "family.exists() or text.exists()")},
        {"id": "Patient.gender", "constraint": invariant("made-4", "$this != 'other'")},
        {"id": "Patient.telecom", "constraint": invariant("made-5", "%resource.active.exists()")},
    ),
    structure(
        "advised",
        "Patient",
        {
            "id": "Patient",
            "constraint": invariant(
                "made-6", "active.exists()", extension=[{"url": BEST_PRACTICE, "valueBoolean": True}]
            ),
        },
    ),
    structure("failing", "Patient", {"id": "Patient.name", "constraint": invariant("made-7", "given.single() = 'a'")}),
    structure(
        "beside",
        "Patient",
        {
            "id": "Patient.birthDate",
            "constraint": invariant("made-8", f"hasValue() or extension('{PROFILES}anywhere').exists()"),
        },
    ),
    structure(
        "extended",
        "Patient",
        {"id": "Patient.birthDate", "constraint": invariant("made-9", f"extension('{PROFILES}anywhere').exists()")},
    ),
    structure(
        "ruled-extension",
        "Patient",
        {
            "id": "Patient.extension",
            "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"},
        },
        {
            "id": "Patient.extension:known",
            "type": types("Extension", profile=[f"{PROFILES}on-patient"]),
            "constraint": invariant("made-10", "value.ofType(string) != 'no'"),
        },
    ),
    structure(
        "ruled-contents", "Patient", {"id": "Patient.contained", "constraint": invariant("made-11", "id != 'no'")}
    ),
    structure("text-rule", "Patient", {"id": "Patient", "constraint": invariant("made-12", "(((")}),
    structure(
        "unknown-function", "Patient", {"id": "Patient", "constraint": invariant("made-13", "gender.frobnicate()")}
    ),
)

IMPOSED = (
    structure("imposed", "Patient", {"id": "Patient.gender", "min": 1}),
    structure("imposing", "Patient", {"id": "Patient.active", "min": 1}, extension=imposing("imposed")),
    structure("imposing-unknown", "Patient", extension=imposing("nowhere")),
)

RESOURCES = (*STRUCTURE, *BINDINGS, *INVARIANTS, *IMPOSED)
