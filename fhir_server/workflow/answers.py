"""The answer to a request as it stands now, told anew after something happened to its case.

    read       the request, the determination that stands, and its tracking number, off the log
    compose    the answer, the same for every channel
    render     in the channel that the request came by
    keep       the exact bytes, and the event that the requester was told

The answer that `$submit` gave stays what it was (S-16); this is what inquiries and subscribers get from here on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fhir_server.authorization.answering import compose
from fhir_server.authorization.clocks import clock_of, utc_text
from fhir_server.authorization.determination import Decider, Determination, LineDetermination
from fhir_server.authorization.events import (
    Answered,
    Determined,
    Event,
    EventKind,
    InformationRequested,
    Received,
    Reclassified,
    Reopened,
)
from fhir_server.authorization.response import AuthorizationResponse, InformationRequest
from fhir_server.authorization.states import State
from fhir_server.errors import NotSupported
from fhir_server.store.messages import Message
from fhir_server.store.unit import UnitOfWork

Renderer = Callable[[AuthorizationResponse, str, str], bytes]
"""Makes the bytes of an answer from (answer, case number, moment)."""

SANDBOX_DISPOSITION = "Answered by a sandbox: no real decision about anybody."
TAKEN_BACK = "The decision about this line was taken back; a reviewer looks at it again."
UNDER_REVIEW_AGAIN = "The decision was made in error and was taken back. A reviewer looks at the request again."
OK = 200


@dataclass(frozen=True, slots=True)
class Channel:
    """How an answer is written in one channel."""

    render: Renderer
    content_type: str


@dataclass(frozen=True, slots=True)
class Renderers:
    """How this server writes answers, by channel. A ``sandbox`` says in each that it is one."""

    channels: Mapping[str, Channel]
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it was kept: its number, and the bytes."""

    number: str
    content_type: str
    body: bytes = field(repr=False)


def answer(unit: UnitOfWork, case: str, renderers: Renderers, at: datetime, actor: str) -> Told:
    """Tell how *case* stands now; keep the bytes and append the event. *actor* is who caused the change.

    To be called after the events that changed the case, in their transaction. Raises `NotFound`, `NotAllowed`, and
    `NotSupported` where this server does not write the channel that the request came by.
    """
    events = unit.events.of(case, with_documents=True)
    received = latest_received(events)
    channel = renderers.channels.get(received.channel)
    if channel is None:
        raise NotSupported.because(
            f"This server writes no answers in the channel {received.channel}.", "Serve the channel, then try again."
        )
    number = f"{case}-{1 + sum(isinstance(each.data, Answered) for each in events)}"
    response = compose(
        received.request,
        with_number(unit, case, events),
        case=case,
        response=number,
        disposition=SANDBOX_DISPOSITION if renderers.sandbox else None,
    )
    body = channel.render(replace(response, created=utc_text(at)), case, utc_text(at))
    unit.messages.keep(Message("sent", received.channel, channel.content_type, body, at, case, OK))
    told = Answered(received.channel, hashlib.sha256(body).hexdigest(), number)
    unit.events.append(case, actor, EventKind.ANSWERED, told, unit.cases.get(case).state, at)
    return Told(number, channel.content_type, body)


def latest_received(events: Sequence[Event]) -> Received:
    """Return the request of the log that counts: the newest."""
    return next(each.data for each in reversed(events) if isinstance(each.data, Received))


def with_number(unit: UnitOfWork, case: str, events: Sequence[Event]) -> Determination:
    """Return the determination that stands, with the tracking number that was issued for it, if it was."""
    determination = standing(events)
    decision = standing_decision(events)
    issued = (each.number for each in unit.tracking.of(case) if each.decision == decision and each.number)
    number = next(issued, None)
    return replace(determination, authorization_number=number) if number else determination


def standing_decision(events: Iterable[Event]) -> int | None:
    """Return the number of the event with the newest determination, ``None`` where that was taken back."""
    number = None
    for event in events:
        if isinstance(event.data, Determined):
            number = event.number
        elif isinstance(event.data, Reopened):
            number = None
    return number


def standing(events: Iterable[Event]) -> Determination:
    """Return the determination that stands: the newest, with what reviewers did to it since.

    What they asked for is asked for; a decision that was taken back has its lines in review again; a request that was
    reclassified has its new times.
    """
    determination: Determination | None = None
    for event in events:
        if isinstance(event.data, Determined):
            determination = event.data.determination
        elif determination is not None:
            determination = _after(determination, event)
    if determination is None:
        raise ValueError("nothing was determined about the case yet")
    return determination


def _after(determination: Determination, event: Event) -> Determination:
    match event.data:
        case InformationRequested():
            return _asked(determination, event.data)
        case Reopened():
            return _taken_back(determination, event.at)
        case Reclassified() if determination.clock is not None:
            clock = replace(
                determination.clock, due=event.data.due, latest=event.data.latest, expedited=False, downgraded=True
            )
            return replace(determination, clock=clock)
        case _:
            return determination


def _asked(determination: Determination, asked: InformationRequested) -> Determination:
    """Add what a reviewer asks for at the end, so that a request for a record keeps the number that it was given."""
    known = {_key(each) for each in determination.information_requests}
    added = tuple(each for each in asked.requests if _key(each) not in known)
    return replace(
        determination,
        information_requests=(*determination.information_requests, *added),
        explanations=tuple(dict.fromkeys((*determination.explanations, asked.words))),
    )


def _key(request: InformationRequest) -> tuple[str | None, str | None, int | None]:
    return request.code, request.category.value if request.category else None, request.line


def _taken_back(determination: Determination, at: str) -> Determination:
    """Return the determination with all that was decided in it open again; its clock starts anew."""
    clock = determination.clock
    moment = datetime.fromisoformat(at)
    return replace(
        determination,
        state=State.IN_REVIEW,
        decided_at=at,
        decider=Decider(),
        lines=tuple(_open_again(each) for each in determination.lines),
        explanations=(UNDER_REVIEW_AGAIN,),
        valid=None,
        authorization_number=None,
        clock=clock and clock_of(moment, clock.time_zone, expedited=clock.expedited, downgraded=clock.downgraded),
    )


def _open_again(line: LineDetermination) -> LineDetermination:
    if line.outcome not in ("affirmed", "modified", "non-affirmed"):
        return line
    return replace(line, outcome="in-review", reason=TAKEN_BACK, reason_codes=(), added=())
