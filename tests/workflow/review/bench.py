"""A store with reviewers and cases, and the steps of review as their callers take them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from fhir_server.authorization.caller import Caller, Role, operator
from fhir_server.authorization.determination import CriterionResult, Determination
from fhir_server.authorization.events import Determined, Event, EventKind, Received
from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.authorization.request import AuthorizationRequest, Document, Insurance
from fhir_server.authorization.response import AuthorizationResponse
from fhir_server.authorization.states import State
from fhir_server.authorization.submission import Intake
from fhir_server.policy.engine import determine
from fhir_server.policy.facts import facts_of
from fhir_server.store.cases import CaseRecord
from fhir_server.store.database import Database
from fhir_server.store.messages import Message
from fhir_server.store.reviewers import Licence, Reviewer
from fhir_server.workflow.answers import Channel, Renderers
from fhir_server.workflow.circumstances import Review
from fhir_server.workflow.review.assignment import claim
from fhir_server.workflow.review.decision import Decision, LineDecision, decide
from fhir_server.workflow.review.desk import Desk
from fhir_server.workflow.review.finding import NewFinding, record_finding
from fhir_server.workflow.submit import Submission, submit
from tests.policy.requests import ALL_STATES, WISER, circumstances, coverage, line, request
from tests.web.bundles import member

NOW = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)
CHANNEL = "pas-2.2.1"
KNEE = "knee-arthroscopy"
EHR = Caller("ehr")
IN_THE_REQUEST = (EvidencePointer("request"),)

ADAMS, BAKER, CLARK, LATE, COORDINATOR = "dr-adams", "dr-baker", "dr-clark", "dr-late", "carol"
REVIEWERS = (
    Reviewer(
        ADAMS,
        "Ada Adams",
        "clinician",
        "1245319599",
        licences=(Licence("OH", "35.000001", "2020-01-01"), Licence("TX", "T0001", "2020-01-01")),
        specialties=("orthopedic-surgery", "neurology"),
    ),
    Reviewer(
        BAKER,
        "Bo Baker",
        "clinician",
        licences=(Licence("OH", "35.000002", "2024-01-01", "2026-12-31"),),
        specialties=("sports-medicine",),
    ),
    Reviewer(
        CLARK, "Cleo Clark", "clinician", licences=(Licence("TX", "T0002", "2024-01-01"),), specialties=("urology",)
    ),
    Reviewer(
        LATE,
        "Lee Late",
        "clinician",
        licences=(Licence("OH", "35.000003", "2020-01-01", "2026-05-31"),),
        specialties=("orthopedic-surgery",),
    ),
    Reviewer(COORDINATOR, "Carol Coord", "coordinator"),
    Reviewer("dr-gone", "Gil Gone", "clinician", active=False, licences=(Licence("OH", "1", "2020-01-01"),)),
)


def reviewer(name: str) -> Caller:
    """Return the caller who is the reviewer *name*."""
    return Caller(name, roles=frozenset({Role.REVIEWER}))


def rendered(response: AuthorizationResponse, case: str, moment: str) -> bytes:
    """Return an answer as a channel of its own writes it: everything that it says, as JSON."""
    return msgspec.json.encode({"case": case, "moment": moment, "answer": replace(response, documents=())})


def knee(*more: Any, **changes: Any) -> AuthorizationRequest:
    """Return a request for a knee arthroscopy in Ohio; *more* are further lines."""
    plain = {"state": "OH", "diagnoses": ("M22.42",), "documents": (RECORD,)}
    return request(line(1, "29877"), *more, **{**plain, **changes})


def of_another(name: str, **changes: Any) -> AuthorizationRequest:
    """Return the same request for another beneficiary, whose number is made from *name*."""
    return knee(insurance=(Insurance(1, coverage(member=member(name)), focal=True),), **changes)


RECORD = Document("urn:uuid:note", "Binary", "text/plain", b"Operative note: locking of the left knee since March.")


@dataclass
class Bench:
    """The store and its desk; the clock moves a minute with each step."""

    database: Database
    desk: Desk
    now: datetime = NOW
    submissions: Iterable[int] = field(default_factory=itertools.count)

    def tick(self, **passed: float) -> datetime:
        """Return the next moment."""
        self.now += timedelta(**(passed or {"minutes": 1}))
        return self.now

    def submit(self, asked: AuthorizationRequest | None = None, caller: Caller = EHR) -> str:
        """Send a request, and return the case."""
        self.number = next(iter(self.submissions))
        intake = Intake(asked or knee(), f"{self.number:064x}")
        sent = Submission(caller, CHANNEL, self.tick(), "application/json", b"{}", intake)
        review = Review(self.desk.packs, ALL_STATES, frozenset(), frozenset(), timedelta(hours=24), sandbox=False)
        return submit(sent, self.database, review, rendered, "application/json").case

    def events(self, case: str) -> tuple[Event, ...]:
        """Return the log of the case."""
        with self.database.read(operator()) as unit:
            return unit.events.of(case)

    def state(self, case: str) -> State:
        """Return where the case stands."""
        with self.database.read(operator()) as unit:
            return unit.cases.get(case).state

    def kinds(self, case: str) -> list[EventKind]:
        """Return what happened to the case, in order."""
        return [each.kind for each in self.events(case)]

    def last_answer(self, case: str) -> Any:
        """Return what the requester was told last."""
        with self.database.read(operator()) as unit:
            stored = unit.cases.get(case)
            assert stored.answer_sha256 is not None
            return msgspec.json.decode(unit.messages.find(case, stored.answer_sha256).content)

    def claim(self, case: str, name: str = ADAMS) -> None:
        """Let a reviewer take the case."""
        claim(self.desk, reviewer(name), case, self.tick())

    def find(
        self, case: str, name: str, element: str, result: CriterionResult, category: str = KNEE, **more: Any
    ) -> None:
        """Let a reviewer record a finding."""
        plain = {"rationale": f"{element} is {result}", "evidence": IN_THE_REQUEST}
        finding = NewFinding(category, element, result, **{**plain, **more})
        record_finding(self.desk, reviewer(name), case, finding, self.tick())

    def find_all(self, case: str, name: str = ADAMS, but: Mapping[str, CriterionResult] | None = None) -> None:
        """Let a reviewer settle every criterion: met, *but* those named."""
        with self.database.read(operator()) as unit:
            criteria = unit.worklist.criteria(case)
        for category, element in criteria:
            self.find(case, name, element, (but or {}).get(element, "met"), category)

    def decide(
        self, case: str, name: str = ADAMS, rationale: str = "The record decides.", **lines: Any
    ) -> Determination:
        """Let a reviewer decide: ``line_1="affirmed"``, ``line_2=LineDecision(…)``."""
        told = {
            int(key.removeprefix("line_")): each if isinstance(each, LineDecision) else LineDecision(each)
            for key, each in lines.items()
        }
        step = decide(self.desk, reviewer(name), case, Decision(told, rationale), self.tick())
        assert step.determination is not None
        return step.determination

    def deny(self, case: str, name: str = ADAMS) -> Determination:
        """Let a reviewer take the case, find one criterion not met and the others met, and deny the one line."""
        self.claim(case, name)
        self.find_all(case, name, but={"KN1": "not met"})
        return self.decide(case, name, line_1="non-affirmed")

    def affirm(self, case: str, name: str = ADAMS) -> Determination:
        """Let a reviewer take the case, find everything met, and affirm the one line."""
        self.claim(case, name)
        self.find_all(case, name)
        return self.decide(case, name, line_1="affirmed")

    def open_resubmission(self, of: str) -> str:
        """Return a case that takes up *of* again, as `submit` opens it where the number of the decision is known."""
        case, at, asked = f"{of}-again", self.tick(), knee()
        determination = determine(
            asked,
            facts_of(asked),
            circumstances(now=at),
            self.desk.packs,
            case_number=case,
        )
        with self.database.write(EHR) as unit:
            unit.cases.create(CaseRecord(case, CHANNEL, at))
            unit.messages.keep(Message("received", CHANNEL, "application/json", b"{}", at, case))
            received = Received(CHANNEL, "00", asked, (), of)
            unit.events.append(case, EHR.client, EventKind.RECEIVED, received, State.RECEIVED, at)
            determined = Determined(determination)
            unit.events.append(case, EHR.client, EventKind.DETERMINED, determined, determination.state, at)
            assert determination.routing
            assert determination.clock
            criteria = ((each.category, each.element) for each in determination.criteria)
            unit.worklist.open(case, determination.routing, determination.clock, criteria)
        return case


def bench_on(database: Database, **changes: Any) -> Bench:
    """Return a bench on an empty store, with its reviewers."""
    with database.write(operator()) as unit:
        unit.reviewers.load(REVIEWERS, NOW)
    desk = Desk(database, Renderers({CHANNEL: Channel(rendered, "application/json")}), WISER)
    return Bench(database, replace(desk, **changes))
