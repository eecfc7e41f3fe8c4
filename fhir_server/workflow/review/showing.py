"""One case as a reviewer needs it: each criterion beside the records that speak to it, and what happened so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import (
    Aged,
    Assigned,
    Determined,
    Event,
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
from fhir_server.authorization.evidence import Evidence, EvidencePointer
from fhir_server.authorization.request import AuthorizationRequest, Document
from fhir_server.authorization.values import Concept, PersonName
from fhir_server.errors import NotFound
from fhir_server.evidence.quotes import quote
from fhir_server.policy.extraction import member_id
from fhir_server.policy.facts import facts_of
from fhir_server.store.unit import UnitOfWork
from fhir_server.store.worklist_items import WorklistItem
from fhir_server.workflow.answers import latest_received, standing, with_number
from fhir_server.workflow.circumstances import read_grounds
from fhir_server.workflow.review.desk import Desk
from fhir_server.workflow.review.listing import standing_of
from fhir_server.workflow.review.sheets import (
    CaseSheet,
    CriterionSheet,
    FindingSheet,
    HistoryEntry,
    LineSheet,
    PointedAt,
    RecordSheet,
    RequestSheet,
)

AROUND = 60
"""Characters that are shown on each side of the words which a pointer leads to."""


def shown(desk: Desk, caller: Caller, case: str, now: datetime) -> CaseSheet:
    """Return the case as a reviewer needs it.

    Raises `NotAllowed` unless the caller reviews or operates, `NotFound` where there is no such case.
    """
    with desk.database.read(caller) as unit:
        item = _item(unit, case)
        events = unit.events.of(case, with_documents=True)
        request = latest_received(events).request
        determination = with_number(unit, case, events)
        pointing = _Pointing(request.documents, _evidence(events))
        return CaseSheet(
            case=case,
            state=events[-1].state,
            version=events[-1].number,
            listed=standing_of(item, now) if item else None,
            request=_request_sheet(request, latest_received(events).resubmission_of, determination),
            determination=determination,
            criteria=tuple(_criterion_sheets(unit, case, events, pointing)),
            records=tuple(_record_sheets(request.documents)),
            talks=tuple(each.data for each in events if isinstance(each.data, PeerToPeer)),
            letters=unit.letters.of(case),
            tracking_numbers=unit.tracking.of(case),
            history=tuple(
                HistoryEntry(each.number, each.at, each.actor, each.kind.value, each.state, told(each))
                for each in events
            ),
        )


def record(desk: Desk, caller: Caller, case: str, number: int) -> Document:
    """Return the record *number* (from 1) of the case's newest request, with its content. Raises as `shown` does."""
    with desk.database.read(caller) as unit:
        _item(unit, case)
        documents = latest_received(unit.events.of(case, with_documents=True)).request.documents
    if not 1 <= number <= len(documents):
        raise NotFound.because("The case has no record of this number.", "Look at the records of the case.")
    return documents[number - 1]


def _item(unit: UnitOfWork, case: str) -> WorklistItem | None:
    """Return the item of the case; ``None`` where it never waited. Raises `NotAllowed` unless the caller reviews."""
    try:
        return unit.worklist.get(case)
    except NotFound:
        unit.cases.get(case)
        return None


@dataclass(frozen=True, slots=True)
class _Pointing:
    """Leads pointers into the records of one request."""

    documents: Sequence[Document]
    evidence: Evidence

    def at(self, pointer: EvidencePointer) -> PointedAt:
        kinds = {each.key: each.kind for each in self.documents}
        values = (f"{each.field} {_words(each.value)}" for each in self.evidence.facts if each.pointer == pointer)
        return PointedAt(
            source=pointer.source,
            document=pointer.document,
            place=pointer.place,
            start=pointer.start,
            end=pointer.end,
            kind=kinds.get(pointer.document) if pointer.document else None,
            quote=quote(self.documents, pointer, AROUND),
            values=tuple(dict.fromkeys(values)),
        )

    def at_all(self, pointers: Iterable[EvidencePointer]) -> tuple[PointedAt, ...]:
        return tuple(self.at(each) for each in pointers)


