"""The clinician's part of `wiser-pas demo`, played by a simulated reviewer, whom only the store of a sandbox takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhir_server.authorization.determination import Determination
    from fhir_server.store.reviewers import Reviewer
    from fhir_server.workflow.review.desk import Desk

CONFIRMED = "Read beside the records, and it is so."


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the reviewer says: the element that is not met, why, and why no line is affirmed therefore."""

    element: str
    finding: str
    rationale: str


def judge(desk: Desk, case: str, determination: Determination, judgement: Judgement) -> None:
    """Take *case*, which *determination* put into review, say what each criterion comes to, and affirm no line."""
    from fhir_server.authorization.caller import Caller, Role, operator
    from fhir_server.workflow.review.assignment import claim
    from fhir_server.workflow.review.decision import Decision, LineDecision, decide
    from fhir_server.workflow.review.finding import NewFinding, confirm_met, record_finding
    from fhir_server.workflow.reviewers import load_reviewers

    reviewer, now = _fitting(determination), datetime.now(UTC)
    load_reviewers(desk.database, operator(), [reviewer], now)
    caller = Caller(reviewer.id, roles=frozenset({Role.REVIEWER}))
    found = next(each for each in determination.criteria if each.element == judgement.element)
    finding = NewFinding(found.category, found.element, "not met", judgement.finding, found.evidence)
    waiting = [line.sequence for line in determination.lines if line.outcome == "in-review"]
    lines = dict.fromkeys(waiting, LineDecision("non-affirmed"))
    claim(desk, caller, case, now)
    confirm_met(desk, caller, case, CONFIRMED, now)
    record_finding(desk, caller, case, finding, now)
    decide(desk, caller, case, Decision(lines, judgement.rationale), now)


def _fitting(determination: Determination) -> Reviewer:
    """Return a simulated reviewer with the specialties and the licence that *determination* asks for."""
    from fhir_server.store.reviewers import Licence, Reviewer

    routing = determination.routing
    assert routing is not None
    assert routing.state is not None
    return Reviewer(
        "simulated-reviewer",
        "Simulated Reviewer (sandbox)",
        "simulated",
        licences=(Licence(routing.state, "SIMULATED-0001", "2026-01-01"),),
        specialties=routing.specialties,
    )
