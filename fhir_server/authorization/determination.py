"""What was decided about a request, by whom, on which facts and by which edition of the policy.

A determination is complete enough to be explained, and replayed to the same bytes, years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.authorization.clocks import Clock
from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.authorization.response import AddedLine, InformationRequest, RequestError
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Concept, Identifier, Period

LineOutcome = Literal[
    "affirmed", "modified", "non-affirmed", "in-review", "not-required", "cancelled", "contact-payer", "unanswered"
]
FindingResult = Literal["met", "not met", "unknown"]
DeciderKind = Literal["software", "clinician", "simulated"]
CriterionKind = Literal["R", "1of", "X", "RC", "I"]
CriterionResult = Literal["met", "not met", "unknown", "not applicable"]
CriterionGap = Literal["missing", "failing", "conflicting", "unreadable", "doubtful"]
Severity = Literal["E", "W", "I"]
Tier = Literal["administrative", "standard", "complex"]


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
class CriterionFinding:
    """One element of a checklist held against the evidence, for the lines that it counts for.

    ``gap`` says why an element that is not settled is not: ``missing`` (nothing was sent), ``failing`` (what was sent
    does not meet it), ``conflicting`` (two sources differ), ``unreadable``, or ``doubtful`` (it goes to a person
    without being named to the requester). ``rationale`` is a reviewer's, or the one that the request gives.
    """

    element: str
    category: str
    kind: CriterionKind
    result: CriterionResult
    found: str
    source: str
    label: str = ""
    lines: tuple[int, ...] = ()
    gap: CriterionGap | None = None
    group: str | None = None
    rationale: str | None = None
    evidence: tuple[EvidencePointer, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeRuleHit:
    """A code rule that a line runs into. E is returned for correction, W goes to a person, I is a nudge."""

    rule: str
    severity: Severity
    found: str
    words: str
    source: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """Who has to look at a request: the categories, any one of the specialties, where, and how hard it looks.

    ``reasons`` are short keys of why software did not affirm, such as ``always-a-clinician`` or ``criteria``.
    """

    categories: tuple[str, ...]
    specialties: tuple[str, ...]
    tier: Tier
    state: str | None = None
    reasons: tuple[str, ...] = ()


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
    ``explanations``. ``criteria`` holds every element of the checklists that were asked, ``code_rules`` what the codes
    ran into, ``routing`` and ``clock`` what a reviewer works by where the request waits for one.
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
    criteria: tuple[CriterionFinding, ...] = ()
    code_rules: tuple[CodeRuleHit, ...] = ()
    routing: Routing | None = None
    clock: Clock | None = None
