"""Whether an item of a questionnaire is enabled by the answers given so far (``enableWhen``).

As R4 defines it (https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen) and the HL7
validator reads it: the deciding answers are those in the innermost item of the response that holds both questions, so
that in a repeating group each repetition decides for itself. A condition holds if one of the answers meets it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeGuard

from fhir_server.fhir.fhirpath import ucum
from fhir_server.fhir.validation.questionnaires import Form, Item, Json, objects, value_of

# The value of a FHIRPath expression on the response as true or false, or None if that cannot be told.
Evaluate = Callable[[str], bool | None]

EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
UCUM = "http://unitsofmeasure.org"

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_NUMBERS = frozenset(("Integer", "Decimal"))
_MOMENTS = frozenset(("Date", "DateTime"))
_TEXTS = frozenset(("String", "Uri"))
# Conditions that are compared with answers, for one response; a questionnaire that needs more is an attack.
_MOST_COMPARISONS = 200_000


class Scope(NamedTuple):
    """An item of a response, as it is reached from the response: which item of the questionnaire it answers."""

    outer: Scope | None
    item: Item
    node: Json


class Conditions:
    """The conditions of a questionnaire, judged by the answers of one response."""

    def __init__(self, form: Form, response: Json, evaluate: Evaluate | None = None) -> None:
        self._form = form
        self._response = response
        self._evaluate = evaluate
        self._answers: dict[int, dict[str, list[Json]]] = {}
        self._comparisons = 0

    def enabled(self, item: Item, scope: Scope | None) -> bool | None:
        """Return whether *item* is to be answered in *scope*; ``None`` if that cannot be told here.

        That is so for an ``enableWhenExpression`` that is not FHIRPath, or that nobody evaluates.
        """
        expression = item.extensions.get(EXPRESSION)
        if expression:
            return self._by_expression(expression[0][1])
        conditions = list(objects(item.definition.get("enableWhen")))
        if not conditions:
            return True
        behavior = item.definition.get("enableBehavior")
        if len(conditions) > 1 and behavior not in ("any", "all"):
            return True  # which of the two is meant is not said: que-12 tells so
        results = [self._holds(each, item, scope) for each in conditions]
        decisive = len(conditions) == 1 or behavior == "any"
        if decisive in results:
            return decisive
        return None if None in results else not decisive

    def _by_expression(self, expression: Any) -> bool | None:
        if self._evaluate is None or not isinstance(expression, dict) or expression.get("language") != "text/fhirpath":
            return None
        text = expression.get("expression")
        return self._evaluate(text) if isinstance(text, str) else None

    def _holds(self, condition: Json, item: Item, scope: Scope | None) -> bool | None:
        answers = self._deciding(condition.get("question"), item, scope)
        expected = _expected(condition)
        if expected is None:
            return None  # no condition without an answer: the definition of enableWhen tells so
        if condition.get("operator") == "exists":
            return bool(answers) is expected[1] if isinstance(expected[1], bool) else None
        self._comparisons += len(answers)
        if self._comparisons > _MOST_COMPARISONS:
            return None
        return any(_meets(value_of(each), condition.get("operator"), expected) for each in answers)

    def _deciding(self, question: Any, item: Item, scope: Scope | None) -> list[Json]:
        target = self._form.by_link_id.get(question) if isinstance(question, str) else None
        if target is None:
            return []
        group = item.shared_with(target)
        while group is not None and scope is not None and scope.item is not group:
            scope = scope.outer
        if group is None:
            return self._below(self._response).get(target.link_id, [])
        return self._below(scope.node).get(target.link_id, []) if scope is not None else []

    def _below(self, node: Json) -> dict[str, list[Json]]:
        """Return the answers in an item of the response by their linkIds, its own among them; looked up once."""
        found = self._answers.get(id(node))
        if found is None:
            self._answers[id(node)] = found = {}
            pending = [node]
            while pending:
                each = pending.pop()
                answers = list(objects(each.get("answer")))
                link_id = each.get("linkId")
                if answers and isinstance(link_id, str):
                    found.setdefault(link_id, []).extend(filter(None, answers))
                pending.extend(answers)
                pending.extend(objects(each.get("item")))
        return found


def _expected(condition: Json) -> tuple[str, Any] | None:
    for name, value in condition.items():
        if name.startswith("answer") and len(name) > len("answer"):
            return name[6:], value
    return None


def _meets(found: tuple[str, Any] | None, sign: Any, expected: tuple[str, Any]) -> bool:
    if found is None or found[1] is None or sign not in _OPERATORS:
        return False
    pair = _in_order(*found, *expected)
    if pair is not None:
        return _OPERATORS[sign](*pair)
    if sign not in ("=", "!="):
        return False  # of two codes, or values of different kinds, neither is more
    return _same(*found, *expected) is (sign == "=")


def _in_order(kind: str, value: Any, expected_kind: str, expected: Any) -> tuple[Any, Any] | None:
    """Return what is compared of two values; ``None`` where they have no order."""
    if kind in _NUMBERS and expected_kind in _NUMBERS:
        return (value, expected) if is_number(value) and is_number(expected) else None
    if kind in _MOMENTS and expected_kind in _MOMENTS:
        moments = start(value), start(expected)
        return moments if None not in moments else None
    if (kind in _TEXTS and expected_kind in _TEXTS) or kind == expected_kind == "Time":
        return (value, expected) if isinstance(value, str) and isinstance(expected, str) else None
    if kind == expected_kind == "Boolean":
        return (value, expected) if isinstance(value, bool) and isinstance(expected, bool) else None
    if kind == expected_kind == "Quantity" and isinstance(value, dict) and isinstance(expected, dict):
        return amounts(value, expected)
    return None


def _same(kind: str, value: Any, expected_kind: str, expected: Any) -> bool:
    if kind != expected_kind:
        return False
    if kind == "Coding" and isinstance(value, dict) and isinstance(expected, dict):
        system = expected.get("system")
        return value.get("code") == expected.get("code") and system in (None, value.get("system"))
    return bool(value == expected)


def amounts(left: Json, right: Json) -> tuple[Decimal, Decimal] | None:
    """Return two quantities as numbers that compare: in one unit where UCUM knows how, else just their values."""
    first, second = left.get("value"), right.get("value")
    if not is_number(first) or not is_number(second):
        return None
    numbers = Decimal(first), Decimal(second)
    if left.get("code") != right.get("code"):
        units = base_unit(left), base_unit(right)
        if units[0] and units[1] and units[0][1] == units[1][1]:
            with suppress(ArithmeticError):
                return numbers[0] * units[0][0], numbers[1] * units[1][0]
    return numbers


def base_unit(quantity: Json) -> tuple[Decimal, ucum.Dimension] | None:
    """Return what the UCUM unit of a quantity is in base units; ``None`` if it has none that is known."""
    code = quantity.get("code")
    return ucum.canonical(code) if quantity.get("system") == UCUM and isinstance(code, str) else None


def start(text: Any) -> datetime | None:
    """Return when a date or dateTime begins, in UTC where it names no zone; ``None`` if this is none."""
    if not isinstance(text, str):
        return None
    missing = {4: "-01-01", 7: "-01"}.get(len(text), "")
    try:
        moment = datetime.fromisoformat(text + missing)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_number(value: Any) -> TypeGuard[int | Decimal]:
    """Return whether this is a number in JSON."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
