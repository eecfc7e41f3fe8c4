"""What expressions are evaluated on: JSON values with their FHIR types."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir_server.fhir.fhirpath.types import Type


class Node:
    """A value and its type. ``extra`` is the sibling ``_name`` of a primitive, with its id and extensions."""

    __slots__ = ("extra", "type", "value")

    def __init__(self, value: Any, type_: Type, extra: Any = None) -> None:
        self.value = value
        self.type = type_
        self.extra = extra

    def __repr__(self) -> str:
        return f"Node({self.type.name})"

    def text(self) -> str | None:
        """Return the value of a primitive as text; ``None`` for what has no value, and for objects."""
        value = self.value
        return value if type(value) is str else text_of(value)

    def members(self, name: str, into: list[Node]) -> None:
        """Add the children of a FHIRPath name: ``value``, also ``valueQuantity``."""
        self.type.readers[name](self, into)

    def member(self, name: str) -> Node | None:
        """Return the first child of a name."""
        found: list[Node] = []
        self.members(name, found)
        return found[0] if found else None

    def member_text(self, name: str) -> str | None:
        """Return the value of the first child of a name as text."""
        child = self.member(name)
        return None if child is None else child.text()

    def children(self, into: list[Node]) -> None:
        """Add all children, in the order of the JSON."""
        type_ = self.type
        holder = self.extra if type_.primitive else self.value
        if type(holder) is not dict:
            return
        keys = type_.keys
        for key in holder:
            if key[:1] == "_":
                if key[1:] in holder:
                    continue
                key = key[1:]
            reader = keys.get(key)
            if reader is not None:
                reader(self, into)

    def is_empty(self) -> bool:
        """Return whether there is nothing in it: no value, and no child that has something in it."""
        value = self.value
        if type(value) is dict or value is None:
            return is_empty(value) and is_empty(self.extra)
        return type(value) is list and is_empty(value)

    def is_boolean(self) -> bool:
        """Return whether it is a boolean, of FHIR or of FHIRPath."""
        return self.type.fhir_name == "boolean"


Items = Sequence[Node]


def text_of(value: Any) -> str | None:
    """Return a JSON value as the text of a primitive; ``None`` for objects, arrays and null."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, (str, int, float)) else None


def is_empty(value: Any) -> bool:
    """Return whether a JSON value holds nothing at any depth. The name of a resource's type is no content."""
    if value is None:
        return True
    if isinstance(value, dict):
        for key, each in value.items():  # noqa: SIM110 - half the time of all()
            if key != "resourceType" and not is_empty(each):
                return False
        return True
    return isinstance(value, list) and all(is_empty(each) for each in value)


def holds_the_same(left: Any, right: Any) -> bool:
    """Return whether all that the left object holds is the same in the right one, which may hold more.

    One-sided, as the HL7 validator compares: a primitive without a value is the same as nothing, and the
    extensions of a primitive that has one are not looked at.
    """
    if isinstance(left, dict):
        return isinstance(right, dict) and all(_member_is_the_same(key, left, right) for key in left)
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        return all(holds_the_same(mine, other) for mine, other in zip(left, right, strict=True))
    text = text_of(left)
    return text is not None and text == text_of(right)


def _member_is_the_same(key: str, left: dict[str, Any], right: dict[str, Any]) -> bool:
    if key[:1] == "_":
        return key[1:] in left or is_empty(left[key])
    other = right.get(key)
    return holds_the_same(left[key], other) or (is_empty(left[key]) and is_empty(other))
