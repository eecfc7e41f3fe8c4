"""The time in which a request has to be decided: calendar days from receipt, in UTC and by the contractor's own day.

WISeR guide 6.0, 4.2: three calendar days, two where it is expedited. Nothing stops the clock (S-09).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

STANDARD_DAYS, EXPEDITED_DAYS = 3, 2
VALID_DAYS = 119
"""The day of the decision is the first of 120 days (guide 4.3)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When a request came and until when it has to be decided; all moments are ISO 8601 in UTC.

    ``due`` is 72 hours from receipt (48 where expedited), ``latest`` the end of the third (second) calendar day in
    ``time_zone``, the contractor's. ``received_on`` is the day of receipt there. ``downgraded`` is whether expedited
    review was asked for and not granted.
    """

    received_at: str
    received_on: str
    due: str
    latest: str
    time_zone: str
    expedited: bool = False
    downgraded: bool = False


def clock_of(received_at: datetime, time_zone: str, *, expedited: bool = False, downgraded: bool = False) -> Clock:
    """Return the clock of a request that was received at *received_at*; *time_zone* is an IANA name."""
    zone = ZoneInfo(time_zone)
    days = EXPEDITED_DAYS if expedited else STANDARD_DAYS
    local_day = received_at.astimezone(zone).date()
    last_day_ends = datetime.combine(local_day + timedelta(days=days + 1), time.min, zone)
    return Clock(
        received_at=utc_text(received_at),
        received_on=local_day.isoformat(),
        due=utc_text(received_at + timedelta(days=days)),
        latest=utc_text(last_day_ends),
        time_zone=time_zone,
        expedited=expedited,
        downgraded=downgraded,
    )


def last_day_of_service(decided_on: date) -> date:
    """Return the last day of service that an affirmation of *decided_on* holds for."""
    return decided_on + timedelta(days=VALID_DAYS)


def utc_text(moment: datetime) -> str:
    """Return *moment* as the server keeps it: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
