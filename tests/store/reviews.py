"""A case under review: who may decide it, what has to be settled, and each step that leads to a denial."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fhir_server.authorization.caller import Caller, Role, operator
from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.determination import CriterionFinding, CriterionResult, Decider, Routing
from fhir_server.authorization.events import Determined, Event, EventKind, FindingRecorded
from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.authorization.states import State
from fhir_server.store.database import Database
from fhir_server.store.reviewers import Licence, Reviewer
from fhir_server.store.unit import UnitOfWork
from tests.store.submissions import ALICE, CLINICIAN, NOW, Submission, determination, submit

CLINIC = Caller("clinic", roles=frozenset({Role.REVIEWER}))
OPERATOR = operator()
NEUROLOGY, UROLOGY = "2084N0400X", "208800000X"
DOCTOR = Reviewer("r-1", "A. Doctor", "clinician", "1", True, (Licence("OH", "OH-123", "2020-01-01"),), (NEUROLOGY,))
OTHER = Reviewer("r-2", "B. Other", "clinician", None, True, (Licence("OH", "OH-9", "2020-01-01"),), (UROLOGY,))
COORDINATOR = replace(
    DOCTOR, id="c-1", name="C. Desk", kind="coordinator", licences=(Licence("OH", "C", "2020-01-01"),)
)
RETIRED = replace(DOCTOR, id="r-3", name="D. Gone", active=False, licences=(Licence("OH", "R", "2020-01-01"),))
REVIEWERS = (DOCTOR, OTHER, COORDINATOR, RETIRED)

ROUTING = Routing(("sacral", "epidural"), (NEUROLOGY, UROLOGY), "complex", "OH", ("criteria",))
CLOCK = clock_of(NOW, "America/New_York")
CRITERIA = (("sacral", "SN1"), ("sacral", "SN2"))
POINTER = EvidencePointer("text", "urn:uuid:d", "page 2", 1, 20)


def load(database: Database, reviewers: Iterable[Reviewer] = REVIEWERS) -> None:
    """Load the reviewers."""
    with database.write(OPERATOR) as unit:
        unit.reviewers.load(reviewers, NOW)


def wait(database: Database, case: str = "WP-0001", owner: Caller = ALICE, routing: Routing = ROUTING) -> None:
    """Take a request in and let it wait in the worklist."""
    with database.write(owner) as unit:
        submit(unit, Submission(case=case, body=case.encode()))
        unit.worklist.open(case, routing, CLOCK, CRITERIA)


def finding(
    unit: UnitOfWork,
    element: str,
    result: CriterionResult = "not met",
    *,
    case: str = "WP-0001",
    reviewer: str = "r-1",
    rationale: str | None = "No diary was kept.",
    evidence: tuple[EvidencePointer, ...] = (POINTER,),
) -> Event:
    """Record what a reviewer says of an element."""
    found = CriterionFinding(
        element, "sacral", "R", result, "no record says so", "LCD L1", rationale=rationale, evidence=evidence
    )
    recorded = FindingRecorded(reviewer, found)
    return unit.events.append(case, reviewer, EventKind.FINDING, recorded, State.IN_REVIEW, NOW)


def review(database: Database, case: str = "WP-0001", owner: Caller = ALICE) -> None:
    """Bring a request to the point where its reviewer may deny it."""
    load(database)
    wait(database, case, owner)
    settle(database, case)


def settle(database: Database, case: str = "WP-0001") -> None:
    """Have the doctor take the case and settle every criterion."""
    with database.write(CLINIC) as unit:
        assert unit.worklist.assign(case, DOCTOR.id, NOW)
        for _, element in CRITERIA:
            finding(unit, element, case=case)


def decide(
    unit: UnitOfWork, state: State, decider: Decider = CLINICIAN, outcome: str = "in-review", case: str = "WP-0001"
) -> Event:
    """Append a decision."""
    decided = Determined(determination(state, decider, outcome))
    return unit.events.append(case, decider.reviewer or "software", EventKind.DETERMINED, decided, state, NOW)
