"""The facts about elements, held against the definitions of FHIR R4 4.0.1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.elements import elements_of, is_resource_type
from fhir_server.fhir.resource_types import RESOURCE_TYPES
from tests.fhir.packages import CORE, files

# R4B dropped these resource types, and changed the elements of the others.
UNKNOWN = {name for name in RESOURCE_TYPES if name.startswith("MedicinalProduct")} | {
    "EffectEvidenceSynthesis",
    "RiskEvidenceSynthesis",
    "SubstanceNucleicAcid",
    "SubstancePolymer",
    "SubstanceProtein",
    "SubstanceReferenceInformation",
    "SubstanceSourceMaterial",
    "SubstanceSpecification",
}
UNKNOWN_DATA_TYPES = {"SubstanceAmount"}
CHANGED = {"ActivityDefinition", "Evidence", "EvidenceVariable", "PlanDefinition", "ResearchElementDefinition"}


def definitions(shared: Path) -> Iterator[dict[str, Any]]:
    for name, content in files(shared / "packages" / CORE).items():
        if "/StructureDefinition-" in name:
            definition = json.loads(content)
            if definition.get("kind") in ("resource", "complex-type") and definition.get("derivation") != "constraint":
                yield definition


def defined(definition: dict[str, Any], path: str) -> list[tuple[str, bool]]:
    """Return name and repetition of the elements right below a path, choices written out and sorted."""
    rows = []
    for element in definition["snapshot"]["element"]:
        above, _, name = element["path"].rpartition(".")
        if above == path:
            repeats = element["max"] == "*" or int(element["max"]) > 1
            rows.append(_written_out(name, element, repeats))
    return [each for row in rows for each in row]


def _written_out(name: str, element: dict[str, Any], repeats: bool) -> list[tuple[str, bool]]:
    if not name.endswith("[x]"):
        return [(name, repeats)]
    codes = [each["code"] for each in element["type"]]
    return sorted((f"{name[:-3]}{code[0].upper()}{code[1:]}", repeats) for code in codes)


def sorted_choices(type_name: str, definition: dict[str, Any], path: str) -> list[tuple[str, bool]]:
    """Return the same of what is known here, each choice sorted where it stands."""
    choices = [name[:-3] for name in _names(definition, path) if name.endswith("[x]")]
    plain = {name for name in _names(definition, path) if not name.endswith("[x]")}
    groups: list[tuple[str, list[tuple[str, bool]]]] = []
    for element in elements_of(type_name).values():
        group = element.name if element.name in plain else next(filter(element.name.startswith, choices), element.name)
        if not groups or groups[-1][0] != group:
            groups.append((group, []))
        groups[-1][1].append((element.name, element.repeats))
    return [each for _, group in groups for each in sorted(group)]


def _names(definition: dict[str, Any], path: str) -> list[str]:
    parts = [element["path"].rpartition(".") for element in definition["snapshot"]["element"]]
    return [name for above, _, name in parts if above == path]


def test_elements_repetition_and_order_are_those_of_r4(shared: Path) -> None:
    compared = 0
    for definition in definitions(shared):
        if definition["type"] in UNKNOWN | UNKNOWN_DATA_TYPES | CHANGED or definition["abstract"]:
            continue
        for path, type_name in _paths(definition):
            assert sorted_choices(type_name, definition, path) == defined(definition, path), path
            compared += 1
    assert compared > 500


def _paths(definition: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each path with elements below it, and the name of its type here."""
    root = definition["type"]
    waiting = [(root, root)]
    paths = {element["path"] for element in definition["snapshot"]["element"]}
    while waiting:
        path, type_name = waiting.pop()
        yield path, type_name
        for name, element in elements_of(type_name).items():
            if any(other.startswith(f"{path}.{name}.") for other in paths):
                waiting.append((f"{path}.{name}", element.type_name))


def test_types_that_r4b_dropped_are_unknown() -> None:
    assert {name for name in RESOURCE_TYPES if not is_resource_type(name)} == UNKNOWN
    assert not is_resource_type("Nothing")
    assert not is_resource_type("HumanName")
