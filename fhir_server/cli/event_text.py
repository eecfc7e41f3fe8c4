"""What happened to a case after it was decided or routed, in words: a title and a few lines for each kind of event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fhir_server.authorization.events import (
    Aged,
    Assigned,
    ClaimRecorded,
    EventData,
    Expired,
    FindingRecorded,
    InformationRequested,
    LetterMade,
    PeerToPeer,
    Reclassified,
    Reopened,
    Resubmitted,
    SecondLook,
    TrackingNumber,
)

Told = tuple[str, tuple[str | None, ...]]
"""A title, and lines below it; what is ``None`` is left out."""


def _assigned(data: Assigned) -> Told:
    to = data.to_reviewer or (f"specialty {data.specialty}" if data.specialty else None)
    return f"{data.action} by {data.reviewer}" + (f" to {to}" if to else ""), (_because(data.reason),)


def _finding(data: FindingRecorded) -> Told:
    finding = data.finding
    look = ", second look" if data.second_look else ""
    pointers = f"evidence    {len(finding.evidence)} places"
    return f"{finding.element} found {finding.result} by {data.reviewer}{look}", (_because(finding.rationale), pointers)


def _information_requested(data: InformationRequested) -> Told:
    asked = ", ".join(data.elements)
    return f"information requested by {data.reviewer}", (
        f"elements    {asked}" if asked else None,
        _because(data.words),
    )


def _second_look(data: SecondLook) -> Told:
    return f"second look wanted by {data.reviewer}", (_because(data.reason),)


def _peer_to_peer(data: PeerToPeer) -> Told:
    who = f" by {data.reviewer}" if data.reviewer else ""
    when = f"when        {data.at}" if data.at else None
    return f"peer-to-peer {data.step}{who}", (when, f"note        {data.note}" if data.note else None)


def _reopened(data: Reopened) -> Told:
    return f"decision {data.decision} taken back by {data.reviewer}", (_because(data.reason),)


def _reclassified(data: Reclassified) -> Told:
    return "goes on as a standard request", (_because(data.reason), f"due         {data.due}")


def _tracking_number(data: TrackingNumber) -> Told:
    simulated = " (simulated)" if data.simulated else ""
    title = f"tracking number {data.step}, attempt {data.attempt}, for decision {data.decision}"
    number = f"number      {data.number}{simulated}" if data.number else None
    failure = f"because     {data.code}: {data.text}" if data.code else None
    return title, (number, failure, f"to mend     {data.mend}" if data.mend else None)


def _letter(data: LetterMade) -> Told:
    return f"letter written: {data.kind}", (f"letter      {data.letter}, about event {data.about}",)


def _aged(data: Aged) -> Told:
    return f"alert: {data.alert.replace('-', ' ')}", ()


def _expired(data: Expired) -> Told:
    return "expired", (f"last day    {data.last_day}",)


def _resubmitted(data: Resubmitted) -> Told:
    return f"sent again as case {data.case}", ()


def _claim(data: ClaimRecorded) -> Told:
    line = f"line        {data.line}: {data.service_code}, {data.units} units, on {data.date_of_service}"
    return f"claim {data.claim} {data.outcome}", (line,)


def _because(reason: str | None) -> str | None:
    return f"because     {reason}" if reason else None


TEXTS: dict[type[EventData], Callable[[Any], Told]] = {
    Assigned: _assigned,
    FindingRecorded: _finding,
    InformationRequested: _information_requested,
    SecondLook: _second_look,
    PeerToPeer: _peer_to_peer,
    Reopened: _reopened,
    Reclassified: _reclassified,
    TrackingNumber: _tracking_number,
    LetterMade: _letter,
    Aged: _aged,
    Expired: _expired,
    Resubmitted: _resubmitted,
    ClaimRecorded: _claim,
}
"""How each kind of event is told that `case_text` does not tell itself."""


def event_title(data: EventData) -> str:
    """Return what happened, in a line."""
    return TEXTS[type(data)](data)[0]


def event_details(data: EventData) -> Iterator[str]:
    """Yield what else is to say about it."""
    yield from (each for each in TEXTS[type(data)](data)[1] if each)
