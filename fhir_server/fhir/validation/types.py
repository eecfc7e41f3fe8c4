"""The types of FHIR R4 as FHIRPath sees them, read from the definitions on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.fhirpath import ElementType
from fhir_server.fhir.validation.tree import Definition, Node, grow

_NONE: Mapping[str, ElementType] = {}


class Types:
    """The model that FHIRPath and the engine share: which elements a type has, and what it derives from."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._elements: dict[str, Mapping[str, ElementType]] = {}
        self._parents: dict[str, str | None] = {}
        self._constraints: dict[str, Sequence[Definition]] = {}

    def elements(self, type_name: str) -> Mapping[str, ElementType]:
        """Return the elements of a type or (by path) of a backbone, by their FHIRPath names; none if it is unknown."""
        known = self._elements.get(type_name)
        if known is None:
            self._read(type_name.partition(".")[0])
            known = self._elements.setdefault(type_name, _NONE)
        return known

    def parent(self, type_name: str) -> str | None:
        """Return the type that *type_name* specializes, ``None`` at the root or where it is unknown."""
        if type_name not in self._parents:
            if "." in type_name:
                self._parents[type_name] = "BackboneElement"
            else:
                structure = self._definitions.base(type_name)
                base = structure.base_definition if structure else None
                self._parents[type_name] = base.partition("|")[0].rpartition("/")[2] if base else None
        return self._parents[type_name]

    def constraints(self, type_name: str) -> Sequence[Definition]:
        """Return the invariants of a type itself."""
        if type_name not in self._constraints:
            structure = self._definitions.base(type_name)
            self._constraints[type_name] = tuple(structure.elements[0].get("constraint", ())) if structure else ()
        return self._constraints[type_name]

    def bindings(self, type_name: str) -> Mapping[str, Definition]:
        """Return the bindings of the elements of a type, by path."""
        structure = self._definitions.base(type_name)
        elements = structure.elements if structure else ()
        return {each["path"]: each["binding"] for each in elements if "binding" in each}

    def is_a(self, type_name: str, wanted: str) -> bool:
        """Return whether *type_name* is *wanted* or derives from it."""
        name: str | None = type_name
        while name is not None:
            if name == wanted:
                return True
            name = self.parent(name)
        return False

    def _read(self, type_name: str) -> None:
        structure = self._definitions.base(type_name)
        if structure is None:
            return
        pending = [grow(structure.elements)]
        while pending:
            node = pending.pop()
            self._elements[node.path] = {
                name.removesuffix("[x]"): _element(child) for name, child in node.children.items()
            }
            pending.extend(child for child in node.children.values() if child.children)


def _element(node: Node) -> ElementType:
    reference: Any = node.definition.get("contentReference")
    if reference:
        return ElementType((reference.partition("#")[2],), choice=False, repeats=node.maximum > 1)
    types = tuple(node.path if node.children else each["code"] for each in node.types)
    return ElementType(types, choice=node.name.endswith("[x]"), repeats=node.maximum > 1)
