"""What a reviewer is shown of a case."""

from __future__ import annotations

from dataclasses import dataclass, field

from fhir_server.authorization.determination import CriterionFinding, CriterionGap, CriterionResult, Determination
from fhir_server.authorization.events import PeerToPeer
from fhir_server.authorization.states import State
from fhir_server.store.letters import Letter
from fhir_server.store.tracking import TrackingRecord
from fhir_server.workflow.review.listing import Listed


@dataclass(frozen=True, slots=True)
class PointedAt:
    """A pointer, what it points into, and what was read there: words of a text, or values of fields."""

    source: str
    document: str | None
    place: str | None
    start: int | None
    end: int | None
    kind: str | None = None
    quote: str | None = field(repr=False, default=None)
    values: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class FindingSheet:
    """What a reviewer said about a criterion; only those of the present ``round`` count for a denial."""

    reviewer: str
    round: int
    at: str
    result: CriterionResult
    gap: CriterionGap | None
    rationale: str
    second_look: bool
    evidence: tuple[PointedAt, ...]


@dataclass(frozen=True, slots=True)
class CriterionSheet:
    """A criterion as the determination has it, the evidence beside it, and what reviewers said."""

    criterion: CriterionFinding
    evidence: tuple[PointedAt, ...]
    findings: tuple[FindingSheet, ...]


@dataclass(frozen=True, slots=True)
class RecordSheet:
    """A record that was sent; ``number`` counts from 1 and is what it is fetched by."""

    number: int
    key: str
    kind: str
    media_type: str
    type: str | None
    size: int


@dataclass(frozen=True, slots=True)
class LineSheet:
    """A service that is asked for, and what is decided about it so far."""

    sequence: int
    service: str
    modifiers: tuple[str, ...]
    units: str | None
    serviced: str | None
    diagnoses: tuple[str, ...]
    category: str | None
    outcome: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RequestSheet:
    """For whom and by whom the services are asked for."""

    beneficiary: str | None = field(repr=False)
    member_id: str | None = field(repr=False)
    birth_date: str | None = field(repr=False)
    sex: str | None = field(repr=False)
    requester: str | None
    requester_npi: str | None
    resubmission_of: str | None
    lines: tuple[LineSheet, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that happened to the case; ``told`` says what, in a few words."""

    number: int
    at: str
    actor: str
    kind: str
    state: State
    told: str | None


@dataclass(frozen=True, slots=True)
class CaseSheet:
    """A case, whole. ``version`` is the number of its last event: what a step says that it has seen.

    ``listed`` is ``None`` where the case never waited for a person.
    """

    case: str
    state: State
    version: int
    listed: Listed | None
    request: RequestSheet
    determination: Determination
    criteria: tuple[CriterionSheet, ...]
    records: tuple[RecordSheet, ...]
    talks: tuple[PeerToPeer, ...]
    letters: tuple[Letter, ...]
    tracking_numbers: tuple[TrackingRecord, ...]
    history: tuple[HistoryEntry, ...]
