"""Tracking numbers (UTN): what the contractor was asked for about each decision, and what it gave (guide 4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, func, insert, or_, select, update

from fhir_server.authorization.caller import Role
from fhir_server.authorization.states import State
from fhir_server.errors import NotFound
from fhir_server.store.outgoing_tables import claim_line, tracking_line, tracking_number
from fhir_server.store.repository import Repository, listing
from fhir_server.store.statements import Statement
from fhir_server.store.tables import authorization_case
from fhir_server.store.values import indexed, utc_text

TrackingStatus = Literal["pending", "issued", "failed"]


@dataclass(frozen=True, slots=True)
class TrackingLine:
    """A line that was decided: a claim for it is held against ``units``, where there are any."""

    sequence: int
    service_code: str
    affirmed: bool
    units: int | None = None


@dataclass(frozen=True, slots=True)
class TrackingRecord:
    """The number of the decision that event ``decision`` tells; ``valid_from`` and ``valid_to`` are days of service."""

    case: str
    decision: int
    owner: str
    status: TrackingStatus
    attempts: int
    number: str | None
    simulated: bool
    affirmed: bool
    member_id: str | None
    valid_from: str | None
    valid_to: str | None
    changed_at: str


_columns = tracking_number.c
_ONE = (_columns.case_number == bindparam("case"), _columns.decision_event == bindparam("decision"))
_READ = select(
    _columns.case_number,
    _columns.decision_event,
    _columns.owner,
    _columns.status,
    _columns.attempts,
    _columns.number,
    _columns.simulated,
    _columns.affirmed,
    _columns.member_id,
    _columns.valid_from,
    _columns.valid_to,
    _columns.changed_at,
)
_GET = Statement(_READ.where(*_ONE))
_OF_CASE = Statement(_READ.where(_columns.case_number == bindparam("case")).order_by(_columns.decision_event))
_FIND = listing(_READ.where(_columns.number == bindparam("sought")), _columns.owner)
_WITH_STATUS = Statement(
    _READ.where(_columns.status == bindparam("wanted"))
    .order_by(_columns.changed_at, _columns.case_number, _columns.decision_event)
    .limit(bindparam("most"))
)
_later = tracking_number.alias("later")
_PAST = Statement(
    _READ.join(authorization_case, authorization_case.c.number == _columns.case_number)
    .where(
        _columns.valid_to < bindparam("day"),
        or_(*(authorization_case.c.state == state.value for state in (State.AFFIRMED, State.PARTIAL))),
        ~select(_later.c.case_number)
        .where(_later.c.case_number == _columns.case_number, _later.c.decision_event > _columns.decision_event)
        .exists(),
    )
    .order_by(_columns.valid_to, _columns.case_number)
    .limit(bindparam("most"))
)
_REQUEST = Statement(insert(tracking_number))
_ADD_LINE = Statement(insert(tracking_line))
_AGAIN = Statement(
    update(tracking_number)
    .where(*_ONE, _columns.status == "failed")
    .values(status="pending", attempts=_columns.attempts + 1, changed_at=bindparam("at"))
)
_PENDING = update(tracking_number).where(*_ONE, _columns.status == "pending")
_ISSUED = Statement(
    _PENDING.values(
        status="issued", number=bindparam("new_number"), simulated=bindparam("is_simulated"), changed_at=bindparam("at")
    )
)
_FAILED = Statement(_PENDING.values(status="failed", changed_at=bindparam("at")))
_LINES = Statement(
    select(tracking_line.c.sequence, tracking_line.c.service_code, tracking_line.c.affirmed, tracking_line.c.units)
    .where(tracking_line.c.case_number == bindparam("case"), tracking_line.c.decision_event == bindparam("decision"))
    .order_by(tracking_line.c.sequence)
)
_USED = (
    select(claim_line.c.service_code, func.sum(claim_line.c.units))
    .where(
        claim_line.c.case_number == bindparam("case"),
        claim_line.c.decision_event == bindparam("decision"),
        claim_line.c.outcome == "paid",
    )
    .group_by(claim_line.c.service_code)
    .order_by(claim_line.c.service_code)
)


class TrackingNumbers(Repository):
    """The tracking numbers of the store, one for each decision on the merits."""

    __slots__ = ()

    def request(
        self,
        case: str,
        decision: int,
        at: datetime,
        *,
        affirmed: bool,
        member_id: str | None,
        valid_from: str | None = None,
        valid_to: str | None = None,
        lines: Iterable[TrackingLine] = (),
    ) -> int:
        """Note that the number of *decision* is asked for, or again after a failure; return which attempt this is.

        *affirmed* is whether any line is. The rest counts the first time only: a number that is pending or issued stays
        as it is. Raises `ConstraintBroken` where event *decision* did not decide so.
        """
        head = self._unit.heads.of(case)
        known = self._row(_GET, {"case": case, "decision": decision})
        if known is not None:
            again = self._run(_AGAIN, {"case": case, "decision": decision, "at": utc_text(at)})
            return int(known[4]) + again
        key = {"case_number": case, "decision_event": decision, "owner": head.owner}
        self._run(
            _REQUEST,
            {
                **key,
                "status": "pending",
                "attempts": 1,
                "simulated": False,
                "affirmed": affirmed,
                "member_id": indexed(member_id) if member_id else None,
                "valid_from": valid_from,
                "valid_to": valid_to,
                "changed_at": utc_text(at),
            },
        )
        _ADD_LINE.run_for_each(self._unit.connection, [{**key, **_line_row(line)} for line in lines])
        return 1

    def issued(self, case: str, decision: int, number: str, at: datetime, *, simulated: bool = False) -> bool:
        """Store the number that was given; return False where none is pending.

        Raises `ConstraintBroken` for a number that another decision has.
        """
        self._unit.heads.of(case)
        given = {"new_number": number, "is_simulated": simulated, "at": utc_text(at)}
        return self._run(_ISSUED, {"case": case, "decision": decision, **given}) == 1

    def failed(self, case: str, decision: int, at: datetime) -> bool:
        """Note that the contractor could not give a number; return False where none is pending."""
        self._unit.heads.of(case)
        return self._run(_FAILED, {"case": case, "decision": decision, "at": utc_text(at)}) == 1

    def get(self, case: str, decision: int) -> TrackingRecord:
        """Return the record of a decision; raise `NotFound` where no number was asked for."""
        self._unit.heads.of(case)
        row = self._row(_GET, {"case": case, "decision": decision})
        if row is None:
            raise NotFound.because("The decision has no tracking number.", "Ask for the events of the case.")
        return _record(row)

    def of(self, case: str) -> tuple[TrackingRecord, ...]:
        """Return the records of all decisions of *case*, in their order."""
        self._unit.heads.of(case)
        return tuple(_record(row) for row in self._rows(_OF_CASE, {"case": case}))

    def find(self, number: str) -> TrackingRecord:
        """Return the record of *number*; raise `NotFound` where there is none that the caller may see."""
        for row in self._listed(_FIND, {"sought": number}):
            return _record(row)
        raise NotFound.because("There is no such tracking number.", "Check the number.")

    def lines(self, case: str, decision: int) -> tuple[TrackingLine, ...]:
        """Return the lines that the number of a decision holds for or denies."""
        self._unit.heads.of(case)
        return tuple(
            TrackingLine(sequence, code, bool(affirmed), units)
            for sequence, code, affirmed, units in self._rows(_LINES, {"case": case, "decision": decision})
        )

    def units_used(self, case: str, decision: int) -> dict[str, int]:
        """Return the units that claims under the number were paid for, by service code."""
        self._unit.heads.of(case)
        used = self._unit.connection.execute(_USED, {"case": case, "decision": decision})
        return {code: int(units) for code, units in used}

    def with_status(self, status: TrackingStatus, most: int = 100) -> tuple[TrackingRecord, ...]:
        """Return records of *status*, those that have been so longest at the head. For operators."""
        self._unit.caller.require(Role.OPERATOR)
        return tuple(_record(row) for row in self._rows(_WITH_STATUS, {"wanted": status, "most": most}))

    def past(self, day: str, most: int = 100) -> tuple[TrackingRecord, ...]:
        """Return the last records of affirmed cases whose last day of service is before *day*. For operators."""
        self._unit.caller.require(Role.OPERATOR)
        return tuple(_record(row) for row in self._rows(_PAST, {"day": day, "most": most}))


def _line_row(line: TrackingLine) -> dict[str, Any]:
    return {
        "sequence": line.sequence,
        "service_code": indexed(line.service_code),
        "affirmed": line.affirmed,
        "units": line.units,
    }


def _record(row: Sequence[Any]) -> TrackingRecord:
    case, decision, owner, status, attempts, number, simulated, affirmed, *rest = row
    return TrackingRecord(case, decision, owner, status, attempts, number, bool(simulated), bool(affirmed), *rest)
