"""The worklist: which cases wait for a person, until when, and who has them (S-09).

A case has one item from the first time that it waits. Each time that it comes back, by a new answer of the requester or
because a decision was taken back, is the next round, with findings of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, delete, insert, or_, select, update

from fhir_server.authorization.clocks import Clock
from fhir_server.authorization.determination import Routing
from fhir_server.errors import NotFound, Refusal
from fhir_server.store.heads import Head
from fhir_server.store.repository import Repository
from fhir_server.store.review_tables import case_criterion, worklist_category, worklist_item, worklist_specialty
from fhir_server.store.statements import Statement
from fhir_server.store.values import utc_text
from fhir_server.store.worklist_items import ALL_OPEN, IS_OPEN, Alert, Filter, WorklistItem, chosen, with_details

_FIRST_ROUND = 1
_columns = worklist_item.c
_THE_CASE = _columns.case_number == bindparam("case")
_BEGIN = Statement(insert(worklist_item))
_NEXT_ROUND = (
    update(worklist_item)
    .where(_THE_CASE)
    .values(
        round=_columns.round + 1, status="waiting", assigned_to=None, assigned_at=None, alert=None, second_look=False
    )
    .returning(_columns.round)
)
_ROUTED = ("category", "state_of_service", "tier", "expedited", "received_at", "due_at", "latest_at")
_BEGIN_AGAIN = Statement(_NEXT_ROUND.values({name: bindparam(f"new_{name}") for name in _ROUTED}))
_REOPEN = Statement(_NEXT_ROUND)
_ADD_SPECIALTY = Statement(insert(worklist_specialty))
_ADD_CATEGORY = Statement(insert(worklist_category))
_ADD_CRITERION = Statement(insert(case_criterion))
_FORGET_SPECIALTIES = Statement(delete(worklist_specialty).where(worklist_specialty.c.case_number == bindparam("case")))
_FORGET_CATEGORIES = Statement(delete(worklist_category).where(worklist_category.c.case_number == bindparam("case")))
_CRITERIA = Statement(
    select(case_criterion.c.category, case_criterion.c.element)
    .join(
        worklist_item,
        (worklist_item.c.case_number == case_criterion.c.case_number)
        & (worklist_item.c.round == case_criterion.c.round),
    )
    .where(case_criterion.c.case_number == bindparam("case"))
    .order_by(case_criterion.c.category, case_criterion.c.element)
)
_ASSIGN = Statement(
    update(worklist_item)
    .where(_THE_CASE, IS_OPEN, _columns.assigned_to.is_not_distinct_from(bindparam("instead_of")))
    .values(assigned_to=bindparam("reviewer"), assigned_at=bindparam("at"))
)
_HAS = Statement(select(_columns.round).where(_THE_CASE, IS_OPEN, _columns.assigned_to == bindparam("reviewer")))
_RELEASE = Statement(
    update(worklist_item)
    .where(_THE_CASE, IS_OPEN, _columns.assigned_to == bindparam("reviewer"))
    .values(assigned_to=None, assigned_at=None)
)
_REQUEUE = Statement(
    update(worklist_item)
    .where(_THE_CASE, IS_OPEN)
    .values(assigned_to=None, assigned_at=None, second_look=bindparam("wants_second_look"))
)
_MARK = Statement(update(worklist_item).where(_THE_CASE, IS_OPEN).values(status=bindparam("new_status")))
_CLOSE = Statement(update(worklist_item).where(_THE_CASE, IS_OPEN).values(status="closed"))
_DUE = Statement(
    update(worklist_item)
    .where(_THE_CASE, IS_OPEN)
    .values(due_at=bindparam("new_due_at"), latest_at=bindparam("new_latest_at"), expedited=bindparam("now_expedited"))
)
_BEFORE: Mapping[Alert, tuple[str, ...]] = {"due-soon": (), "overdue": ("due-soon",), "late": ("due-soon", "overdue")}
"""What each alert may follow, besides none."""
_ALERT = {
    level: Statement(
        update(worklist_item)
        .where(_THE_CASE, IS_OPEN, or_(_columns.alert.is_(None), *(_columns.alert == each for each in earlier)))
        .values(alert=level)
    )
    for level, earlier in _BEFORE.items()
}


class Worklist(Repository):
    """The items of the worklist.

    `open`, `mark` and `close` follow what an owner does to his own case; all else is for those who review or operate,
    and raises `NotAllowed` for others.
    """

    __slots__ = ()

    def open(self, case: str, routing: Routing, clock: Clock, criteria: Iterable[tuple[str, str]]) -> int:
        """Let *case* wait for a person and return its round, 1 for the first.

        *criteria* are all (category, element) that need a reviewer's finding before a denial. Where the case has an
        item it begins the next round by this routing: waiting, for anyone, without an alert.
        """
        head = self._unit.heads.of(case)
        values = {
            "category": routing.categories[0] if routing.categories else None,
            "state_of_service": routing.state,
            "tier": routing.tier,
            "expedited": clock.expedited,
            "received_at": clock.received_at,
            "due_at": clock.due,
            "latest_at": clock.latest,
        }
        begun = None if head.is_new else self._begin_again(case, values)
        if begun is None:
            self._begin(head, values)
        else:
            self._run(_FORGET_SPECIALTIES, {"case": case})
            self._run(_FORGET_CATEGORIES, {"case": case})
        self._add(_ADD_SPECIALTY, head, "specialty", routing.specialties)
        self._add(_ADD_CATEGORY, head, "category", routing.categories)
        self._add_criteria(head, begun or _FIRST_ROUND, criteria)
        return begun or _FIRST_ROUND

    def reopen(
        self, case: str, criteria: Iterable[tuple[str, str]] | None = None, *, clock: Clock | None = None
    ) -> int:
        """Begin the next round of *case* by the routing that it has and return the round.

        Without *criteria* those of the last round are asked again; without *clock* the times stay.
        """
        head = self._reviewed(case)
        wanted = self.criteria(case) if criteria is None else criteria
        row = self._row(_REOPEN, {"case": case})
        if row is None:
            raise _not_found()
        if clock is not None:
            self._set_times(case, clock.due, clock.latest, expedited=clock.expedited)
        self._add_criteria(head, row[0], wanted)
        return int(row[0])

    def get(self, case: str) -> WorklistItem:
        """Return the item of *case*, closed or not. Raises `NotFound` where it never waited."""
        self._reviewed(case)
        found = with_details(self._unit.connection, [_THE_CASE], {"case": case}, most=1)
        if not found:
            raise _not_found()
        return found[0]

    def listed(self, wanted: Filter = ALL_OPEN) -> tuple[WorklistItem, ...]:
        """Return the items that *wanted* lets through, those that are due first at the head."""
        self._require_review()
        return with_details(self._unit.connection, chosen(wanted), {}, wanted.most)

    def criteria(self, case: str) -> tuple[tuple[str, str], ...]:
        """Return all (category, element) that need a finding before a denial in the present round."""
        self._unit.heads.of(case)
        return tuple((category, element) for category, element in self._rows(_CRITERIA, {"case": case}))

    def assign(self, case: str, reviewer: str, at: datetime, *, instead_of: str | None = None) -> bool:
        """Give an open case to *reviewer* if *instead_of* has it (``None``: nobody); return whether he has it now.

        Of two who ask at once one is told True. Raises `ConstraintBroken` for a reviewer that was never loaded.
        """
        self._reviewed(case)
        asked = {"case": case, "reviewer": reviewer, "at": utc_text(at), "instead_of": instead_of}
        if self._run(_ASSIGN, asked):
            return True
        return self._row(_HAS, {"case": case, "reviewer": reviewer}) is not None

    def release(self, case: str, reviewer: str) -> bool:
        """Take the case back from *reviewer*; return whether he had it."""
        self._reviewed(case)
        return self._run(_RELEASE, {"case": case, "reviewer": reviewer}) == 1

    def requeue(self, case: str, specialties: Iterable[str] | None = None, *, second_look: bool = False) -> None:
        """Let the case wait for anyone again, of *specialties* where they are given.

        Raises `NotFound` if it is closed.
        """
        head = self._reviewed(case)
        self._change(_REQUEUE, {"case": case, "wants_second_look": second_look})
        if specialties is not None:
            self._run(_FORGET_SPECIALTIES, {"case": case})
            self._add(_ADD_SPECIALTY, head, "specialty", specialties)

    def mark(self, case: str, status: Literal["waiting", "information-requested"]) -> None:
        """Tell whom the open case waits for. Raises `NotFound` if it is closed."""
        self._unit.heads.of(case)
        self._change(_MARK, {"case": case, "new_status": status})

    def due(self, case: str, due_at: str, latest_at: str) -> None:
        """Set other times: the case goes on as a standard one (4.2.2). Raises `NotFound` if it is closed."""
        self._reviewed(case)
        self._set_times(case, due_at, latest_at, expedited=False)

    def close(self, case: str) -> bool:
        """Take the case off the list; return whether it was there. Who had it stays."""
        self._unit.heads.of(case)
        return self._run(_CLOSE, {"case": case}) == 1

    def alert(self, case: str, level: Alert) -> bool:
        """Note that the open case came to *level*; return False where it was there or beyond it before."""
        self._reviewed(case)
        return self._run(_ALERT[level], {"case": case}) == 1

    def due_for_alert(self, now: datetime, soon: timedelta, most: int = 100) -> tuple[tuple[WorklistItem, Alert], ...]:
        """Return open cases that came to a level at *now* that was not noted, and the level, the most urgent first.

        A case is due soon when *soon* is left.
        """
        self._require_review()
        moment, before = utc_text(now), utc_text(now + soon)
        reached = or_(
            (_columns.latest_at <= moment) & _columns.alert.is_distinct_from("late"),
            (_columns.due_at <= moment) & (_columns.alert.is_(None) | (_columns.alert == "due-soon")),
            (_columns.due_at <= before) & _columns.alert.is_(None),
        )
        found = with_details(self._unit.connection, [IS_OPEN, reached], {}, most)
        return tuple((item, _level(item, moment)) for item in found)

    def _begin_again(self, case: str, values: Mapping[str, Any]) -> int | None:
        row = self._row(_BEGIN_AGAIN, {"case": case, **{f"new_{name}": value for name, value in values.items()}})
        return None if row is None else int(row[0])

    def _begin(self, head: Head, values: Mapping[str, Any]) -> None:
        self._run(
            _BEGIN,
            {
                "case_number": head.number,
                "owner": head.owner,
                "round": _FIRST_ROUND,
                "status": "waiting",
                "second_look": False,
                **values,
            },
        )

    def _add(self, statement: Statement, head: Head, column: str, values: Iterable[str]) -> None:
        rows = [{"case_number": head.number, "owner": head.owner, column: each} for each in dict.fromkeys(values)]
        statement.run_for_each(self._unit.connection, rows)

    def _add_criteria(self, head: Head, number: int, criteria: Iterable[tuple[str, str]]) -> None:
        rows = [
            {
                "case_number": head.number,
                "owner": head.owner,
                "round": number,
                "category": category,
                "element": element,
            }
            for category, element in dict.fromkeys(criteria)
        ]
        _ADD_CRITERION.run_for_each(self._unit.connection, rows)

    def _set_times(self, case: str, due_at: str, latest_at: str, *, expedited: bool) -> None:
        times = {"new_due_at": due_at, "new_latest_at": latest_at, "now_expedited": expedited}
        self._change(_DUE, {"case": case, **times})

    def _change(self, statement: Statement, parameters: Mapping[str, Any]) -> None:
        if self._run(statement, parameters) != 1:
            raise _not_found()

    def _reviewed(self, case: str) -> Head:
        self._require_review()
        return self._unit.heads.of(case)


def _level(item: WorklistItem, moment: str) -> Alert:
    if item.latest_at <= moment:
        return "late"
    return "overdue" if item.due_at <= moment else "due-soon"


def _not_found() -> Refusal:
    return NotFound.because("The case does not wait in the worklist.", "Ask for the present state of the case.")
