"""FHIRPath's own values: making them, and taking them out of a collection."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.parser import CALENDAR_UNITS
from fhir_server.fhir.fhirpath.quantities import UCUM
from fhir_server.fhir.fhirpath.types import STRINGS, Types

EMPTY: Items = ()
_INTEGER = re.compile(r"-?\d{1,10}", re.ASCII)
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1


class Values:
    """Makes values of FHIRPath's own types."""

    __slots__ = ("_false", "_integer", "_string", "_true", "types")

    def __init__(self, types: Types) -> None:
        self.types = types
        self._true: Items = (Node(True, types.system("Boolean")),)
        self._false: Items = (Node(False, types.system("Boolean")),)
        self._string = types.system("String")
        self._integer = types.system("Integer")

    def boolean(self, value: bool | None) -> Items:
        """Return a truth value; nothing for ``None``."""
        if value is None:
            return EMPTY
        return self._true if value else self._false

    def string(self, value: str) -> Items:
        """Return a text."""
        return (Node(value, self._string),)

    def integer(self, value: int) -> Items:
        """Return a whole number. Raises ``EvaluationFailed`` where it is too large for FHIR."""
        if not _SMALLEST <= value <= _LARGEST:
            raise EvaluationFailed("too large a number")
        return (Node(value, self._integer),)

    def decimal(self, value: Decimal) -> Items:
        """Return a number."""
        return (Node(value, self.types.system("Decimal")),)

    def of(self, name: str, value: Any) -> Items:
        """Return a value of one of FHIRPath's types by its name."""
        return (Node(value, self.types.system(name)),)

    def quantity(self, value: Decimal, unit: str | None, code: str | None) -> Items:
        """Return a quantity: of a UCUM code, or of a word of the calendar that has none."""
        members = {"value": value, "unit": unit, "system": UCUM if code else None, "code": code}
        kept = {name: each for name, each in members.items() if each is not None}
        return (Node(kept, self.types.get("Quantity")),)


def truth(items: Items) -> bool | None:
    """Return the truth of a collection: of its one boolean; true for one other value; ``None`` for nothing.

    Raises ``EvaluationFailed`` where there are several values.
    """
    if not items:
        return None
    if len(items) > 1:
        raise EvaluationFailed("several values where a truth value is wanted")
    node = items[0]
    if node.type.fhir_name != "boolean":
        return True
    value = node.value
    if value is True or value is False:
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def verdict(items: Items) -> bool:
    """Return what an invariant says by its result: one boolean by its value, anything else if it is there at all."""
    if len(items) == 1 and items[0].type.fhir_name == "boolean":
        value = items[0].value
        return value is True or value == "true"
    return len(items) > 0


def text(node: Node) -> str | None:
    """Return a value as text, objects too; ``None`` for a primitive without value."""
    if node.type.primitive:
        return node.text()
    if node.type.fhir_name == "Quantity":
        return _quantity_text(node)
    return node.type.fhir_name


def _quantity_text(node: Node) -> str:
    value, unit, system = node.member_text("value") or "", node.member_text("unit"), node.member_text("system")
    if unit in CALENDAR_UNITS and system in (None, UCUM):
        return f"{value} {unit}"
    return f"{value} '{node.member_text('code')}'" if system == UCUM else "Quantity"


def single_text(items: Items) -> str | None:
    """Return the text of a single string; ``None`` for anything else."""
    if len(items) != 1 or items[0].type.fhir_name not in STRINGS:
        return None
    return items[0].text()


def joined_text(items: Items) -> str:
    """Return the texts of an argument, which is mostly one."""
    return ",".join(text(node) or "" for node in items)


def is_integer(value: str | None) -> bool:
    """Return whether a text is a whole number of FHIR."""
    return value is not None and _INTEGER.fullmatch(value) is not None and _SMALLEST <= int(value) <= _LARGEST


def whole(items: Items) -> int:
    """Return the whole number that an argument is. Raises ``EvaluationFailed`` where it is none."""
    found = items[0].text() if items else None
    if found is None or not is_integer(found):
        raise EvaluationFailed("no whole number")
    return int(found)
