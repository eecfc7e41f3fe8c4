"""Affirmations end: a case whose last day of service is over becomes EXPIRED (guide 6.0, 4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.events import Determined, Event, EventKind, Expired
from fhir_server.authorization.states import State
from fhir_server.store.database import Database
from fhir_server.store.tracking import TrackingRecord
from fhir_server.store.unit import UnitOfWork

WESTERNMOST = "America/Los_Angeles"
"""The zone of a decision that names none: no day of the model's states ends later."""


def expire(database: Database, caller: Caller, now: datetime, most: int = 100) -> int:
    """Expire every case whose last day of service is over where its contractor is; return how many.

    Goes on, *most* cases a transaction, until none is left; several may be at it at the same time.
    """
    expired = 0
    while batch := _expire_some(database, caller, now, most):
        expired += batch
    return expired


def _expire_some(database: Database, caller: Caller, now: datetime, most: int) -> int:
    # The day in UTC is never behind the contractor's: what is over there is among these.
    with database.write(caller) as unit:
        over = [each for each in unit.tracking.past(now.date().isoformat(), most) if _is_over(unit, each, now)]
        for record in over:
            expired = Expired(record.valid_to or "")
            unit.events.append(record.case, caller.client, EventKind.EXPIRED, expired, State.EXPIRED, now)
        return len(over)


def _is_over(unit: UnitOfWork, record: TrackingRecord, now: datetime) -> bool:
    """Return whether the case is affirmed still, once it is locked, and its last day over by the contractor's clock."""
    if unit.cases.get(record.case).state not in (State.AFFIRMED, State.PARTIAL) or record.valid_to is None:
        return False
    zone = _time_zone(unit.events.of(record.case), record.decision)
    return now.astimezone(ZoneInfo(zone)).date().isoformat() > record.valid_to


def _time_zone(events: Iterable[Event], decision: int) -> str:
    for event in events:
        if event.number == decision and isinstance(event.data, Determined) and event.data.determination.clock:
            return event.data.determination.clock.time_zone
    return WESTERNMOST
