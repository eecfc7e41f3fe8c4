"""Functions on numbers, and the boundaries and precision of numbers and dates (FHIRPath N1, 5.7, 5.9)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from fhir_server.fhir.fhirpath import boundaries
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.functions.tables import Function
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.numeric import number
from fhir_server.fhir.fhirpath.running import Run
from fhir_server.fhir.fhirpath.types import NUMBERS
from fhir_server.fhir.fhirpath.values import EMPTY, whole


def _of(focus: Items) -> Decimal | None:
    """Return the number that the focus is; ``None`` where there is none."""
    if len(focus) > 1:
        raise EvaluationFailed("several numbers")
    return number(focus[0].text()) if focus and focus[0].type.fhir_name in NUMBERS else None


def _real(operation: Callable[..., float]) -> Callable[..., Items]:
    def apply(run: Run, focus: Items, *arguments: Items) -> Items:
        value = _of(focus)
        if value is None or not all(arguments):
            return EMPTY
        try:
            result = operation(float(value), *(float(number(each[0].text())) for each in arguments))
        except (ValueError, OverflowError, ZeroDivisionError):
            return EMPTY
        return run.values.decimal(Decimal(repr(result))) if math.isfinite(result) else EMPTY

    return apply


def _whole(operation: Callable[[Decimal], int]) -> Callable[..., Items]:
    def apply(run: Run, focus: Items) -> Items:
        value = _of(focus)
        return EMPTY if value is None else run.values.integer(operation(value))

    return apply


def _abs(run: Run, focus: Items) -> Items:
    if len(focus) == 1 and focus[0].type.fhir_name == "Quantity" and isinstance(focus[0].value, dict):
        value = abs(number(focus[0].member_text("value")))
        return (Node({**focus[0].value, "value": value}, focus[0].type),)
    number_ = _of(focus)
    return EMPTY if number_ is None else run.values.decimal(abs(number_))


def _round(run: Run, focus: Items, *places: Items) -> Items:
    value = _of(focus)
    if value is None:
        return EMPTY
    try:
        unit = Decimal(1).scaleb(-whole(places[0]) if places else 0)
        return run.values.decimal(value.quantize(unit, ROUND_HALF_UP))
    except InvalidOperation:
        raise EvaluationFailed("too many places") from None


def _boundary(side: str) -> Callable[..., Items]:
    def apply(run: Run, focus: Items, *precision: Items) -> Items:
        if len(focus) > 1:
            raise EvaluationFailed("several values")
        text = focus[0].text() if focus else None
        if not focus or (text is None and focus[0].type.fhir_name != "Quantity"):
            return EMPTY
        return _bounded(run, focus[0], text or "", whole(precision[0]) if precision else None, side)

    return apply


def _bounded(run: Run, node: Node, text: str, precision: int | None, side: str) -> Items:
    match node.type.fhir_name:
        case "decimal" | "integer":
            places = boundaries.DECIMAL_PRECISION if precision is None else precision
            value = boundaries.of_decimal(text, places, side)
            return EMPTY if value is None else run.values.decimal(value)
        case "date":
            digits = boundaries.DATE_PRECISION if precision is None else precision
            return run.values.of("DateTime", boundaries.of_date(text, digits, side))
        case "dateTime":
            digits = boundaries.DATE_TIME_PRECISION if precision is None else precision
            return run.values.of("DateTime", boundaries.of_date(text, digits, side))
        case "time":
            digits = boundaries.TIME_PRECISION if precision is None else precision
            return run.values.of("Time", boundaries.of_time(text, digits, side))
        case "Quantity" if isinstance(node.value, dict):
            places = boundaries.DECIMAL_PRECISION if precision is None else precision
            value = boundaries.of_decimal(node.member_text("value") or "", places, side)
            return (Node({**node.value, "value": value}, node.type),)
    return EMPTY


def _precision(run: Run, focus: Items) -> Items:
    if len(focus) > 1:
        raise EvaluationFailed("several values")
    text = focus[0].text() if focus else None
    if text is None:
        return EMPTY
    kind = focus[0].type.fhir_name
    if kind == "decimal":
        return run.values.integer(boundaries.decimals(text))
    return run.values.integer(boundaries.digits(text)) if kind in ("date", "dateTime", "time") else EMPTY


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(_abs),
    "ceiling": Function(_whole(math.ceil)),
    "exp": Function(_real(math.exp)),
    "floor": Function(_whole(math.floor)),
    "highBoundary": Function(_boundary("high"), 0, 1),
    "ln": Function(_real(math.log)),
    "log": Function(_real(math.log), 1, 1),
    "lowBoundary": Function(_boundary("low"), 0, 1),
    "power": Function(_real(math.pow), 1, 1),
    "precision": Function(_precision),
    "round": Function(_round, 0, 1),
    "sqrt": Function(_real(math.sqrt)),
    "truncate": Function(_whole(math.trunc)),
}
