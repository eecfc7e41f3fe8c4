"""A stored decision made again from its grounds: the same request, evidence and policy have to give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.determination import Determination, PolicyEdition
from fhir_server.authorization.events import Determined, Event, Received
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.policy.engine import determine
from fhir_server.policy.facts import facts_of
from fhir_server.policy.pack import Pack
from fhir_server.store.database import Database
from fhir_server.workflow.circumstances import read_grounds


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision of software and what comes out today. ``edition`` is the policy's that is loaded now.

    Another edition may decide otherwise; where it is the decision's own, anything but the same bytes is a fault.
    """

    event: int
    decided: Determination
    again: Determination
    edition: PolicyEdition

    @property
    def same_edition(self) -> bool:
        """Whether the policy that decided is the one that is loaded."""
        return self.decided.policy == self.edition

    @property
    def same_bytes(self) -> bool:
        """Whether the two determinations are the same to the byte."""
        return msgspec.json.encode(self.decided) == msgspec.json.encode(self.again)


def replay(database: Database, caller: Caller, case: str, packs: Sequence[Pack]) -> tuple[Replayed, ...]:
    """Return every decision that software made about *case*, made again with *packs*. Decisions of people are theirs.

    Raises `NotFound` and `NotAllowed` as the store does.
    """
    with database.read(caller) as unit:
        events = unit.events.of(case)
    return tuple(_again(case, event, _request_before(events, event.number), packs) for event in events if _own(event))


def _own(event: Event) -> bool:
    return isinstance(event.data, Determined) and event.data.determination.decider.kind == "software"


def _request_before(events: Sequence[Event], number: int) -> AuthorizationRequest:
    received = (each.data for each in reversed(events[:number]) if isinstance(each.data, Received))
    return next(received).request


def _again(case: str, event: Event, request: AuthorizationRequest, packs: Sequence[Pack]) -> Replayed:
    determined = event.data
    assert isinstance(determined, Determined)
    grounds = read_grounds(determined.grounds)
    again = determine(
        request, facts_of(request), grounds.circumstances, packs, case_number=case, evidence=grounds.evidence
    )
    return Replayed(event.number, determined.determination, again, again.policy)
