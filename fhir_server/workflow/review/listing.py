"""Which cases wait for a person, and how urgent each is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.clocks import utc_text
from fhir_server.store.worklist_items import ALL_OPEN, Alert, Filter, WorklistItem
from fhir_server.workflow.review.desk import Desk, acting_reviewer

SECONDS_OF_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Listed:
    """A case that waits. ``hours_left`` is until it is due, below zero when that is over.

    ``alert`` is ``overdue`` or ``late`` as the moment says, ``due-soon`` where that was noted.
    """

    item: WorklistItem
    hours_left: float
    alert: Alert | None


def listed(
    desk: Desk, caller: Caller, now: datetime, wanted: Filter = ALL_OPEN, *, fitting: bool = False
) -> tuple[Listed, ...]:
    """Return the cases that *wanted* lets through, those that are due first at the head.

    With *fitting* they are those that the caller may decide: of his specialties, where he has a valid licence. Raises
    `NotAllowed` unless the caller reviews or operates.
    """
    with desk.database.read(caller) as unit:
        if fitting:
            reviewer = acting_reviewer(unit, caller)
            day = now.astimezone(UTC).date().isoformat()
            states = tuple(
                each.state
                for each in reviewer.licences
                if each.valid_from <= day and (each.valid_to is None or day <= each.valid_to)
            )
            wanted = replace(wanted, specialties=reviewer.specialties or ("",), states=states or ("",))
        return tuple(standing_of(each, now) for each in unit.worklist.listed(wanted))


def standing_of(item: WorklistItem, now: datetime) -> Listed:
    """Return the item with how urgent it is *now*."""
    left = (datetime.fromisoformat(item.due_at) - now).total_seconds() / SECONDS_OF_HOUR
    return Listed(item, round(left, 2), next(_alerts(item, utc_text(now)), None))


def _alerts(item: WorklistItem, moment: str) -> Iterator[Alert]:
    if item.status == "closed":
        return
    if item.latest_at <= moment:
        yield "late"
    if item.due_at <= moment:
        yield "overdue"
    if item.alert:
        yield item.alert
