"""What reviewers work with, the case that is worked on, and who may do what to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fhir_server.authorization.caller import Caller, Role
from fhir_server.authorization.determination import CriterionFinding, Determination
from fhir_server.authorization.events import Determined, Event, EventData, EventKind, Received, Reopened, SecondLook
from fhir_server.authorization.states import State
from fhir_server.errors import Issue, NotAllowed, NotFound
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.pack import Pack
from fhir_server.store.database import Database
from fhir_server.store.reviewers import Licence, Reviewer
from fhir_server.store.unit import UnitOfWork
from fhir_server.store.worklist_items import WorklistItem
from fhir_server.workflow.answers import Renderers, standing
from fhir_server.workflow.review.reason_codes import ReasonCode
from fhir_server.workflow.review.refusals import CaseChanged, CaseConflict, issue, raise_if_any

IN_HANDS = frozenset({State.IN_REVIEW, State.INFORMATION_REQUESTED})
DECIDING_KINDS = ("clinician", "simulated")
"""Kinds of reviewers who may decide; simulated ones are in sandbox stores only (S-24)."""
_BEGINS_ROUND = (Received, Determined, Reopened)


@dataclass(frozen=True, slots=True)
class Desk:
    """What reviewers work with. ``reason_codes`` are those of CMS's published list, if it was loaded."""

    database: Database
    renderers: Renderers
    packs: Sequence[Pack]
    reason_codes: Mapping[str, ReasonCode] = field(default_factory=dict)

    def specialties(self, determination: Determination, categories: Iterable[str]) -> tuple[str, ...]:
        """Return the specialties that the policy names for *categories*; any one of them may judge."""
        pack = self.coverage(determination)
        checklists = (pack.checklists[each].checklist for each in categories if each in pack.checklists) if pack else ()
        return tuple(dict.fromkeys(specialty for each in checklists for specialty in each.specialties))

    def coverage(self, determination: Determination) -> CoveragePack | None:
        """Return the coverage policy that *determination* was made by, ``None`` for an answer by script."""
        own = (pack for pack in self.packs if pack.edition.pack == determination.policy.pack)
        return next((pack for pack in own if isinstance(pack, CoveragePack)), None)


@dataclass(frozen=True, slots=True)
class Step:
    """Where a case stands after a step, as of the step's own transaction; ``version`` is the number of its last event.

    ``findings`` are those that the step recorded, ``determination`` the one that it made.
    """

    case: str
    state: State
    version: int
    item: WorklistItem
    findings: tuple[CriterionFinding, ...] = ()
    determination: Determination | None = None


def step_of(
    unit: UnitOfWork,
    case: str,
    findings: Iterable[CriterionFinding] = (),
    determination: Determination | None = None,
) -> Step:
    """Return where the case stands now, within the transaction of a step."""
    stored = unit.cases.get(case)
    return Step(case, stored.state, stored.last_event, unit.worklist.get(case), tuple(findings), determination)


@dataclass(frozen=True, slots=True)
class Work:
    """A case in the hands of a reviewer, within one transaction; nobody else changes it meanwhile."""

    unit: UnitOfWork
    case: str
    state: State
    reviewer: Reviewer
    item: WorklistItem
    events: tuple[Event, ...]

    @property
    def determination(self) -> Determination:
        """The determination that stands."""
        return standing(self.events)

    @property
    def received(self) -> Received:
        """The request, the newest."""
        return next(each.data for each in reversed(self.events) if isinstance(each.data, Received))

    def append(self, kind: EventKind, data: EventData, at: datetime, state: State | None = None) -> Event:
        """Append an event that the reviewer causes; the case stays where it is unless *state* is given."""
        return self.unit.events.append(self.case, self.reviewer.id, kind, data, state or self.state, at)

    def this_round(self) -> Iterator[Event]:
        """Yield what happened since the case came to wait the last time."""
        begins = max(each.number for each in self.events if isinstance(each.data, _BEGINS_ROUND))
        yield from (each for each in self.events if each.number > begins)

    def refuse_second_look_of_one(self, reviewer: Reviewer) -> None:
        """Raise `CaseConflict` where *reviewer* himself wanted another one to decide this round."""
        looks = (each.data for each in self.this_round() if isinstance(each.data, SecondLook))
        if any(each.reviewer == reviewer.id for each in looks):
            raise CaseConflict.because(
                f"The reviewer {reviewer.id} asked for a second look at this case.", "Another reviewer has to decide."
            )


