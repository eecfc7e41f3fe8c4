"""FHIRPath names elements without the type of their choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_server.fhir import json
from fhir_server.fhir.expressions import step
from tests.fhir.packages import CORE, files


@pytest.mark.parametrize(
    ("name", "type_name", "expected"),
    [
        ("valueReference", None, "value.ofType(Reference)"),
        ("_valueDateTime", "Extension", "value.ofType(dateTime)"),
        ("_birthDate", "Patient", "birthDate"),
        ("locationReference", "ServiceRequest", "locationReference"),
        ("locationReference", "ClaimItem", "location.ofType(Reference)"),
        ("reasonReference", "ServiceRequest", "reasonReference"),
        ("valueSet", None, "valueSet"),
        ("productOrService", None, "productOrService"),
        ("x" * 1000, [], "x" * 64),
    ],
)
def test_steps(name: str, type_name: object, expected: str) -> None:
    assert step(name, type_name) == expected


# Where a name is a choice in one type and plain in another, and nothing but the place tells them apart.
NOT_TOLD_APART = {
    "ClinicalImpression.finding.itemCodeableConcept",
    "ClinicalImpression.finding.itemReference",
    "Device.property.valueCode",
    "Device.property.valueQuantity",
    "DeviceDefinition.property.valueCode",
    "DeviceDefinition.property.valueQuantity",
    "ElementDefinition.contentReference",
}


def test_every_element_of_r4_is_reached(shared: Path) -> None:
    wrong = set()
    for name, content in files(shared / "packages" / CORE).items():
        definition = json.loads(content) if "/StructureDefinition-" in name else {}
        if definition.get("kind") not in ("resource", "complex-type") or definition.get("derivation") == "constraint":
            continue
        for element in definition.get("snapshot", {}).get("element", ()):
            above, _, last = element["path"].rpartition(".")
            choice = last.removesuffix("[x]")
            for each in element.get("type", ()) if choice != last else ():
                code = each["code"]
                written = f"{choice}{code[0].upper()}{code[1:]}"
                assert step(written, above) == f"{choice}.ofType({code})", element["path"]
            if choice == last and step(last, above) != last:
                wrong.add(element["path"])
    assert wrong == NOT_TOLD_APART
