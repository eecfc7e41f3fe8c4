"""The limits that a questionnaire sets to its answers: least and most, length, form, size.

All but ``maxLength`` are extensions of the core specification and of SDC (https://hl7.org/fhir/uv/sdc/STU4/). DTR does
not oblige a client to know them (dtr.md T-31): their keys begin with ``questionnaire-limit``, so that whoever receives
answers can keep them apart. The limit is told, the answer never is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fhir_server.fhir.validation.enable_when import amounts, base_unit, is_number, start
from fhir_server.fhir.validation.questionnaires import LONGEST_TOLD, Item, Json
from fhir_server.fhir.validation.regular_expressions import matches
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
MIN_VALUE, MAX_VALUE = _CORE + "minValue", _CORE + "maxValue"
MIN_QUANTITY, MAX_QUANTITY = _SDC + "minQuantity", _SDC + "maxQuantity"
MIN_LENGTH, REGEX, ENTRY_FORMAT = _CORE + "minLength", _CORE + "regex", _CORE + "entryFormat"
MAX_DECIMALS = _CORE + "maxDecimalPlaces"
MIME_TYPE, MAX_SIZE = _CORE + "mimeType", _CORE + "maxSize"

TOO_LITTLE = Rule(
    "questionnaire-limit-least",
    "QUESTIONNAIRE_QR_ITEM_*_MIN",
    "The answer to the item {!r} is less than {}, the least that the questionnaire allows.",
    "Check the value and its unit.",
)
TOO_MUCH = Rule(
    "questionnaire-limit-most",
    "QUESTIONNAIRE_QR_ITEM_*_MAX",
    "The answer to the item {!r} is more than {}, the most that the questionnaire allows.",
    "Check the value and its unit.",
)
INCOMPARABLE = Rule(
    "questionnaire-limit-unit",
    "QUESTIONNAIRE_QR_ITEM_DECIMAL_CANNOT_COMPARE_*",
    "The unit of the answer to the item {!r} cannot be compared with {}, the limit that the questionnaire sets.",
    "Give the quantity with system and code, in a unit of the same kind.",
)
TOO_PRECISE = Rule(
    "questionnaire-limit-decimals",
    "QUESTIONNAIRE_QR_ITEM_DECIMAL_MAX_DECIMALS",
    "The answer to the item {!r} has more than {} decimal places.",
    "Round it.",
)
TOO_SHORT = Rule(
    "questionnaire-limit-min-length",
    "QUESTIONNAIRE_QR_ITEM_STRING_MIN_LENGTH",
    "The answer to the item {!r} is shorter than {} characters.",
)
TOO_LONG = Rule(
    "questionnaire-max-length",
    "QUESTIONNAIRE_QR_ITEM_STRING_MAX_LENGTH",
    "The answer to the item {!r} is longer than {} characters.",
    "Shorten it.",
)
WRONG_FORM = Rule(
    "questionnaire-limit-form",
    "QUESTIONNAIRE_QR_ITEM_STRING_REGEX",
    "The answer to the item {!r} has not the form that is asked for: {}.",
    "Write it in that form.",
)
SEVERAL_LINES = Rule(
    "questionnaire-answer-lines",
    "QUESTIONNAIRE_QR_ITEM_STRING_ILLEGAL_CHARS",
    "The answer to the item {!r}, which takes one line, has several.",
    "Write it on one line.",
    "warning",
)
FORM_NOT_CHECKED = Rule(
    "questionnaire-limit-not-checked",
    "",
    "Whether the answer to the item {!r} has the form that is asked for is not checked here.",
    severity="information",
)
NO_MIME_TYPE = Rule(
    "questionnaire-limit-mime-type",
    "QUESTIONNAIRE_QR_ITEM_NOT_ATTACHMENT_MIMETYPE",
    "The attachment for the item {!r} names no contentType; allowed are {}.",
    "Name the contentType.",
)
WRONG_MIME_TYPE = Rule(
    "questionnaire-limit-mime-type",
    "QUESTIONNAIRE_QR_ITEM_BAD_ATTACHMENT_MIMETYPE",
    "The contentType of the attachment for the item {!r} is not allowed; allowed are {}.",
    "Send the content as one of these types.",
)
TOO_LARGE = Rule(
    "questionnaire-limit-size",
    "QUESTIONNAIRE_QR_ITEM_BAD_ATTACHMENT_LENGTH",
    "The attachment for the item {!r} is larger than {} bytes.",
    "Send a smaller one, or only its address.",
)

Check = Callable[[Item, Any, Place, Place, Report], None]


def check_limits(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    """Report where the value at *place*, of an *answer* of the right type, goes beyond the limits of its item."""
    check = _CHECKS.get(item.type)
    if check is not None:
        check(item, value, answer, place, report)


def told(item: Item) -> str:
    """Return the linkId of an item, as it stands in messages."""
    return item.link_id[:LONGEST_TOLD]


def _number(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    if not is_number(value):
        return
    least, most = limit_of(item, MIN_VALUE), limit_of(item, MAX_VALUE)
    if is_number(least) and value < least:
        TOO_LITTLE.note(place, report, told(item), least)
    if is_number(most) and value > most:
        TOO_MUCH.note(place, report, told(item), most)
    _decimals(item, value, place, report)


def _decimals(item: Item, value: Any, place: Place, report: Report) -> None:
    limit = limit_of(item, MAX_DECIMALS)
    if is_number(limit) and isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > limit:
            TOO_PRECISE.note(place, report, told(item), limit)


def _moment(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    moment = start(value)
    if moment is None:
        return
    least, most = start(limit_of(item, MIN_VALUE)), start(limit_of(item, MAX_VALUE))
    if least is not None and moment < least:
        TOO_LITTLE.note(place, report, told(item), limit_of(item, MIN_VALUE))
    if most is not None and moment > most:
        TOO_MUCH.note(place, report, told(item), limit_of(item, MAX_VALUE))


def _time(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    if not isinstance(value, str):
        return
    least, most = limit_of(item, MIN_VALUE), limit_of(item, MAX_VALUE)
    if isinstance(least, str) and value < least:
        TOO_LITTLE.note(place, report, told(item), least)
    if isinstance(most, str) and value > most:
        TOO_MUCH.note(place, report, told(item), most)


def _line(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    if not isinstance(value, str):
        return
    _length(item, value, place, report, TOO_SHORT, TOO_LONG)
    expression, words = limit_of(item, REGEX), limit_of(item, ENTRY_FORMAT)
    if isinstance(expression, str):
        matched = matches(expression, value)
        if matched is None:
            FORM_NOT_CHECKED.note(place, report, told(item))
        elif not matched:
            WRONG_FORM.note(place, report, told(item), words if isinstance(words, str) else expression)
    if "\n" in value or "\r" in value:
        SEVERAL_LINES.note(place, report, told(item))


def _text(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    # The HL7 validator takes the length of a `string` only; the specification means that of `text` and `url` as well.
    if isinstance(value, str):
        _length(
            item, value, place, report, replace(TOO_SHORT, severity="warning"), replace(TOO_LONG, severity="warning")
        )


def _length(item: Item, value: str, place: Place, report: Report, short: Rule, long: Rule) -> None:
    least, most = limit_of(item, MIN_LENGTH), item.definition.get("maxLength")
    if is_number(least) and len(value) < least:
        short.note(place, report, told(item), least)
    if is_number(most) and most >= 0 and len(value) > most:
        long.note(place, report, told(item), most)


def _attachment(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    if not isinstance(value, dict):
        return
    types = [each for _, each in item.extensions.get(MIME_TYPE, ()) if isinstance(each, str)]
    if types:
        content_type = value.get("contentType")
        if not isinstance(content_type, str):
            NO_MIME_TYPE.note(answer, report, told(item), ", ".join(types))
        elif not content_type.startswith(tuple(types)):
            WRONG_MIME_TYPE.note(answer, report, told(item), ", ".join(types))
    most, data = limit_of(item, MAX_SIZE), value.get("data")
    if is_number(most) and most > 0 and isinstance(data, str) and _size(data) > most:
        TOO_LARGE.note(answer, report, told(item), most)


def _size(data: str) -> int:
    """Return how many bytes base64 stands for."""
    letters = len(data) - sum(map(data.count, " \t\r\n"))
    return letters * 3 // 4 - min(data.count("="), 2)


def _quantity(item: Item, value: Any, answer: Place, place: Place, report: Report) -> None:
    if not isinstance(value, dict):
        return
    for url, sign, rule in ((MIN_QUANTITY, -1, TOO_LITTLE), (MAX_QUANTITY, 1, TOO_MUCH)):
        limit = limit_of(item, url)
        if isinstance(limit, dict):
            _amount(item, value, limit, place, report, sign, rule)
    _decimals(item, value.get("value"), place, report)


def _amount(item: Item, value: Json, limit: Json, place: Place, report: Report, sign: int, rule: Rule) -> None:
    words = f"{limit.get('value')} {limit.get('unit') or limit.get('code') or ''}".rstrip()[:LONGEST_TOLD]
    if not _commensurable(value, limit):
        INCOMPARABLE.note(place, report, told(item), words)
        return
    numbers = amounts(value, limit)
    if numbers is not None and (numbers[0] > numbers[1] if sign > 0 else numbers[0] < numbers[1]):
        rule.note(place, report, told(item), words)


def _commensurable(value: Json, limit: Json) -> bool:
    units = [(each.get("system"), each.get("code")) for each in (value, limit)]
    if not all(system and code for system, code in units):
        return False
    if units[0] == units[1]:
        return True
    bases = base_unit(value), base_unit(limit)
    return bases[0] is not None and bases[1] is not None and bases[0][1] == bases[1][1]


def limit_of(item: Item, url: str) -> Any:
    """Return the value of the item's extension, ``None`` where it has none."""
    values = item.extensions.get(url)
    return values[0][1] if values else None


_CHECKS: Mapping[str, Check] = {
    "integer": _number,
    "decimal": _number,
    "date": _moment,
    "dateTime": _moment,
    "time": _time,
    "string": _line,
    "text": _text,
    "url": _text,
    "attachment": _attachment,
    "quantity": _quantity,
}
