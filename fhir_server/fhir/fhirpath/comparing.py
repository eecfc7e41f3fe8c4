"""When two values are equal, equivalent, or one before the other (FHIRPath N1, 6.1 and 6.2)."""

from __future__ import annotations

from typing import Any, TypeAlias

from fhir_server.fhir.fhirpath import quantities, temporal
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.nodes import Items, Node, holds_the_same, text_of
from fhir_server.fhir.fhirpath.numeric import number, numbers_equivalent, numbers_same
from fhir_server.fhir.fhirpath.types import DATES, NUMBERS, STRINGS

# The validator's `<` alone does not know unsignedInt and positiveInt.
_NUMBERS_OF_LESS = frozenset(("integer", "decimal"))

_FEW = 6
"""Up to here it costs less to compare one by one than to file what was seen."""


def equal(left: Node, right: Node) -> bool | None:
    """Return whether two values are equal; ``None`` where they are not told apart finely enough."""
    mine, other = left.type.fhir_name, right.type.fhir_name
    if left.type.primitive and right.type.primitive:
        if mine in DATES and other in DATES:
            return _same_moment(left, right)
        if mine == "decimal" or other == "decimal":
            return numbers_same(left.text(), right.text())
        return left.text() == right.text()
    if mine == "Quantity" and other == "Quantity":
        return quantities.equal(left, right, equivalent=False)
    if left.type.primitive or right.type.primitive:
        return False
    return holds_the_same(left.value, right.value)


def all_equal(left: Items, right: Items) -> bool | None:
    """Return whether two collections are equal, in their order; ``None`` if one is empty or it cannot be told."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answers = [equal(mine, other) for mine, other in zip(left, right, strict=True)]
    if False in answers:
        return False
    return None if None in answers else True


def all_different(left: Items, right: Items) -> bool | None:
    """Return the answer of ``!=``: true where no value equals the one at its place in the other."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return True
    answers = [equal(mine, other) for mine, other in zip(left, right, strict=True)]
    if True in answers:
        return False
    return None if None in answers else True


def contains(items: Items, wanted: Node) -> bool:
    """Return whether one of the items equals the wanted one."""
    return any(equal(each, wanted) for each in items)


def distinct(items: Items) -> list[Node]:
    """Return the items, each different one once."""
    found: list[Node] = []
    if len(items) <= _FEW:
        for each in items:
            if not contains(found, each):
                found.append(each)
        return found
    seen = _Seen()
    for each in items:
        if not contains(seen.like(each), each):
            found.append(each)
            seen.add(each)
    return found


_Path: TypeAlias = tuple[str, ...]


def _first_text(value: dict[str, Any]) -> tuple[_Path, str] | None:
    """Return the first text or number in an object, at any depth but within arrays, and the names that lead to it."""
    for name, each in value.items():
        if isinstance(each, dict):
            if found := _first_text(each):
                return (name, *found[0]), found[1]
        elif name[:1] != "_" and each is not None and (text := text_of(each)):
            return (name,), text
    return None


def _text_at(value: Any, path: _Path) -> str | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return text_of(value)


class _Seen:
    """Items that were met, looked up by a text that an equal one holds too: one by one, many items are slow to compare.

    An object that is equal to another holds every text of it under the same name (`holds_the_same`); each is filed by
    one of them. Values that compare in other ways, and objects without any text, are compared with everything.
    """

    def __init__(self) -> None:
        self._filed: dict[tuple[_Path, str], list[Node]] = {}
        self._paths: set[_Path] = set()
        self._others: list[Node] = []

    def add(self, item: Node) -> None:
        """Take note of *item*."""
        value = item.value
        if item.type.primitive or item.type.fhir_name == "Quantity" or not isinstance(value, dict):
            self._others.append(item)
            return
        text = _first_text(value)
        if text is None:
            self._others.append(item)
            return
        self._paths.add(text[0])
        self._filed.setdefault(text, []).append(item)

    def like(self, item: Node) -> list[Node]:
        """Return the items that *item* may be equal to."""
        value = item.value
        if not isinstance(value, dict):
            return self._others
        texts = ((path, _text_at(value, path)) for path in self._paths)
        filed = [each for path, text in texts if text is not None for each in self._filed.get((path, text), ())]
        return [*self._others, *filed]


def all_equivalent(left: Items, right: Items) -> bool:
    """Return whether two collections hold equivalent values, in any order."""
    if len(left) != len(right):
        return False
    return all(any(equivalent(mine, other) for other in right) for mine in left)


def equivalent(left: Node, right: Node) -> bool:
    """Return whether two values mean the same: text in any case, numbers to the lesser precision."""
    mine, other = left.type.fhir_name, right.type.fhir_name
    if mine == "Quantity" and other == "Quantity":
        return bool(quantities.equal(left, right, equivalent=True))
    if not left.type.primitive or not right.type.primitive:
        if left.type.primitive or right.type.primitive:
            return False
        return _equivalent_objects(left.value, right.value)
    if mine in NUMBERS and other in NUMBERS:
        return numbers_equivalent(left.text(), right.text())
    if mine in DATES and other in DATES:
        return _same_moment(left, right) is True
    return (left.text() or "").lower() == (right.text() or "").lower()


def order(left: Items, right: Items, operator: str) -> int | None:
    """Return how two single values are ordered, asked by an operator: -1, 0, 1, or ``None`` if that cannot be told.

    Raises ``EvaluationFailed`` for values of kinds that have no order.
    """
    if len(left) != 1 or len(right) != 1:
        return None
    mine, other = left[0], right[0]
    if not mine.type.primitive or not other.type.primitive:
        if mine.type.fhir_name == other.type.fhir_name == "Quantity":
            return quantities.order(mine, other, "unit" if operator in ("<=", ">=") else "code")
        return None
    if mine.text() is None or other.text() is None:
        return None
    return _order(mine, other, _NUMBERS_OF_LESS if operator == "<" else NUMBERS)


def _order(left: Node, right: Node, numbers: frozenset[str]) -> int | None:
    mine, other = left.type.fhir_name, right.type.fhir_name
    if mine in STRINGS and other in STRINGS:
        return _sign(left.text(), right.text())
    if mine in numbers and other in numbers:
        return _sign(number(left.text()), number(right.text()))
    if mine in DATES and other in DATES:
        return temporal.compare(temporal.moment(left.text()), temporal.moment(right.text()))
    if mine == other == "time":
        return temporal.compare_times(left.text(), right.text())
    raise EvaluationFailed("values of these types have no order")


def _same_moment(left: Node, right: Node) -> bool | None:
    mine, other = left.text(), right.text()
    if mine is None or other is None:
        return mine == other
    return temporal.same(temporal.moment(mine), temporal.moment(other))


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _equivalent_objects(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equivalent_objects(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        same_length = len(left) == len(right)
        return same_length and all(any(_equivalent_objects(mine, other) for other in right) for mine in left)
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return bool(left == right)
