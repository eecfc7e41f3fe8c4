"""Values of elements, made from their definitions: for an element to add, and for whole instances of a profile."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.verdicts.codes import codings
from tests.verdicts.elements import Node, View, fixed_values, type_code
from tests.verdicts.packages import Json

DEEPEST = 7
GUID = "urn:uuid:0f1e2d3c-4b5a-4697-8877-665544332211"
PRIMITIVES: dict[str, tuple[Any, ...]] = {
    "boolean": (True, False),
    "integer": (1, 12, -3),
    "positiveInt": (1, 2, 30),
    "unsignedInt": (0, 1, 7),
    "decimal": (Decimal("1.5"), Decimal("20.00"), 3),
    "string": ("some text", "Ünïcode – text", "x"),
    "markdown": ("some *text*", "line\nnext line"),
    "code": ("some-code",),
    "id": ("an-id", "A.1-b"),
    "uri": ("http://example.org/some", GUID),
    "url": ("https://example.org/some",),
    "canonical": ("http://example.org/Some|1.0",),
    "oid": ("urn:oid:1.2.3.4",),
    "uuid": (GUID,),
    "date": ("2026-03-01", "2026-03", "2026"),
    "dateTime": ("2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00.120-05:00"),
    "instant": ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.120-05:00"),
    "time": ("10:00:00", "23:59:59.5"),
    "base64Binary": ("aGVsbG8=",),
    "xhtml": ('<div xmlns="http://www.w3.org/1999/xhtml">text</div>',),
}
LANGUAGES = ("en", "en-US", "de")


class Maker:
    """Makes values of elements; which ones, *chance* decides. ``wanted`` says which optional elements are filled in."""

    def __init__(self, view: View, chance: random.Random, wanted: Callable[[Node], bool] | None = None) -> None:
        self._view = view
        self._chance = chance
        self._wanted = wanted or (lambda node: False)

    def instance(self, profile: str) -> Json:
        """Return an instance of the profile *profile* of a resource, with all that is mandatory and wanted."""
        structure = self._view.library.structure(profile)
        root = self._view.tree(profile)
        assert structure is not None, profile
        assert root is not None, profile
        own = {"resourceType": structure["type"], "id": "made"}
        if structure["derivation"] == "constraint":
            own["meta"] = {"profile": [structure["url"]]}
        skipped = {"id", "meta", "implicitRules", "contained", "text", "language"}
        made = self._members({name: node for name, node in root.children.items() if name not in skipped}, 0)
        return own | made

    def value(self, node: Node, kind: str | None = None, depth: int = 0) -> Any:
        """Return one value of an element, of the type *kind* where it may have several."""
        told = self._type(node, kind)
        code = type_code(told)
        fixed = next((value for key, value in node.element.items() if key.startswith("fixed")), None)
        if fixed is not None:
            return fixed
        made = self._of_type(node, told, code, depth)
        for key, value in node.element.items():
            if key.startswith("pattern"):
                made = merged(made, value)
        return made

    def member(self, name: str, node: Node, depth: int = 0) -> tuple[str, Any]:
        """Return the JSON member of an element: its name, with the type of a choice, and its value or values."""
        if not name.endswith("[x]"):
            values = self._values(node, depth)
            return name, values if node.repeats else values[0]
        slices = [each for each in node.slices.values() if each.element["min"] or self._chance.random() < 0.5]
        chosen = self._chance.choice(slices) if slices else node
        code = type_code(self._type(chosen, None))
        return name.removesuffix("[x]") + code[0].upper() + code[1:], self.value(chosen, code, depth)

    def _values(self, node: Node, depth: int) -> list[Any]:
        slices = [each for each in node.slices.values() if each.most and (each.element["min"] or self._wanted(each))]
        values = [self.value(each, depth=depth) for each in slices for _ in range(max(1, each.element["min"]))]
        missing = max(1 if not slices else 0, int(node.element["min"]) - len(values))
        values += [self.value(node, depth=depth) for _ in range(missing)]
        return values[: int(node.most)] if node.most != float("inf") and node.most else values

    def _members(self, children: dict[str, Node], depth: int) -> Json:
        made: Json = {}
        for name, node in children.items():
            sliced = any(each.element["min"] or self._wanted(each) for each in node.slices.values())
            asked = node.element["min"] or sliced or self._wanted(node)
            if not node.most or not asked or (depth > DEEPEST and not node.element["min"]):
                continue
            if name in ("extension", "modifierExtension") and not sliced:
                continue
            key, value = self.member(name, node, depth + 1)
            if value not in ([], {}):
                made[key] = value
        return made

    def _type(self, node: Node, kind: str | None) -> Json:
        told: list[Json] = node.element.get("type") or [{"code": ""}]
        fitting = [each for each in told if kind is None or type_code(each) == kind]
        return self._chance.choice(fitting or told)

    def _of_type(self, node: Node, told: Json, code: str, depth: int) -> Any:
        if code in PRIMITIVES or code == "xhtml":
            return self._primitive(node, code)
        if code in ("Resource", "DomainResource"):
            return {"resourceType": "Basic", "id": "made", "code": {"text": "something"}}
        if code == "Extension":
            return self.extension(node, told, depth)
        if code == "Reference":
            return self._reference(node, told, depth)
        children = self._view.children(node, code)
        made = self._members(children, depth)
        if not ({"coding", "code"} & set(made)) and (coding := self._coding(node)):
            made = merged(made, _coded(code, coding))
        if self._is_resource(code):
            return {"resourceType": code, "id": "made"} | made
        return self._plain(code, made) if not made or code in TYPICAL else made

    def _primitive(self, node: Node, code: str) -> Any:
        if coding := self._coding(node):
            return coding["code"]
        if node.name == "language":
            return self._chance.choice(LANGUAGES)
        return self._chance.choice(PRIMITIVES[code])

    def _coding(self, node: Node) -> Json | None:
        bound = node.element.get("binding", {}).get("valueSet")
        found = codings(self._view.library, bound) if bound else []
        return self._chance.choice(found) if found else None

    def extension(self, node: Node, told: Json, depth: int = 0) -> Json:
        """Return an extension of the profile that *told* names, or else as *node* defines it."""
        profiles = told.get("profile")
        root = self._view.tree(self._chance.choice(profiles)) if profiles else None
        source = root or (node if node.children else None)
        if source is None:
            return {"url": "http://example.org/some-extension", "valueString": "text"}
        children = {name: child for name, child in source.children.items() if name != "id"}
        made: Json = {"url": next(value for path, value in fixed_values(source) if path == ("url",))}
        made |= self._members({name: child for name, child in children.items() if name == "extension"}, depth)
        value = children.get("value[x]")
        if value and value.most and "extension" not in made:
            key, content = self.member("value[x]", value, depth + 1)
            made[key] = content
        return made

    def _reference(self, node: Node, told: Json, depth: int) -> Json:
        target = self._chance.choice(told.get("targetProfile") or ["http://hl7.org/fhir/StructureDefinition/Patient"])
        structure = self._view.library.structure(target)
        name = structure["type"] if structure else "Patient"
        made = self._members(self._view.children(node, "Reference"), depth) if node.children else {}
        type_name = "Patient" if name in ("Resource", "DomainResource") else name
        if "type" in made:
            made["type"] = type_name
        return made | {"reference": f"{type_name}/some"}

    def _is_resource(self, code: str) -> bool:
        structure = self._view.library.structure(code) if code else None
        return structure is not None and structure["kind"] == "resource"

    def _plain(self, code: str, made: Json) -> Json:
        return dict(TYPICAL.get(code, {})) | made


TYPICAL: dict[str, Json] = {
    "CodeableConcept": {"text": "some text"},
    "Coding": {"system": "http://example.org/codes", "code": "c"},
    "Identifier": {"system": "http://example.org/ids", "value": "v-1"},
    "HumanName": {"family": "Doe", "given": ["Jo"]},
    "Address": {"line": ["1 Main Street"], "city": "Dallas", "state": "TX", "postalCode": "75001", "country": "US"},
    "ContactPoint": {"system": "phone", "value": "555-0100"},
    "ContactDetail": {"name": "somebody"},
    "Period": {"start": "2026-01-01", "end": "2026-02-01"},
    "Money": {"value": Decimal("10.00"), "currency": "USD"},
    "Quantity": {"value": 5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},
    "SimpleQuantity": {"value": 5},
    "Duration": {"value": 2, "unit": "h", "system": "http://unitsofmeasure.org", "code": "h"},
    "Age": {"value": 40, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"},
    "Count": {"value": 4, "system": "http://unitsofmeasure.org", "code": "1"},
    "Distance": {"value": 4, "system": "http://unitsofmeasure.org", "code": "km"},
    "Range": {"low": {"value": 1}, "high": {"value": 2}},
    "Ratio": {"numerator": {"value": 1}, "denominator": {"value": 2}},
    "Attachment": {"contentType": "text/plain", "data": "aGVsbG8="},
    "Annotation": {"text": "a note"},
    "Timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
    "Dosage": {"text": "one a day"},
    "SampledData": {"origin": {"value": 1}, "period": 1, "dimensions": 1, "data": "1 2"},
    "Signature": {
        "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
        "when": "2026-03-01T10:00:00Z",
        "who": {"reference": "Patient/some"},
    },
    "Expression": {"language": "text/fhirpath", "expression": "true"},
    "RelatedArtifact": {"type": "citation"},
    "UsageContext": {
        "code": {"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "focus"},
        "valueCodeableConcept": {"text": "some"},
    },
    "DataRequirement": {"type": "Patient"},
    "ParameterDefinition": {"use": "in", "type": "string"},
    "TriggerDefinition": {"type": "named-event", "name": "event"},
}


def _coded(code: str, coding: Json) -> Json:
    if code == "CodeableConcept":
        return {"coding": [coding]}
    return coding if code == "Coding" else {}


def merged(made: Any, over: Any) -> Any:
    """Return *made* with what *over* says instead, element by element."""
    if not (isinstance(made, dict) and isinstance(over, dict)):
        return over
    result = dict(made)
    for key, value in over.items():
        result[key] = merged(made[key], value) if key in made else value
    return result
