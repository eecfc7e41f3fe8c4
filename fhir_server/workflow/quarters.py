"""Calendar quarters, by which exemptions begin, end and are assessed (guide 6.0, 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

MONTHS, QUARTERS = 3, 4
_FORM = re.compile(r"(\d{4})-?Q([1-4])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a calendar year, 1 to 4. Its days begin and end by UTC, as decisions are kept."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def first_day(self) -> date:
        """The day on which it begins."""
        return date(self.year, (self.number - 1) * MONTHS + 1, 1)

    @property
    def begins(self) -> datetime:
        """The moment at which it begins."""
        return datetime.combine(self.first_day, time.min, UTC)

    @property
    def ends(self) -> datetime:
        """The moment at which the next one begins."""
        return self.later(1).begins

    def later(self, quarters: int) -> Quarter:
        """Return the quarter so many quarters later, or earlier where it is negative."""
        year, index = divmod(self.year * QUARTERS + self.number - 1 + quarters, QUARTERS)
        return Quarter(year, index + 1)


def quarter_of(day: date) -> Quarter:
    """Return the quarter that *day* lies in."""
    return Quarter(day.year, (day.month - 1) // MONTHS + 1)


def quarter_named(text: str) -> Quarter:
    """Return the quarter that is written ``2026Q3`` or ``2026-Q3``. Raises ValueError."""
    match = _FORM.fullmatch(text.strip().upper())
    if match is None:
        raise ValueError("write a quarter as 2026Q3")
    return Quarter(int(match[1]), int(match[2]))


def next_quarter_after(day: date, notice: timedelta = timedelta(0)) -> Quarter:
    """Return the first quarter that begins after *day*, at least *notice* later."""
    quarter = quarter_of(day).later(1)
    while quarter.first_day - day < notice:
        quarter = quarter.later(1)
    return quarter
