"""What a reviewer says about a criterion: the result, why, and on which evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.determination import CriterionFinding, CriterionGap, CriterionResult
from fhir_server.authorization.events import EventKind, FindingRecorded
from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.errors import ContentInvalid, Issue
from fhir_server.workflow.review.desk import Desk, Step, Work, require_fit, require_hands, step_of, working_on
from fhir_server.workflow.review.refusals import issue, raise_if_any

THE_REQUEST = EvidencePointer("request")
"""What a finding points at where nothing was sent: the request itself, which lacks it."""
OPEN_RESULTS = ("not met", "unknown")
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NewFinding:
    """What a reviewer says about the element of a category's checklist.

    ``gap`` says why it is not met: ``failing`` where it is left out, or what software found.
    """

    category: str
    element: str
    result: CriterionResult
    rationale: str
    evidence: tuple[EvidencePointer, ...] = ()
    gap: CriterionGap | None = None


def record_finding(
    desk: Desk, caller: Caller, case: str, finding: NewFinding, at: datetime, *, expected: int | None = None
) -> Step:
    """Record what the reviewer who has the case says about a criterion; of several about one the latest counts.

    Raises `ContentInvalid` with everything that the finding lacks.
    """
    with working_on(desk, caller, case, expected) as work:
        require_hands(work)
        require_fit(work.reviewer, work.item, at)
        raise_if_any(ContentInvalid, _wrong(work, finding))
        recorded = _as_recorded(criteria_by_key(work)[finding.category, finding.element], finding)
        _append(work, recorded, at)
        return step_of(work.unit, case, [recorded])


def confirm_met(
    desk: Desk, caller: Caller, case: str, rationale: str, at: datetime, *, expected: int | None = None
) -> Step:
    """Record, as findings of the reviewer who has the case, what software found met, and return them.

    Each points at the evidence that software found. An alternative to something met is recorded as not applicable. What
    he settled himself in this round stays; what software did not find met needs a finding of its own.
    """
    with working_on(desk, caller, case, expected) as work:
        require_hands(work)
        require_fit(work.reviewer, work.item, at)
        raise_if_any(ContentInvalid, _no_rationale(rationale))
        found = criteria_by_key(work)
        open_to_him = [key for key in work.unit.findings.unsettled(case, work.reviewer.id) if key in found]
        confirmed = [
            _as_confirmed(found[key], result, rationale) for key in open_to_him if (result := _met(found, key))
        ]
        for each in confirmed:
            _append(work, each, at)
        return step_of(work.unit, case, confirmed)


def _met(found: Mapping[Key, Sequence[CriterionFinding]], key: Key) -> CriterionResult | None:
    """Return ``met``, or ``not applicable`` for an alternative to what is met; ``None`` where a person has to look."""
    if all(each.result == "met" for each in found[key]):
        return "met"
    met = {
        (each.category, each.group, line)
        for findings in found.values()
        for each in findings
        if each.result == "met" and each.group
        for line in each.lines
    }
    alternatives = all((each.category, each.group, line) in met for each in found[key] for line in each.lines)
    return "not applicable" if alternatives else None


def criteria_by_key(work: Work) -> dict[Key, list[CriterionFinding]]:
    """Return what software found for each (category, element): one finding, or several for different lines."""
    found: dict[Key, list[CriterionFinding]] = {}
    for each in work.determination.criteria:
        if each.result != "not applicable":
            found.setdefault((each.category, each.element), []).append(each)
    return found


def own_findings(work: Work) -> dict[Key, CriterionFinding]:
    """Return the latest finding of the reviewer in this round for each (category, element)."""
    numbers = {each.event_number for each in work.unit.findings.of(work.case, work.item.round)}
    own = (
        each.data.finding
        for each in work.events
        if isinstance(each.data, FindingRecorded) and each.number in numbers and each.data.reviewer == work.reviewer.id
    )
    return {(each.category, each.element): each for each in own}


def _append(work: Work, finding: CriterionFinding, at: datetime) -> None:
    recorded = FindingRecorded(work.reviewer.id, finding, work.item.second_look)
    work.append(EventKind.FINDING, recorded, at)


def _as_recorded(found: Sequence[CriterionFinding], new: NewFinding) -> CriterionFinding:
    gap = None
    if new.result in OPEN_RESULTS:
        gap = new.gap or _usual_gap(found[0], new.result)
    return replace(
        found[0],
        lines=_lines(found),
        result=new.result,
        gap=gap,
        rationale=new.rationale.strip(),
        evidence=new.evidence,
    )


def _usual_gap(found: CriterionFinding, result: CriterionResult) -> CriterionGap:
    """What only informs stays a matter for reviewers; what is open is missing, and what is not met fails."""
    if found.gap == "doubtful" or found.kind == "I":
        return "doubtful"
    return "missing" if result == "unknown" else "failing"


def _as_confirmed(found: Sequence[CriterionFinding], result: CriterionResult, rationale: str) -> CriterionFinding:
    evidence = tuple(dict.fromkeys(pointer for each in found for pointer in each.evidence))
    return replace(
        found[0],
        lines=_lines(found),
        result=result,
        gap=None,
        rationale=rationale.strip(),
        evidence=evidence or (THE_REQUEST,),
    )


def _lines(found: Sequence[CriterionFinding]) -> tuple[int, ...]:
    return tuple(sorted({line for each in found for line in each.lines}))


def _wrong(work: Work, finding: NewFinding) -> Iterator[Issue]:
    if (finding.category, finding.element) not in criteria_by_key(work):
        yield issue(
            "review-criterion",
            "The case is not held against this element.",
            "Give the category and the element of one of the criteria of the case.",
            "element",
        )
    yield from _no_rationale(finding.rationale)
    if not finding.evidence and finding.result != "unknown":
        yield issue(
            "review-evidence",
            "The finding points at no evidence.",
            "Point at the record, or at the request itself where nothing was sent.",
            "evidence",
        )
    if finding.gap and finding.result not in OPEN_RESULTS:
        yield issue("review-gap", "Only what is not met or unknown has a gap.", "Leave the gap out.", "gap")
    known = {each.key for each in work.received.request.documents}
    for number, pointer in enumerate(finding.evidence):
        yield from _wrong_pointer(pointer, known, f"evidence[{number}].document")


def _wrong_pointer(pointer: EvidencePointer, known: set[str], field: str) -> Iterator[Issue]:
    if pointer.document is not None and pointer.document not in known:
        yield issue("review-evidence", "The request has no such record.", "Give the key of one of its records.", field)
    if pointer.document is None and pointer.source not in ("request", "reviewer"):
        yield issue("review-evidence", "The pointer names no record.", "Give the key of the record.", field)


def _no_rationale(rationale: str) -> Iterator[Issue]:
    if not rationale.strip():
        yield issue("review-rationale", "No rationale was given.", "Say why, in a sentence.", "rationale")
