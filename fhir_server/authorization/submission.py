"""What an edge hands to a use case: the request in the hub's words, and what the edge noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.authorization.request import AuthorizationRequest


@dataclass(frozen=True, slots=True)
class Observation:
    """Something about a request that is no fault, and that a technician may want to know (PAS-027, PAS-047)."""

    rule: str
    found: str
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class NamedInstance:
    """A thing that its sender named by a GUID, which no other thing may be named by (PAS-024).

    ``identifiers`` holds a digest of each business identifier of the thing; it may have none.
    """

    full_url: str
    kind: str
    identifiers: frozenset[str]
    content_sha256: str
    expression: str


@dataclass(frozen=True, slots=True)
class Intake:
    """A request as an edge read it.

    ``content_sha256`` is the same for the same content, however it was laid out (S-16).
    """

    request: AuthorizationRequest
    content_sha256: str
    observations: tuple[Observation, ...] = ()
    instances: tuple[NamedInstance, ...] = ()
