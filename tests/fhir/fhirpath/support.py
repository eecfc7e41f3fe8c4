"""What the tests of FHIRPath share: the types of R4, the constraints of the official packages, and a scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fhir_server.fhir import json
from fhir_server.fhir.fhirpath import ElementType
from fhir_server.fhir.resource_types import RESOURCE_TYPES
from fhir_server.fhir.validation.narrative import html_checks, html_content
from tests.fhir.packages import CORE, files

FOLDER = Path(__file__).parent
NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


class R4:
    """The types of R4 4.0.1, read from the package of its definitions."""

    def __init__(self, archive: Path) -> None:
        self._elements: dict[str, dict[str, ElementType]] = {}
        self._parents: dict[str, str | None] = {}
        for name, content in files(archive).items():
            if name.startswith("package/StructureDefinition-"):
                self._add(json.loads(content))

    def elements(self, type_name: str) -> Mapping[str, ElementType]:
        return self._elements.get(type_name, {})

    def parent(self, type_name: str) -> str | None:
        return self._parents.get(type_name)

    def _add(self, structure: dict[str, Any]) -> None:
        if structure.get("derivation") == "constraint" or structure["kind"] == "logical":
            return
        base = structure.get("baseDefinition")
        self._parents[structure["type"]] = base.rpartition("/")[2] if base else None
        elements = structure["snapshot"]["element"]
        backbones = {each["path"].rpartition(".")[0] for each in elements}
        self._elements[structure["type"]] = {}
        for each in elements[1:]:
            self._add_element(each, each["path"] in backbones)

    def _add_element(self, element: dict[str, Any], is_backbone: bool) -> None:
        path = element["path"]
        owner, _, name = path.rpartition(".")
        codes = tuple(each["code"] for each in element.get("type", ()))
        if "contentReference" in element:
            codes = (element["contentReference"].removeprefix("#"),)
        elif is_backbone:
            self._parents[path] = codes[0]
            codes = (path,)
        plain = name.removesuffix("[x]")
        self._elements.setdefault(owner, {})[plain] = ElementType(codes, plain != name, element["max"] != "1")


@cache
def r4(shared: Path) -> R4:
    """Return the types of R4, read once."""
    return R4(shared / "packages" / CORE)


@dataclass(slots=True)
class Surroundings:
    """A scope: contained resources resolve, value sets are as they are told."""

    resource: Any
    value_sets: dict[str, list[str]] = field(default_factory=dict)
    now: datetime = NOW

    @property
    def root(self) -> Any:
        return self.resource

    def resolve(self, reference: str) -> Any:
        contained = self.resource.get("contained", []) if isinstance(self.resource, dict) else []
        return next((each for each in contained if reference == f"#{each.get('id')}"), None)

    def member_of(self, value: Any, canonical: str) -> bool | None:
        codes = self.value_sets.get(canonical)
        return None if codes is None else any(code in codes for code in _codes(value))

    def is_allowed_html(self, div: str) -> bool:
        return html_checks(div)

    def has_html_content(self, div: str) -> bool:
        return html_content(div)

    def conforms(self, resource: Any, canonical: str) -> bool | None:
        if not canonical.startswith("http://hl7.org/fhir/StructureDefinition/"):
            return None
        return isinstance(resource, dict) and resource.get("resourceType") == canonical.rpartition("/")[2]


def _codes(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _codes(value.get("code"))
        for coding in value.get("coding", ()):
            yield from _codes(coding)


def surroundings(type_name: str, value: Any, resource: Any = None, value_sets: Any = None) -> Surroundings:
    """Return the scope of a value: itself if it is a resource, else a given one, else one that says nothing."""
    if resource is None:
        resource = value if type_name in RESOURCE_TYPES else {"resourceType": "Basic"}
    return Surroundings(resource, value_sets or {})


def table(name: str) -> list[dict[str, Any]]:
    """Return the rows of a table of these tests, with numbers as JSON gives them."""
    rows: list[dict[str, Any]] = _decimal(yaml.load((FOLDER / name).read_text(), Loader=yaml.CSafeLoader))
    return rows


def _decimal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _decimal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_decimal(each) for each in value]
    return Decimal(str(value)) if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Constraint:
    """An expression in a StructureDefinition, where it stands, and the key of its constraint."""

    key: str
    expression: str
    structure: str


@cache
def expressions(shared: Path) -> frozenset[Constraint]:
    """Return the expressions of all packages: constraints, context invariants, paths of discriminators."""
    found: set[Constraint] = set()
    for archive in sorted((shared / "packages").glob("*.tgz")):
        for name, content in files(archive).items():
            if "StructureDefinition" in name and name.startswith("package/") and "/example" not in name:
                found.update(_of(json.loads(content)))
    return frozenset(found)


def _of(structure: Any) -> Iterator[Constraint]:
    if not isinstance(structure, dict) or structure.get("resourceType") != "StructureDefinition":
        return
    url = structure["url"]
    for invariant in structure.get("contextInvariant", ()):
        yield Constraint("", invariant, url)
    for element in structure.get("snapshot", {}).get("element", ()):
        for constraint in element.get("constraint", ()):
            if "expression" in constraint:
                yield Constraint(constraint["key"], constraint["expression"], url)
        for discriminator in element.get("slicing", {}).get("discriminator", ()):
            yield Constraint("", discriminator["path"], url)
