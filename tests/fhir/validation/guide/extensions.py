"""The extensions of the made-up guide: of each kind of context, simple and complex, and one that modifies."""

from __future__ import annotations

from typing import Any

from tests.fhir.validation.guide.snapshots import PROFILES, structure
from tests.fhir.validation.guide.terminology import WARM

Json = dict[str, Any]


def _context(kind: str, expression: str) -> Json:
    return {"type": kind, "expression": expression}


def _types(*codes: str) -> list[Json]:
    return [{"code": code} for code in codes]


def simple(identity: str, *contexts: Json, types: tuple[str, ...] = ("string",), **more: Any) -> Json:
    """Return the definition of an extension that has a value."""
    value = {"id": "Extension.value[x]", "min": 1, "type": _types(*types)} | more.pop("value", {})
    return structure(
        identity,
        "Extension",
        {"id": "Extension.extension", "max": "0"},
        {"id": "Extension.url", "fixedUri": PROFILES + identity},
        value,
        context=list(contexts),
        **more,
    )


def modifier(identity: str, *contexts: Json) -> Json:
    """Return the definition of an extension that modifies what it stands on."""
    made = simple(identity, *contexts)
    made["snapshot"]["element"][0]["isModifier"] = True
    return made


def part(name: str, code: str, least: int, most: str) -> tuple[Json, ...]:
    """Return the elements of a part of a complex extension."""
    here = f"Extension.extension:{name}"
    return (
        {"id": here, "min": least, "max": most},
        {"id": f"{here}.url", "fixedUri": name},
        {"id": f"{here}.value[x]", "min": 1, "type": _types(code)},
    )


RESOURCES = (
    simple("on-patient", _context("element", "Patient")),
    simple("on-name", _context("element", "HumanName")),
    simple("on-birth-date", _context("element", "Patient.birthDate")),
    simple("on-value", _context("element", "Observation.value[x]")),
    simple("on-coding", _context("element", "Observation.code.coding")),
    simple("on-identifier", _context("element", "Identifier")),
    simple("on-contact", _context("element", "BackboneElement")),
    simple("on-item", _context("element", "Questionnaire.item")),
    simple("anywhere", _context("element", "Element"), types=("string", "boolean", "Coding")),
    simple("on-resources", _context("element", "DomainResource")),
    simple("on-canonicals", _context("element", "CanonicalResource")),
    simple("within", _context("extension", f"{PROFILES}complex")),
    simple("official-names", _context("fhirpath", "Patient.name.where(use = 'official')")),
    simple("on-active", _context("element", "Patient"), contextInvariant=["active = true"]),
    simple("failing-context", _context("fhirpath", "(1 | 2).single()")),
    simple(
        "warm-code",
        _context("element", "Element"),
        types=("code",),
        value={"binding": {"strength": "required", "valueSet": WARM}},
    ),
    modifier("negates", _context("element", "Patient")),
    structure(
        "complex",
        "Extension",
        *part("first", "string", 1, "1"),
        *part("more", "integer", 0, "2"),
        {"id": "Extension.url", "fixedUri": f"{PROFILES}complex"},
        {"id": "Extension.value[x]", "max": "0"},
        context=[_context("element", "Patient"), _context("element", "Observation")],
    ),
)
