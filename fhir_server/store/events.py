"""Events: the append-only log of each case, encoded from and decoded to the dataclasses of the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import bindparam, insert, select

from fhir_server.authorization.events import Answered, Determined, Event, EventKind, Received
from fhir_server.authorization.request import AuthorizationRequest, Document
from fhir_server.authorization.states import State, check_transition
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.tables import event
from fhir_server.store.values import utc_text

EventData: TypeAlias = Received | Determined | Answered

DATA_OF_KIND: Mapping[EventKind, type[EventData]] = MappingProxyType(
    {EventKind.RECEIVED: Received, EventKind.DETERMINED: Determined, EventKind.ANSWERED: Answered}
)
_decoders = {kind: msgspec.json.Decoder(data) for kind, data in DATA_OF_KIND.items()}
_encoder = msgspec.json.Encoder()

_APPEND = Statement(insert(event))
_OF_CASE = Statement(
    select(event.c.number, event.c.at, event.c.actor, event.c.kind, event.c.state, event.c.data)
    .where(event.c.case_number == bindparam("case"))
    .order_by(event.c.number)
)


class Events(Repository):
    """The logs of the store. Events are added and never changed."""

    __slots__ = ()

    def append(self, case: str, actor: str, kind: EventKind, data: EventData, state: State, at: datetime) -> Event:
        """Add the next event to the log of *case* and return it; the records of a request are stored beside it.

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
        return appended

    def of(self, case: str, *, with_documents: bool = False) -> tuple[Event, ...]:
        """Return the log of *case*, each event equal to the one that was appended.

        The contents of documents are empty unless *with_documents* is set.
        """
        self._unit.heads.of(case)
        contents = self._unit.documents.contents(case) if with_documents else {}
        return tuple(
            Event(
                case, number, at, actor, EventKind(kind), _decoded(kind, data, contents.get(number, ())), State(state)
            )
            for number, at, actor, kind, state, data in self._rows(_OF_CASE, {"case": case})
        )


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
        "denies_line": any(line.outcome == "non-affirmed" for line in data.determination.lines),
    }


# Each column is named in every statement, so that all events share one compiled INSERT.
_NOBODY: Mapping[str, Any] = MappingProxyType(
    {
        "decided_by": None,
        "decider_kind": None,
        "reviewer": None,
        "licence": None,
        "specialty": None,
        "interchange": None,
        "denies_line": False,
    }
)
