"""Replays: the same content from the same client is answered once, and then again with the same bytes (S-16)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from fhir_server.store.messages import Message
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement, upsert
from fhir_server.store.tables import message, replay
from fhir_server.store.values import utc_text


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it went out. ``event_number`` is the last event of the case at that time."""

    case: str
    status: int
    content_type: str
    body: bytes = field(repr=False)
    event_number: int


def _claim(statement: Any) -> Any:
    return statement.on_conflict_do_update(
        index_elements=[replay.c.key],
        set_={
            "received_at": statement.excluded.received_at,
            "case_number": None,
            "event_number": None,
            "status": None,
            "message_id": None,
        },
        where=or_(replay.c.received_at <= bindparam("expired_at"), replay.c.message_id.is_(None)),
    ).returning(replay.c.key)


_CLAIM = upsert(replay, _claim)
_ANSWER = Statement(
    select(
        replay.c.owner,
        replay.c.case_number,
        replay.c.status,
        message.c.content_type,
        message.c.content,
        replay.c.event_number,
    )
    .join(message, message.c.id == replay.c.message_id)
    .where(replay.c.key == bindparam("replay_key"))
)
_KEEP = Statement(update(replay).where(replay.c.key == bindparam("replay_key")))


class Replays(Repository):
    """The answers of the store, by what was asked."""

    __slots__ = ()

    def claim(self, key: str, received_at: datetime, window: timedelta) -> StoredAnswer | None:
        """Return the answer that was given to *key* within *window* before *received_at*, else claim the key.

        ``None`` means that this transaction is the one to answer; it has to `keep` its answer before it ends. Whoever
        claims the same key meanwhile waits for it. *key* must name the caller (SHA-256 over client, channel, content).
        """
        unit = self._unit
        claimed = self._row(
            _CLAIM,
            {
                "key": key,
                "owner": unit.caller.client,
                "received_at": utc_text(received_at),
                "expired_at": utc_text(received_at - window),
            },
        )
        if claimed is not None:
            return None
        row = self._row(_ANSWER, {"replay_key": key})
        assert row is not None  # a key that could not be claimed has an answer
        owner, *answer = row
        unit.guard(owner)
        return StoredAnswer(*answer)

    def keep(self, key: str, case: str, status: int, body: bytes, content_type: str, at: datetime) -> int:
        """Store the answer to *key*, which is also a sent message of the case; return the message's id."""
        head = self._unit.heads.of(case)
        kept = self._unit.messages.keep(Message("sent", head.channel, content_type, body, at, case, status))
        self._run(
            _KEEP,
            {
                "replay_key": key,
                "case_number": case,
                "event_number": head.last_event,
                "status": status,
                "message_id": kept,
            },
        )
        return kept
