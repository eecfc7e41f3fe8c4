"""The decision of a reviewer, line by line (docs/decisions/never.md, 1).

hold       the decision to all that it needs, and tell everything that is lacking at once
determine  what he said about the lines and the criteria makes the determination
record     the decision becomes an event; the store refuses a denial that nobody may make
close      the case leaves the worklist, and work begins for whoever is to be told
answer     the answer to the requester is told anew
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.determination import Decider, Determination
from fhir_server.authorization.events import Determined, Event, EventKind
from fhir_server.authorization.parties import NPI
from fhir_server.authorization.request import ServiceLine
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Identifier
from fhir_server.errors import ContentInvalid, Issue
from fhir_server.policy.facts import facts_of
from fhir_server.workflow.answers import answer
from fhir_server.workflow.review import words
from fhir_server.workflow.review.desk import (
    Desk,
    Step,
    Work,
    fitting_licence,
    fitting_specialty,
    require_fit,
    require_hands,
    step_of,
    working_on,
)
from fhir_server.workflow.review.finding import own_findings
from fhir_server.workflow.review.refusals import issue, raise_if_any
from fhir_server.workflow.review.ruling import (
    LineRuling,
    Ruling,
    determination_of,
    gaps_of,
    grounds_of,
    is_reduced,
    local_day,
    overlaid,
    state_of,
)

UNSETTLED = "Record a finding for each, or confirm what software found met: {}."


@dataclass(frozen=True, slots=True)
class LineDecision:
    """What a reviewer says about a line.

    ``units`` is how many are affirmed, where they are fewer than were asked for; ``reason_codes`` are CMS's, for a line
    that is not affirmed.
    """

    outcome: Literal["affirmed", "non-affirmed"]
    units: Decimal | int | None = None
    reason_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer says about the request: each line that is in review, by its sequence, and why."""

    lines: Mapping[int, LineDecision]
    rationale: str


def decide(
    desk: Desk, caller: Caller, case: str, decision: Decision, at: datetime, *, expected: int | None = None
) -> Step:
    """Decide the case that the reviewer has; the step holds the determination.

    An affirmation needs his finding for each criterion that software left open, anything less for every criterion of
    the round. Raises `ContentInvalid` with all that is lacking, `NotAllowed` without licence or specialty,
    `CaseConflict` where he asked for a second look himself.
    """
    with working_on(desk, caller, case, expected) as work:
        _require_right(work, at)
        raise_if_any(ContentInvalid, _wrong_lines(desk, work, decision))
        routed = work.determination
        ruling = _ruling(desk, work, decision, at)
        raise_if_any(ContentInvalid, (*_unsettled(work, ruling), *_unfounded(routed, ruling)))
        determination = determination_of(work.received.request, routed, ruling)
        raise_if_any(ContentInvalid, _too_early(desk, determination, at))
        _record(work, determination, grounds_of(ruling, work.events[-1].number), at)
        work.unit.worklist.close(case)
        work.unit.outbox.put(case, "determined", at)
        answer(work.unit, case, desk.renderers, at, work.reviewer.id)
        return step_of(work.unit, case, determination=determination)


def _require_right(work: Work, at: datetime) -> None:
    require_hands(work)
    require_fit(work.reviewer, work.item, at)
    work.refuse_second_look_of_one(work.reviewer)


def _wrong_lines(desk: Desk, work: Work, decision: Decision) -> Iterator[Issue]:
    """Yield what is wrong with what was said about the lines, before anything is weighed."""
    if not decision.rationale.strip():
        yield issue("review-rationale", "No rationale was given.", "Say why, in plain words.", "rationale")
    asked = {line.sequence: line for line in work.received.request.lines}
    waiting = [line.sequence for line in work.determination.lines if line.outcome == "in-review"]
    for sequence in waiting:
        if sequence not in decision.lines:
            yield issue("review-lines", f"Line {sequence} is not decided.", "Decide every line in review.", "lines")
    for sequence, told in decision.lines.items():
        field = f"lines.{sequence}"
        if sequence in waiting:
            yield from _wrong_units(asked[sequence], told, f"{field}.units")
            yield from _wrong_codes(desk, told, f"{field}.reason_codes")
        else:
            found = f"Line {sequence} is not in review."
            yield issue("review-lines", found, "Decide the lines that are in review, and no other.", field)


def _wrong_units(line: ServiceLine, told: LineDecision, field: str) -> Iterator[Issue]:
    if told.units is None:
        return
    if told.outcome == "non-affirmed":
        yield issue("review-units", "A line that is not affirmed has no units.", "Leave the units out.", field)
        return
    asked = line.quantity.value if line.quantity else None
    if asked is None or not 1 <= told.units <= asked or told.units != int(told.units):
        found = f"{asked} units were asked for." if asked is not None else "No number of units was asked for."
        yield issue(
            "review-units", found, "Affirm a whole number up to that, at least one; or leave the units out.", field
        )


