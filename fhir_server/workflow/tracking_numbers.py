"""Tracking numbers (UTN): asked for after each decision on the merits, given or refused by the contractor.

    begin      the decision has no number: it is pending from now on, which is an event
    ask        the contractor is asked, outside any transaction
    settle     the number, or the failure, becomes an event; the answer is told anew with the number (S-10)

A decision never waits for its number. What was refused is mended and asked for again; the history stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from fhir_server.authorization.caller import Caller, Role
from fhir_server.authorization.determination import Determination, LineDetermination
from fhir_server.authorization.events import Determined, Event, EventKind, Received, Reopened, TrackingNumber
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.states import DECISIONS
from fhir_server.errors import ContentInvalid, NotFound, Refusal
from fhir_server.exchange.contractor import (
    Contractor,
    Failed,
    Issued,
    Pending,
    Reply,
    TrackingRequest,
    is_tracking_number,
)
from fhir_server.exchange.simulated_contractor import PREFIX, is_simulated
from fhir_server.policy.facts import facts_of
from fhir_server.policy.forms import units
from fhir_server.store.cases import CaseIdentifier
from fhir_server.store.database import Database
from fhir_server.store.tracking import TrackingLine, TrackingRecord
from fhir_server.store.unit import UnitOfWork

ASK, WRITE = "tracking-number", "letter"
"""Topics of the outbox: the contractor is to be asked, and a letter about the event is to be written."""

DECIDED = frozenset({"affirmed", "modified", "non-affirmed"})
AFFIRMED = frozenset({"affirmed", "modified"})
OTHER_FORM = Failed(
    "number-form",
    "The contractor gave something that is not 14 capital letters and digits.",
    "Ask the contractor, then have the number asked for again or enter it.",
)

TellAnew: TypeAlias = Callable[[UnitOfWork, str, datetime], object]
"""Tells the requester of a case, within the unit, how it stands now."""


class NumberSettled(Refusal):
    """The number was given already, or was never asked for."""

    status, issue_code, rule = 409, "conflict", "tracking-number"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on the merits and the request that it is about."""

    event: Event
    determination: Determination
    request: AuthorizationRequest


def begin(unit: UnitOfWork, case: str, decision: int, at: datetime) -> bool:
    """Let the number of the event *decision* be asked for; return whether it is one that needs a number.

    A decision of ours on the merits does, unless it has one of its own (a script's) or was taken back meanwhile.
    """
    found = _decision(unit.events.of(case), decision)
    if found is None or not _needs_number(found.determination):
        return False
    member_id, lines = facts_of(found.request).member_id, tracking_lines(found.request, found.determination)
    valid = found.determination.valid
    attempt = unit.tracking.request(
        case,
        decision,
        at,
        affirmed=any(line.affirmed for line in lines),
        member_id=member_id,
        valid_from=valid.start if valid else None,
        valid_to=valid.end if valid else None,
        lines=lines,
    )
    _requested(unit, case, decision, attempt, at)
    return True


def ask(
    database: Database, caller: Caller, case: str, requested: int, contractor: Contractor, tell: TellAnew, at: datetime
) -> None:
    """Ask the contractor for the number that event *requested* asks for, unless it is settled; record the reply."""
    with database.read(caller) as unit:
        asked = _pending_request(unit, case, requested)
    if asked is None:
        return
    reply = contractor.request(asked)
    if isinstance(reply, Pending):
        return
    with database.write(caller) as unit:
        settle(unit, case, asked.decision, reply, tell, at)


def is_awaited(database: Database, caller: Caller, case: str, decision: int) -> bool:
    """Return whether the number of *decision* was asked for and neither came nor failed."""
    with database.read(caller) as unit:
        return any(each.decision == decision and each.status == "pending" for each in unit.tracking.of(case))


def settle(unit: UnitOfWork, case: str, decision: int, reply: Reply, tell: TellAnew, at: datetime) -> bool:
    """Record what the contractor said about *decision*; return False where nothing was pending."""
    if isinstance(reply, Issued) and not is_tracking_number(reply.number):
        reply = OTHER_FORM
    match reply:
        case Issued():
            return _issued(unit, case, decision, reply, tell, at)
        case Failed():
            return _failed(unit, case, decision, reply, at)
        case _:
            return False


def enter_number(
    unit: UnitOfWork, case: str, number: str, tell: TellAnew, at: datetime, decision: int | None = None
) -> TrackingRecord:
    """Record a number that the contractor gave by another way, for the last decision or *decision*.

    For operators. Raises `ContentInvalid` for another form, and for a simulated one; `NumberSettled` where the decision
    has a number; `NotFound` where none was asked for.
    """
    unit.caller.require(Role.OPERATOR)
    _check_number(number)
    record = record_of(unit, case, decision)
    if record.status == "failed":
        _requested(unit, case, record.decision, _again(unit, record, at), at)
    if not settle(unit, case, record.decision, Issued(number), tell, at):
        raise NumberSettled.because("The decision has its number already.", "A number never changes; see the case.")
    return unit.tracking.get(case, record.decision)


def enter_failure(
    unit: UnitOfWork, case: str, failure: Failed, tell: TellAnew, at: datetime, decision: int | None = None
) -> TrackingRecord:
    """Record that the contractor gives no number. For operators. Raises `NumberSettled` where none is pending."""
    unit.caller.require(Role.OPERATOR)
    record = record_of(unit, case, decision)
    if not settle(unit, case, record.decision, failure, tell, at):
        raise NumberSettled.because("No number of the decision is pending.", "See the events of the case.")
    return unit.tracking.get(case, record.decision)


