"""The primitive types of FHIR R4: which JSON value carries each, which text it takes, and what is said otherwise.

What is an error and what a warning follows the HL7 validator 6.10.4, rule by rule: it takes ``!!!!`` for base64 and a
blank date for no more than doubtful. Each check costs one or two operations when the value is right.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from fhir_server.fhir.primitives import CLOCK_PATTERN, DATE_PATTERN, DAY_PATTERN, LARGEST_INTEGER, ZONE_PATTERN, is_day
from fhir_server.fhir.validation import primitive_rules as rules
from fhir_server.fhir.validation.addresses import explain_canonical, explain_oid, explain_uri, explain_uuid
from fhir_server.fhir.validation.narrative import check_narrative
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule, kind
from fhir_server.fhir.validation.text import (
    BLANKS,
    BYTE_ORDER_MARK,
    CONTROL_CHARACTER,
    WHITESPACE,
    is_id,
    turns_direction,
)

Check = Callable[[Any, Place, Report], None]
_Explain = Callable[[str, Place, Report], None]

_LONGEST_STRING = 1024 * 1024
_FIRST_YEAR, _LAST_YEAR = "1800", "2106"  # HL7 doubts a year that is more than 80 years ahead
_SURELY_A_DAY = "28"
_DIGITS = 18

_SIMPLE = frozenset({str, int, bool, Decimal})
_is_short_integer = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII).fullmatch
_is_number = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII).fullmatch
_is_date = re.compile(DATE_PATTERN, re.ASCII).fullmatch
_is_date_time = re.compile(rf"{DATE_PATTERN}|{DAY_PATTERN}T{CLOCK_PATTERN}(\.\d+)?{ZONE_PATTERN}", re.ASCII).fullmatch
_is_zoneless = re.compile(rf"{DAY_PATTERN}T{CLOCK_PATTERN}(\.\d+)?", re.ASCII).fullmatch
_is_instant = re.compile(rf"{DAY_PATTERN}T{CLOCK_PATTERN}(\.\d+)?{ZONE_PATTERN}", re.ASCII).fullmatch
_is_clock = re.compile(CLOCK_PATTERN, re.ASCII).fullmatch
_is_code = re.compile(rf"[^{WHITESPACE}]+( [^{WHITESPACE}]+)*").fullmatch
_has_markup = re.compile(r"(?<!\\)</?[A-Za-z][A-Za-z0-9-]*[\s>]|<[!?]", re.ASCII).search
_not_base64 = re.compile(r"[^A-Za-z0-9+/=]").search


def check_boolean(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is not ``true`` or ``false``."""
    if type(value) is not bool:
        rules.BOOLEAN.note(place, report, kind(value))
        if type(value) in _SIMPLE and not _is_missing(value, place, report) and value not in ("true", "false"):
            rules.BOOLEAN_VALUE.note(place, report)


