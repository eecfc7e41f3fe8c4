"""Messages: the exact bytes that came in and went out (PAS-033)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, insert, select

from fhir_server.errors import NotFound
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.tables import message
from fhir_server.store.values import indexed, sha256, utc_text

Direction = Literal["received", "sent"]


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes to keep. ``status`` is the HTTP status of an answer; ``case`` is absent where none was made."""

    direction: Direction
    channel: str
    content_type: str
    content: bytes = field(repr=False)
    at: datetime
    case: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Bytes as they were kept."""

    id: int
    owner: str
    case: str | None
    direction: Direction
    channel: str
    status: int | None
    content_type: str
    at: str
    sha256: str
    content: bytes = field(repr=False)


_KEEP = Statement(insert(message).returning(message.c.id))
_COLUMNS = (
    message.c.id,
    message.c.owner,
    message.c.case_number,
    message.c.direction,
    message.c.channel,
    message.c.status,
    message.c.content_type,
    message.c.at,
    message.c.sha256,
    message.c.content,
)
_OF_CASE = Statement(select(*_COLUMNS).where(message.c.case_number == bindparam("case")).order_by(message.c.id))
_BY_DIGEST = Statement(
    select(*_COLUMNS)
    .where(message.c.case_number == bindparam("case"), message.c.sha256 == bindparam("digest"))
    .order_by(message.c.id.desc())
    .limit(1)
)


class Messages(Repository):
    """The messages of the store. They are added and never changed."""

    __slots__ = ()

    def keep(self, kept: Message) -> int:
        """Store the bytes for the owner of the case, else for the caller; return the message's id."""
        unit = self._unit
        owner = unit.heads.of(kept.case).owner if kept.case else unit.guard(unit.caller.client)
        [[number]] = self._rows(
            _KEEP,
            {
                "owner": owner,
                "case_number": kept.case,
                "direction": kept.direction,
                "channel": kept.channel,
                "status": kept.status,
                "content_type": indexed(kept.content_type),
                "at": utc_text(kept.at),
                "sha256": sha256(kept.content),
                "content": kept.content,
            },
        )
        return int(number)

    def of(self, case: str) -> tuple[StoredMessage, ...]:
        """Return the messages of the case in the order in which they were kept."""
        self._unit.heads.of(case)
        return tuple(StoredMessage(*row) for row in self._rows(_OF_CASE, {"case": case}))

    def find(self, case: str, digest: str) -> StoredMessage:
        """Return the newest message of the case with this SHA-256 (`Received` and `Answered` name it)."""
        self._unit.heads.of(case)
        row = self._row(_BY_DIGEST, {"case": case, "digest": digest})
        if row is None:
            raise NotFound.because("The case has no such message.", "Ask for the events of the case.")
        return StoredMessage(*row)
