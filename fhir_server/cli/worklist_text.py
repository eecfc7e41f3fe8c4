"""The worklist and its cases in words, for a terminal; of the beneficiary only the end of the member number."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.cli.case_text import SHOWN_OF_MEMBER, moment, words
from fhir_server.workflow.review.desk import Step
from fhir_server.workflow.review.listing import Listed
from fhir_server.workflow.review.sheets import CaseSheet, CriterionSheet, LineSheet, PointedAt

HEADINGS = ("CASE", "DUE", "HOURS LEFT", "ALERT", "STATE", "TIER", "WITH", "CATEGORIES")


def row(listed: Listed) -> tuple[str, ...]:
    """Return a case as a row of the list."""
    item = listed.item
    marks = [
        *item.categories,
        *(["expedited"] if item.expedited else []),
        *(["second look"] if item.second_look else []),
    ]
    return (
        item.case,
        moment(item.due_at),
        f"{listed.hours_left:.1f}",
        listed.alert or "",
        item.state_of_service or "",
        item.tier,
        item.assigned_to or "",
        ", ".join(marks),
    )


def step_lines(step: Step) -> Iterator[str]:
    """Yield where a case stands after a step."""
    with_whom = f", with {step.item.assigned_to}" if step.item.assigned_to and step.item.status != "closed" else ""
    yield f"Case {step.case}: {words(step.state.value)}{with_whom} (version {step.version})"
    yield from (f"   {each.element:<17} {each.result}" for each in step.findings)
    if step.determination is not None:
        yield from (f"   line {each.sequence}: {words(each.outcome)}" for each in step.determination.lines)


def case_lines(sheet: CaseSheet) -> Iterator[str]:
    """Yield a case as a reviewer needs it."""
    yield f"Case {sheet.case}: {words(sheet.state.value)} (version {sheet.version})"
    if sheet.listed:
        yield from _waiting_lines(sheet.listed)
    member = sheet.request.member_id
    yield f"member      {'…' + member[-SHOWN_OF_MEMBER:] if member else 'no number'}"
    yield f"requester   {sheet.request.requester or 'unnamed'} (NPI {sheet.request.requester_npi or 'none'})"
    yield from (line for each in sheet.request.lines for line in _line_lines(each))
    yield from (f"code rule   {each.rule}: {each.words} [{each.source}]" for each in sheet.determination.code_rules)
    for each in sheet.records:
        yield f"record {each.number:<4} {each.type or each.kind}, {each.media_type}, {each.size:,} bytes"
    for criterion in sheet.criteria:
        yield ""
        yield from _criterion_lines(criterion)
    yield ""
    for entry in sheet.history:
        yield f"{entry.number:>3}. {moment(entry.at)}  {words(entry.kind)}, {entry.actor}{_mark(entry.told)}"


def _waiting_lines(listed: Listed) -> Iterator[str]:
    item = listed.item
    yield f"due         {moment(item.due_at)}, {listed.hours_left:.1f} hours left{_mark(listed.alert)}"
    yield f"with        {item.assigned_to or 'nobody'}{_mark('second look' if item.second_look else None)}"
    specialties = ", ".join(item.specialties) or "any specialty"
    yield f"for         {specialties}, {item.state_of_service or 'no state'}, {item.tier}, round {item.round}"


def _mark(told: str | None) -> str:
    return f" ({told})" if told else ""


def _line_lines(line: LineSheet) -> Iterator[str]:
    parts = [line.service, *line.modifiers, f"{line.units or 'no'} units", *line.diagnoses]
    yield f"line {line.sequence:<6} {', '.join(parts)}: {words(line.outcome or 'not looked at')}"


def _criterion_lines(sheet: CriterionSheet) -> Iterator[str]:
    criterion = sheet.criterion
    gap = f", {criterion.gap}" if criterion.gap else ""
    yield f"{criterion.element:<11} {criterion.label} [{criterion.source}]"
    yield f"            {criterion.result}{gap}: {criterion.found}"
    yield from (f"            {line}" for each in sheet.evidence for line in _pointed_at(each))
    for each in sheet.findings:
        look = ", second look" if each.second_look else ""
        yield f"            {each.reviewer}, round {each.round}{look}: {each.result}. {each.rationale}"


def _pointed_at(pointed: PointedAt) -> Iterator[str]:
    where = ", ".join(each for each in (pointed.kind, pointed.place) if each)
    yield f"{pointed.source} {where or 'the request'}{': ' + '; '.join(pointed.values) if pointed.values else ''}"
    if pointed.quote:
        yield f"  “{' '.join(pointed.quote.split())}”"
