"""A resource seen through its profile: each part with the element definition that it is an instance of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.verdicts.packages import Json, Library
from tests.verdicts.patches import Steps

ANY_RESOURCE = ("Resource", "DomainResource")
DEEPEST = 14  # types nest without end (Extension, Reference.identifier.assigner ...)


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
    def name(self) -> str:
        """The last step of the path (``value[x]``)."""
        return str(self.element["path"]).rpartition(".")[2]

    @property
    def types(self) -> list[str]:
        """The codes of the types, with FHIR's own names for those of FHIRPath."""
        return [type_code(each) for each in self.element.get("type", ())]

    @property
    def most(self) -> float:
        """How many there may be."""
        return float("inf") if self.element["max"] == "*" else int(self.element["max"])

    @property
    def repeats(self) -> bool:
        """Whether it is an array in JSON, whatever the profile allows of it."""
        return str(self.element.get("base", self.element)["max"]) not in ("0", "1")

    def all(self) -> Iterator[Node]:
        """Yield this node and every one below it."""
        yield self
        for below in (*self.children.values(), *self.slices.values()):
            yield from below.all()


@dataclass(frozen=True, slots=True)
class Place:
    """One value in a resource: where it is, what it is, and the element and type that it is an instance of.

    An array is a place for each of its items, with ``index``; ``many`` says that the element is an array in JSON.
    ``node`` is the slice where the value is in one, and ``sliced`` then the element that is sliced.
    """

    path: Steps
    value: Any
    node: Node
    type: str
    parent: Place | None
    sliced: Node | None = None
    many: bool = False

    @property
    def name(self) -> str:
        """The JSON member that the value belongs to."""
        return str(self.path[-2] if self.many else self.path[-1])

    @property
    def member(self) -> Steps:
        """Where the member is, the whole array of one that repeats."""
        return self.path[:-1] if self.many else self.path


def type_code(told: Json) -> str:
    """Return the FHIR name of a type of an ElementDefinition."""
    code = str(told.get("code", ""))
    if "fhirpath" in code.lower():
        for extension in told.get("extension", ()):
            if extension["url"].endswith("structuredefinition-fhir-type"):
                return str(extension.get("valueUrl") or extension.get("valueUri"))
        return "string"
    return code


class View:
    """How a guide sees resources: the trees of its structures, made when they are asked for."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._trees: dict[str, Node | None] = {}

    def tree(self, canonical: str) -> Node | None:
        """Return the root of the structure that *canonical* or a type's name means."""
        if canonical not in self._trees:
            structure = self.library.structure(canonical)
            usable = structure is not None and "snapshot" in structure
            self._trees[canonical] = tree(structure["snapshot"]["element"]) if structure and usable else None
        return self._trees[canonical]

    def profiles_of(self, resource: Json) -> list[str]:
        """Return the known profiles that the resource claims and that are for its type."""
        meta = resource.get("meta")
        claimed = meta.get("profile", []) if isinstance(meta, dict) else []
        known = [(url, self.library.structure(url)) for url in claimed if isinstance(url, str)]
        return [url for url, structure in known if structure and structure["type"] == resource.get("resourceType")]

    def places(self, resource: Json, profile: str | None = None) -> list[Place]:
        """Return every part of *resource* that its profile (or else its type) knows, the root first."""
        claimed = self.profiles_of(resource)
        root = self.tree(profile or (claimed[0] if claimed else resource["resourceType"]))
        if root is None:
            return []
        start = Place((), resource, root, resource["resourceType"], None)
        return [start, *self._below(start, 0)]

    def children(self, node: Node, kind: str) -> dict[str, Node]:
        """Return the elements below an element of the type *kind*, by name."""
        if node.children and not set(node.children) <= {"extension", "id"}:
            return node.children
        if reference := node.element.get("contentReference"):
            target = self.content(reference, node)
            return target.children if target else {}
        for told in node.element.get("type", ()):
            if type_code(told) == kind:
                for profile in told.get("profile", ()):
                    if root := self.tree(profile):
                        return root.children | node.children
        root = self.tree(kind) if kind else None
        return (root.children if root else {}) | node.children

    def content(self, reference: str, node: Node) -> Node | None:
        """Return the element that a contentReference means."""
        identity = reference.rpartition("#")[2]
        root = self.tree(identity.partition(".")[0])
        return next((each for each in root.all() if each.identity == identity), None) if root else None

    def _below(self, place: Place, depth: int) -> Iterator[Place]:
        if depth > DEEPEST or not isinstance(place.value, dict):
            return
        names = Members(self.children(place.node, place.type))
        for key, value in place.value.items():
            named = names.of(key)
            if named is None:
                continue
            node, kind = named
            for each in self._values(place, key, value, node, kind):
                yield each
                yield from self._below(each, depth + 1)

    def _values(self, place: Place, key: str, value: Any, node: Node, kind: str) -> Iterator[Place]:
        many = isinstance(value, list)
        for index, one in enumerate(value if many else [value]):
            path: Steps = (*place.path, key, index) if many else (*place.path, key)
            if kind in ANY_RESOURCE and isinstance(one, dict):
                claimed = self.profiles_of(one)
                root = self.tree(claimed[0] if claimed else str(one.get("resourceType")))
                if root is not None:
                    yield Place(path, one, root, str(one["resourceType"]), place, many=many)
                continue
            chosen = self.slice_of(node, one, kind)
            yield Place(path, one, chosen or node, kind, place, node if chosen else None, many)

    def slice_of(self, node: Node, value: Any, kind: str) -> Node | None:
        """Return the slice of *node* that *value* is in, as far as values and urls tell."""
        for each in node.slices.values():
            if kind == "Extension":
                profiles = [profile for told in each.element.get("type", ()) for profile in told.get("profile", ())]
                urls = {profile.partition("|")[0] for profile in profiles} | set(_fixed_url(each))
                if isinstance(value, dict) and value.get("url") in urls:
                    return each
            elif self._matches(each, value, kind):
                return each
        return None

    def _matches(self, node: Node, value: Any, kind: str) -> bool:
        wanted = [*fixed_values(node)]
        if not wanted:
            return len(node.types) == 1 and node.name.endswith("[x]") and node.types[0] == kind
        return all(_holds(value, path, fixed) for path, fixed in wanted)


