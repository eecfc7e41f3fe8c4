"""What is corrected in published definitions, as the official validator does."""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.packages.corrections import corrected
from tests.fhir.package_compiler.small import Json, structure

CORE = "http://hl7.org/fhir/StructureDefinition/"
UNITS = "http://hl7.org/fhir/ValueSet/ucum-vitals-common|4.0.1"
NULL_FLAVOR = "http://terminology.hl7.org/ValueSet/v3-NullFlavor|4.0.1"


def bound(value_set: str, **more: Any) -> Json:
    """Return a definition of R4 core with one bound element."""
    element = {"id": "X", "path": "X", "binding": {"strength": "required", "valueSet": value_set}}
    elements = [element, {"id": "X.y", "path": "X.y"}]
    return structure() | {"version": "4.0.1", "snapshot": {"element": elements}} | more


def binding(definition: Json, package: str = "hl7.fhir.r4.core") -> Json:
    """Return the binding after the correction."""
    found: Json = corrected(definition, package)["snapshot"]["element"][0]["binding"]
    return found


def test_the_units_of_vital_signs_are_not_demanded() -> None:
    for definition in (
        bound(UNITS, url=CORE + "vitalsigns"),
        bound(UNITS, url=CORE + "bmi", baseDefinition=CORE + "vitalsigns"),
    ):
        assert binding(definition) == {"strength": "extensible", "valueSet": UNITS}
    assert binding(bound(UNITS, url=CORE + "other"))["strength"] == "required"
    assert binding(bound(UNITS, url=CORE + "vitalsigns", version="4.1.0"))["strength"] == "required"
    assert binding(bound(UNITS[:-6], url=CORE + "vitalsigns"))["strength"] == "required"


def test_the_null_flavor_is_taken_in_the_version_that_is_there() -> None:
    assert binding(bound(NULL_FLAVOR, url=CORE + "iso21090-nullFlavor"))["valueSet"] == NULL_FLAVOR[:-6]
    assert binding(bound(NULL_FLAVOR, url=CORE + "other"))["valueSet"] == NULL_FLAVOR


def test_types_of_later_versions_are_taken_out_of_the_extensions_for_r4() -> None:
    types = [{"code": "integer64"}, {"code": "string"}]
    elements = [{"id": "X", "path": "X", "type": types}, {"id": "X.y", "path": "X.y"}]
    definition = structure(snapshot={"element": elements})

    first, second = corrected(definition, "hl7.fhir.uv.extensions.r4")["snapshot"]["element"]
    assert (first["type"], second) == ([{"code": "string"}], elements[1])
    assert corrected(definition, "example.guide") is definition
    assert types == [{"code": "integer64"}, {"code": "string"}]
