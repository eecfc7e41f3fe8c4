"""What happened to a case, in order. The events are the truth; everything else can be made from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.states import State
from fhir_server.authorization.submission import Observation


class EventKind(StrEnum):
    """What an event tells."""

    RECEIVED = "received"
    DETERMINED = "determined"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Received:
    """A request came in. The records of ``request.documents`` are stored beside it, not in it."""

    channel: str
    content_sha256: str
    request: AuthorizationRequest
    observations: tuple[Observation, ...] = ()


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
class Event:
    """One entry of a case's log: ``number`` counts from 1 without gaps, ``at`` is UTC, ``actor`` is who caused it."""

    case: str
    number: int
    at: str
    actor: str
    kind: EventKind
    data: Received | Determined | Answered
    state: State
