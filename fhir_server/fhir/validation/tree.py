"""The elements of a snapshot as a tree: what stands below what, and which slices an element has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

Definition = Mapping[str, Any]

_NO_TYPES: tuple[Definition, ...] = ()


@dataclass(slots=True, eq=False)
class Node:
    """One ElementDefinition, the elements below it, and the slices it is cut into."""

    definition: Definition
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path in the type, without slice names: ``Claim.item.extension``."""
        path: str = self.definition["path"]
        return path

    @property
    def name(self) -> str:
        """The last step of the path; that of a choice ends in ``[x]``."""
        return intern(self.path.rpartition(".")[2])

    @property
    def types(self) -> Iterable[Definition]:
        """The types that the element may have."""
        types: Iterable[Definition] = self.definition.get("type", _NO_TYPES)
        return types

    @property
    def minimum(self) -> int:
        """How often the element must stand there."""
        return int(self.definition.get("min", 0))

    @property
    def maximum(self) -> float:
        """How often it may; infinite for ``*``."""
        maximum = self.definition.get("max", "*")
        return float("inf") if maximum == "*" else int(maximum)

    def find(self, identity: str) -> Node | None:
        """Return the element below this one that an element id (``Provenance.agent:Author.who``) names."""
        node: Node | None = self
        for step in identity.split(".")[1:]:
            name, _, slice_name = step.partition(":")
            node = node.children.get(name) if node else None
            node = node.slices.get(slice_name, node) if node else None
        return node

    def value(self, prefix: str) -> tuple[str, Any] | None:
        """Return (type, value) of ``fixed[x]`` or ``pattern[x]``, ``None`` if the element has none."""
        for name, value in self.definition.items():
            if name.startswith(prefix) and len(name) > len(prefix) and name[len(prefix)].isupper():
                return name[len(prefix) :], value
        return None


def grow(elements: Iterable[Definition]) -> Node:
    """Return the root of a snapshot's elements, which stand in the order of the specification."""
    ancestors: list[Node] = []
    for definition in elements:
        node = Node(definition)
        depth = definition["path"].count(".")
        del ancestors[depth:]
        if ancestors:
            _attach(ancestors[-1], node)
        ancestors.append(node)
    return ancestors[0]


def _attach(parent: Node, node: Node) -> None:
    name = node.name
    if "sliceName" in node.definition and name in parent.children:
        parent.children[name].slices[node.definition["sliceName"]] = node
    else:
        parent.children[name] = node
