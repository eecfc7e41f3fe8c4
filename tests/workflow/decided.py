"""Cases that were decided, as a submission or a reviewer leaves them behind for the worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fhir_server.authorization.caller import Caller, Role, operator
from fhir_server.authorization.determination import Decider, Determination
from fhir_server.authorization.events import Determined, EventKind, Received, Reopened, TrackingNumber
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.states import State
from fhir_server.policy.facts import facts_of
from fhir_server.store.cases import CaseIdentifier, CaseRecord
from fhir_server.store.database import Database
from fhir_server.store.unit import UnitOfWork
from tests.letters.contents import CASE, REQUEST

AT = datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
CLINIC = Caller("clinic", roles=frozenset({Role.SUBMITTER}))
OTHER = Caller("other", roles=frozenset({Role.SUBMITTER}))
WORKER = operator("worker")
SIMULATED = Decider(kind="simulated", reviewer="Simulated Reviewer", licence="SIMULATED-0001", specialty="208D00000X")
CHANNEL = "pas-2.2.1"


def decide(
    database: Database,
    determination: Determination,
    *,
    case: str = CASE,
    owner: Caller = CLINIC,
    request: AuthorizationRequest = REQUEST,
    at: datetime = AT,
    received_at: datetime | None = None,
    **kept: Any,
) -> int:
    """Take a request in and decide it; return the event. A denial is a simulated reviewer's, for a sandbox store."""
    if determination.decider.kind == "clinician":
        determination = replace(determination, decider=SIMULATED)
    with database.write(owner) as unit:
        identifiers = (CaseIdentifier("administrative", case),)
        member = facts_of(request).member_id
        unit.cases.create(CaseRecord(case, CHANNEL, received_at or at, member, None, (), identifiers))
        received = Received(CHANNEL, "0" * 64, request, resubmission_of=kept.pop("resubmission_of", None))
        unit.events.append(case, owner.client, EventKind.RECEIVED, received, State.RECEIVED, received_at or at)
        return determine(unit, case, determination, at, received_at or at, **kept)


def determine(
    unit: UnitOfWork, case: str, determination: Determination, at: datetime, received_at: datetime, **kept: Any
) -> int:
    """Decide a case, and leave what follows to the worker."""
    state = determination.state
    event = unit.events.append(case, "clinic", EventKind.DETERMINED, Determined(determination), state, at)
    unit.decisions.keep(event, received_at=received_at, **kept)
    unit.outbox.put(case, "determined", at)
    return event.number


def take_back(database: Database, decision: int, case: str = CASE) -> None:
    """Take a decision back, as one that was made in error."""
    with database.write(WORKER) as unit:
        told = Reopened("r-1", "The wrong record was read.", decision)
        unit.events.append(case, "r-1", EventKind.REOPENED, told, State.IN_REVIEW, AT)


def steps(database: Database, case: str = CASE) -> list[tuple[str, int, str | None]]:
    """Return what was told of tracking numbers: step, attempt, number."""
    with database.read(WORKER) as unit:
        told = [each.data for each in unit.events.of(case) if isinstance(each.data, TrackingNumber)]
    return [(each.step, each.attempt, each.number) for each in told]
