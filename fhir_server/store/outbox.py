"""The outbox: what has to leave is written with the event that causes it, and delivered by a worker afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from fhir_server.authorization.caller import Role
from fhir_server.errors import NotFound
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement, upsert
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


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that was given up after ``attempts``, and why."""

    id: int
    owner: str
    case: str
    event_number: int
    topic: str
    attempts: int
    dead_at: str
    last_error: str


_PUT = upsert(outbox, lambda statement: statement.on_conflict_do_nothing())
_DUE = (
    select(outbox.c.id)
    .where(outbox.c.delivered_at.is_(None), outbox.c.dead_at.is_(None), outbox.c.available_at <= bindparam("now"))
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
_UNDELIVERED = update(outbox).where(
    outbox.c.id == bindparam("delivery"), outbox.c.delivered_at.is_(None), outbox.c.dead_at.is_(None)
)
_DELIVERED = Statement(_UNDELIVERED.values(delivered_at=bindparam("at"), last_error=None))
_FAILED = Statement(_UNDELIVERED.values(available_at=bindparam("again_at"), last_error=bindparam("error")))
_DEAD = Statement(_UNDELIVERED.values(dead_at=bindparam("at"), last_error=bindparam("error")))
_DEAD_LETTERS = Statement(
    select(
        outbox.c.id,
        outbox.c.owner,
        outbox.c.case_number,
        outbox.c.event_number,
        outbox.c.topic,
        outbox.c.attempts,
        outbox.c.dead_at,
        outbox.c.last_error,
    )
    .where(outbox.c.dead_at.is_not(None))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_REVIVE = Statement(
    update(outbox)
    .where(outbox.c.id == bindparam("delivery"), outbox.c.dead_at.is_not(None))
    .values(dead_at=None, available_at=bindparam("at"))
)


class Outbox(Repository):
    """What waits for delivery. Anyone fills it for his own cases; only an operator's worker empties it."""

    __slots__ = ()

    def put(
        self,
        case: str,
        topic: str,
        at: datetime,
        *,
        event_number: int | None = None,
        not_before: datetime | None = None,
    ) -> None:
        """Have an event of *case*, the last one unless another is named, delivered under *topic*.

        The same event under the same topic is delivered once, however often it is put.
        """
        head = self._unit.heads.of(case)
        self._run(
            _PUT,
            {
                "owner": head.owner,
                "case_number": case,
                "event_number": head.last_event if event_number is None else event_number,
                "topic": topic,
                "created_at": utc_text(at),
                "available_at": utc_text(not_before or at),
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

    def dead(self, delivery: int, error: str, at: datetime) -> None:
        """Give the delivery up; it waits for an operator. *error* must not hold a beneficiary's data."""
        self._settle(_DEAD, {"delivery": delivery, "error": error, "at": utc_text(at)})

    def dead_letters(self, most: int = 100) -> tuple[DeadLetter, ...]:
        """Return what was given up, oldest first."""
        self._unit.caller.require(Role.OPERATOR)
        return tuple(DeadLetter(*row) for row in self._rows(_DEAD_LETTERS, {"most": most}))

    def revive(self, delivery: int, at: datetime) -> None:
        """Have a delivery that was given up tried again from *at* on; raise `NotFound` where it was not."""
        self._settle(_REVIVE, {"delivery": delivery, "at": utc_text(at)})

    def _settle(self, statement: Statement, parameters: dict[str, object]) -> None:
        self._unit.caller.require(Role.OPERATOR)
        if self._run(statement, parameters) != 1:
            raise NotFound.because("Nothing of this number waits for delivery.", "Ask for what is due.")
