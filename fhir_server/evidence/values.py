"""What an answer to a field looks like: from the values of FHIR to the values of facts, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Context, Decimal
from types import MappingProxyType
from typing import Any

from fhir_server.authorization.evidence import FactValue
from fhir_server.evidence.code_systems import SNOMED, system_name
from fhir_server.evidence.members import codings_in, text_in
from fhir_server.evidence.units import UCUM, convert, unit_code
from fhir_server.policy.criteria import Field

MOST_DIGITS = 15  # a double holds no more, and nothing in a checklist is larger
MOST_VALUES = 50
"""Of one field in one place: where so many differ, a person looks anyway."""
_ROUNDING = Context(prec=12)  # a factor between two units must not show in the last digits
_FULL_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*)?", re.ASCII)
_CODE = re.compile(r"[A-Z0-9][A-Z0-9.\-]{1,19}", re.ASCII)

# Yes and no as HL7 (table 0136) and SNOMED CT code them.
YES_NO: Mapping[tuple[str, str], bool] = MappingProxyType(
    {
        ("http://terminology.hl7.org/CodeSystem/v2-0136", "Y"): True,
        ("http://terminology.hl7.org/CodeSystem/v2-0136", "N"): False,
        (SNOMED, "373066001"): True,
        (SNOMED, "373067005"): False,
    }
)


def read_value(field: Field, name: str, value: Any) -> FactValue | None:
    """Return what *value*, the element *name* (``valueDecimal``) of an answer or resource, says for *field*.

    ``None`` where it has not the form that the field asks for, or lies beyond what can be meant at all. Each of several
    choices is read by itself: the value of a field of type ``choices`` is one word here.
    """
    reader = READERS[field.type].get(name)
    return reader(field, value) if reader is not None else None


def number_in(field: Field, value: Decimal, unit: str | None) -> float | int | None:
    """Return *value* in the field's unit, within its bounds, or ``None``."""
    if not value.is_finite() or (value and abs(value.adjusted()) > MOST_DIGITS):
        return None
    converted = convert(value, unit, field.unit)
    if converted is None or not _in_bounds(field, converted):
        return None
    rounded = _ROUNDING.plus(converted)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def day_in(text: str) -> str | None:
    """Return the day of a full date, or of a date and time; ``None`` for anything else."""
    match = _FULL_DATE.fullmatch(text)
    if match is not None:
        with suppress(ValueError):
            return date.fromisoformat(match[1]).isoformat()
    return None


def asked(field: Field) -> str:
    """Return in words which form the field asks for."""
    if field.type in ("choice", "choices"):
        return f"{'one' if field.type == 'choice' else 'any'} of: {', '.join(each.value for each in field.values)}"
    if field.type == "num":
        return " ".join(filter(None, ("a number", _bounds(field), f"in {field.unit}" if field.unit else "")))
    return _ASKED[field.type]


_ASKED: Mapping[str, str] = MappingProxyType(
    {
        "bool": "yes or no",
        "date": "a full date (YYYY-MM-DD)",
        "text": "words",
        "code": "a procedure or diagnosis code",
    }
)


def _bounds(field: Field) -> str:
    if field.minimum is not None and field.maximum is not None:
        return f"from {field.minimum:g} to {field.maximum:g}"
    if field.minimum is not None:
        return f"of at least {field.minimum:g}"
    return f"of at most {field.maximum:g}" if field.maximum is not None else ""


def _in_bounds(field: Field, value: Decimal) -> bool:
    above = field.minimum is None or value >= Decimal(str(field.minimum))
    return above and (field.maximum is None or value <= Decimal(str(field.maximum)))


def _boolean(_: Field, value: Any) -> bool | None:
    return value if type(value) is bool else None


def _yes_or_no(_: Field, coding: Any) -> bool | None:
    return YES_NO.get((system_name(text_in(coding, "system") or ""), text_in(coding, "code") or ""))


def _number(field: Field, value: Any) -> float | int | None:
    if type(value) is int or type(value) is Decimal:
        return number_in(field, Decimal(value), None)
    return None


def _quantity(field: Field, quantity: Any) -> float | int | None:
    value = quantity.get("value") if type(quantity) is dict else None
    if (
        not isinstance(value, int | Decimal) or isinstance(value, bool) or "comparator" in quantity
    ):  # `< 5` is no number
        return None
    return number_in(field, Decimal(value), _unit_of(field, quantity))


def _unit_of(field: Field, quantity: Any) -> str | None:
    code, written = text_in(quantity, "code"), text_in(quantity, "unit")
    if code is not None and text_in(quantity, "system") == UCUM:
        return code
    if written is None or written == field.unit:
        return field.unit if code is None or written is not None else code
    return unit_code(written)


def _day(_: Field, value: Any) -> str | None:
    return day_in(value) if type(value) is str else None


def _choice(field: Field, coding: Any) -> str | None:
    return _choice_word(field, text_in(coding, "code"))


def _choice_word(field: Field, value: Any) -> str | None:
    return next((each.value for each in field.values if each.value == value), None)


def _words(_: Field, value: Any) -> str | None:
    return value.strip() or None if type(value) is str else None


def _display(_: Field, coding: Any) -> str | None:
    return text_in(coding, "display") or text_in(coding, "code")


def _code(field: Field, coding: Any) -> str | None:
    return _code_word(field, text_in(coding, "code"))


def _code_word(_: Field, value: Any) -> str | None:
    text = value.strip().upper() if type(value) is str else ""
    return text if _CODE.fullmatch(text) else None


Reader = Callable[[Field, Any], FactValue | None]


def _concept(reader: Reader) -> Reader:
    """Return the reader of a CodeableConcept: the first of its codings that *reader* can read."""

    def read(field: Field, concept: Any) -> FactValue | None:
        for coding in codings_in({"concept": concept}, "concept"):
            found = reader(field, coding)
            if found is not None:
                return found
        return None

    return read


_CHOICES: Mapping[str, Reader] = {
    "valueCoding": _choice,
    "valueCodeableConcept": _concept(_choice),
    "valueString": _choice_word,
}
READERS: Mapping[str, Mapping[str, Reader]] = MappingProxyType(
    {
        "bool": {
            "valueBoolean": _boolean,
            "valueCoding": _yes_or_no,
            "valueCodeableConcept": _concept(_yes_or_no),
        },
        "date": {"valueDate": _day, "valueDateTime": _day},
        "num": {"valueDecimal": _number, "valueInteger": _number, "valueQuantity": _quantity},
        "choice": _CHOICES,
        "choices": _CHOICES,
        "text": {
            "valueString": _words,
            "valueCoding": _display,
            "valueCodeableConcept": _concept(_display),
        },
        "code": {
            "valueCoding": _code,
            "valueCodeableConcept": _concept(_code),
            "valueString": _code_word,
        },
    }
)
