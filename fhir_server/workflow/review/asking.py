"""What a case waits for beside its reviewer: more from the requester, a talk between clinicians, another clock.

Nothing of it stops the clock (S-09).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.codes import PAYERS_QUESTIONNAIRE
from fhir_server.authorization.events import EventKind, InformationRequested, PeerToPeer, Reclassified
from fhir_server.authorization.response import InformationRequest
from fhir_server.authorization.states import State
from fhir_server.errors import ContentInvalid, Issue
from fhir_server.policy.coverage import CoveragePack
from fhir_server.workflow.answers import answer
from fhir_server.workflow.review.desk import (
    Desk,
    Step,
    Work,
    require_fit,
    require_hands_or_coordinator,
    step_of,
    working_on,
)
from fhir_server.workflow.review.finding import criteria_by_key
from fhir_server.workflow.review.refusals import CaseConflict, issue, raise_if_any

TalkStep = Literal["requested", "scheduled", "held", "declined"]


@dataclass(frozen=True, slots=True)
class Talk:
    """A step of a talk between the requester's clinician and ours (a peer-to-peer)."""

    step: TalkStep
    at: datetime | None = None
    with_whom: str | None = None
    note: str | None = None


def request_information(
    desk: Desk,
    caller: Caller,
    case: str,
    elements: Sequence[str],
    words: str,
    at: datetime,
    *,
    expected: int | None = None,
) -> Step:
    """Ask the requester for what the *elements* of the checklists need, in *words*; the answer says so.

    Raises `ContentInvalid` for an element that the case is not held against, and without words.
    """
    with working_on(desk, caller, case, expected) as work:
        require_hands_or_coordinator(work)
        raise_if_any(ContentInvalid, _wrong_question(work, elements, words))
        requests = tuple(requests_for(desk.coverage(work.determination), elements))
        asked = InformationRequested(work.reviewer.id, tuple(dict.fromkeys(elements)), words.strip(), requests)
        work.append(EventKind.INFORMATION_REQUESTED, asked, at, State.INFORMATION_REQUESTED)
        work.unit.worklist.mark(case, "information-requested")
        answer(work.unit, case, desk.renderers, at, work.reviewer.id)
        return step_of(work.unit, case)


def requests_for(pack: CoveragePack | None, elements: Sequence[str]) -> Iterator[InformationRequest]:
    """Yield a request for each type of document that *elements* name, and one for the answers that have none."""
    rows = {row.id: row for each in pack.checklists.values() for row in each.checklist.elements} if pack else {}
    types = (
        row.document_types[0].loinc if (row := rows.get(each)) and row.document_types else PAYERS_QUESTIONNAIRE
        for each in elements
    )
    yield from (InformationRequest(code=code) for code in dict.fromkeys(types))


def peer_to_peer(
    desk: Desk, caller: Caller, case: str, talk: Talk, at: datetime, *, expected: int | None = None
) -> Step:
    """Note a step of a talk between clinicians: asked for, scheduled, held or declined.

    It belongs to a resubmission (guide 4.4) and to a clinician who may judge the case. Raises `ContentInvalid` with all
    that the step lacks, `CaseConflict` for a first request.
    """
    with working_on(desk, caller, case, expected) as work:
        require_hands_or_coordinator(work)
        if work.received.resubmission_of is None:
            raise CaseConflict.because(
                "The case is a first request; a talk between clinicians belongs to a resubmission (G6 4.4).",
                "Decide the case; the requester asks for the talk with a resubmission.",
            )
        if talk.step == "held":
            require_fit(work.reviewer, work.item, at)
        raise_if_any(ContentInvalid, _wrong_talk(work, talk))
        when = talk.at.isoformat() if talk.at else None
        told = PeerToPeer(talk.step, work.reviewer.id, when, talk.with_whom, talk.note)
        work.append(EventKind.PEER_TO_PEER, told, at)
        return step_of(work.unit, case)


def reclassify(
    desk: Desk, caller: Caller, case: str, reason: str, at: datetime, *, expected: int | None = None
) -> Step:
    """Let an expedited request go on as a standard one; the requester gets notice by letter (guide 4.2.2)."""
    with working_on(desk, caller, case, expected) as work:
        require_hands_or_coordinator(work)
        if not reason.strip():
            raise ContentInvalid([issue("review-reason", "No reason was given.", "Say why.", "reason")])
        clock = work.determination.clock
        if clock is None or not work.item.expedited:
            raise CaseConflict.because("The case is not an expedited one.", "There is nothing to change.")
        received_at = datetime.fromisoformat(clock.received_at)
        longer = clock_of(received_at, clock.time_zone, downgraded=True)
        told = Reclassified(reason.strip(), longer.due, longer.latest, work.reviewer.id)
        work.append(EventKind.RECLASSIFIED, told, at)
        work.unit.worklist.due(case, longer.due, longer.latest)
        work.unit.outbox.put(case, "reclassified", at)
        return step_of(work.unit, case)


def _wrong_question(work: Work, elements: Sequence[str], words: str) -> Iterator[Issue]:
    if not words.strip():
        yield issue("review-words", "The requester is told nothing.", "Say what is asked for, in plain words.", "words")
    if not elements:
        yield issue("review-criterion", "No element was named.", "Name what the records have to show.", "elements")
    known = {element for _, element in criteria_by_key(work)}
    for number, element in enumerate(elements):
        if element not in known:
            found = "The case is not held against one of the elements."
            yield issue("review-criterion", found, "Name elements of its checklists.", f"elements[{number}]")


def _wrong_talk(work: Work, talk: Talk) -> Iterator[Issue]:
    rule = "review-talk"
    if talk.step == "scheduled":
        if talk.at is None or talk.at.tzinfo is None:
            yield issue(rule, "No moment was given.", "Give the moment with its offset from UTC.", "at")
        if not (talk.with_whom or "").strip():
            yield issue(rule, "Nobody was named.", "Name the requester's clinician.", "with_whom")
    if talk.step in ("held", "declined") and not (talk.note or "").strip():
        yield issue(rule, "There is no note.", "Note what was said, or why it was declined.", "note")
    before = [each.data.step for each in work.events if isinstance(each.data, PeerToPeer)]
    if talk.step == "held" and "scheduled" not in before:
        yield issue(rule, "No talk was scheduled.", "Schedule it first.", "step")
