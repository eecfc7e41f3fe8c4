"""What is kept of a StructureDefinition."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.packages.structures import element_facts, is_compiled, structure_facts
from tests.fhir.package_compiler.small import Json, structure

EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
ELE_1 = {"key": "ele-1", "severity": "error", "expression": "hasValue() or (children().count() > id.count())"}
EXT_1 = {"key": "ext-1", "severity": "error", "expression": "extension.exists() != value.exists()"}
OWN = {"key": "own-1", "severity": "warning", "expression": "true"}
PROSE = {"short": "s", "definition": "d", "comment": "c", "requirements": "r", "alias": ["a"], "example": [{}]}


def element(**more: Any) -> Json:
    """Return the facts of an element, without its id and path."""
    facts = element_facts({"id": "Claim.item", "path": "Claim.item", **more})
    assert (facts.pop("id"), facts.pop("path")) == ("Claim.item", "Claim.item")
    return facts


def extension(name: str, **value: Any) -> Json:
    """Return an extension of the specification."""
    return {"url": EXTENSIONS + name, **value}


def test_facts_are_kept_in_a_fixed_order_and_prose_is_not() -> None:
    facts = structure_facts(
        structure(
            description="prose",
            text={"div": "prose"},
            baseDefinition="http://hl7.org/fhir/StructureDefinition/Claim",
            context=[{"type": "element", "expression": "Claim"}],
            contextInvariant=["true"],
            extension=[extension("structuredefinition-imposeProfile", valueCanonical="http://example.org/other")],
        )
    )

    assert list(facts) == [
        "url", "version", "name", "type", "kind", "abstract", "baseDefinition", "derivation",
        "context", "contextInvariant", "imposes", "elements",
    ]  # fmt: skip
    assert facts["imposes"] == ["http://example.org/other"]
    assert facts["elements"] == [{"id": "Claim", "path": "Claim", "min": 0, "max": "*"}]


def test_an_element_keeps_what_can_be_checked() -> None:
    kept = {
        "sliceName": "drug",
        "slicing": {"discriminator": [{"type": "value", "path": "code"}], "ordered": True, "rules": "closed"},
        "min": 1,
        "max": "2",
        "contentReference": "#Claim.item",
        "type": [{"code": "Reference", "targetProfile": ["http://example.org/p"], "aggregation": ["bundled"]}],
        "fixedCode": "a",
        "patternCoding": {"system": "s"},
        "minValueInteger": 0,
        "maxValueDate": "2020-01-01",
        "maxLength": 5,
        "constraint": [OWN],
        "mustSupport": True,
        "isModifier": True,
        "binding": {"strength": "required", "valueSet": "http://example.org/v|1"},
    }

    assert element(**kept, **PROSE, base={"path": "x"}, isSummary=True, condition=["own-1"], mapping=[{}]) == kept
    assert list(element(**kept)) == list(kept)


def test_what_is_false_or_empty_is_left_out() -> None:
    slicing = {"discriminator": [], "ordered": False, "rules": "open", "description": "prose"}
    facts = element(mustSupport=False, isModifier=False, type=[], constraint=[], slicing=slicing)

    assert facts == {"slicing": {"rules": "open"}}


def test_constraints_that_hold_everywhere_are_kept_where_they_are_defined() -> None:
    assert element(constraint=[ELE_1, EXT_1, OWN]) == {"constraint": [OWN]}
    assert element(constraint=[ELE_1 | {"expression": "false"}]) == {"constraint": [ELE_1 | {"expression": "false"}]}
    for name, own in (("Element", ELE_1), ("Extension", EXT_1)):
        root = {"id": name, "path": name, "constraint": [own]}
        below = {"id": f"{name}.id", "path": f"{name}.id", "constraint": [own]}
        definition = structure(type=name, derivation="specialization", snapshot={"element": [root, below]})
        assert [each.get("constraint") for each in structure_facts(definition)["elements"]] == [[own], None]
        profile = structure(type=name, snapshot={"element": [root]})
        assert "constraint" not in structure_facts(profile)["elements"][0]


def test_a_constraint_is_told_once_and_without_prose() -> None:
    told = OWN | {"human": "prose", "xpath": "x", "source": "http://example.org/a"}
    again = OWN | {"source": "http://example.org/b"}
    advice = OWN | {"extension": [extension("elementdefinition-bestpractice", valueBoolean=True)]}
    unsaid = {"key": "own-2", "severity": "error", "human": "prose"}

    assert element(constraint=[told, again, advice, unsaid])["constraint"] == [
        OWN,
        {"key": "own-1", "severity": "warning", "bestPractice": True, "expression": "true"},
    ]


@pytest.mark.parametrize(
    ("published", "code"),
    [
        ({"code": "Period"}, "Period"),
        ({"code": "http://hl7.org/fhirpath/System.String"}, "string"),
        ({"code": "http://hl7.org/fhirpath/System.DateTime"}, "dateTime"),
        (
            {
                "code": "http://hl7.org/fhirpath/System.String",
                "extension": [extension("structuredefinition-fhir-type", valueUrl="uri")],
            },
            "uri",
        ),
        (
            {
                "_code": {
                    "extension": [
                        extension("structuredefinition-json-type", valueString="string"),
                        extension("structuredefinition-xml-type", valueString="xsd:anyUri"),
                    ]
                }
            },
            "uri",
        ),
        ({"_code": {"extension": [extension("structuredefinition-json-type", valueString="number")]}}, "number"),
    ],
)
def test_a_type_is_always_a_fhir_type(published: Json, code: str) -> None:
    assert element(type=[published]) == {"type": [{"code": code}]}


def test_the_pattern_of_a_primitive_type_is_kept() -> None:
    pattern = extension("regex", valueString="[0-9]+")

    assert element(type=[{"code": "id", "extension": [pattern]}]) == {"type": [{"code": "id", "regex": "[0-9]+"}]}


def test_a_binding_keeps_its_limit_and_what_is_added() -> None:
    tools = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
    parts = [
        {"url": "purpose", "valueCode": "maximum"},
        {"url": "valueSet", "valueCanonical": "http://example.org/m"},
        {"url": "documentation", "valueMarkdown": "prose"},
    ]
    binding = {
        "strength": "extensible",
        "description": "prose",
        "valueSet": "http://example.org/v",
        "extension": [
            extension("elementdefinition-maxValueSet", valueCanonical="http://example.org/most"),
            {"url": tools, "extension": parts},
        ],
        "additional": [{"purpose": "current", "valueSet": "http://example.org/c", "shortDoco": "prose"}],
    }

    assert element(binding=binding)["binding"] == {
        "strength": "extensible",
        "valueSet": "http://example.org/v",
        "maxValueSet": "http://example.org/most",
        "additional": [
            {"purpose": "maximum", "valueSet": "http://example.org/m"},
            {"purpose": "current", "valueSet": "http://example.org/c"},
        ],
    }


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({}, True),
        ({"startFhirVersion": "4.0"}, True),
        ({"endFhirVersion": "4.3"}, True),
        ({"startFhirVersion": "5.0"}, False),
        ({"startFhirVersion": "3.0", "endFhirVersion": "3.0"}, False),
    ],
)
def test_a_context_of_another_fhir_version_is_left_out(limits: dict[str, str], kept: bool) -> None:
    use = extension("version-specific-use", extension=[{"url": key, "valueCode": limits[key]} for key in limits])
    context = {"type": "element", "expression": "Claim"}
    facts = structure_facts(structure(context=[context | {"extension": [use]}]))

    assert facts.get("context") == ([context] if kept else None)


@pytest.mark.parametrize(
    ("definition", "compiled"),
    [
        (structure(), True),
        (structure(kind="logical"), False),
        (structure(snapshot={}), False),
        (structure(snapshot={"element": []}), False),
    ],
)
def test_only_definitions_that_say_what_a_resource_looks_like_are_compiled(definition: Json, compiled: bool) -> None:
    assert is_compiled(definition) is compiled
