"""The outbox: what has to leave is written with the event that causes it, and delivered by a worker afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from fhir_server.authorization.caller import Role
from fhir_server.errors import NotFound
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.tables import outbox
from fhir_server.store.values import utc_text


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to deliver; ``attempts`` counts this one."""

    id: int
    owner: str
    case: str
    event_number: int
    topic: str
    attempts: int


_PUT = Statement(insert(outbox))
_DUE = (
    select(outbox.c.id)
    .where(outbox.c.delivered_at.is_(None), outbox.c.available_at <= bindparam("now"))
    .order_by(outbox.c.available_at, outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_LEASE = Statement(
    update(outbox)
    .where(outbox.c.id.in_(_DUE.scalar_subquery()))
    .values(available_at=bindparam("leased_until"), attempts=outbox.c.attempts + 1)
    .returning(
        outbox.c.id, outbox.c.owner, outbox.c.case_number, outbox.c.event_number, outbox.c.topic, outbox.c.attempts
    )
)
_UNDELIVERED = update(outbox).where(outbox.c.id == bindparam("delivery"), outbox.c.delivered_at.is_(None))
_DELIVERED = Statement(_UNDELIVERED.values(delivered_at=bindparam("at"), last_error=None))
_FAILED = Statement(_UNDELIVERED.values(available_at=bindparam("again_at"), last_error=bindparam("error")))


class Outbox(Repository):
    """What waits for delivery. Anyone fills it for his own cases; only an operator's worker empties it."""

    __slots__ = ()

    def put(self, case: str, topic: str, at: datetime) -> None:
        """Have the last event of *case* delivered under *topic*, from *at* on."""
        head = self._unit.heads.of(case)
        moment = utc_text(at)
        self._run(
            _PUT,
            {
                "owner": head.owner,
                "case_number": case,
                "event_number": head.last_event,
                "topic": topic,
                "created_at": moment,
                "available_at": moment,
                "attempts": 0,
            },
        )

    def lease(self, now: datetime, duration: timedelta, most: int) -> tuple[Delivery, ...]:
        """Return up to *most* deliveries that are due, oldest first; no other worker gets them for *duration*."""
        self._unit.caller.require(Role.OPERATOR)
        rows = self._rows(_LEASE, {"now": utc_text(now), "leased_until": utc_text(now + duration), "most": most})
        return tuple(sorted((Delivery(*row) for row in rows), key=lambda each: each.id))

    def delivered(self, delivery: int, at: datetime) -> None:
        """Mark the delivery as done; raise `NotFound` where it is done already or never was."""
        self._settle(_DELIVERED, {"delivery": delivery, "at": utc_text(at)})

    def failed(self, delivery: int, error: str, again_at: datetime) -> None:
        """Have the delivery tried again at *again_at*. *error* must not hold a beneficiary's data."""
        self._settle(_FAILED, {"delivery": delivery, "error": error, "again_at": utc_text(again_at)})

    def _settle(self, statement: Statement, parameters: dict[str, object]) -> None:
        self._unit.caller.require(Role.OPERATOR)
        if self._run(statement, parameters) != 1:
            raise NotFound.because("Nothing of this number waits for delivery.", "Ask for what is due.")
