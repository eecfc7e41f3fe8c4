"""The least and the greatest value that a value of limited precision may stand for (FHIRPath, Utility functions)."""

from __future__ import annotations

import re
from calendar import monthrange
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

from fhir_server.fhir.fhirpath.errors import EvaluationFailed

_ZONE = re.compile(r"(?<=\d)(Z|[+-]\d\d:\d\d)$")
_LARGEST_PRECISION = 16
DECIMAL_PRECISION, DATE_PRECISION, DATE_TIME_PRECISION, TIME_PRECISION = 8, 10, 17, 9
# How many characters of a dateTime, and of a time, a precision (a number of digits) keeps.
_DATE_LENGTHS = {4: 4, 6: 7, 7: 7, 8: 10, 10: 10, 14: 19, 17: 23}
_TIME_LENGTHS = {2: 2, 4: 5, 6: 8, 9: 12}
# The widest zones that there are: where a moment may be first, and last.
_ZONES = {"low": "+14:00", "high": "-12:00"}
_MISSING = {
    "low": {4: "-01", 7: "-01", 10: "T00:00", 13: ":00", 16: ":00", 19: ".000"},
    "high": {4: "-12", 10: "T23:59", 13: ":59", 16: ":59", 19: ".999"},
}
_MISSING_TIME = {"low": {2: ":00", 5: ":00", 8: ".000"}, "high": {2: ":59", 5: ":59", 8: ".999"}}


def of_decimal(text: str, precision: int, side: str) -> Decimal | None:
    """Return the boundary of a number, ``None`` for a precision that is not offered."""
    if not 0 <= precision <= _LARGEST_PRECISION:
        return None
    try:
        number = Decimal(text)
        exponent = number.as_tuple().exponent
        half = Decimal(5).scaleb(exponent - 1 if isinstance(exponent, int) else 0)
        wanted = number - half if side == "low" else number + half
        return wanted.quantize(Decimal(1).scaleb(-precision), ROUND_FLOOR if side == "low" else ROUND_CEILING)
    except InvalidOperation:
        raise EvaluationFailed("no number") from None


def of_date(text: str, precision: int, side: str) -> str:
    """Return the boundary of a date or dateTime, to a precision in digits (4, 6, 8, 14 or 17)."""
    date, zone = _split(text)
    for length in (4, 7, 10, 13, 16, 19):
        if len(date) == length:
            last_day = side == "high" and length == 7
            date += _last_day(date) if last_day else _MISSING[side][length]
    if precision not in _DATE_LENGTHS:
        raise EvaluationFailed("no precision of dates")
    if precision <= DATE_PRECISION:
        zone = ""
    elif not zone:
        zone = _ZONES[side]
    return date[: _DATE_LENGTHS[precision]] + zone


def of_time(text: str, precision: int, side: str) -> str:
    """Return the boundary of a time of day, to a precision in digits (2, 4, 6 or 9)."""
    time, zone = _split(text)
    for length in (2, 5, 8):
        if len(time) == length:
            time += _MISSING_TIME[side][length]
    if precision not in _TIME_LENGTHS:
        raise EvaluationFailed("no precision of times")
    return time[: _TIME_LENGTHS[precision]] + zone


def digits(text: str) -> int:
    """Return the precision of a date, dateTime or time as its number of digits."""
    return sum(character.isdigit() for character in _split(text)[0])


def decimals(text: str) -> int:
    """Return the precision of a number as its number of digits after the point."""
    return len(text.partition(".")[2])


def _split(text: str) -> tuple[str, str]:
    match = _ZONE.search(text) if "T" in text or ":" in text else None
    return (text[: match.start()], match.group()) if match else (text, "")


def _last_day(year_and_month: str) -> str:
    try:
        return f"-{monthrange(int(year_and_month[:4]), int(year_and_month[5:7]))[1]:02}"
    except ValueError:
        raise EvaluationFailed("no month") from None
