"""A submission as the store sees it: everything that one request and its answer leave behind, in one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.determination import (
    Decider,
    Determination,
    Finding,
    LineDetermination,
    PolicyEdition,
)
from fhir_server.authorization.events import Answered, Determined, EventKind, Received
from fhir_server.authorization.parties import NPI, Coverage, Organization, Person, Practitioner, Provider
from fhir_server.authorization.request import (
    MEMBER_NUMBER,
    AuthorizationRequest,
    CareTeamMember,
    Diagnosis,
    Document,
    Insurance,
    ServiceLine,
)
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept, Identifier, Origin, PersonName, Quantity
from fhir_server.policy.extraction import member_id
from fhir_server.store.cases import CaseIdentifier, CaseLine, CaseRecord
from fhir_server.store.instances import Instance
from fhir_server.store.messages import Message
from fhir_server.store.replays import StoredAnswer
from fhir_server.store.unit import UnitOfWork

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
WINDOW = timedelta(hours=24)
POLICY = PolicyEdition("wiser", "1", ("guide 4.0",))
SOFTWARE = Decider()
CLINICIAN = Decider(kind="clinician", reviewer="r-1", licence="OH-123", specialty="2084N0400X")
HOSPITAL, SURGEON = "1234567893", "1245319599"

ALICE = Caller("alice")
BOB = Caller("bob")


def request(documents: tuple[Document, ...] = (), member: str = "1EG4TE5MK73") -> AuthorizationRequest:
    """Return a request as a real one looks: parties, diagnoses, lines, records."""
    number = Identifier("http://hl7.org/fhir/sid/us-mbi", member, Concept((Code(*MEMBER_NUMBER),)))
    person = Person(Origin("urn:uuid:1", "p"), (number,), (PersonName("Doe", ("Jane",)),), "female", "1950-01-01")
    hospital = Organization(identifiers=(Identifier(NPI, HOSPITAL),), name="Hospital")
    surgeon = Practitioner(identifiers=(Identifier(NPI, SURGEON),), names=(PersonName("Cutter", ("A", "B")),))
    lines = tuple(
        ServiceLine(
            sequence,
            Concept((Code("http://www.ama-assn.org/go/cpt", "64561"),)),
            diagnoses=(1, 2),
            care_team=(1,),
            serviced="2026-04-01",
            quantity=Quantity(Decimal("1.00"), code="UN"),
        )
        for sequence in (1, 2)
    )
    return AuthorizationRequest(
        identifiers=(Identifier("urn:sender", "A-1"),),
        beneficiary=person,
        payer=Organization(name="Medicare"),
        requester=Provider(hospital, surgeon),
        care_team=(CareTeamMember(1, Provider(hospital, surgeon), covers_whole_request=False),),
        diagnoses=tuple(Diagnosis(each, Concept((Code("icd10", f"N39.4{each}"),))) for each in (1, 2)),
        insurance=(Insurance(1, Coverage(identifiers=(number,), payor=Organization(name="Medicare")), True),),
        lines=lines,
        documents=documents,
    )


def determination(state: State, decider: Decider = SOFTWARE, outcome: str = "in-review") -> Determination:
    """Return a decision with a finding for each line."""
    return Determination(
        state,
        "2026-03-01T15:00:00Z",
        decider,
        POLICY,
        lines=tuple(LineDetermination(each, outcome, "why") for each in (1, 2)),  # type: ignore[arg-type]
        findings=tuple(Finding(f"SN{each}", "unknown", "no record says so", "LCD L1") for each in range(1, 9)),
        explanations=("A clinician reviews the request.",),
    )


@dataclass(frozen=True)
class Submission:
    """What a client sends, and what it will be told."""

    case: str = "WP-0001"
    body: bytes = b'{"resourceType":"Bundle"}'
    answer: bytes = b'{"resourceType":"Bundle","id":"answer"}'
    request: AuthorizationRequest = field(default_factory=request)
    channel: str = "fhir-2.2.1"
    instances: tuple[Instance, ...] = (Instance("urn:uuid:1", "Patient", frozenset({"identity"}), "content"),)
    at: datetime = NOW
    decider: Decider = SOFTWARE
    state: State = State.IN_REVIEW

    def key(self, caller: Caller) -> str:
        """Return what the submission is replayed by."""
        return hashlib.sha256(b"\x00".join((caller.client.encode(), self.channel.encode(), self.body))).hexdigest()

    def of_case(self, case: str) -> Submission:
        """Return the same submission, taken in under another number."""
        return replace(self, case=case)


def submit(unit: UnitOfWork, sent: Submission) -> StoredAnswer | None:
    """Do what a submission does to the store; return the earlier answer where there is one."""
    key = sent.key(unit.caller)
    if (stored := unit.replays.claim(key, sent.at, WINDOW)) is not None:
        return stored
    member = member_id(sent.request) or ""
    unit.registry.beneficiary(member)
    unit.registry.provider(HOSPITAL)
    unit.registry.exemptions(HOSPITAL)
    unit.cases.open_items(member, [(HOSPITAL, "64561")])
    unit.instances.known(each.full_url for each in sent.instances)
    lines = tuple(CaseLine(line.sequence, line.service.value or "", HOSPITAL) for line in sent.request.lines)
    identifiers = (
        CaseIdentifier("administrative", sent.case),
        *(CaseIdentifier("request", each.value or "", each.system or "") for each in sent.request.identifiers),
    )
    unit.cases.create(CaseRecord(sent.case, sent.channel, sent.at, member, HOSPITAL, lines, identifiers))
    unit.messages.keep(Message("received", sent.channel, "application/fhir+json", sent.body, sent.at, sent.case))
    received = Received(sent.channel, hashlib.sha256(sent.body).hexdigest(), sent.request)
    actor = unit.caller.client
    unit.events.append(sent.case, actor, EventKind.RECEIVED, received, State.RECEIVED, sent.at)
    unit.instances.keep(sent.instances)
    determined = Determined(determination(sent.state, sent.decider))
    unit.events.append(sent.case, actor, EventKind.DETERMINED, determined, sent.state, sent.at)
    answered = Answered(sent.channel, hashlib.sha256(sent.answer).hexdigest(), "answer-1")
    unit.events.append(sent.case, actor, EventKind.ANSWERED, answered, sent.state, sent.at)
    unit.replays.keep(key, sent.case, 200, sent.answer, "application/fhir+json", sent.at)
    unit.outbox.put(sent.case, "decision", sent.at)
    return None
