"""A submission, from the moment it was read to the answer: one transaction, told here from top to bottom.

    claim      the same content from the same client is answered once (S-16); whoever sends it again gets the same bytes
    gather     what the records say, and what the registry and earlier cases know
    decide     the policy packs weigh it into a determination
    open       a case is made, with the exact bytes and the records that came (PAS-033)
    record     the decision becomes an event, and work for whoever is to be told
    route      what software did not decide waits in the worklist for a reviewer
    answer     the answer is rendered, stored with its event, and returned

Nothing is kept unless all of it is: a crash at any point leaves either the whole case with its answer, or nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fhir_server.authorization.answering import compose
from fhir_server.authorization.caller import Caller, Role
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import (
    Answered,
    Determined,
    Event,
    EventData,
    EventKind,
    Received,
    Resubmitted,
)
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.states import State
from fhir_server.authorization.submission import Intake, NamedInstance, Observation
from fhir_server.errors import ContentInvalid, Issue, NotSupported
from fhir_server.evidence.gather import gather_evidence
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.engine import checklists_for, determine, waiting_items
from fhir_server.policy.facts import RequestFacts, facts_of
from fhir_server.store.cases import CaseIdentifier, CaseLine, CaseRecord
from fhir_server.store.database import Database
from fhir_server.store.instances import Instance
from fhir_server.store.messages import Message
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.answers import OK, SANDBOX_DISPOSITION, Renderer
from fhir_server.workflow.circumstances import Review, gather, grounds_of

CASE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter that is misread on the telephone


@dataclass(frozen=True, slots=True)
class Submission:
    """A request as it arrived: from whom, over which channel, its exact bytes, and what an edge read in them."""

    caller: Caller
    channel: str
    received_at: datetime
    content_type: str
    body: bytes = field(repr=False)
    intake: Intake = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back. ``replayed`` tells that the same content had been answered before, with these bytes."""

    case: str
    status: int
    content_type: str
    body: bytes = field(repr=False)
    replayed: bool = False


def submit(submission: Submission, database: Database, review: Review, render: Renderer, content_type: str) -> Answer:
    """Return the answer to *submission*, stored before it is returned.

    *render* makes the bytes of an answer of *content_type* from (answer, case number, moment). Raises `NotSupported`
    for an update, `ContentInvalid` for a GUID that means two things, `Unavailable` where the store keeps nothing.
    """
    submission.caller.require(Role.SUBMITTER)
    _refuse_update(submission.intake.request)
    key = replay_key(submission)
    facts = facts_of(submission.intake.request)
    evidence = gather_evidence(submission.intake.request, checklists_for(review.packs, facts))
    with database.write(submission.caller) as unit:
        stored = unit.replays.claim(key, submission.received_at, review.window)
        if stored is not None:
            return Answer(stored.case, stored.status, stored.content_type, stored.body, replayed=True)
        observations = _check_instances(unit, submission.intake)
        circumstances = gather(unit, facts, review, submission.received_at)
        case = new_case_number(submission.received_at)
        determination = determine(
            submission.intake.request, facts, circumstances, review.packs, case_number=case, evidence=evidence
        )
        _open(unit, case, submission, facts, determination, _resubmitted(circumstances, determination), observations)
        _record(unit, case, Determined(determination, grounds_of(circumstances, evidence)), submission, facts)
        _route(unit, case, determination)
        body = _answer(unit, case, determination, submission, review, render)
        unit.replays.keep(key, case, OK, body, content_type, submission.received_at)
    return Answer(case, OK, content_type, body)


def replay_key(submission: Submission) -> str:
    """Return the name under which the answer to this content is kept: client, channel and content (S-16)."""
    told = "\n".join((submission.caller.client, submission.channel, submission.intake.content_sha256))
    return hashlib.sha256(told.encode()).hexdigest()


def new_case_number(received_at: datetime) -> str:
    """Return a fresh case number: the UTC day and eight random characters that read well aloud."""
    tail = "".join(secrets.choice(CASE_ALPHABET) for _ in range(8))
    return f"W{received_at.astimezone(UTC):%Y%m%d}-{tail}"


def _refuse_update(request: AuthorizationRequest) -> None:
    if request.purpose == "update":
        raise NotSupported(
            [
                Issue(
                    "PAS-066",
                    "The Claim changes or cancels an earlier request, which this server does not take yet.",
                    "Send a new request without related claims and change marks, or telephone about the earlier one.",
                    "Bundle.entry[0].resource",
                    code="not-supported",
                )
            ]
        )


def _check_instances(unit: UnitOfWork, intake: Intake) -> tuple[Observation, ...]:
    """Refuse a GUID that names two things; note one whose thing has changed (PAS-024)."""
    if not intake.instances:
        return intake.observations
    known = unit.instances.known(each.full_url for each in intake.instances)
    sent = [Instance(each.full_url, each.kind, each.identifiers, each.content_sha256) for each in intake.instances]
    clashes = [
        named
        for named, each in zip(intake.instances, sent, strict=True)
        if each.full_url in known and each.clashes_with(known[each.full_url])
    ]
    if clashes:
        raise ContentInvalid(_clash_issue(each) for each in clashes)
    unit.instances.keep(sent)
    changed = tuple(
        Observation("PAS-024", "The instance that this GUID names has changed since it was last sent.", each.expression)
        for each in intake.instances
        if each.full_url in known and known[each.full_url].content_sha256 != each.content_sha256
    )
    return intake.observations + changed


