"""When one look was not enough: another reviewer looks at a case, or a decision made in error is taken back."""

from __future__ import annotations

from datetime import datetime

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.determination import Determination, Routing
from fhir_server.authorization.events import EventKind, Reopened, SecondLook
from fhir_server.authorization.states import DECISIONS, State
from fhir_server.errors import ContentInvalid
from fhir_server.policy.facts import facts_of
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.answers import answer, latest_received, standing, standing_decision
from fhir_server.workflow.review.desk import (
    Desk,
    Step,
    acting_reviewer,
    check_version,
    require_hands,
    step_of,
    working_on,
)
from fhir_server.workflow.review.refusals import CaseConflict, issue


def second_look(
    desk: Desk, caller: Caller, case: str, reason: str, at: datetime, *, expected: int | None = None
) -> Step:
    """Let another reviewer decide: the case waits again, and who asked cannot take it in this round."""
    with working_on(desk, caller, case, expected) as work:
        require_hands(work)
        _require_reason(reason)
        work.append(EventKind.SECOND_LOOK, SecondLook(work.reviewer.id, reason.strip()), at)
        work.unit.worklist.requeue(case, second_look=True)
        return step_of(work.unit, case)


def reopen(desk: Desk, caller: Caller, case: str, reason: str, at: datetime, *, expected: int | None = None) -> Step:
    """Take back a decision that was made in error; every reviewer may, and says why.

    The case waits again, in its next round, with a clock that starts anew. The old decision stays in the log, and its
    tracking number counts no more. Raises `CaseConflict` where there is no decision to take back.
    """
    with desk.database.write(caller) as unit:
        reviewer = acting_reviewer(unit, caller)
        check_version(unit.cases.get(case).last_event, expected)
        _require_reason(reason)
        events = unit.events.of(case)
        decision = standing_decision(events)
        if decision is None or events[-1].state not in DECISIONS:
            raise CaseConflict.because(
                f"The case is {events[-1].state.value}; there is no decision to take back.",
                "Look at the present state of the case.",
            )
        told = Reopened(reviewer.id, reason.strip(), decision)
        appended = unit.events.append(case, reviewer.id, EventKind.REOPENED, told, State.IN_REVIEW, at)
        _wait_again(desk, unit, case, standing((*events, appended)), at)
        answer(unit, case, desk.renderers, at, reviewer.id)
        return step_of(unit, case)


def _wait_again(desk: Desk, unit: UnitOfWork, case: str, determination: Determination, at: datetime) -> None:
    """Let the case wait in its next round: all that was to be settled in the last one is to be settled again."""
    asked = ((each.category, each.element) for each in determination.criteria if each.result != "not applicable")
    criteria = dict.fromkeys([*unit.worklist.criteria(case), *asked])
    routing = determination.routing or _routing(desk, unit, case, determination)
    unit.worklist.open(case, routing, determination.clock or clock_of(at, "UTC"), criteria)


def _routing(desk: Desk, unit: UnitOfWork, case: str, determination: Determination) -> Routing:
    """Return who has to look at what software affirmed: the categories of its lines, and who can judge them."""
    categories = tuple(dict.fromkeys(each.category for each in determination.lines if each.category))
    facts = facts_of(latest_received(unit.events.of(case)).request)
    state = next((line.state for line in facts.lines if line.state), None)
    return Routing(categories, desk.specialties(determination, categories), "complex", state, ("reopened",))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ContentInvalid([issue("review-reason", "No reason was given.", "Say why.", "reason")])
