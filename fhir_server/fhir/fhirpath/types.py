"""The types of a model, prepared for walking: from an object of a type to the nodes of its children."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

from fhir_server.fhir.fhirpath.interface import ElementType, Model
from fhir_server.fhir.fhirpath.nodes import Node
from fhir_server.fhir.resource_types import RESOURCE_TYPES

Reader = Callable[[Node, list[Node]], None]
TypeOf = Callable[[Any], "Type"]

STRINGS = frozenset(
    (
        "base64Binary", "canonical", "code", "id", "markdown", "oid", "sid", "string", "uri", "url", "uuid", "xhtml",
    )
)  # fmt: skip
NUMBERS = frozenset(("integer", "decimal", "unsignedInt", "positiveInt"))
DATES = frozenset(("date", "dateTime", "instant"))
PRIMITIVES = STRINGS | NUMBERS | DATES | {"boolean", "time", "integer64"}
ANY_RESOURCE = frozenset(("Resource", "DomainResource"))
_SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"
_SYSTEM_TYPES = {
    "Boolean": "boolean",
    "Date": "date",
    "DateTime": "dateTime",
    "Decimal": "decimal",
    "Integer": "integer",
    "String": "string",
    "Time": "time",
}
# What a type operator may name beside the types of the model (FHIRPath N1, types and reflection).
SYSTEM_NAMES = frozenset(_SYSTEM_TYPES) | {"Quantity", "SimpleTypeInfo", "ClassInfo"}
_PRIMITIVE_ELEMENTS = {
    "id": ElementType(("string",), choice=False, repeats=False),
    "extension": ElementType(("Extension",), choice=False, repeats=True),
}
_REFLECTION = {name: ElementType(("string",), choice=False, repeats=False) for name in ("namespace", "name")}


class Type:
    """A FHIR type, or one of FHIRPath's own (``system``). A backbone has its path as ``name``.

    ``readers`` has, for every FHIRPath name, what adds the children of that name to a list.
    """

    __slots__ = ("_keys", "fhir_name", "lineage", "name", "primitive", "readers", "system", "types")

    def __init__(self, name: str, lineage: tuple[str, ...], types: Types, system: bool = False) -> None:
        self.name = name
        self.lineage = lineage  # its FHIR name and those of all that it specializes
        self.fhir_name = lineage[0]
        self.primitive = self.fhir_name in PRIMITIVES
        self.system = system
        self.types = types
        self.readers: Mapping[str, Reader] = _Readers(self)
        self._keys: dict[str, Reader] | None = None

    @property
    def keys(self) -> Mapping[str, Reader]:
        """What adds the children that a JSON member holds, by its name."""
        if self._keys is None:
            self._keys = self._read()
        return self._keys

    def elements(self) -> Mapping[str, ElementType]:
        """Return the elements that values of this type may have."""
        if self.primitive:
            return _PRIMITIVE_ELEMENTS
        return _REFLECTION if self is self.types.reflection else self.types.model.elements(self.name)

    def reader(self, name: str) -> Reader:
        """Return what adds the children of a FHIRPath name."""
        if self.primitive and name == "value":
            return _value_reader(self.types.system("String"))
        element = self.elements().get(name)
        if element is None or not element.types:
            return self.keys.get(name, _no_children)
        return _choice_reader(self._typed(name, element)) if element.choice else self.keys[name]

    def _read(self) -> dict[str, Reader]:
        read = _extra_reader if self.primitive else _reader
        keys: dict[str, Reader] = {}
        for name, element in self.elements().items():
            if element.choice:
                keys.update({key: read(key, type_) for key, type_ in self._typed(name, element).items()})
            elif element.types:
                keys[name] = read(name, self._type_of(name, element.types[0]))
        return keys

    def _typed(self, name: str, element: ElementType) -> dict[str, Type]:
        return {name + each[:1].upper() + each[1:]: self.types.get(each) for each in element.types}

    def _type_of(self, name: str, type_name: str) -> Type | TypeOf:
        if type_name == _SYSTEM_STRING:
            type_name = "uri" if name == "url" else "string"
        return self.types.of_resource if type_name in ANY_RESOURCE else self.types.get(type_name)


class _Readers(dict[str, Reader]):
    """The readers of a type, each made when it is first asked for."""

    def __init__(self, type_: Type) -> None:
        super().__init__()
        self._type = type_

    def __missing__(self, name: str) -> Reader:
        found = self[name] = self._type.reader(name)
        return found


class Types:
    """The types of one model, each made once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._types: dict[str, Type] = {}
        self._system = {name: Type(name, (fhir_name,), self, True) for name, fhir_name in _SYSTEM_TYPES.items()}
        self.reflection = Type("ClassInfo", ("ClassInfo",), self, True)

    def get(self, name: str) -> Type:
        """Return the type of a name, which may be the path of a backbone; one without elements if it is unknown."""
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = Type(name, self._lineage(name), self)
        return found

    def system(self, name: str) -> Type:
        """Return FHIRPath's own type of a name: ``String``, ``Integer`` …"""
        return self._system[name]

    def of_resource(self, value: Any) -> Type:
        """Return the type that a resource says it is of."""
        name = value.get("resourceType") if type(value) is dict else None
        return self.get(name if type(name) is str and name in RESOURCE_TYPES else "Resource")

    def knows(self, name: str) -> bool:
        """Return whether a type operator may name this FHIR type."""
        return (
            name in PRIMITIVES
            or name in RESOURCE_TYPES
            or name in ANY_RESOURCE
            or bool(self.model.elements(name))
            or self.model.parent(name) is not None
        )

    def _lineage(self, name: str) -> tuple[str, ...]:
        first = name if "." not in name else self.model.parent(name) or "BackboneElement"
        lineage = [first]
        parent = self.model.parent(first)
        while parent is not None and parent not in lineage:
            lineage.append(parent)
            parent = self.model.parent(parent)
        return tuple(lineage)


