"""What is kept of a CodeSystem."""

from __future__ import annotations

from fhir_server.fhir.packages.code_systems import CodeSystem, code_system_facts
from tests.fhir.package_compiler.small import SYSTEM, Json, code_system


def test_concepts_are_flat_and_know_what_is_above_them() -> None:
    facts = code_system_facts(code_system(description="prose"))

    assert list(facts) == ["url", "version", "content", "caseSensitive", "properties", "concepts"]
    assert facts["url"] == SYSTEM
    assert facts["concepts"] == [
        {"code": "red", "properties": {"warm": [True], "wave": ["700nm"]}},
        {"code": "crimson", "parents": ["red"]},
        {"code": "deep", "parents": ["crimson", "blue"]},
        {"code": "scarlet", "parents": ["red"], "properties": {"warm": [True]}},
        {"code": "blue", "properties": {"wave": ["470nm"]}},
        {"code": "navy", "parents": ["blue"]},
        {"code": "none"},
    ]


def test_a_concept_keeps_its_names_each_once() -> None:
    named = [{"value": each} for each in ("Rot", "RED", "rouge", "rot")]
    facts = code_system_facts(code_system([{"code": "red", "display": "Red", "designation": named, "definition": "x"}]))

    assert facts["concepts"] == [{"code": "red", "display": "Red", "designations": ["Rot", "rouge"]}]


def test_properties_that_are_prose_are_left_out_altogether() -> None:
    concepts = [
        {"code": "a", "property": [{"code": "remark", "valueString": "word"}]},
        {"code": "b", "property": [{"code": "remark", "valueString": "more than one word"}]},
    ]
    facts = code_system_facts(code_system(concepts))

    assert facts["properties"] == []
    assert facts["concepts"] == [{"code": "a"}, {"code": "b"}]


def test_a_property_that_no_concept_has_is_known_all_the_same() -> None:
    declared = [{"code": "used", "type": "boolean"}]
    system = CodeSystem.of(code_system_facts(code_system(property=declared)))

    assert system.select("used", "=", "true") == {}
    assert len(system.select("used", "exists", "false")) == len(system.concepts)


def test_the_code_of_a_coding_is_kept() -> None:
    concepts = [{"code": "a", "property": [{"code": "kind", "valueCoding": {"system": "s", "code": "k"}}]}]
    system = CodeSystem.of(code_system_facts(code_system(concepts)))

    assert list(system.select("kind", "=", "k")) == ["a"]


def test_a_code_that_comes_twice_is_below_both() -> None:
    concepts = [{"code": "a", "concept": [{"code": "c"}]}, {"code": "b", "concept": [{"code": "c"}]}]
    system = CodeSystem.of(code_system_facts(code_system(concepts)))

    assert list(system.select("concept", "is-a", "a")) == ["a", "c"]
    assert list(system.select("concept", "is-a", "b")) == ["b", "c"]


def test_a_hierarchy_that_goes_in_circles_ends() -> None:
    above = {"top": [], "a": ["b", "top"], "b": ["a"]}
    concepts: list[Json] = [
        {"code": code, "property": [{"code": "upper", "valueCode": each} for each in above[code]]} for code in above
    ]
    system = CodeSystem.of(code_system_facts(code_system(concepts)))

    assert list(system.select("concept", "descendent-of", "a")) == ["b"]
    assert list(system.select("concept", "descendent-of", "top")) == ["a", "b"]
    assert list(system.select("concept", "generalizes", "b")) == ["b", "a", "top"]
