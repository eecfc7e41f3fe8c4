"""Claims under a tracking number: whether a line is covered by it, and what became of it.

A check holds a line of a claim against the decision, rule by rule (guide 6.0, 4.3, 7; rule V44). Each rule is told with
what was found, also those that hold, so that a claim system and a person see the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from fhir_server.authorization.caller import Caller, Role
from fhir_server.authorization.events import ClaimRecorded, EventKind, Reopened
from fhir_server.errors import ContentInvalid, Issue, NotFound
from fhir_server.exchange.contractor import is_tracking_number
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.pack import Pack
from fhir_server.store.database import Database
from fhir_server.store.tracking import TrackingLine, TrackingRecord
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.claim_rules import EXISTS, FORM, ClaimLine, HeldLine, Reason, reason, reasons


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """Whether the line is covered by the number, and why.

    ``line`` is the line of the request that it is for; ``follows`` the line that an associated service follows.
    ``simulated`` numbers are no contractor's. ``case`` is told to whoever may see it.
    """

    covered: bool
    reasons: tuple[Reason, ...]
    case: str | None = None
    simulated: bool = False
    line: int | None = None
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """What became of a line of a claim: ``claim`` is the payer's number for it."""

    utn: str
    claim: str
    line: int
    service_code: str
    date_of_service: date
    units: int
    outcome: Literal["paid", "denied"]


@dataclass(frozen=True, slots=True)
class RecordedClaim:
    """A line that is on record now; ``known`` tells that it was before. Another outcome does not take its place."""

    case: str
    claim: str
    line: int
    known: bool


def check_claim(database: Database, caller: Caller, sent: ClaimLine, packs: Sequence[Pack]) -> ClaimCheck:
    """Return whether *sent* is covered by its tracking number.

    A number of another client is as unknown as one that was never given. Raises `NotAllowed` for a caller that is
    neither submitter nor operator.
    """
    _require_user(caller)
    if not is_tracking_number(sent.utn):
        return ClaimCheck(False, (reason(FORM, "not met", "another form"),))
    with database.read(caller) as unit:
        try:
            record = unit.tracking.find(sent.utn)
        except NotFound:
            return ClaimCheck(False, (reason(FORM, "met", "14 places"), reason(EXISTS, "not met", "not known here")))
        held = _held(unit, record, sent, packs)
    found = (reason(FORM, "met", "14 places"), reason(EXISTS, "met", "given"), *reasons(held))
    line = next(iter(held.standing), None)
    return ClaimCheck(
        covered=all(each.result != "not met" for each in found),
        reasons=found,
        case=record.case,
        simulated=record.simulated,
        line=line.sequence if line and held.own else None,
        follows=line.sequence if line and not held.own else None,
    )


def record_claims(
    database: Database, caller: Caller, outcomes: Sequence[ClaimOutcome], at: datetime
) -> tuple[RecordedClaim, ...]:
    """Record what became of claims, all of them or none; a line that is on record stays as it is.

    Raises `ContentInvalid` with every number that is not known here, as well as `NotAllowed` as `check_claim` does.
    """
    _require_user(caller)
    with database.write(caller) as unit:
        found = [_find(unit, each.utn) for each in outcomes]
        unknown = [number for number, record in enumerate(found) if record is None]
        if unknown:
            raise ContentInvalid(_unknown(number) for number in unknown)
        return tuple(
            _recorded(unit, record, each, at)
            for record, each in zip(found, outcomes, strict=True)
            if record is not None
        )


def _require_user(caller: Caller) -> None:
    if Role.OPERATOR not in caller.roles:
        caller.require(Role.SUBMITTER)


def _find(unit: UnitOfWork, number: str) -> TrackingRecord | None:
    try:
        return unit.tracking.find(number)
    except NotFound:
        return None


def _unknown(index: int) -> Issue:
    found, mend = "The tracking number is not known here.", "Check it; send claims under our decisions only."
    return Issue("UTN-EXISTS", found, mend, f"claims[{index}].utn", code="not-found")


def _recorded(unit: UnitOfWork, record: TrackingRecord, sent: ClaimOutcome, at: datetime) -> RecordedClaim:
    claim = ClaimRecorded(
        sent.claim, sent.line, sent.service_code, sent.date_of_service.isoformat(), sent.units, sent.outcome
    )
    new = unit.claims.record(record.case, record.decision, claim, at)
    if new:
        state = unit.cases.get(record.case).state
        unit.events.append(record.case, unit.caller.client, EventKind.CLAIM, claim, state, at)
    return RecordedClaim(record.case, sent.claim, sent.line, known=not new)


def _held(unit: UnitOfWork, record: TrackingRecord, sent: ClaimLine, packs: Sequence[Pack]) -> HeldLine:
    events = unit.events.of(record.case)
    lines = unit.tracking.lines(record.case, record.decision)
    return HeldLine(
        sent=sent,
        record=record,
        state=unit.cases.get(record.case).state,
        taken_back=any(isinstance(each.data, Reopened) and each.data.decision == record.decision for each in events),
        lines=lines,
        primaries=_primaries(packs, sent.service_code, lines),
        used=unit.tracking.units_used(record.case, record.decision),
    )


def _primaries(packs: Iterable[Pack], code: str, lines: Iterable[TrackingLine]) -> tuple[TrackingLine, ...]:
    """Return the decided lines whose category the associated code *code* belongs to (guide, Appendix C)."""
    coverage = [pack for pack in packs if isinstance(pack, CoveragePack)]
    categories = {category for pack in coverage for category in pack.associated.get(code, ())}
    listed = {
        code: {category.id for pack in coverage for category, _ in pack.listed.get(code, ())}
        for code in (line.service_code for line in lines)
    }
    return tuple(line for line in lines if not categories.isdisjoint(listed[line.service_code]))
