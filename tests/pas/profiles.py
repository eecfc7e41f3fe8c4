"""The profiles of the official packages as trees of elements, read from their snapshots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.fhir.packages import files

Json = dict[str, Any]
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"

# What a release of PAS is built on: the guide itself, its US Core, its CRD, and the R5 extensions.
PACKAGES = {
    "2.2": ("davinci-pas-2.2.1", "davinci-crd-2.2.1", "core-7.0.0"),
    "2.0": ("davinci-pas-2.0.1", "davinci-crd-2.0.1", "core-3.1.1"),
}
CROSS_VERSION = "hl7.fhir.uv.xver-r5.r4-0.1.0.tgz"


@dataclass(slots=True)
class Node:
    """One element of a snapshot with what is below it: its children by name, its slices by name."""

    element: Json
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The element's id (``Claim.item.extension:requestType``)."""
        return str(self.element["id"])

    @property
    def is_must_support(self) -> bool:
        """Whether the profile says so, and does not forbid the element in the same breath."""
        return bool(self.element.get("mustSupport")) and self.element["max"] != "0"

    @property
    def repeats(self) -> bool:
        """Whether several may be sent."""
        return str(self.element["max"]) not in ("0", "1")

    def all(self) -> Iterator[Node]:
        """Yield this node and every one below it."""
        yield self
        for below in (*self.children.values(), *self.slices.values()):
            yield from below.all()

    def is_wanted(self) -> bool:
        """Whether it, or something below it, is mandatory or must-support."""
        if self.element["max"] == "0":
            return False
        return self.element["min"] > 0 or any(node.is_must_support for node in self.all())


@dataclass(frozen=True, slots=True)
class Profile:
    """A StructureDefinition."""

    canonical: str
    type_name: str
    root: Node

    def must_support(self) -> set[str]:
        """Return the ids of its must-support elements, as far as their parents are allowed."""
        return set(_must_support(self.root))


def _must_support(node: Node) -> Iterator[str]:
    if node.element["max"] == "0":
        return
    if node.is_must_support:
        yield node.identity
    for below in (*node.children.values(), *node.slices.values()):
        yield from _must_support(below)


class Guide:
    """All profiles that a release of PAS reaches, by canonical without version."""

    def __init__(self, definitions: Mapping[str, Json]) -> None:
        self._definitions = definitions
        self._profiles: dict[str, Profile] = {}

    def profile(self, canonical: str) -> Profile | None:
        """Return the profile that *canonical* names, in whichever version the release uses."""
        canonical = canonical.partition("|")[0]
        if canonical not in self._definitions:
            return None
        if canonical not in self._profiles:
            definition = self._definitions[canonical]
            root = _tree(definition["snapshot"]["element"])
            self._profiles[canonical] = Profile(canonical, definition["type"], root)
        return self._profiles[canonical]

    def all(self) -> Iterator[tuple[str, Profile]]:
        """Yield every profile with its canonical."""
        for canonical in self._definitions:
            profile = self.profile(canonical)
            assert profile is not None
            yield canonical, profile

    def pas(self, name: str) -> Profile:
        """Return the PAS profile *name* (``profile-claim``)."""
        found = self.profile(PAS + name)
        assert found is not None, name
        return found


@cache
def guide(packages: Path, label: str) -> Guide:
    """Return the profiles of the release *label*, from the folder *packages*."""
    definitions: dict[str, Json] = {}
    for archive in (CROSS_VERSION, *(f"hl7.fhir.us.{each}.tgz" for each in PACKAGES[label])):
        for name, content in files(packages / archive).items():
            if name.startswith("package/StructureDefinition-"):
                definition = json.loads(content)
                if "snapshot" in definition:
                    definitions[definition["url"]] = definition
    return Guide(definitions)


def _tree(elements: list[Json]) -> Node:
    root = Node(elements[0])
    for element in elements[1:]:
        *above, last = str(element["id"]).split(".")[1:]
        node = root
        for step in above:
            node = _below(node, step)
        name, _, slice_name = last.partition(":")
        if slice_name:
            node.children[name].slices[slice_name] = Node(element)
        else:
            node.children[name] = Node(element)
    return root


def _below(node: Node, step: str) -> Node:
    name, _, slice_name = step.partition(":")
    child = node.children[name]
    return child.slices[slice_name] if slice_name else child
