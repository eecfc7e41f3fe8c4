"""Who has a case: take it, give it back, send it to somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.events import Assigned, EventKind
from fhir_server.errors import ContentInvalid, Issue, NotFound
from fhir_server.store.reviewers import Reviewer
from fhir_server.workflow.review.desk import (
    DECIDING_KINDS,
    Desk,
    Step,
    Work,
    require_decider,
    require_fit,
    require_hands_or_coordinator,
    require_open,
    step_of,
    working_on,
)
from fhir_server.workflow.review.refusals import CaseConflict, issue, raise_if_any


def claim(desk: Desk, caller: Caller, case: str, at: datetime, *, expected: int | None = None) -> Step:
    """Take the case; of two who take it at once one gets it. To take it twice is as good as once.

    Raises `NotAllowed` for a reviewer without a licence for the state of service that is valid today, or without one of
    the specialties; `CaseConflict` where another has it.
    """
    with working_on(desk, caller, case, expected) as work:
        require_decider(work.reviewer)
        require_open(work)
        require_fit(work.reviewer, work.item, at)
        work.refuse_second_look_of_one(work.reviewer)
        if work.item.assigned_to != work.reviewer.id:
            _take(work, work.reviewer, at, instead_of=None)
            work.append(EventKind.ASSIGNED, Assigned("claimed", work.reviewer.id), at)
        return step_of(work.unit, case)


def release(
    desk: Desk, caller: Caller, case: str, at: datetime, *, reason: str | None = None, expected: int | None = None
) -> Step:
    """Give the case back, for anyone who fits."""
    with working_on(desk, caller, case, expected) as work:
        require_open(work)
        if not work.unit.worklist.release(case, work.reviewer.id):
            raise CaseConflict.because("The case is not with the reviewer.", "Look at who has it.")
        work.append(EventKind.ASSIGNED, Assigned("released", work.reviewer.id, reason), at)
        return step_of(work.unit, case)


def reassign(
    desk: Desk,
    caller: Caller,
    case: str,
    at: datetime,
    *,
    reason: str,
    specialty: str | None = None,
    to_reviewer: str | None = None,
    expected: int | None = None,
) -> Step:
    """Send the case to another reviewer, or to whoever has a specialty; a reviewer his own, a coordinator any.

    Raises `ContentInvalid` unless one of the two is given, and where it does not fit the case.
    """
    with working_on(desk, caller, case, expected) as work:
        require_hands_or_coordinator(work)
        raise_if_any(ContentInvalid, _wrong(desk, work, reason, specialty, to_reviewer))
        if to_reviewer is not None:
            target = _target(work, to_reviewer)
            require_fit(target, work.item, at)
            work.refuse_second_look_of_one(target)
            _take(work, target, at, instead_of=work.item.assigned_to)
        else:
            specialties = [specialty] if specialty else None
            work.unit.worklist.requeue(case, specialties, second_look=work.item.second_look)
        told = Assigned("reassigned", work.reviewer.id, reason, to_reviewer, specialty)
        work.append(EventKind.ASSIGNED, told, at)
        return step_of(work.unit, case)


def _take(work: Work, reviewer: Reviewer, at: datetime, *, instead_of: str | None) -> None:
    if not work.unit.worklist.assign(work.case, reviewer.id, at, instead_of=instead_of):
        raise CaseConflict.because(
            f"The case is with the reviewer {work.item.assigned_to}.", "Take another one, or have it reassigned."
        )


def _wrong(desk: Desk, work: Work, reason: str, specialty: str | None, to_reviewer: str | None) -> Iterator[Issue]:
    if not reason.strip():
        yield issue("review-reason", "No reason was given.", "Say why the case is sent on.", "reason")
    if (specialty is None) == (to_reviewer is None):
        yield issue("review-target", "Not one target was given.", "Give either a specialty or a reviewer.", "specialty")
    possible = specialties_of(desk, work)
    if specialty is not None and specialty not in possible:
        yield issue(
            "review-specialty",
            "The specialty does not judge what the case asks for.",
            f"Give one of {', '.join(possible)}.",
            "specialty",
        )


def specialties_of(desk: Desk, work: Work) -> tuple[str, ...]:
    """Return the specialties that may judge the case by its policy, else those that the reviewers have."""
    named = desk.specialties(work.determination, work.item.categories)
    if named:
        return named
    return tuple(sorted({one for each in work.unit.reviewers.all() if each.active for one in each.specialties}))


def _target(work: Work, name: str) -> Reviewer:
    mend = "Give the id of an active clinician."
    try:
        reviewer = work.unit.reviewers.get(name)
    except NotFound:
        raise ContentInvalid([issue("review-target", "There is no such reviewer.", mend, "to_reviewer")]) from None
    if not reviewer.active or reviewer.kind not in DECIDING_KINDS:
        raise ContentInvalid([issue("review-target", "That reviewer does not judge cases.", mend, "to_reviewer")])
    return reviewer
