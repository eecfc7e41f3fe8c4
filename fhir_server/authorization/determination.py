"""What was decided about a request, by whom, on which facts and by which edition of the policy.

A determination is complete enough to be explained, and replayed to the same bytes, years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.authorization.response import AddedLine, InformationRequest, RequestError
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Concept, Identifier, Period

LineOutcome = Literal[
    "affirmed", "modified", "non-affirmed", "in-review", "not-required", "cancelled", "contact-payer", "unanswered"
]
FindingResult = Literal["met", "not met", "unknown"]
DeciderKind = Literal["software", "clinician", "simulated"]


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decided. ``own`` is this organization's software or clinician; a partner decides behind X12 (S-22).

    A non-affirmation of our own names the clinician: identity, licence, specialty (docs/decisions/never.md, 1).
    """

    decided_by: Literal["own", "partner"] = "own"
    kind: DeciderKind = "software"
    reviewer: str | None = None
    licence: str | None = None
    specialty: str | None = None
    npi: Identifier | None = None
    interchange: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyEdition:
    """Which policy decided: pack, its version, and the editions of the sources that it carries over."""

    pack: str
    version: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule held against the facts: what came out, on which fact, by which source."""

    rule: str
    result: FindingResult
    found: str
    source: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Dismissal:
    """An administrative dismissal (D01 to D10): why, and what the requester can do. Never a clinical judgement."""

    code: str
    reason: str
    mend: str


@dataclass(frozen=True, slots=True)
class LineDetermination:
    """The outcome for one line, and the words that explain it: what was found and, where something can be done, what.

    ``dismissal`` is the code (D01 to D10) of the dismissal that this line meets, if any.
    """

    sequence: int
    outcome: LineOutcome
    reason: str | None = None
    category: str | None = None
    dismissal: str | None = None
    reason_codes: tuple[Concept, ...] = ()
    added: tuple[AddedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Determination:
    """The whole decision. ``state`` is the state that the case enters with it.

    ``valid`` is the period of service that an affirmation holds for. ``missing`` names, in words, what a reviewer or
    the requester still has to bring. ``errors`` point at notes by the position (from 1) of their text in
    ``explanations``.
    """

    state: State
    decided_at: str
    decider: Decider
    policy: PolicyEdition
    lines: tuple[LineDetermination, ...] = ()
    dismissal: Dismissal | None = None
    errors: tuple[RequestError, ...] = ()
    explanations: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    information_requests: tuple[InformationRequest, ...] = ()
    valid: Period | None = None
    authorization_number: str | None = None
