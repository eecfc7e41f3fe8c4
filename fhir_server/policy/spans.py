"""Days and stretches of days: dates of service, and the dates between which a row is in force."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from fhir_server.authorization.determination import FindingResult
from fhir_server.authorization.values import DateOrPeriod, Period

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """From the ``first`` to the ``last`` day, both included; ``None`` is open."""

    first: date | None = None
    last: date | None = None

    def within(self, start: date | None, end: date | None) -> FindingResult:
        """Return whether all days lie between *start* and *end*: ``unknown`` where only some do, or may do."""
        if (start and self.last and self.last < start) or (end and self.first and self.first > end):
            return "not met"
        begins = start is None or (self.first is not None and self.first >= start)
        ends = end is None or (self.last is not None and self.last <= end)
        return "met" if begins and ends else "unknown"

    def __str__(self) -> str:
        if self.first == self.last and self.first:
            return self.first.isoformat()
        first, last = self.first, self.last
        if first and last:
            return f"{first.isoformat()} to {last.isoformat()}"
        return f"{first.isoformat()} or later" if first else f"{last.isoformat()} or earlier" if last else "any day"


def span_of(value: DateOrPeriod) -> Span | None:
    """Return the days that a date, a part of a date (``2026-03``) or a period names; ``None`` if it cannot be read.

    A period without an end is its first day, as the 278 mapping sends it (X12 DTP*472).
    """
    if isinstance(value, str):
        return _days_of(value)
    return _span_of_period(value)


def _span_of_period(period: Period) -> Span | None:
    start = _days_of(period.start) if period.start else None
    end = _days_of(period.end) if period.end else start
    if (period.start and not start) or end is None:
        return None
    if start is None:
        return Span(None, end.last)
    if not (start.first and end.last) or end.last < start.first:
        return None
    return Span(start.first, end.last)


def _days_of(text: str) -> Span | None:
    match = _DATE.fullmatch(text)
    if not match:
        return None
    year, month, day = match.groups()
    try:
        if day:
            exact = date(int(year), int(month), int(day))
            return Span(exact, exact)
        first_month, last_month = (int(month), int(month)) if month else (1, 12)
        last_day = calendar.monthrange(int(year), last_month)[1]
        return Span(date(int(year), first_month, 1), date(int(year), last_month, last_day))
    except ValueError:
        return None
