"""Functions from one of FHIRPath's types to another (FHIRPath N1, 5.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from fhir_server.fhir.fhirpath import values
from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.functions.tables import Function, Predicate
from fhir_server.fhir.fhirpath.nodes import Items
from fhir_server.fhir.fhirpath.running import Run
from fhir_server.fhir.fhirpath.temporal import moment
from fhir_server.fhir.fhirpath.values import EMPTY, is_integer

_DATE = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
_CLOCK = r"([01]\d|2[0-3])(:[0-5]\d(:([0-5]\d|60)(\.\d+)?)?)?"
_IS_DATE = re.compile(_DATE, re.ASCII).fullmatch
_IS_DATE_TIME = re.compile(rf"{_DATE}(T({_CLOCK}(Z|[+-]\d\d:\d\d)?)?)?", re.ASCII).fullmatch
_IS_TIME = re.compile(rf"T?{_CLOCK}", re.ASCII).fullmatch
_IS_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII).fullmatch
_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:\s+(?:'([^']*)'|([a-z]+)))?", re.ASCII)
# What the words of the calendar are in UCUM when they stand in a text (as the HL7 validator reads them).
_CALENDAR = {"year": "a", "month": "mo_s", "week": "wk", "day": "d", "hour": "h"}
_CALENDAR |= {"minute": "min", "second": "s", "millisecond": "ms"}
_TRUTHS = {"true": True, "false": False}


def _text(focus: Items) -> str | None:
    """Return the text of the one value that the focus is."""
    return focus[0].text() if len(focus) == 1 else None


def _to_string(run: Run, focus: Items) -> Items:
    texts = [text for item in focus if (text := values.text(item)) is not None]
    if len(texts) > 1:
        raise EvaluationFailed("several values to make one text of")
    return run.values.string(texts[0]) if texts else EMPTY


def _to_boolean(run: Run, focus: Items) -> Items:
    return run.values.boolean(_boolean(focus))


def _boolean(focus: Items) -> bool | None:
    text = _text(focus)
    if text is None:
        return None
    match focus[0].type.fhir_name:
        case "boolean" | "string":
            return _TRUTHS.get(text.lower())
        case "integer" | "decimal":
            number = _number(text)
            return None if number is None else {Decimal(0): False, Decimal(1): True}.get(number)
    return None


def _number(text: str | None) -> Decimal | None:
    if text is None or _IS_DECIMAL(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _to_integer(run: Run, focus: Items) -> Items:
    text = _text(focus)
    if text in _TRUTHS:
        return run.values.integer(int(_TRUTHS[text]))
    return run.values.integer(int(text)) if text is not None and is_integer(text) else EMPTY


def _to_decimal(run: Run, focus: Items) -> Items:
    text = _text(focus)
    if text in _TRUTHS:
        return run.values.decimal(Decimal(int(_TRUTHS[text])))
    number = _number(text)
    return EMPTY if number is None else run.values.decimal(number)


def _to_quantity(run: Run, focus: Items, *_: Items) -> Items:
    if len(focus) != 1:
        return EMPTY
    match focus[0].type.fhir_name:
        case "Quantity":
            return focus
        case "integer" | "decimal":
            number = _number(focus[0].text())
            return EMPTY if number is None else run.values.quantity(number, None, "1")
        case "string":
            return _quantity(run, focus[0].text() or "")
    return EMPTY


def _quantity(run: Run, text: str) -> Items:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return EMPTY
    number, code, word = match.groups()
    if word is not None:
        code = _CALENDAR.get(word.removesuffix("s"))
        if code is None:
            return EMPTY
    return run.values.quantity(Decimal(number), None, code or "1")


def _to_date_time(run: Run, focus: Items) -> Items:
    text = _moment(focus)
    return EMPTY if text is None else run.values.of("DateTime", text)


def _to_date(run: Run, focus: Items) -> Items:
    text = _moment(focus)
    return EMPTY if text is None else run.values.of("Date", text.partition("T")[0])


def _moment(focus: Items) -> str | None:
    if len(focus) > 1:
        raise EvaluationFailed("several values to make one date of")
    text = _text(focus)
    if text is None or focus[0].type.fhir_name not in ("string", "date", "dateTime", "instant"):
        return None
    if _IS_DATE_TIME(text) is None:
        return None
    try:
        moment(text)
    except EvaluationFailed:
        return None
    return text


def _to_time(run: Run, focus: Items) -> Items:
    if len(focus) > 1:
        raise EvaluationFailed("several values to make one time of")
    text = _text(focus)
    if text is None or focus[0].type.fhir_name not in ("string", "time") or _IS_TIME(text) is None:
        return EMPTY
    return run.values.of("Time", text.removeprefix("T"))


def _is_boolean(run: Run, focus: Items) -> bool:
    return _boolean(focus) is not None


def _is_integer(run: Run, focus: Items) -> bool:
    text = _text(focus)
    return (
        text is not None
        and focus[0].type.fhir_name in ("integer", "boolean", "string")
        and (is_integer(text) or focus[0].type.fhir_name == "boolean")
    )


def _is_decimal(run: Run, focus: Items) -> bool:
    text = _text(focus)
    if text is None or focus[0].type.fhir_name not in ("integer", "decimal", "boolean", "string"):
        return False
    return focus[0].type.fhir_name == "boolean" or _IS_DECIMAL(text) is not None


def _is_string(run: Run, focus: Items) -> bool:
    return len(focus) == 1 and focus[0].type.primitive


def _is_quantity(run: Run, focus: Items, *_: Items) -> bool:
    return bool(_to_quantity(run, focus)) or (len(focus) == 1 and focus[0].is_boolean())


def _is_date(run: Run, focus: Items) -> bool:
    return bool(_to_date(run, focus))


def _is_date_time(run: Run, focus: Items) -> bool:
    return bool(_to_date_time(run, focus))


def _is_time(run: Run, focus: Items) -> bool:
    return bool(_to_time(run, focus))


FUNCTIONS: Mapping[str, Function] = {
    "toBoolean": Function(_to_boolean),
    "toDate": Function(_to_date),
    "toDateTime": Function(_to_date_time),
    "toDecimal": Function(_to_decimal),
    "toInteger": Function(_to_integer),
    "toQuantity": Function(_to_quantity, 0, 1),
    "toString": Function(_to_string),
    "toTime": Function(_to_time),
}
PREDICATES: Mapping[str, Predicate] = {
    "convertsToBoolean": Predicate(_is_boolean),
    "convertsToDate": Predicate(_is_date),
    "convertsToDateTime": Predicate(_is_date_time),
    "convertsToDecimal": Predicate(_is_decimal),
    "convertsToInteger": Predicate(_is_integer),
    "convertsToQuantity": Predicate(_is_quantity, 0, 1),
    "convertsToString": Predicate(_is_string),
    "convertsToTime": Predicate(_is_time),
}
