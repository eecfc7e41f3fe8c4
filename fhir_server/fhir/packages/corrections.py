"""What is corrected in published definitions before they are compiled: the same as the official validator corrects.

Source: the loader of the official validator 6.10 (`PackageHackerR5`), which says for each that the definition is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

CORE = "http://hl7.org/fhir/StructureDefinition/"
VALUE_SETS = "http://hl7.org/fhir/ValueSet/"
CORE_VERSION = "4.0.1"

# Types of later FHIR versions that the R4 form of the extensions pack still names, by package.
TYPES_OF_LATER_VERSIONS = {
    "hl7.fhir.uv.extensions.r4": frozenset(
        ("integer64", "CodeableReference", "RatioRange", "Availability", "ExtendedContactDetail")
    ),
}


@dataclass(frozen=True, slots=True)
class BindingCorrection:
    """A binding of R4 core that is read otherwise: where ``applies``, ``value_set`` is bound as ``becomes`` says."""

    applies: Callable[[Mapping[str, Any]], bool]
    value_set: str
    becomes: Mapping[str, str]
    reason: str


def _is_null_flavor(definition: Mapping[str, Any]) -> bool:
    return bool(definition["url"] == CORE + "iso21090-nullFlavor")


def _is_vital_sign(definition: Mapping[str, Any]) -> bool:
    return CORE + "vitalsigns" in (definition["url"], definition.get("baseDefinition"))


BINDINGS = (
    BindingCorrection(
        _is_null_flavor,
        "http://terminology.hl7.org/ValueSet/v3-NullFlavor|4.0.1",
        {"valueSet": "http://terminology.hl7.org/ValueSet/v3-NullFlavor"},
        "the value set has other version numbers since it moved to HL7 Terminology",
    ),
    BindingCorrection(
        _is_vital_sign,
        VALUE_SETS + "ucum-vitals-common|4.0.1",
        {"strength": "extensible"},
        "the units of a quantity are asked of every type of component value",
    ),
)


def corrected(definition: Mapping[str, Any], package: str) -> Mapping[str, Any]:
    """Return a StructureDefinition of *package* (its name) as it is to be read."""
    if strange := TYPES_OF_LATER_VERSIONS.get(package):
        return _with_elements(definition, lambda element: _without_types(element, strange))
    if definition.get("version") != CORE_VERSION or not definition["url"].startswith(CORE):
        return definition
    row = next((row for row in BINDINGS if row.applies(definition)), None)
    return _with_elements(definition, lambda element: _rebound(element, row)) if row else definition


def _with_elements(definition: Mapping[str, Any], change: Callable[[Json], Json]) -> Json:
    elements = [change(each) for each in definition["snapshot"]["element"]]
    return {**definition, "snapshot": {"element": elements}}


def _without_types(element: Json, strange: frozenset[str]) -> Json:
    if "type" not in element:
        return element
    return element | {"type": [each for each in element["type"] if each.get("code") not in strange]}


def _rebound(element: Json, row: BindingCorrection) -> Json:
    binding = element.get("binding", {})
    if binding.get("valueSet") != row.value_set:
        return element
    return element | {"binding": binding | row.becomes}