def retry(unit: UnitOfWork, case: str, at: datetime, decision: int | None = None) -> TrackingRecord:
    """Have the contractor asked again after a failure. For operators. Raises `NumberSettled` where none failed."""
    unit.caller.require(Role.OPERATOR)
    record = record_of(unit, case, decision)
    if record.status != "failed":
        raise NumberSettled.because(f"The number is {record.status}.", "Only what failed is asked for again.")
    _requested(unit, case, record.decision, _again(unit, record, at), at)
    return unit.tracking.get(case, record.decision)


def record_of(unit: UnitOfWork, case: str, decision: int | None = None) -> TrackingRecord:
    """Return the record of *decision*, or of the last decision of *case* that asked for a number."""
    if decision is not None:
        return unit.tracking.get(case, decision)
    records = unit.tracking.of(case)
    if not records:
        raise NotFound.because("No number was asked for in this case.", "Only a decision on the merits gets one.")
    return records[-1]


def tracking_lines(request: AuthorizationRequest, determination: Determination) -> tuple[TrackingLine, ...]:
    """Return what a claim is held against: the decided lines, and the units that each holds for."""
    decided = {line.sequence: line for line in determination.lines if line.outcome in DECIDED}
    codes = {line.sequence: line.code for line in facts_of(request).lines}
    return tuple(
        TrackingLine(
            line.sequence,
            codes.get(line.sequence) or line.service.value or "",
            decided[line.sequence].outcome in AFFIRMED,
            _units(decided[line.sequence], units(line.quantity.value) if line.quantity else None),
        )
        for line in request.lines
        if line.sequence in decided
    )


def _units(decided: LineDetermination, asked: int | None) -> int | None:
    """Return the units of a line: what was authorized in its place where something was, else what was asked for."""
    if not decided.added:
        return asked
    given = [units(each.quantity.value) if each.quantity else None for each in decided.added]
    return sum(each or 0 for each in given)  # a reduction to no whole number must not become no limit


def _decision(events: Iterable[Event], number: int) -> Decision | None:
    """Return the decision of event *number* with the request before it, ``None`` where it was taken back."""
    request, found = None, None
    for event in events:
        if isinstance(event.data, Received) and event.number < number:
            request = event.data.request
        elif isinstance(event.data, Determined) and event.number == number and request is not None:
            found = Decision(event, event.data.determination, request)
        elif isinstance(event.data, Reopened) and event.data.decision == number:
            return None
    return found


def _needs_number(determination: Determination) -> bool:
    own = determination.decider.decided_by == "own"
    return own and determination.state in DECISIONS and determination.authorization_number is None


def _requested(unit: UnitOfWork, case: str, decision: int, attempt: int, at: datetime) -> None:
    """Append that the number is asked for, once for each attempt, and let the worker ask."""
    told = TrackingNumber("requested", decision, attempt)
    if told not in (event.data for event in unit.events.of(case)):
        _append(unit, case, told, at)
        unit.outbox.put(case, ASK, at)


def _again(unit: UnitOfWork, record: TrackingRecord, at: datetime) -> int:
    return unit.tracking.request(record.case, record.decision, at, affirmed=record.affirmed, member_id=record.member_id)


def _pending_request(unit: UnitOfWork, case: str, requested: int) -> TrackingRequest | None:
    events = unit.events.of(case)
    told = next((each.data for each in events if each.number == requested), None)
    if not isinstance(told, TrackingNumber) or told.step != "requested":
        return None
    record, found = unit.tracking.get(case, told.decision), _decision(events, told.decision)
    if found is None or record.status != "pending" or record.attempts != told.attempt:
        return None
    lines = unit.tracking.lines(case, told.decision)
    return TrackingRequest(
        case, told.decision, told.attempt, record.member_id, lines, found.request, found.determination
    )


def _issued(unit: UnitOfWork, case: str, decision: int, reply: Issued, tell: TellAnew, at: datetime) -> bool:
    unit.cases.get(case)  # nothing else happens to the case from here on
    if not unit.tracking.issued(case, decision, reply.number, at, simulated=reply.simulated):
        return False
    attempt = unit.tracking.get(case, decision).attempts
    _append(unit, case, TrackingNumber("issued", decision, attempt, reply.number, reply.simulated), at)
    unit.outbox.put(case, WRITE, at)
    unit.cases.identify(case, [CaseIdentifier("utn", reply.number)])
    if _decision(unit.events.of(case), decision) is not None:
        tell(unit, case, at)
    return True


def _failed(unit: UnitOfWork, case: str, decision: int, reply: Failed, at: datetime) -> bool:
    unit.cases.get(case)  # nothing else happens to the case from here on
    if not unit.tracking.failed(case, decision, at):
        return False
    attempt = unit.tracking.get(case, decision).attempts
    told = TrackingNumber("failed", decision, attempt, code=reply.code, text=reply.text, mend=reply.mend)
    _append(unit, case, told, at)
    return True


def _append(unit: UnitOfWork, case: str, told: TrackingNumber, at: datetime) -> None:
    unit.events.append(case, unit.caller.client, EventKind.TRACKING_NUMBER, told, unit.cases.get(case).state, at)


def _check_number(number: str) -> None:
    if not is_tracking_number(number):
        raise ContentInvalid.because(
            "A tracking number has 14 capital letters and digits.", "Enter it as the contractor wrote it (G6 7.1)."
        )
    if is_simulated(number):
        raise ContentInvalid.because(
            f"Numbers that begin with {PREFIX} are simulated ones.", "Enter the number that the contractor gave."
        )
