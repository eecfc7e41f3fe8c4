"""The operators whose result is a truth value: logic of three values, and comparisons (FHIRPath N1, 6.1-6.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fhir_server.fhir.fhirpath import comparing
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.running import Evaluate, Run, Truth


def _and(left: Truth, right: Truth) -> Truth:
    def test(focus: Items, this: Node, run: Run) -> bool | None:
        first = left(focus, this, run)
        if first is False:
            return False
        second = right(focus, this, run)
        if second is False:
            return False
        return True if first and second else None

    return test


def _or(left: Truth, right: Truth) -> Truth:
    def test(focus: Items, this: Node, run: Run) -> bool | None:
        first = left(focus, this, run)
        if first:
            return True
        second = right(focus, this, run)
        if second:
            return True
        return None if first is None or second is None else False

    return test


def _xor(left: Truth, right: Truth) -> Truth:
    def test(focus: Items, this: Node, run: Run) -> bool | None:
        first, second = left(focus, this, run), right(focus, this, run)
        return None if first is None or second is None else first is not second

    return test


def _implies(left: Truth, right: Truth) -> Truth:
    def test(focus: Items, this: Node, run: Run) -> bool | None:
        first = left(focus, this, run)
        if first is False:
            return True
        second = right(focus, this, run)
        if second:
            return True
        return None if first is None or second is None else False

    return test


LOGIC: Mapping[str, Callable[[Truth, Truth], Truth]] = {"and": _and, "or": _or, "xor": _xor, "implies": _implies}


def _ordered(operator: str, meets: Callable[[int], bool]) -> Callable[[Items, Items], bool | None]:
    def test(left: Items, right: Items) -> bool | None:
        order = comparing.order(left, right, operator)
        return None if order is None else meets(order)

    return test


def _in(left: Items, right: Items) -> bool | None:
    if not left:
        return None
    if len(left) > 1:
        raise EvaluationFailed("several values where one is looked for")
    return comparing.contains(right, left[0])


def _contains(left: Items, right: Items) -> bool | None:
    if not right:
        return None
    return all(comparing.contains(left, each) for each in right)


def _not_equivalent(left: Items, right: Items) -> bool:
    return not comparing.all_equivalent(left, right)


COMPARISONS: Mapping[str, Callable[[Items, Items], bool | None]] = {
    "=": comparing.all_equal,
    "!=": comparing.all_different,
    "~": comparing.all_equivalent,
    "!~": _not_equivalent,
    "<": _ordered("<", lambda order: order < 0),
    ">": _ordered(">", lambda order: order > 0),
    "<=": _ordered("<=", lambda order: order <= 0),
    ">=": _ordered(">=", lambda order: order >= 0),
    "in": _in,
    "contains": _contains,
}


def equals_text(operand: Evaluate, wanted: Items, *, negated: bool) -> Truth:
    """Return the code of ``operand = 'text'``, or of ``!=``: what most criteria ask, without the general comparison."""
    text = wanted[0].value
    general = COMPARISONS["!=" if negated else "="]

    def test(focus: Items, this: Node, run: Run) -> bool | None:
        items = operand(focus, this, run)
        if len(items) != 1:
            return general(items, wanted)
        node = items[0]
        if type(node.value) is not str or node.type.fhir_name == "decimal":
            return general(items, wanted)
        return (node.value == text) is not negated

    return test


def member_of(left: Items, right: Items, run: Run) -> bool:
    """Return whether one of the values is in the value set that is named (the operator ``memberOf``)."""
    canonical = right[0].text() if right else None
    return canonical is not None and any(run.scope.member_of(each.value, canonical) for each in left)
