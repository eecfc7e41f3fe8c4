"""Dates and times of any precision: compared, added to, and their boundaries (FHIRPath N1).

Where that text leaves room, the readings are those of the HL7 validator: a time without zone is ordered as if it were
UTC, and one without zone is neither equal nor unequal to one with a zone that it may be.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from decimal import Decimal

from fhir_server.fhir.fhirpath.errors import EvaluationFailed

Fields = tuple[int | Decimal, ...]

_DATE = r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?"
_CLOCK = r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?"
_MOMENT = re.compile(rf"{_DATE}(?:T(?:{_CLOCK})?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)
# How many of year, month, day, hour, minute, second a precision tells.
_YEAR, _MONTH, _DAY, _MINUTE, _SECOND = 1, 2, 3, 5, 6
_PRECISIONS = (_YEAR, _MONTH, _DAY, _MINUTE, _SECOND)
_FIRST: tuple[int, ...] = (1, 1, 1, 0, 0, 0)
_WIDEST_OFFSET = timedelta(hours=14)
_MONTHS_OF_YEAR = 12
_SECONDS_OF_DAY = 86_400
# The words of the calendar, and the codes of UCUM that are of a fixed length: `a` and `mo` are not.
_SECONDS = {
    "second": 1, "seconds": 1, "s": 1,
    "minute": 60, "minutes": 60, "min": 60,
    "hour": 3600, "hours": 3600, "h": 3600,
    "day": 86_400, "days": 86_400, "d": 86_400,
    "week": 604_800, "weeks": 604_800, "wk": 604_800,
}  # fmt: skip
_MILLISECONDS = frozenset(("millisecond", "milliseconds", "ms"))
_MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, or a date and time: its fields as far as ``precision`` tells, the rest at their first value."""

    fields: tuple[int, int, int, int, int, Decimal]
    precision: int
    zone: str

    def at(self) -> datetime:
        """Return the moment as if its zone were UTC. Raises ``EvaluationFailed`` if there is no such day."""
        year, month, day, hour, minute, second = self.fields
        try:
            return datetime(year, month, day) + timedelta(hours=hour, minutes=minute, seconds=float(second))  # noqa: DTZ001
        except (ValueError, OverflowError):
            raise EvaluationFailed("no such day") from None

    def in_utc(self) -> Fields:
        """Return the fields in UTC, those of a date without time as they are."""
        at = self.at()
        if self.precision <= _DAY or self.zone in ("", "Z"):
            return self.fields
        at = _moved(at, -_offset(self.zone))
        return at.year, at.month, at.day, at.hour, at.minute, self.fields[5]

    def span(self) -> tuple[datetime, datetime]:
        """Return the first and the last moment (in UTC) that this may be."""
        low = high = self.at()
        if self.zone:
            low = high = _moved(low, -_offset(self.zone))
        else:
            low, high = _moved(low, -_WIDEST_OFFSET), _moved(high, _WIDEST_OFFSET)
        return low, self._edge(high)

    def _edge(self, at: datetime) -> datetime:
        match self.precision:
            case 1:
                return _months_later(at, _MONTHS_OF_YEAR)
            case 2:
                return _months_later(at, 1)
            case 3:
                return _moved(at, timedelta(days=1))
            case 5:
                return _moved(at, timedelta(minutes=1))
        return at if self.fields[5] % 1 else _moved(at, timedelta(seconds=1))

    def text_of(self, at: datetime, second: Decimal) -> str:
        """Return another moment, written to the precision of this one."""
        date = f"{at.year:04}-{at.month:02}-{at.day:02}"
        if self.precision <= _DAY:
            return date[: (4, 7, 10)[self.precision - 1]]
        return f"{date}T{at.hour:02}:{at.minute:02}:{_second(second)}{self.zone}"


