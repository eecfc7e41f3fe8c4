"""Determinations of every kind, made by hand: what an answer to a request can have to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fhir_server.authorization.codes import (
    FOLLOW_UP_ACTIONS,
    REJECT_REASONS,
    REVIEW_DECISION_REASONS,
    dismissal_code,
)
from fhir_server.authorization.determination import (
    Decider,
    Determination,
    Dismissal,
    LineDetermination,
    LineOutcome,
    PolicyEdition,
)
from fhir_server.authorization.parties import NPI
from fhir_server.authorization.request import AuthorizationRequest, ServiceLine
from fhir_server.authorization.response import AddedLine, InformationRequest, RequestError
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept, Identifier, Period, Quantity

NOW = "2026-03-02T15:04:05Z"
POLICY = PolicyEdition("wiser", "2026-11-24.1", ("guide 6.0",))
CLINICIAN = Decider(
    kind="clinician", reviewer="r-7", licence="OH-35.123456", specialty="208VP0014X", npi=Identifier(NPI, "2999999990")
)
VALID = Period("2026-03-02", "2026-06-29")
UTN = "0A12345678901234"


def lines(request: AuthorizationRequest, outcome: LineOutcome, **told: Any) -> tuple[LineDetermination, ...]:
    """Return the same outcome for every line."""
    return tuple(LineDetermination(line.sequence, outcome, **told) for line in request.lines)


def affirmed(request: AuthorizationRequest) -> Determination:
    """A1: every line, with a number."""
    told = lines(request, "affirmed", reason="All criteria are met.")
    return Determination(State.AFFIRMED, NOW, Decider(), POLICY, told, valid=VALID, authorization_number=UTN)


def affirmed_without_number(request: AuthorizationRequest) -> Determination:
    """A1 before the number is issued (S-10)."""
    return replace(affirmed(request), authorization_number=None)


def denied(request: AuthorizationRequest) -> Determination:
    """A3: by a clinician, with a reason."""
    reason = Concept((Code(REVIEW_DECISION_REASONS, "0F"),))
    told = lines(request, "non-affirmed", reason="Conservative treatment is not documented.", reason_codes=(reason,))
    return Determination(State.NON_AFFIRMED, NOW, CLINICIAN, POLICY, told, authorization_number=UTN)


def pended(request: AuthorizationRequest) -> Determination:
    """A4: a person has to look."""
    return Determination(State.IN_REVIEW, NOW, Decider(), POLICY, lines(request, "in-review", reason="In review."))


def pended_for_records(request: AuthorizationRequest) -> Determination:
    """A4, and records are asked for: one by LOINC code for a line, one by X12 755 for all."""
    asked = (
        InformationRequest(line=request.lines[0].sequence, code="18776-5"),
        InformationRequest(category=Concept((Code("https://codesystem.x12.org/005010/755", "PY"),))),
    )
    return replace(pended(request), state=State.INFORMATION_REQUESTED, information_requests=asked)


def _instead(line: ServiceLine) -> AddedLine:
    asked = line.quantity or Quantity()
    return AddedLine(
        line.sequence,
        line.service,
        category=line.category,
        modifiers=line.modifiers,
        serviced=line.serviced,
        location=line.location,
        quantity=Quantity(1, asked.unit, asked.system, asked.code) if line.quantity else None,
    )


def modified(request: AuthorizationRequest) -> Determination:
    """A6: the first line with less than was asked for, the others as asked."""
    first, *rest = request.lines
    less = LineDetermination(first.sequence, "modified", "Authorized with one unit.", added=(_instead(first),))
    told = (less, *(LineDetermination(line.sequence, "affirmed") for line in rest))
    return Determination(State.PARTIAL, NOW, CLINICIAN, POLICY, told, valid=VALID, authorization_number=UTN)


def added(request: AuthorizationRequest) -> Determination:
    """A1, and one service more than was asked for."""
    extra = replace(_instead(request.lines[0]), sequence=max(line.sequence for line in request.lines) + 1)
    plain = affirmed(request)
    return replace(plain, lines=(replace(plain.lines[0], added=(extra,)), *plain.lines[1:]))


def dismissed(request: AuthorizationRequest) -> Determination:
    """NA on every line: D02, with what the requester can do."""
    dismissal = Dismissal("D02", "The code is not part of the program.", "Submit the claim without it.")
    told = lines(request, "not-required", reason=f"{dismissal.reason} {dismissal.mend}", dismissal="D02")
    return Determination(State.DISMISSED, NOW, Decider(), POLICY, told, dismissal=dismissal)


def _error(code: str, position: str, note: int | None) -> RequestError:
    follow_up = Concept((Code(FOLLOW_UP_ACTIONS, "C"),))
    return RequestError(Concept((Code(REJECT_REASONS, code), dismissal_code("D04"))), follow_up, position, note=note)


def refused(request: AuthorizationRequest) -> Determination:
    """AAA errors alone: D04."""
    dismissal = Dismissal("D04", "The member number is not known.", "Correct the number and submit again.")
    return Determination(
        State.DISMISSED,
        NOW,
        Decider(),
        POLICY,
        lines(request, "unanswered"),
        dismissal=dismissal,
        errors=(_error("72", "2010C-NM109", 1), replace(_error("73", "2010C-NM103", None), path=NAME_PATH)),
        explanations=(f"{dismissal.reason} {dismissal.mend}",),
    )


NAME_PATH = "Bundle.entry[1].resource.name"


def partial(request: AuthorizationRequest) -> Determination:
    """Some lines through, an error beside them."""
    return replace(
        affirmed(request), errors=(_error("33", "2000E", 1),), explanations=("A part could not be processed.",)
    )


def call_the_payer(request: AuthorizationRequest) -> Determination:
    """CT on every line."""
    return replace(pended(request), lines=lines(request, "contact-payer", reason="Telephone 555-0100."))


def cancelled(request: AuthorizationRequest) -> Determination:
    """C on every line."""
    return Determination(State.CANCELLED, NOW, Decider(), POLICY, lines(request, "cancelled"))


CASES: dict[str, Callable[[AuthorizationRequest], Determination]] = {
    "a1-affirmed": affirmed,
    "a1-number-to-come": affirmed_without_number,
    "a1-with-added-service": added,
    "a3-non-affirmed": denied,
    "a4-pended": pended,
    "a4-records-asked-for": pended_for_records,
    "a6-modified": modified,
    "c-cancelled": cancelled,
    "ct-contact-payer": call_the_payer,
    "na-dismissed": dismissed,
    "error-dismissed": refused,
    "partial": partial,
}