def _evidence(events: Sequence[Event]) -> Evidence:
    """Return what software found in the records when it looked at them last."""
    decided = (each.data for each in reversed(events) if isinstance(each.data, Determined))
    newest = next((each for each in decided if each.determination.decider.kind == "software"), None)
    return read_grounds(newest.grounds).evidence if newest and newest.grounds != "{}" else Evidence()


def _criterion_sheets(
    unit: UnitOfWork, case: str, events: Sequence[Event], pointing: _Pointing
) -> Iterator[CriterionSheet]:
    rounds = {each.event_number: each.round for each in unit.findings.of(case)}
    said: dict[tuple[str, str], list[FindingSheet]] = {}
    for event in events:
        if isinstance(event.data, FindingRecorded):
            own = event.data.finding
            sheet = FindingSheet(
                event.data.reviewer,
                rounds[event.number],
                event.at,
                own.result,
                own.gap,
                own.rationale or "",
                event.data.second_look,
                pointing.at_all(own.evidence),
            )
            said.setdefault((own.category, own.element), []).append(sheet)
    for criterion in standing(events).criteria:
        findings = said.get((criterion.category, criterion.element), ())
        yield CriterionSheet(criterion, pointing.at_all(criterion.evidence), tuple(findings))


def _record_sheets(documents: Iterable[Document]) -> Iterator[RecordSheet]:
    for number, each in enumerate(documents, start=1):
        yield RecordSheet(number, each.key, each.kind, each.media_type, _named(each.type), len(each.content))


def _request_sheet(
    request: AuthorizationRequest, resubmission_of: str | None, determination: Determination
) -> RequestSheet:
    requester = request.requester
    organization = requester.organization.name if requester.organization else None
    person = next(map(_name, requester.practitioner.names), None) if requester.practitioner else None
    return RequestSheet(
        beneficiary=next(map(_name, request.beneficiary.names), None),
        member_id=member_id(request),
        birth_date=request.beneficiary.birth_date,
        sex=request.beneficiary.gender,
        requester=", ".join(filter(None, (person, organization))) or None,
        requester_npi=requester.npi,
        resubmission_of=resubmission_of,
        lines=tuple(_line_sheets(request, determination)),
    )


def _line_sheets(request: AuthorizationRequest, determination: Determination) -> Iterator[LineSheet]:
    decided = {each.sequence: each for each in determination.lines}
    for line in facts_of(request).lines:
        standing_line = decided.get(line.sequence)
        yield LineSheet(
            sequence=line.sequence,
            service=str(line.service),
            modifiers=line.modifiers,
            units=None if line.units is None else str(line.units),
            serviced=str(line.serviced) if line.serviced else None,
            diagnoses=line.diagnoses,
            category=standing_line.category if standing_line else None,
            outcome=standing_line.outcome if standing_line else None,
            reason=standing_line.reason if standing_line else None,
        )


def told(event: Event) -> str | None:
    """Return in a few words what a step of review, or what follows a decision, says."""
    match event.data:
        case Determined(determination):
            return f"by {determination.decider.reviewer or determination.decider.kind}"
        case Assigned(action, _, reason, to_reviewer, specialty):
            return ", ".join(filter(None, (action, to_reviewer, specialty, reason)))
        case FindingRecorded(_, finding):
            return f"{finding.element} {finding.result}"
        case InformationRequested(_, elements, words):
            return f"{', '.join(elements)}: {words}"
        case SecondLook(_, reason) | Reopened(_, reason) | Reclassified(reason):
            return reason
        case PeerToPeer(step, _, moment, with_whom):
            return ", ".join(filter(None, (step, moment, with_whom)))
        case TrackingNumber(step, number=number):
            return f"{step} {number}" if number else step
        case LetterMade(letter, kind):
            return f"{kind} {letter}"
        case Aged(alert):
            return alert
        case Resubmitted(case):
            return case
        case _:
            return None


def _name(name: PersonName) -> str:
    return name.text or " ".join(filter(None, (*name.given, name.family)))


def _named(concept: Concept | None) -> str | None:
    if concept is None:
        return None
    return concept.text or next((code.display or code.value for code in concept.codes), None)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " and ".join(value) if isinstance(value, tuple) else str(value)