class Members:
    """The JSON members that an object may have: ``valueString`` for a choice, ``_value`` not included."""

    def __init__(self, children: dict[str, Node]) -> None:
        self._children = children

    @cached_property
    def _choices(self) -> dict[str, tuple[Node, str]]:
        return {
            name.removesuffix("[x]") + code[0].upper() + code[1:]: (node, code)
            for name, node in self._children.items()
            if name.endswith("[x]")
            for code in node.types
        }

    def of(self, key: str) -> tuple[Node, str] | None:
        """Return the element of the member *key* and the type that its name says."""
        if node := self._children.get(key):
            return node, (node.types or [""])[0]
        if found := self._choices.get(key):
            node, code = found
            for each in node.slices.values():
                if each.types == [code] and not list(fixed_values(each)):
                    return each, code
            return node, code
        return None


def fixed_values(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each fixed or pattern value of a node and below it, with the path from the node."""
    for key, value in node.element.items():
        if key.startswith(("fixed", "pattern")):
            yield path, value
    for name, child in node.children.items():
        if child.element["min"]:
            yield from fixed_values(child, (*path, name))


def _fixed_url(node: Node) -> list[str]:
    url = node.children.get("url")
    return [url.element["fixedUri"]] if url and "fixedUri" in url.element else []


def _holds(value: Any, path: tuple[str, ...], wanted: Any) -> bool:
    if isinstance(value, list):
        return any(_holds(each, path, wanted) for each in value)
    if path:
        return isinstance(value, dict) and path[0] in value and _holds(value[path[0]], path[1:], wanted)
    return fits(value, wanted)


def fits(value: Any, pattern: Any) -> bool:
    """Return whether *value* has all that the pattern has."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and fits(value[key], each) for key, each in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(fits(one, each) for one in value) for each in pattern)
    return bool(value == pattern)


def tree(elements: list[Json]) -> Node:
    """Return the elements of a snapshot as a tree."""
    root = Node(elements[0])
    for element in elements[1:]:
        *above, last = str(element["id"]).split(".")[1:]
        node: Node | None = root
        for step in above:
            node = _step(node, step)
        name, _, slice_name = last.partition(":")
        if node is None:
            continue
        if slice_name and name in node.children:
            node.children[name].slices[slice_name] = Node(element)
        else:
            node.children[name] = Node(element)
    return root


def _step(node: Node | None, step: str) -> Node | None:
    name, _, slice_name = step.partition(":")
    child = node.children.get(name) if node else None
    return child.slices.get(slice_name) if child and slice_name else child
