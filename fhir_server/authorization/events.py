"""What happened to a case, in order. The events are the truth; everything else can be made from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from fhir_server.authorization.determination import CriterionFinding, Determination
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.response import InformationRequest
from fhir_server.authorization.states import State
from fhir_server.authorization.submission import Observation


class EventKind(StrEnum):
    """What an event tells."""

    RECEIVED = "received"
    DETERMINED = "determined"
    ANSWERED = "answered"
    ASSIGNED = "assigned"
    FINDING = "finding"
    INFORMATION_REQUESTED = "information-requested"
    SECOND_LOOK = "second-look"
    PEER_TO_PEER = "peer-to-peer"
    REOPENED = "reopened"
    RECLASSIFIED = "reclassified"
    TRACKING_NUMBER = "tracking-number"
    LETTER = "letter"
    AGED = "aged"
    EXPIRED = "expired"
    RESUBMITTED = "resubmitted"
    CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Received:
    """A request came in. The records of ``request.documents`` are stored beside it, not in it.

    ``resubmission_of`` is the case that the request takes up again.
    """

    channel: str
    content_sha256: str
    request: AuthorizationRequest
    observations: tuple[Observation, ...] = ()
    resubmission_of: str | None = None


@dataclass(frozen=True, slots=True)
class Determined:
    """A decision was made. ``grounds`` is JSON: all that it depended on beside the request and the policy edition.

    With the same request, edition and grounds the same determination comes out, byte for byte.
    """

    determination: Determination
    grounds: str = "{}"


@dataclass(frozen=True, slots=True)
class Answered:
    """The requester was told. The bytes that were sent are stored under ``content_sha256``."""

    channel: str
    content_sha256: str
    response_identifier: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """A waiting case was taken by a reviewer, given back, or sent to another specialty or reviewer."""

    action: Literal["claimed", "released", "reassigned"]
    reviewer: str
    reason: str | None = None
    to_reviewer: str | None = None
    specialty: str | None = None


@dataclass(frozen=True, slots=True)
class FindingRecorded:
    """A reviewer said what an element comes to, why, and on which evidence. The latest of each element counts."""

    reviewer: str
    finding: CriterionFinding
    second_look: bool = False


@dataclass(frozen=True, slots=True)
class InformationRequested:
    """A reviewer asked the requester for more. The clock runs on (S-09)."""

    reviewer: str
    elements: tuple[str, ...]
    words: str
    requests: tuple[InformationRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A reviewer disagrees, or is not sure, and wants another one to look."""

    reviewer: str
    reason: str


@dataclass(frozen=True, slots=True)
class PeerToPeer:
    """A talk between the requester's clinician and ours; it belongs to a resubmission and stops no clock (4.4)."""

    step: Literal["requested", "scheduled", "held", "declined"]
    reviewer: str | None = None
    at: str | None = None
    with_whom: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reopened:
    """A decision was made in error and is taken back into review, with the reason."""

    reviewer: str
    reason: str
    decision: int


@dataclass(frozen=True, slots=True)
class Reclassified:
    """Expedited review was asked for and is not granted: the request goes on as a standard one, with notice (4.2.2)."""

    reason: str
    due: str
    latest: str
    reviewer: str | None = None


@dataclass(frozen=True, slots=True)
class TrackingNumber:
    """The contractor was asked for a decision's tracking number (UTN), gave it, or could not.

    ``decision`` is the number of the event that the number is for; ``attempt`` counts from 1. A number of the embedded
    default is ``simulated``. A failure has the contractor's code, its words, and what to mend.
    """

    step: Literal["requested", "issued", "failed"]
    decision: int
    attempt: int
    number: str | None = None
    simulated: bool = False
    code: str | None = None
    text: str | None = None
    mend: str | None = None


LetterKind: TypeAlias = Literal[
    "affirmation",
    "non-affirmation",
    "partial",
    "dismissal",
    "expedited-to-standard",
    "exemption-granted",
    "exemption-removed",
]


@dataclass(frozen=True, slots=True)
class LetterMade:
    """A letter was written about the event ``about``; the store keeps it under its number."""

    letter: str
    kind: LetterKind
    about: int


@dataclass(frozen=True, slots=True)
class Aged:
    """A waiting case came near its due time (``due-soon``), past it (``overdue``), or past its latest (``late``)."""

    alert: Literal["due-soon", "overdue", "late"]


@dataclass(frozen=True, slots=True)
class Expired:
    """The last day of service of an affirmation is over."""

    last_day: str


@dataclass(frozen=True, slots=True)
class Resubmitted:
    """The request was sent again, as a case of its own."""

    case: str


@dataclass(frozen=True, slots=True)
class ClaimRecorded:
    """A claim under the case's tracking number was paid or denied; ``claim`` is the payer's number for it."""

    claim: str
    line: int
    service_code: str
    date_of_service: str
    units: int
    outcome: Literal["paid", "denied"]


EventData: TypeAlias = (
    Received
    | Determined
    | Answered
    | Assigned
    | FindingRecorded
    | InformationRequested
    | SecondLook
    | PeerToPeer
    | Reopened
    | Reclassified
    | TrackingNumber
    | LetterMade
    | Aged
    | Expired
    | Resubmitted
    | ClaimRecorded
)

DATA_OF_KIND: dict[EventKind, type[EventData]] = {
    EventKind.RECEIVED: Received,
    EventKind.DETERMINED: Determined,
    EventKind.ANSWERED: Answered,
    EventKind.ASSIGNED: Assigned,
    EventKind.FINDING: FindingRecorded,
    EventKind.INFORMATION_REQUESTED: InformationRequested,
    EventKind.SECOND_LOOK: SecondLook,
    EventKind.PEER_TO_PEER: PeerToPeer,
    EventKind.REOPENED: Reopened,
    EventKind.RECLASSIFIED: Reclassified,
    EventKind.TRACKING_NUMBER: TrackingNumber,
    EventKind.LETTER: LetterMade,
    EventKind.AGED: Aged,
    EventKind.EXPIRED: Expired,
    EventKind.RESUBMITTED: Resubmitted,
    EventKind.CLAIM: ClaimRecorded,
}
"""What an event of each kind holds."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a case's log: ``number`` counts from 1 without gaps, ``at`` is UTC, ``actor`` is who caused it."""

    case: str
    number: int
    at: str
    actor: str
    kind: EventKind
    data: EventData
    state: State