def _no_children(node: Node, into: list[Node]) -> None:
    """Add nothing: the type has no such element."""


def _value_reader(string: Type) -> Reader:
    def read(node: Node, into: list[Node]) -> None:
        text = node.text()
        if text:
            into.append(Node(text, string))

    return read


def _extra_reader(key: str, type_: Type | TypeOf) -> Reader:
    """The id and the extensions of a primitive."""

    def read(node: Node, into: list[Node]) -> None:
        if type(node.extra) is dict:
            _add(node.extra.get(key), None, type_, into)

    return read


def _reader(key: str, type_: Type | TypeOf) -> Reader:
    if not isinstance(type_, Type):
        return _resource_reader(key, type_)
    sibling = "_" + key if type_.primitive else ""

    def read(node: Node, into: list[Node]) -> None:
        holder = node.value
        if type(holder) is not dict:
            return
        value = holder.get(key)
        extra = holder.get(sibling) if sibling else None
        if extra is not None or type(value) is list:
            _add(value, extra, type_, into)
        elif value is not None:
            into.append(Node(value, type_))

    return read


def _resource_reader(key: str, type_of: TypeOf) -> Reader:
    def read(node: Node, into: list[Node]) -> None:
        if type(node.value) is dict:
            _add(node.value.get(key), None, type_of, into)

    return read


def _choice_reader(typed: Mapping[str, Type]) -> Reader:
    def read(node: Node, into: list[Node]) -> None:
        holder = node.value
        if type(holder) is not dict:
            return
        for key in holder:
            type_ = typed.get(key)
            if type_ is not None:
                _add(holder[key], holder.get("_" + key) if type_.primitive else None, type_, into)
            elif key[:1] == "_" and key[1:] in typed and key[1:] not in holder:
                _add(None, holder[key], typed[key[1:]], into)

    return read


def _add(value: Any, extra: Any, type_: Type | TypeOf, into: list[Node]) -> None:
    """Add the one value or the values of an array, each with its sibling; what has neither is left out."""
    if type(value) is not list and type(extra) is not list:
        if value is not None or extra is not None:
            into.append(Node(value, type_ if isinstance(type_, Type) else type_(value), extra))
        return
    values = value if type(value) is list else [value]
    extras = extra if type(extra) is list else [extra]
    for each, its_extra in zip_longest(values, extras):
        if each is not None or its_extra is not None:
            into.append(Node(each, type_ if isinstance(type_, Type) else type_(each), its_extra))