@contextmanager
def working_on(desk: Desk, caller: Caller, case: str, expected: int | None = None) -> Iterator[Work]:
    """Give the case to work on; what is done to it is kept when all went well.

    *expected* is the number of the last event that the caller saw. Raises `CaseChanged` where more happened since,
    `NotAllowed` unless the caller is an active reviewer, `NotFound` where the case never waited for one.
    """
    with desk.database.write(caller) as unit:
        yield _work(unit, caller, case, expected)


def _work(unit: UnitOfWork, caller: Caller, case: str, expected: int | None) -> Work:
    reviewer = acting_reviewer(unit, caller)
    stored = unit.cases.get(case)
    check_version(stored.last_event, expected)
    return Work(unit, case, stored.state, reviewer, unit.worklist.get(case), unit.events.of(case))


def check_version(present: int, expected: int | None) -> None:
    """Raise `CaseChanged` where the caller looked at another version of the case than the *present* one."""
    if expected is not None and expected != present:
        raise CaseChanged.because(
            f"The case is at version {present}, not {expected}: something happened to it meanwhile.",
            "Look at the case again, then decide what to do.",
        )


def acting_reviewer(unit: UnitOfWork, caller: Caller) -> Reviewer:
    """Return the active reviewer that *caller* is; raise `NotAllowed`."""
    caller.require(Role.REVIEWER)
    mend = "An operator loads the reviewers: wiser-pas reviewers load FILE."
    try:
        reviewer = unit.reviewers.get(caller.client)
    except NotFound:
        raise NotAllowed.because("The client is none of the reviewers.", mend) from None
    if not reviewer.active:
        raise NotAllowed.because("The reviewer is not active.", mend)
    return reviewer


def require_decider(reviewer: Reviewer) -> None:
    """Raise `NotAllowed` for a reviewer who may not judge a case."""
    if reviewer.kind not in DECIDING_KINDS:
        raise NotAllowed.because(
            f"A {reviewer.kind} does not judge cases.", "Reassign the case to a clinician, or to a specialty."
        )


def require_hands(work: Work) -> None:
    """Raise unless the reviewer may judge cases and has this one, which waits for a decision."""
    require_decider(work.reviewer)
    require_open(work)
    if work.item.assigned_to != work.reviewer.id:
        found = "nobody" if work.item.assigned_to is None else f"the reviewer {work.item.assigned_to}"
        raise CaseConflict.because(f"The case is with {found}.", "Claim the case first.")


def require_hands_or_coordinator(work: Work) -> None:
    """Raise unless the case waits and is with the reviewer, or he coordinates."""
    require_open(work)
    if work.reviewer.kind != "coordinator":
        require_hands(work)


def require_open(work: Work) -> None:
    """Raise `CaseConflict` unless the case waits for a decision."""
    if work.state not in IN_HANDS or work.item.status == "closed":
        raise CaseConflict.because(
            f"The case is {work.state.value}; it does not wait for a decision.",
            "Take the decision back first, if it was made in error.",
        )


def fitting_licence(reviewer: Reviewer, item: WorklistItem, at: datetime) -> Licence | None:
    """Return a licence of the reviewer for the state of service, valid on the (UTC) day of *at*."""
    day = at.astimezone(UTC).date().isoformat()
    return next(
        (
            each
            for each in reviewer.licences
            if item.state_of_service in (None, each.state)
            and each.valid_from <= day
            and (each.valid_to is None or day <= each.valid_to)
        ),
        None,
    )


def fitting_specialty(reviewer: Reviewer, item: WorklistItem) -> str | None:
    """Return a specialty of the reviewer that the case asks for; any, where it asks for none."""
    return next((each for each in reviewer.specialties if not item.specialties or each in item.specialties), None)


def unfit(reviewer: Reviewer, item: WorklistItem, at: datetime) -> Iterator[Issue]:
    """Yield what keeps the reviewer from deciding the case: a licence, a specialty, or both."""
    if fitting_licence(reviewer, item, at) is None:
        where = f"for {item.state_of_service} " if item.state_of_service else ""
        yield issue(
            "review-licence",
            f"The reviewer {reviewer.id} has no licence {where}that is valid today.",
            "Reassign the case, or have an operator load the licence.",
        )
    if fitting_specialty(reviewer, item) is None:
        asked = f"none of the specialties {', '.join(item.specialties)}" if item.specialties else "no specialty"
        yield issue(
            "review-specialty",
            f"The reviewer {reviewer.id} has {asked}.",
            "Reassign the case to a reviewer who has one of them.",
        )


def require_fit(reviewer: Reviewer, item: WorklistItem, at: datetime) -> None:
    """Raise `NotAllowed` with everything that keeps the reviewer from deciding the case."""
    raise_if_any(NotAllowed, unfit(reviewer, item, at))