def _clash_issue(instance: NamedInstance) -> Issue:
    found = "The GUID of this entry was used in an earlier submission for another thing."
    mend = "Give each thing a GUID of its own; the same thing may keep its GUID."
    return Issue("PAS-024", found, mend, f"{instance.expression}.fullUrl", code="duplicate")


def _open(
    unit: UnitOfWork,
    case: str,
    submission: Submission,
    facts: RequestFacts,
    determination: Determination,
    earlier: str | None,
    observations: tuple[Observation, ...],
) -> None:
    """Make the case: its look-up rows, its first event, the exact bytes and the records.

    *earlier* is the case that it takes up again, which is told so.
    """
    request = submission.intake.request
    unit.cases.create(_case_record(case, submission, facts, waiting_items(facts, determination)))
    unit.messages.keep(
        Message("received", submission.channel, submission.content_type, submission.body, submission.received_at, case)
    )
    received = Received(submission.channel, hashlib.sha256(submission.body).hexdigest(), request, observations, earlier)
    _append(unit, case, submission, EventKind.RECEIVED, received, State.RECEIVED)
    if earlier:
        _append(unit, earlier, submission, EventKind.RESUBMITTED, Resubmitted(case), unit.cases.get(earlier).state)


def _resubmitted(circumstances: Circumstances, determination: Determination) -> str | None:
    """Return the case that the request takes up again; one that is dismissed takes up none."""
    taken_up = circumstances.prior is not None and determination.state is not State.DISMISSED
    return circumstances.prior.case if circumstances.prior and taken_up else None


def _case_record(
    case: str, submission: Submission, facts: RequestFacts, items: Mapping[int, tuple[str, str]]
) -> CaseRecord:
    """Return a case with what it is looked up by; *items* are its waiting lines, which cannot be asked twice (D08)."""
    request = submission.intake.request
    lines = tuple(CaseLine(sequence, code, npi) for sequence, (npi, code) in items.items())
    return CaseRecord(
        number=case,
        channel=submission.channel,
        created_at=submission.received_at,
        member_id=facts.member_id,
        requester_npi=facts.requester_npi,
        lines=lines,
        identifiers=tuple(_identifiers(case, request)),
    )


def _identifiers(case: str, request: AuthorizationRequest) -> list[CaseIdentifier]:
    found = [CaseIdentifier("administrative", case)]
    found += [CaseIdentifier("request", each.value, each.system or "") for each in request.identifiers if each.value]
    found += [
        CaseIdentifier("trace", each.value, each.system or "")
        for line in request.lines
        for each in line.trace_numbers
        if each.value
    ]
    envelope = request.transaction.identifier
    if envelope is not None and envelope.value:
        found.append(CaseIdentifier("transaction", envelope.value, envelope.system or ""))
    return list(dict.fromkeys(found))


def _record(unit: UnitOfWork, case: str, determined: Determined, submission: Submission, facts: RequestFacts) -> None:
    """Append the decision with its grounds; let whoever waits for it be told by the worker."""
    determination = determined.determination
    event = _append(unit, case, submission, EventKind.DETERMINED, determined, determination.state)
    provider = next((npi for line in facts.lines if (npi := facts.provider_of(line))), None)
    unit.decisions.keep(
        event,
        received_at=submission.received_at,
        state_of_service=next((line.state for line in facts.lines if line.state), None),
        expedited=bool(determination.clock and determination.clock.expedited),
        resubmission=facts.prior_number is not None,
        provider_npi=provider,
    )
    if determination.authorization_number:
        unit.cases.identify(case, [CaseIdentifier("utn", determination.authorization_number)])
    unit.outbox.put(case, "determined", submission.received_at)


def _route(unit: UnitOfWork, case: str, determination: Determination) -> None:
    """Put what a person has to decide into the worklist, with every element that he has to settle."""
    if determination.routing is None or determination.clock is None:
        return
    criteria = ((each.category, each.element) for each in determination.criteria if each.result != "not applicable")
    unit.worklist.open(case, determination.routing, determination.clock, dict.fromkeys(criteria))


def _answer(
    unit: UnitOfWork,
    case: str,
    determination: Determination,
    submission: Submission,
    review: Review,
    render: Renderer,
) -> bytes:
    """Render the answer and append the event that it was given; return its bytes."""
    response = compose(
        submission.intake.request,
        determination,
        case=case,
        response=f"{case}-1",
        disposition=SANDBOX_DISPOSITION if review.sandbox else None,
    )
    body = render(response, case, determination.decided_at)
    answered = Answered(submission.channel, hashlib.sha256(body).hexdigest(), f"{case}-1")
    _append(unit, case, submission, EventKind.ANSWERED, answered, determination.state)
    return body


def _append(
    unit: UnitOfWork,
    case: str,
    submission: Submission,
    kind: EventKind,
    data: EventData,
    state: State,
) -> Event:
    return unit.events.append(case, submission.caller.client, kind, data, state, submission.received_at)