def _wrong_codes(desk: Desk, told: LineDecision, field: str) -> Iterator[Issue]:
    rule = "review-reason-code"
    if told.outcome == "affirmed":
        if told.reason_codes:
            yield issue(rule, "A line that is affirmed has no reason codes.", "Leave them out.", field)
        return
    if not desk.reason_codes:
        if told.reason_codes:
            mend = "Leave them out, or load CMS's list (REASON_CODES_FILE)."
            yield issue(rule, "No list of reason codes is loaded.", mend, field)
        return
    if not told.reason_codes:
        yield issue(rule, "No reason code was given.", "Give at least one of CMS's list.", field)
    for code in told.reason_codes:
        if code not in desk.reason_codes:
            yield issue(rule, "A reason code is not in CMS's list that is loaded.", "Give one of the list.", field)


def _ruling(desk: Desk, work: Work, decision: Decision, at: datetime) -> Ruling:
    lines = {
        sequence: LineRuling(
            told.outcome,
            told.units,
            tuple(desk.reason_codes[code].concept for code in dict.fromkeys(told.reason_codes)),
        )
        for sequence, told in sorted(decision.lines.items())
    }
    return Ruling(lines, decision.rationale.strip(), _decider(work, at), tuple(own_findings(work).values()), at)


def _decider(work: Work, at: datetime) -> Decider:
    reviewer = work.reviewer
    licence = fitting_licence(reviewer, work.item, at)
    return Decider(
        kind="simulated" if reviewer.kind == "simulated" else "clinician",
        reviewer=reviewer.id,
        licence=licence.number if licence else None,
        specialty=fitting_specialty(reviewer, work.item),
        npi=Identifier(NPI, reviewer.npi) if reviewer.npi else None,
    )


def _unsettled(work: Work, ruling: Ruling) -> Iterator[Issue]:
    """Yield what the reviewer still has to say: rule 1 of what may never happen, told before the store refuses it."""
    own = {(each.category, each.element): each for each in ruling.findings}
    affirmed = not _takes_away(work, ruling)
    if affirmed:
        left_open = [(each.category, each.element) for each in work.determination.criteria if each.gap]
        lacking = [key for key in dict.fromkeys(left_open) if key not in own]
    else:
        lacking = list(work.unit.findings.unsettled(work.case, work.reviewer.id))
    if lacking:
        elements = ", ".join(element for _, element in lacking)
        found = "There are criteria without a finding of the reviewer in this round."
        yield issue("review-findings", found, UNSETTLED.format(elements), "lines")
    elif not affirmed and not own:
        yield issue("review-findings", "The reviewer recorded no finding.", "Record what the denial rests on.", "lines")


def _takes_away(work: Work, ruling: Ruling) -> bool:
    asked = {line.sequence: line for line in work.received.request.lines}
    return any(
        each.outcome == "non-affirmed" or is_reduced(asked[sequence], each) for sequence, each in ruling.lines.items()
    )


def _unfounded(routed: Determination, ruling: Ruling) -> Iterator[Issue]:
    """Yield each line whose outcome is not what the findings say: it could not be explained."""
    criteria = overlaid(routed.criteria, ruling.findings)
    for sequence, each in ruling.lines.items():
        gaps = gaps_of(criteria, sequence)
        if each.outcome == "affirmed" and gaps:
            open_items = ", ".join(gap.element for gap in gaps)
            yield issue(
                "review-contradiction",
                f"Line {sequence} is affirmed while criteria are not met.",
                f"Record what settles them, or do not affirm the line: {open_items}.",
                f"lines.{sequence}",
            )
        if each.outcome == "non-affirmed" and not _named(gaps, routed, sequence):
            yield issue(
                "review-contradiction",
                f"Line {sequence} is not affirmed, and nothing is missing or not met.",
                "Record a finding that says what is missing or not met, or affirm the line.",
                f"lines.{sequence}",
            )


def _named(gaps: Sequence[object], routed: Determination, sequence: int) -> bool:
    return bool(gaps or words.hits_of(routed, sequence) or words.administrative(routed))


def _too_early(desk: Desk, determination: Determination, at: datetime) -> Iterator[Issue]:
    """Before partial affirmations began, one line that is not affirmed sank the request (guide 4.1.2, 4.1.3)."""
    pack = desk.coverage(determination)
    if pack is None or state_of(determination.lines) is not State.PARTIAL:
        return
    begins = pack.dates.partial_affirmation_from
    if local_day(determination, at) < begins:
        yield issue(
            "review-partial",
            f"There are no partial affirmations before {begins}.",
            "Affirm every line with all its units, or none (G6 4.1.2).",
            "lines",
        )


def _record(work: Work, determination: Determination, grounds: str, at: datetime) -> Event:
    event = work.append(EventKind.DETERMINED, Determined(determination, grounds), at, determination.state)
    facts = facts_of(work.received.request)
    work.unit.decisions.keep(
        event,
        received_at=datetime.fromisoformat(work.item.received_at),
        category=work.item.category,
        state_of_service=work.item.state_of_service,
        expedited=work.item.expedited,
        resubmission=work.received.resubmission_of is not None,
        provider_npi=next((npi for line in facts.lines if (npi := facts.provider_of(line))), None),
    )
    return event
