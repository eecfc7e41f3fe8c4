"""StructureDefinitions without prose: what a validator needs of them, in FHIR's own shape.

`profiles/README.md` says what is kept and what the few names mean that are not FHIR's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
REGEX = EXTENSIONS + "regex"
FHIR_TYPE = EXTENSIONS + "structuredefinition-fhir-type"
JSON_TYPE = EXTENSIONS + "structuredefinition-json-type"
XML_TYPE = EXTENSIONS + "structuredefinition-xml-type"
MAXIMUM = EXTENSIONS + "elementdefinition-maxValueSet"
BEST_PRACTICE = EXTENSIONS + "elementdefinition-bestpractice"
IMPOSED = EXTENSIONS + "structuredefinition-imposeProfile"
VERSIONS_OF_USE = EXTENSIONS + "version-specific-use"
ADDITIONAL_BINDING = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
R4 = "4.0"
SYSTEM_TYPES = "http://hl7.org/fhirpath/System."

# What the specification demands of every element and of every extension. It is repeated in nearly every element of
# every snapshot (two thirds of all constraints), so it is kept only where it is defined: Element and Extension.
EVERYWHERE = {
    ("ele-1", "hasValue() or (children().count() > id.count())"),
    ("ele-1", "hasValue() or (children().count() > id.count()) or $this is Parameters"),
    ("ext-1", "extension.exists() != value.exists()"),
}
DEFINE_THEM = ("Element", "Extension")

CHOICES = ("fixed", "pattern", "minValue", "maxValue")
# XML Schema types, where a definition names no other (structuredefinition-xml-type in early R4 definitions).
XML_TYPES = {"xsd:string": "string", "xsd:anyUri": "uri"}


def is_compiled(definition: Mapping[str, Any]) -> bool:
    """Return whether a StructureDefinition says what a resource or a type looks like.

    Logical models do not, nor do definitions without a snapshot.
    """
    return definition.get("kind") != "logical" and bool(definition.get("snapshot", {}).get("element"))


def structure_facts(definition: Mapping[str, Any]) -> Json:
    """Return the facts of a StructureDefinition, keys in a fixed order."""
    facts = _picked(definition, ("url", "version", "name", "type", "kind", "abstract", "baseDefinition", "derivation"))
    _put(facts, "context", [_context(each) for each in definition.get("context", ()) if _is_for_r4(each)])
    _put(facts, "contextInvariant", definition.get("contextInvariant"))
    _put(facts, "imposes", [_value(each) for each in _extensions(definition, IMPOSED)])
    defines = definition["type"] in DEFINE_THEM and definition.get("derivation") != "constraint"
    facts["elements"] = [element_facts(each, defines) for each in definition["snapshot"]["element"]]
    return facts


def element_facts(element: Mapping[str, Any], defines: bool = False) -> Json:
    """Return the facts of an ElementDefinition; *defines* keeps the constraints that hold for every element."""
    facts: Json = {"id": element["id"], "path": element["path"]} | _picked(element, ("sliceName",))
    if "slicing" in element:
        facts["slicing"] = _slicing(element["slicing"])
    facts |= _picked(element, ("min", "max", "contentReference"))
    _put(facts, "type", [_type(each) for each in element.get("type", ())])
    for prefix in CHOICES:
        facts |= {key: element[key] for key in sorted(element) if key.startswith(prefix)}
    facts |= _picked(element, ("maxLength",))
    _put(facts, "constraint", _constraints(element, defines and "." not in element["path"]))
    facts |= {key: True for key in ("mustSupport", "isModifier") if element.get(key)}
    if "binding" in element:
        _put(facts, "binding", _binding(element["binding"]))
    return facts


def _context(context: Mapping[str, Any]) -> Json:
    return _picked(context, ("type", "expression"))


def _is_for_r4(context: Mapping[str, Any]) -> bool:
    for use in _extensions(context, VERSIONS_OF_USE):
        limits = {part["url"]: _value(part) for part in use.get("extension", ())}
        if not limits.get("startFhirVersion", R4) <= R4 <= limits.get("endFhirVersion", R4):
            return False
    return True


def _slicing(slicing: Mapping[str, Any]) -> Json:
    facts: Json = {}
    _put(facts, "discriminator", [_picked(each, ("type", "path")) for each in slicing.get("discriminator", ())])
    if slicing.get("ordered"):
        facts["ordered"] = True
    return facts | _picked(slicing, ("rules",))


def _type(reference: Mapping[str, Any]) -> Json:
    facts = {"code": _type_code(reference)} | _picked(reference, ("profile", "targetProfile", "aggregation"))
    about = [*_extensions(reference, REGEX), *_extensions(reference.get("_code", {}), REGEX)]
    _put(facts, "regex", next(map(_value, about), None))
    return facts


def _type_code(reference: Mapping[str, Any]) -> str:
    """Return the FHIR type, also where a definition names a type of FHIRPath or of XML."""
    if named := next(map(_value, _extensions(reference, FHIR_TYPE)), None):
        return str(named)
    code = str(reference.get("code", ""))
    if code.startswith(SYSTEM_TYPES):
        name = code.removeprefix(SYSTEM_TYPES)
        return name[0].lower() + name[1:]
    hints = reference.get("_code", {})
    in_xml = next(map(_value, _extensions(hints, XML_TYPE)), None)
    return code or XML_TYPES.get(str(in_xml)) or str(next(map(_value, _extensions(hints, JSON_TYPE)), ""))


def _constraints(element: Mapping[str, Any], all_of_them: bool) -> list[Json]:
    found: dict[tuple[Any, ...], Json] = {}
    for each in element.get("constraint", ()):
        if "expression" not in each or (not all_of_them and (each["key"], each["expression"]) in EVERYWHERE):
            continue
        facts = _picked(each, ("key", "severity"))
        if any(_value(flag) for flag in _extensions(each, BEST_PRACTICE)):
            facts["bestPractice"] = True
        facts["expression"] = each["expression"]
        found.setdefault(tuple(facts.values()), facts)
    return list(found.values())


def _binding(binding: Mapping[str, Any]) -> Json:
    facts = _picked(binding, ("strength", "valueSet"))
    _put(facts, "maxValueSet", next(map(_value, _extensions(binding, MAXIMUM)), None))
    additional = [_additional(each) for each in _extensions(binding, ADDITIONAL_BINDING)]
    _put(facts, "additional", [*additional, *(_additional_r5(each) for each in binding.get("additional", ()))])
    return facts


def _additional(extension: Mapping[str, Any]) -> Json:
    parts = [(part["url"], _value(part)) for part in extension.get("extension", ())]
    return {name: value for name, value in parts if name in ("purpose", "valueSet", "any", "usage")}


def _additional_r5(binding: Mapping[str, Any]) -> Json:
    return _picked(binding, ("purpose", "valueSet", "any", "usage"))


def _extensions(element: Mapping[str, Any], url: str) -> list[Mapping[str, Any]]:
    return [each for each in element.get("extension", ()) if each.get("url") == url]


def _value(extension: Mapping[str, Any]) -> Any:
    return next((value for key, value in extension.items() if key.startswith("value")), None)


def _picked(source: Mapping[str, Any], keys: Iterable[str]) -> Json:
    return {key: source[key] for key in keys if key in source}


def _put(facts: Json, key: str, value: Any) -> None:
    if value:
        facts[key] = value
