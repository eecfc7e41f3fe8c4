"""A case for a reader: its log, and what else is kept about it, without the content of messages and records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.events import Event, Received
from fhir_server.authorization.request import Document
from fhir_server.store.database import Database
from fhir_server.store.messages import Direction, StoredMessage
from fhir_server.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """A message that came in or went out: what is known about its bytes."""

    direction: Direction
    channel: str
    at: str
    status: int | None
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A record that event ``event`` brought: what it is, and what is known about its bytes. ``type`` is in words."""

    event: int
    key: str
    kind: str
    media_type: str
    type: str | None
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CaseLog:
    """A case as it stands, and everything that happened to it, in order."""

    number: str
    owner: str
    channel: str
    state: str
    created_at: str
    changed_at: str
    events: tuple[Event, ...]
    messages: tuple[MessageEntry, ...]
    documents: tuple[DocumentEntry, ...]


def show(database: Database, caller: Caller, number: str) -> CaseLog:
    """Return the log of the case *number*, as one moment of the store.

    Raises `NotFound` where there is no such case, `NotAllowed` where it belongs to another client.
    """
    with database.read(caller) as unit:
        case = unit.cases.get(number)
        return CaseLog(
            number=case.number,
            owner=case.owner,
            channel=case.channel,
            state=case.state.value,
            created_at=case.created_at,
            changed_at=case.changed_at,
            events=unit.events.of(number),
            messages=tuple(map(_message_entry, unit.messages.of(number))),
            documents=tuple(_document_entries(unit, number)),
        )


def _message_entry(message: StoredMessage) -> MessageEntry:
    return MessageEntry(
        message.direction,
        message.channel,
        message.at,
        message.status,
        message.content_type,
        len(message.content),
        message.sha256,
    )


def _document_entries(unit: UnitOfWork, number: str) -> Iterator[DocumentEntry]:
    for event in unit.events.of(number, with_documents=True):
        if isinstance(event.data, Received):
            yield from (_document_entry(event.number, each) for each in event.data.request.documents)


def _document_entry(event: int, document: Document) -> DocumentEntry:
    return DocumentEntry(
        event,
        document.key,
        document.kind,
        document.media_type,
        _words(document),
        len(document.content),
        hashlib.sha256(document.content).hexdigest(),
    )


def _words(document: Document) -> str | None:
    concept = document.type
    if concept is None:
        return None
    return concept.text or next((code.display or code.value for code in concept.codes), None)