def moment(text: str | None) -> Moment:
    """Read a FHIR date, dateTime or instant. Raises ``EvaluationFailed`` where it is none."""
    match = _MOMENT.fullmatch(text or "")
    if match is None:
        raise EvaluationFailed("no date")
    *parts, second, zone = match.groups()
    told = sum(part is not None for part in parts)
    precision = _SECOND if second else told if told <= _DAY else _MINUTE
    year, month, day, hour, minute = (int(part or first) for part, first in zip(parts, _FIRST, strict=False))
    result = Moment((year, month, day, hour, minute, Decimal(second or 0)), precision, zone or "")
    result.at()
    return result


def compare(left: Moment, right: Moment) -> int | None:
    """Return -1, 0 or 1; ``None`` where the precision of one does not tell."""
    mine, other = left.in_utc(), right.in_utc()
    for precision in _PRECISIONS:
        if mine[:precision] != other[:precision]:
            return -1 if mine[:precision] < other[:precision] else 1
        if left.precision == precision or right.precision == precision:
            return 0 if left.precision == right.precision else None
    return 0


def same(left: Moment, right: Moment) -> bool | None:
    """Return whether two moments are the same; ``None`` where their precisions or zones do not tell."""
    if bool(left.zone) == bool(right.zone):
        order = compare(left, right)
        return None if order is None else order == 0
    (low, high), (other_low, other_high) = left.span(), right.span()
    return None if low <= other_high and other_low <= high else False


def compare_times(left: str | None, right: str | None) -> int | None:
    """Return how two times of day are ordered; ``None`` where the precision of one does not tell."""
    mine, other = _time(left), _time(right)
    width = min(len(mine), len(other))
    if mine[:width] != other[:width]:
        return -1 if mine[:width] < other[:width] else 1
    return 0 if len(mine) == len(other) else None


def add(text: str | None, amount: Decimal, unit: str) -> str:
    """Return a date or dateTime with a duration added. Raises ``EvaluationFailed`` for units of no fixed length."""
    start = moment(text)
    at = start.at()
    if unit in _MONTHS:
        return start.text_of(_months_later(at, int(amount) * _MONTHS[unit]), start.fields[5])
    seconds = start.fields[5] + _seconds(amount, unit)
    whole = at.replace(second=0, microsecond=0)
    minutes, second = seconds // 60, seconds % 60
    if second < 0:
        minutes, second = minutes - 1, second + 60
    return start.text_of(_moved(whole, timedelta(minutes=int(minutes))), second)


def add_to_time(text: str | None, amount: Decimal, unit: str) -> str:
    """Return a time of day with a duration added; it goes round at midnight."""
    fields = [*_time(text), Decimal(0)][:3]
    total = fields[0] * 3600 + fields[1] * 60 + fields[2] + _seconds(amount, unit)
    total -= (total // _SECONDS_OF_DAY) * _SECONDS_OF_DAY
    if total < 0:
        total += _SECONDS_OF_DAY
    return f"{int(total // 3600):02}:{int(total % 3600 // 60):02}:{_second(Decimal(total % 60))}"


def _seconds(amount: Decimal, unit: str) -> Decimal:
    if unit in _MILLISECONDS:
        return Decimal(int(amount)) / 1000
    if unit not in _SECONDS:
        raise EvaluationFailed("no unit of time")
    return amount if _SECONDS[unit] == 1 else Decimal(int(amount) * _SECONDS[unit])


def _second(second: Decimal) -> str:
    whole, _, fraction = f"{second:f}".partition(".")
    return f"{int(whole):02}" + (f".{fraction}" if fraction else "")


def _time(text: str | None) -> tuple[Decimal, ...]:
    match = _TIME.fullmatch(text or "")
    if match is None:
        raise EvaluationFailed("no time")
    hour, minute, second = match.groups()
    return (Decimal(hour), Decimal(minute or 0), *((Decimal(second),) if second else ()))


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta(0)
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return size if zone[0] == "+" else -size


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        raise EvaluationFailed("out of the calendar") from None


def _months_later(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * _MONTHS_OF_YEAR + at.month - 1 + months, _MONTHS_OF_YEAR)
    if not MINYEAR <= year <= MAXYEAR:
        raise EvaluationFailed("out of the calendar")
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
