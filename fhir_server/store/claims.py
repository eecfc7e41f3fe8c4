"""Claims: what became of the services that were billed under a tracking number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, insert, select

from fhir_server.authorization.events import ClaimRecorded
from fhir_server.store.outgoing_tables import claim_line
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.values import indexed, utc_text


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A line of a claim under the number of the decision that event ``decision`` tells."""

    case: str
    decision: int
    claim: str
    line: int
    service_code: str
    date_of_service: str
    units: int
    outcome: Literal["paid", "denied"]
    recorded_at: str


_columns = claim_line.c
_RECORD = Statement(insert(claim_line))
_KNOWN = Statement(
    select(_columns.id).where(
        _columns.owner == bindparam("of_owner"), _columns.claim == bindparam("sought"), _columns.line == bindparam("at")
    )
)
_OF_CASE = Statement(
    select(
        _columns.case_number,
        _columns.decision_event,
        _columns.claim,
        _columns.line,
        _columns.service_code,
        _columns.date_of_service,
        _columns.units,
        _columns.outcome,
        _columns.recorded_at,
    )
    .where(_columns.case_number == bindparam("case"))
    .order_by(_columns.id)
)


class Claims(Repository):
    """The claims of the store. They are added and never changed."""

    __slots__ = ()

    def record(self, case: str, decision: int, claim: ClaimRecorded, at: datetime) -> bool:
        """Store a line of a claim; return False where the same line of the owner's claim is known.

        Raises `ConstraintBroken` where no tracking number was asked for.
        """
        owner = self._unit.heads.of(case).owner
        number = indexed(claim.claim)
        self._one_at_a_time([f"{owner}\x00{number}"])
        if self._row(_KNOWN, {"of_owner": owner, "sought": number, "at": claim.line}) is not None:
            return False
        self._run(
            _RECORD,
            {
                "case_number": case,
                "decision_event": decision,
                "owner": owner,
                "claim": number,
                "line": claim.line,
                "service_code": indexed(claim.service_code),
                "date_of_service": claim.date_of_service,
                "units": claim.units,
                "outcome": claim.outcome,
                "recorded_at": utc_text(at),
            },
        )
        return True

    def of(self, case: str) -> tuple[StoredClaim, ...]:
        """Return the lines of claims of *case* in the order in which they were recorded."""
        self._unit.heads.of(case)
        return tuple(StoredClaim(*row) for row in self._rows(_OF_CASE, {"case": case}))
