"""Events: the append-only log of each case, encoded from and decoded to the dataclasses of the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select

from fhir_server.authorization.events import (
    DATA_OF_KIND,
    Answered,
    Determined,
    Event,
    EventData,
    EventKind,
    FindingRecorded,
    Received,
)
from fhir_server.authorization.request import AuthorizationRequest, Document
from fhir_server.authorization.states import State, check_transition
from fhir_server.store.decisions import NOT_AFFIRMED
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.tables import event
from fhir_server.store.values import utc_text

_decoders = {kind: msgspec.json.Decoder(data) for kind, data in DATA_OF_KIND.items()}
_encoder = msgspec.json.Encoder()

_DECIDER = ("decided_by", "decider_kind", "reviewer", "licence", "specialty", "interchange")
_APPEND = Statement(insert(event))
_OF_CASE = Statement(
    select(
        event.c.number,
        event.c.at,
        event.c.actor,
        event.c.kind,
        event.c.state,
        event.c.data,
        *(event.c[name] for name in _DECIDER),
        event.c.denies_line,
    )
    .where(event.c.case_number == bindparam("case"))
    .order_by(event.c.number)
)


class LogContradictory(Exception):
    """The data of an event tell another decision than the columns that the database checked: nobody made that one."""


class Events(Repository):
    """The logs of the store. Events are added and never changed."""

    __slots__ = ()

    def append(self, case: str, actor: str, kind: EventKind, data: EventData, state: State, at: datetime) -> Event:
        """Add the next event to the log of *case* and return it.

        The records of a request, and a reviewer's finding, are stored beside it.

        Raises `TransitionRefused` where the case cannot come to *state* from where it stands, and ValueError where the
        data are not those of *kind* or a determination names another state.
        """
        head = self._unit.heads.of(case)
        _check_data(kind, data, state)
        if state is not head.state:
            check_transition(head.state, state)
        appended = Event(case, head.last_event + 1, utc_text(at), actor, kind, data, state)
        self._run(
            _APPEND,
            {
                "case_number": case,
                "number": appended.number,
                "owner": head.owner,
                "at": appended.at,
                "actor": actor,
                "kind": kind,
                "state": state,
                "state_before": head.state,
                "data": _encoded(data),
                **_decider_columns(data),
            },
        )
        head.state, head.last_event, head.changed_at = state, appended.number, appended.at
        if isinstance(data, Answered):
            head.answer_sha256 = data.content_sha256
        if isinstance(data, Received):
            self._unit.documents.keep(head, data.request.documents)
        if isinstance(data, FindingRecorded):
            self._unit.findings.keep(head, data, appended.at)
        return appended

    def of(self, case: str, *, with_documents: bool = False) -> tuple[Event, ...]:
        """Return the log of *case*, each event equal to the one that was appended.

        The contents of documents are empty unless *with_documents* is set. Raises `LogContradictory` for an event that
        was not written by `append`, and tells a decision that the database did not check.
        """
        self._unit.heads.of(case)
        contents = self._unit.documents.contents(case) if with_documents else {}
        return tuple(_read(case, row, contents) for row in self._rows(_OF_CASE, {"case": case}))


def _read(case: str, row: Sequence[Any], contents: Mapping[int, Sequence[bytes]]) -> Event:
    number, at, actor, kind, state, text, *decider, denies_line = row
    data = _decoded(EventKind(kind), text, contents.get(number, ()))
    if isinstance(data, Determined) and not _agrees(data, state, decider, denies_line):
        raise LogContradictory(f"Event {number} of case {case} is not what was decided.")
    return Event(case, number, at, actor, EventKind(kind), data, State(state))


def _agrees(data: Determined, state: str, decider: Sequence[str | None], denies_line: bool) -> bool:
    """Return whether the columns tell what *data* do; release 0001 let a reduced line, of a sandbox, be no denial."""
    told = _decider_columns(data)
    denied = denies_line or not told["denies_line"] or told["decider_kind"] == "simulated"
    return denied and data.determination.state == state and [told[name] for name in _DECIDER] == list(decider)


def _check_data(kind: EventKind, data: EventData, state: State) -> None:
    if type(data) is not DATA_OF_KIND[kind]:
        raise ValueError(f"An event of kind {kind.value} cannot hold {type(data).__name__}.")
    if isinstance(data, Determined) and data.determination.state is not state:
        raise ValueError("The state of an event is the state that its determination names.")


def _encoded(data: EventData) -> str:
    if isinstance(data, Received):
        bare = tuple(replace(each, content=b"") for each in data.request.documents)
        data = replace(data, request=replace(data.request, documents=bare))
    return _encoder.encode(data).decode()


def _decoded(kind: EventKind, text: str, contents: Sequence[bytes]) -> EventData:
    data = _decoders[kind].decode(text)
    if not isinstance(data, Received) or not contents:
        return data
    return replace(data, request=with_contents(data.request, contents))


def with_contents(request: AuthorizationRequest, contents: Sequence[bytes]) -> AuthorizationRequest:
    """Return *request* with its records again, in the order in which they were stored."""
    documents: list[Document] = [
        replace(each, content=content) for each, content in zip(request.documents, contents, strict=True)
    ]
    return replace(request, documents=tuple(documents))


def _decider_columns(data: EventData) -> Mapping[str, Any]:
    """Return what the constraints of the table look at (docs/decisions/never.md, 1)."""
    if isinstance(data, FindingRecorded):
        return {**_NOBODY, "reviewer": data.reviewer}
    if not isinstance(data, Determined):
        return _NOBODY
    decider = data.determination.decider
    return {
        "decided_by": decider.decided_by,
        "decider_kind": decider.kind,
        "reviewer": decider.reviewer,
        "licence": decider.licence,
        "specialty": decider.specialty,
        "interchange": decider.interchange,
        "denies_line": any(line.outcome in NOT_AFFIRMED for line in data.determination.lines),
    }


# Each column is named in every statement, so that all events share one compiled INSERT.
_NOBODY: Mapping[str, Any] = MappingProxyType({**dict.fromkeys(_DECIDER), "denies_line": False})
