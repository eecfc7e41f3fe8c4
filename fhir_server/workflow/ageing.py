"""Cases that wait too long: an alert when one comes near its due time, past it, and past its latest (S-09)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.events import Aged, EventKind
from fhir_server.store.database import Database
from fhir_server.store.unit import UnitOfWork
from fhir_server.store.worklist_items import Alert

SOON = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class AgedCase:
    """A waiting case that came to the level ``alert``."""

    case: str
    alert: Alert
    expedited: bool


def note_ageing(
    database: Database, caller: Caller, now: datetime, soon: timedelta = SOON, most: int = 100
) -> tuple[AgedCase, ...]:
    """Append an event to every waiting case that came to a new level by *now*, once for each; return these cases.

    A case is due soon when *soon* is left.
    """
    noted: list[AgedCase] = []
    while True:
        with database.write(caller) as unit:
            batch = tuple(_noted(unit, now, soon, most))
        noted += batch
        if not batch:
            return tuple(noted)


def _noted(unit: UnitOfWork, now: datetime, soon: timedelta, most: int) -> Iterator[AgedCase]:
    for item, level in unit.worklist.due_for_alert(now, soon, most):
        state = unit.cases.get(item.case).state
        if unit.worklist.alert(item.case, level):
            unit.events.append(item.case, unit.caller.client, EventKind.AGED, Aged(level), state, now)
            yield AgedCase(item.case, level, item.expedited)
