"""Quantities compared: by their value where the unit is the same, in UCUM also where one unit becomes the other."""

from __future__ import annotations

from decimal import Decimal

from fhir_server.fhir.fhirpath import ucum
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.nodes import Node
from fhir_server.fhir.fhirpath.numeric import number, numbers_equivalent

UCUM = "http://unitsofmeasure.org"


def equal(left: Node, right: Node, *, equivalent: bool) -> bool | None:
    """Return whether two quantities are the same; ``None`` where one has no value or their units differ."""
    mine, other = left.member_text("value"), right.member_text("value")
    if mine is None or other is None:
        return True if mine is other else None
    canonical, its = _canonical(left, mine), _canonical(right, other)
    if canonical is not None and its is not None:
        return canonical[1] == its[1] and _same(canonical[0], its[0], equivalent)
    if not _same_unit(left, right):
        return None
    return numbers_equivalent(mine, other) if equivalent else number(mine) == number(other)


def order(left: Node, right: Node, by: str) -> int | None:
    """Return how two quantities are ordered; ``None`` where one has no value.

    Values are taken as they are where the units are the same: by ``code``, or by ``unit``, as it is written.
    Raises ``EvaluationFailed`` where their units cannot be brought to one.
    """
    mine, other = left.member_text("value"), right.member_text("value")
    if mine is None or other is None:
        return None
    if left.member_text(by) == right.member_text(by):
        first, second = number(mine), number(other)
    else:
        canonical, its = _canonical(left, mine), _canonical(right, other)
        if canonical is None or its is None:  # of different kinds they are still compared, as the validator does
            raise EvaluationFailed("units that do not compare")
        first, second = canonical[0], its[0]
    return (first > second) - (first < second)


def comparable(left: Node, right: Node) -> bool:
    """Return whether two quantities have units of one kind (the function ``comparable``)."""
    system, code = left.member_text("system"), left.member_text("code")
    other_system, other_code = right.member_text("system"), right.member_text("code")
    if system is None or system != other_system or code is None or other_code is None:
        return False
    if code == other_code:
        return True
    mine, other = ucum.canonical(code), ucum.canonical(other_code)
    return system == UCUM and mine is not None and other is not None and mine[1] == other[1]


def _canonical(node: Node, value: str) -> tuple[Decimal, ucum.Dimension] | None:
    if node.member_text("system") != UCUM:
        return None
    unit = ucum.canonical(node.member_text("code") or "1")
    return None if unit is None else (number(value) * unit[0], unit[1])


def _same(left: Decimal, right: Decimal, equivalent: bool) -> bool:
    return numbers_equivalent(str(left), str(right)) if equivalent else left == right


def _same_unit(left: Node, right: Node) -> bool:
    code, other = left.member_text("code"), right.member_text("code")
    if code or other:
        return code == other
    return left.member_text("unit") == right.member_text("unit")
