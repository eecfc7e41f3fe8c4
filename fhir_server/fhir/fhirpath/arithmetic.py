"""The operators on numbers, texts, dates and quantities (FHIRPath N1, 6.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow

from fhir_server.fhir.fhirpath import temporal
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.numeric import number
from fhir_server.fhir.fhirpath.types import NUMBERS, STRINGS
from fhir_server.fhir.fhirpath.values import EMPTY, Values

_ADDED = frozenset(("integer", "decimal"))


def calculate(operator: str, left: Items, right: Items, values: Values) -> Items:
    """Return the result of an operator; nothing where an operand is empty. Raises ``EvaluationFailed``."""
    if operator == "&":
        return values.string(_joinable(left) + _joinable(right))
    if not left or not right:
        return EMPTY
    if len(left) > 1 or len(right) > 1:
        raise EvaluationFailed("several values where one is wanted")
    try:
        return _OPERATORS[operator](left[0], right[0], values)
    except (InvalidOperation, DivisionByZero, Overflow):
        return EMPTY


def _joinable(items: Items) -> str:
    if not items:
        return ""
    if len(items) > 1 or items[0].type.fhir_name not in STRINGS:
        raise EvaluationFailed("not one text")
    return items[0].text() or ""


def _add(left: Node, right: Node, values: Values) -> Items:
    mine, other = left.type.fhir_name, right.type.fhir_name
    if mine in STRINGS and other in STRINGS:
        return values.string((left.text() or "") + (right.text() or ""))
    if other == "Quantity":
        return _moved(left, right, 1, values)
    return _number(left, right, values, lambda first, second: first + second)


def _subtract(left: Node, right: Node, values: Values) -> Items:
    if right.type.fhir_name == "Quantity":
        return _moved(left, right, -1, values)
    return _number(left, right, values, lambda first, second: first - second)


def _multiply(left: Node, right: Node, values: Values) -> Items:
    return _number(left, right, values, lambda first, second: first * second)


def _divide(left: Node, right: Node, values: Values) -> Items:
    if left.type.fhir_name not in NUMBERS or right.type.fhir_name not in NUMBERS:
        raise EvaluationFailed("no numbers")
    return values.decimal(number(left.text()) / number(right.text()))


def _divide_whole(left: Node, right: Node, values: Values) -> Items:
    first, second = _numbers(left, right)
    return values.integer(int(first / second))


def _modulo(left: Node, right: Node, values: Values) -> Items:
    return _number(left, right, values, lambda first, second: first % second)


def _numbers(left: Node, right: Node) -> tuple[Decimal, Decimal]:
    if left.type.fhir_name not in _ADDED or right.type.fhir_name not in _ADDED:
        raise EvaluationFailed("no numbers")
    return number(left.text()), number(right.text())


def _number(left: Node, right: Node, values: Values, operation: Callable[[Decimal, Decimal], Decimal]) -> Items:
    result = operation(*_numbers(left, right))
    whole = left.type.fhir_name == right.type.fhir_name == "integer"
    return values.integer(int(result)) if whole else values.decimal(result)


def _moved(moment: Node, quantity: Node, direction: int, values: Values) -> Items:
    amount = number(quantity.member_text("value")) * direction
    unit = quantity.member_text("code") or quantity.member_text("unit") or ""
    match moment.type.fhir_name:
        case "date":
            return values.of("Date", temporal.add(moment.text(), amount, unit))
        case "dateTime" | "instant":
            return values.of("DateTime", temporal.add(moment.text(), amount, unit))
        case "time":
            return values.of("Time", temporal.add_to_time(moment.text(), amount, unit))
    raise EvaluationFailed("no moment to add to")


_OPERATORS: Mapping[str, Callable[[Node, Node, Values], Items]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "div": _divide_whole,
    "mod": _modulo,
}


def negative(items: Items, values: Values) -> Items:
    """Return a number or quantity with the other sign. Raises ``EvaluationFailed`` where it is neither."""
    if not items:
        return EMPTY
    node = items[0]
    if len(items) > 1:
        raise EvaluationFailed("several values where one is wanted")
    if node.type.fhir_name == "Quantity" and isinstance(node.value, dict):
        return (Node({**node.value, "value": -number(node.member_text("value"))}, node.type),)
    if node.type.fhir_name not in NUMBERS:
        raise EvaluationFailed("no number")
    value = -number(node.text())
    return values.integer(int(value)) if node.type.fhir_name != "decimal" else values.decimal(value)