def check_integer(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no integer of 32 bits."""
    if type(value) is not int or not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
        _explain_integer(value, place, report)


def check_unsigned(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no integer from 0 on."""
    if type(value) is not int or not 0 <= value <= LARGEST_INTEGER:
        _explain_integer(value, place, report, rules.UNSIGNED)


def check_positive(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no integer from 1 on."""
    if type(value) is not int or not 1 <= value <= LARGEST_INTEGER:
        _explain_integer(value, place, report, rules.POSITIVE)


def _explain_integer(value: Any, place: Place, report: Report, too_small: Rule = rules.INTEGER) -> None:
    if type(value) is not int and type(value) is not Decimal:
        rules.NUMBER.note(place, report, kind(value))
        if type(value) not in _SIMPLE or _is_missing(value, place, report):
            return
        value = int(value) if type(value) is str and _is_short_integer(value) else None
    if type(value) is not int or not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
        rules.INTEGER.note(place, report)
    elif too_small is not rules.INTEGER and value < (too_small is rules.POSITIVE):
        too_small.note(place, report)


def check_decimal(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no number, or one with more digits than systems keep."""
    if type(value) is Decimal:
        text = str(value)
        if (len(text) > _DIGITS or "E" in text) and _digits(value) > _DIGITS:
            rules.DECIMAL_RANGE.note(place, report)
    elif type(value) is not int:
        rules.NUMBER.note(place, report, kind(value))
        if type(value) in _SIMPLE and not _is_missing(value, place, report) and _is_number(str(value)) is None:
            rules.DECIMAL.note(place, report)
    elif not -(10**_DIGITS) < value < 10**_DIGITS:
        rules.DECIMAL_RANGE.note(place, report)


def _digits(value: Decimal) -> int:
    """Return how many digits the number has when it is written without an exponent, if that makes it no larger."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent >= 0:
        return len(digits)
    return max(1, len(digits) + exponent) - exponent


def check_string(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no text, or text with something odd in it."""
    if type(value) is not str or not value or not value.isprintable() or value[0] == " " or value[-1] == " ":
        _explain_text(value, place, report, _explain_string)
    elif len(value) > _LONGEST_STRING // 2:
        _explain_string(value, place, report)


def _explain_string(text: str, place: Place, report: Report) -> None:
    trimmed = text.strip(WHITESPACE)
    if not trimmed:
        rules.STRING_ALL_BLANKS.note(place, report)
    elif trimmed != text:
        rules.STRING_BLANKS.note(place, report)
    # A character beyond U+FFFF counts twice, as in Java.
    if len(text) > _LONGEST_STRING or len(text) + sum(map("\uffff".__lt__, text)) > _LONGEST_STRING:
        rules.STRING_LENGTH.note(place, report)


def check_markdown(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no text, or markdown with HTML in it."""
    if type(value) is not str or not value or not value.isprintable() or value[0] == " " or "<" in value:
        _explain_text(value, place, report, _explain_markdown)


def _explain_markdown(text: str, place: Place, report: Report) -> None:
    if _has_markup(text) is not None:
        rules.MARKDOWN_HTML.note(place, report)


def check_code(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no code; a code without blanks, which nearly all are, need not be matched."""
    if type(value) is not str or not value or " " in value or not value.isprintable():
        _explain_text(value, place, report, _explain_code)


def _explain_code(text: str, place: Place, report: Report) -> None:
    if _is_code(text) is None:
        rules.CODE.note(place, report)


def check_id(value: Any, place: Place, report: Report) -> None:
    """Note where *value*, which is of the type id, is none. The id of a resource is `check_resource_id`'s."""
    if type(value) is not str or is_id(value) is None:
        _explain_text(value, place, report, _explain_id)


def _explain_id(text: str, place: Place, report: Report) -> None:
    if is_id(text) is None:
        rules.ID.note(place, report)


def check_resource_id(value: Any, place: Place, report: Report) -> None:
    """Note where *value* cannot be the id of a resource, which R4 declares as a string."""
    if type(value) is not str or is_id(value) is None:
        if value == "":
            rules.RESOURCE_ID_EMPTY.note(place, report)
        else:
            check_string(value, place, report)
            if type(value) is str:
                rules.RESOURCE_ID.note(place, report)


def check_uri(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no uri or url."""
    if type(value) is not str or value[:4] != "http" or " " in value or not value.isprintable():
        _explain_text(value, place, report, explain_uri)


def check_canonical(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is neither an absolute address, with or without ``|version``, nor a fragment."""
    if (
        type(value) is not str
        or not value.startswith(("http://", "https://"))
        or " " in value
        or not value.isprintable()
        or value[-1] == "/"
    ):
        _explain_text(value, place, report, explain_canonical)


def check_oid(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is not ``urn:oid:`` and an OID."""
    _explain_text(value, place, report, explain_oid)


def check_uuid(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is not ``urn:uuid:`` and a UUID."""
    _explain_text(value, place, report, explain_uuid)


def _dated(is_formed: Callable[[str], object | None], wrong: Rule, without_zone: Rule) -> Check:
    """Return the check of a type whose values begin with a date, with what is told where it is of another form."""

    def explain(text: str, place: Place, report: Report) -> None:
        if _is_zoneless(text) is not None and is_day(text):
            without_zone.note(place, report)
        elif is_formed(text) is None or not is_day(text):
            wrong.note(place, report)
        else:
            _check_year(text, place, report)

    def check(value: Any, place: Place, report: Report) -> None:
        if (
            type(value) is not str
            or is_formed(value) is None
            or value[8:10] > _SURELY_A_DAY
            or not _FIRST_YEAR <= value[:4] <= _LAST_YEAR
        ):
            _explain_text(value, place, report, explain)

    return check


def _check_year(text: str, place: Place, report: Report) -> None:
    if not _FIRST_YEAR <= text[:4] <= _LAST_YEAR:
        rules.YEAR.note(place, report)


def check_time(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is no time of day; HL7 takes no fractions of a second, though R4 allows them."""
    if type(value) is not str or _is_clock(value) is None:
        _explain_text(value, place, report, _explain_time)


def _explain_time(text: str, place: Place, report: Report) -> None:
    rules.TIME.note(place, report)


def check_base64(value: Any, place: Place, report: Report) -> None:
    """Note where *value* is not base64."""
    try:
        if type(value) is str and value:
            binascii.a2b_base64(value, strict_mode=True)
            return
    except ValueError:
        pass
    _explain_text(value, place, report, _explain_base64)


def _explain_base64(text: str, place: Place, report: Report) -> None:
    content = text if text.isalnum() else "".join(text.split())
    if sum(each.isalnum() or each in "/=+" for each in content) % 4:
        rules.BASE64.note(place, report)
        return
    if content != text:
        rules.BASE64_BLANKS.note(place, report)
    if _not_base64(content) is not None or "=" in content.rstrip("=") or not content.rstrip("="):
        rules.BASE64_ALPHABET.note(place, report)


def _explain_text(value: Any, place: Place, report: Report, explain: _Explain) -> None:
    """Tell what holds for the text of every type; then, unless there is none, what *explain* knows of this one.

    HL7 looks at a number or a truth value as if it were text, so that a wrong type can be two faults.
    """
    if type(value) is not str:
        simple = type(value) in _SIMPLE
        (rules.STRING if simple else rules.TEXT).note(place, report, kind(value))
        if simple:
            explain(str(value).lower(), place, report)
    elif not _is_missing(value, place, report):
        if not value.isprintable():
            if turns_direction(value):
                rules.DIRECTION.note(place, report)
            if CONTROL_CHARACTER.search(value) is not None:
                rules.CONTROL.note(place, report)
        explain(value, place, report)


def _is_missing(value: Any, place: Place, report: Report) -> bool:
    """Tell of text that is empty or blank, and return whether it is."""
    if type(value) is not str or value.strip(BLANKS + BYTE_ORDER_MARK):
        return False
    (rules.BLANK if value.strip(BYTE_ORDER_MARK) else rules.EMPTY).note(place, report)
    return True


PRIMITIVES: Mapping[str, Check] = {
    "base64Binary": check_base64,
    "boolean": check_boolean,
    "canonical": check_canonical,
    "code": check_code,
    "date": _dated(_is_date, rules.DATE, rules.DATE),
    "dateTime": _dated(_is_date_time, rules.DATE_TIME, rules.ZONE),
    "decimal": check_decimal,
    "id": check_id,
    "instant": _dated(_is_instant, rules.INSTANT, rules.INSTANT),
    "integer": check_integer,
    "markdown": check_markdown,
    "oid": check_oid,
    "positiveInt": check_positive,
    "string": check_string,
    "time": check_time,
    "unsignedInt": check_unsigned,
    "uri": check_uri,
    "url": check_uri,
    "uuid": check_uuid,
    "xhtml": check_narrative,
}
