"""Answers by script: what a scripted pack says to a request, the same every time. For test traffic only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from fhir_server.authorization.codes import (
    FOLLOW_UP_ACTIONS,
    REJECT_REASONS,
    REVIEW_ACTIONS,
    REVIEW_DECISION_REASONS,
)
from fhir_server.authorization.determination import Decider, Determination, Finding, LineDetermination
from fhir_server.authorization.parties import NPI
from fhir_server.authorization.request import AuthorizationRequest, ServiceLine
from fhir_server.authorization.response import AddedLine, InformationRequest, RequestError, ReviewAction
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept, Identifier, Period, Quantity
from fhir_server.policy.forms import LARGEST_QUANTITY
from fhir_server.policy.scripted import Script, ScriptedPack

NOT_SCRIPTED = "The code has no script; no authorization is needed."

ScriptedLine = tuple[ServiceLine, Script | None]


def has_script(pack: ScriptedPack, request: AuthorizationRequest) -> bool:
    """Return whether a line of *request* has a code that *pack* answers."""
    return any(pack.script_for(line.service) for line in request.lines if not line.cancelled)


def answer_by_script(
    pack: ScriptedPack, request: AuthorizationRequest, today: date, decided_at: str, case_number: str
) -> Determination:
    """Return what the scripts of the lines say; a line without one needs no authorization.

    A script of errors only stops the whole request. What takes something away is signed by the simulated reviewer.
    """
    lines = [(line, None if line.cancelled else pack.script_for(line.service)) for line in request.lines]
    scripts = [script for _, script in lines if script]
    stopping = [script for script in scripts if script.outcome == "unanswered"]
    scripts = stopping or scripts
    explanations, errors = _errors(scripts)
    number = pack.authorization_number.format(case=case_number)
    valid = Period(today.isoformat(), (today + timedelta(days=pack.valid_days)).isoformat())
    authorized = any(script.outcome in ("affirmed", "modified") for script in scripts)
    return Determination(
        state=_state(scripts),
        decided_at=decided_at,
        decider=_decider(pack, scripts),
        policy=pack.edition,
        lines=tuple(_line(line, script, bool(stopping), number, valid) for line, script in lines),
        errors=errors,
        explanations=explanations,
        findings=tuple(_finding(pack, line, script) for line, script in lines if script),
        missing=tuple(dict.fromkeys(each for script in scripts for each in script.missing)),
        information_requests=() if stopping else _information_requests(request, lines),
        valid=valid if authorized else None,
        authorization_number=number if authorized else None,
    )


def _state(scripts: Sequence[Script]) -> State:
    outcomes = {script.outcome for script in scripts}
    if "unanswered" in outcomes:
        return State.DISMISSED
    if "in-review" in outcomes:
        return State.IN_REVIEW
    if outcomes == {"affirmed"}:
        return State.AFFIRMED
    return State.NON_AFFIRMED if outcomes == {"non-affirmed"} else State.PARTIAL


def _decider(pack: ScriptedPack, scripts: Sequence[Script]) -> Decider:
    if not any(script.outcome in ("non-affirmed", "modified") for script in scripts):
        return Decider()
    reviewer = pack.reviewer
    return Decider(
        kind="simulated",
        reviewer=reviewer.name,
        licence=reviewer.licence,
        specialty=reviewer.specialty,
        npi=Identifier(NPI, reviewer.npi),
    )


def _errors(scripts: Sequence[Script]) -> tuple[tuple[str, ...], tuple[RequestError, ...]]:
    """Return what is said about the request, and the errors that point at it; each line has its reason of its own."""
    told = list(dict.fromkeys(error for script in scripts for error in script.errors))
    errors = tuple(
        RequestError(
            Concept((Code(REJECT_REASONS, each.code),)),
            Concept((Code(FOLLOW_UP_ACTIONS, each.follow_up),)) if each.follow_up else None,
            each.position,
            note=number,
        )
        for number, each in enumerate(told, start=1)
    )
    return tuple(each.explanation for each in told), errors


def _line(line: ServiceLine, script: Script | None, stopped: bool, number: str, valid: Period) -> LineDetermination:
    if line.cancelled:
        return LineDetermination(line.sequence, "cancelled", "The line was withdrawn.")
    if stopped:
        return LineDetermination(line.sequence, "unanswered", script.reason if script else NOT_SCRIPTED)
    if script is None:
        return LineDetermination(line.sequence, "not-required", NOT_SCRIPTED)
    reasons = tuple(Concept((Code(REVIEW_DECISION_REASONS, code),)) for code in script.reason_codes)
    added = (_reduced(line, number, valid),) if script.outcome == "modified" else ()
    return LineDetermination(line.sequence, script.outcome, script.reason, reason_codes=reasons, added=added)


def _reduced(line: ServiceLine, number: str, valid: Period) -> AddedLine:
    """Return what is authorized in place of the line: the same service, half the quantity, at least one (PAS 3.5)."""
    asked = line.quantity.value if line.quantity else None
    # A number that no service reaches is not worked out.
    half = max(1, int(asked) // 2) if asked is not None and -LARGEST_QUANTITY < asked < LARGEST_QUANTITY else 1
    unit = line.quantity or Quantity()
    return AddedLine(
        line.sequence,
        line.service,
        actions=(ReviewAction(Concept((Code(REVIEW_ACTIONS, "A1"),)), number),),
        authorization_issued=valid.start,
        authorization_period=valid,
        category=line.category,
        modifiers=line.modifiers,
        serviced=line.serviced,
        location=line.location,
        quantity=Quantity(half, unit.unit, unit.system, unit.code),
        unit_price=line.unit_price,
    )


def _information_requests(
    request: AuthorizationRequest, lines: Sequence[ScriptedLine]
) -> tuple[InformationRequest, ...]:
    return tuple(
        InformationRequest(line=line.sequence, code=document.loinc, requester=request.payer, sender=request.requester)
        for line, script in lines
        if script
        for document in script.documents
    )


def _finding(pack: ScriptedPack, line: ServiceLine, script: Script) -> Finding:
    return Finding(f"script-{script.id}", "met", "the code of the line", f"{pack.title} outcomes.yaml", line.sequence)
