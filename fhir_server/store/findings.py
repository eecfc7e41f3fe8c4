"""Findings: what reviewers said the elements of a checklist come to, why, and on which evidence (never.md, 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select

from fhir_server.authorization.determination import CriterionResult
from fhir_server.authorization.events import FindingRecorded
from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.errors import NotFound
from fhir_server.store.heads import Head
from fhir_server.store.repository import Repository
from fhir_server.store.review_tables import case_criterion, review_finding, worklist_item
from fhir_server.store.statements import Statement

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(tuple[EvidencePointer, ...])


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding as it was kept; of several about one element in a round the latest counts."""

    case: str
    event_number: int
    round: int
    category: str
    element: str
    result: CriterionResult
    reviewer: str
    rationale: str
    evidence: tuple[EvidencePointer, ...]
    at: str


_columns = review_finding.c
_OF_ITEM = ("case_number", "owner", "round")
_OF_FINDING = ("event_number", "category", "element", "result", "reviewer", "rationale", "evidence", "at")
_KEEP = Statement(
    insert(review_finding).from_select(
        [*_OF_ITEM, *_OF_FINDING],
        select(
            *(worklist_item.c[name] for name in _OF_ITEM),
            *(bindparam(name, type_=_columns[name].type) for name in _OF_FINDING),
        ).where(worklist_item.c.case_number == bindparam("case")),
    )
)
_OF_CASE = Statement(
    select(
        _columns.case_number,
        _columns.event_number,
        _columns.round,
        _columns.category,
        _columns.element,
        _columns.result,
        _columns.reviewer,
        _columns.rationale,
        _columns.evidence,
        _columns.at,
    )
    .where(_columns.case_number == bindparam("case"))
    .order_by(_columns.event_number)
)
_CRITERIA = Statement(
    select(worklist_item.c.round, case_criterion.c.category, case_criterion.c.element)
    .join_from(
        worklist_item,
        case_criterion,
        (case_criterion.c.case_number == worklist_item.c.case_number)
        & (case_criterion.c.round == worklist_item.c.round),
    )
    .where(worklist_item.c.case_number == bindparam("case"))
    .order_by(case_criterion.c.category, case_criterion.c.element)
)


class Findings(Repository):
    """The findings of the store. They are added with their event and never changed."""

    __slots__ = ()

    def keep(self, head: Head, recorded: FindingRecorded, at: str) -> None:
        """Store the finding of the event that *head* stands at, in the present round; called by `Events.append`.

        Raises `NotFound` where the case never waited for a person, `ConstraintBroken` for a finding without a
        rationale, or one that settles something without evidence.
        """
        finding = recorded.finding
        kept = self._run(
            _KEEP,
            {
                "case": head.number,
                "event_number": head.last_event,
                "category": finding.category,
                "element": finding.element,
                "result": finding.result,
                "reviewer": recorded.reviewer,
                "rationale": finding.rationale or "",
                "evidence": _encoder.encode(finding.evidence).decode(),
                "at": at,
            },
        )
        if kept != 1:
            raise NotFound.because("The case does not wait in the worklist.", "Route the case to a reviewer first.")

    def of(self, case: str, of_round: int | None = None) -> tuple[StoredFinding, ...]:
        """Return the findings of *case*, or of one of its rounds, in the order in which they were made."""
        self._unit.heads.of(case)
        found = (_stored(row) for row in self._rows(_OF_CASE, {"case": case}))
        return tuple(each for each in found if of_round is None or each.round == of_round)

    def latest(self, case: str, of_round: int | None = None) -> dict[tuple[str, str], StoredFinding]:
        """Return the finding that counts for each (category, element)."""
        return {(each.category, each.element): each for each in self.of(case, of_round)}

    def unsettled(self, case: str, reviewer: str) -> tuple[tuple[str, str], ...]:
        """Return each (category, element) of the round that *reviewer* has to settle before a denial by him."""
        self._unit.heads.of(case)
        criteria = self._rows(_CRITERIA, {"case": case})
        own = {
            (each.round, each.category, each.element): each.result
            for each in self.of(case)
            if each.reviewer == reviewer
        }
        return tuple(
            (category, element)
            for present, category, element in criteria
            if own.get((present, category, element), "unknown") == "unknown"
        )


def _stored(row: Sequence[Any]) -> StoredFinding:
    case, number, of_round, category, element, result, reviewer, rationale, evidence, at = row
    return StoredFinding(
        case, number, of_round, category, element, result, reviewer, rationale, _decoder.decode(evidence), at
    )
