"""How a policy case that was tried is shown: to people, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fhir_server.authorization.determination import CodeRuleHit, CriterionFinding, CriterionGap
from fhir_server.cli.output import table_lines
from fhir_server.policy.cases_trial import Tried
from fhir_server.policy.findings import once
from fhir_server.policy.scope import ScopedLine

GAPS: tuple[CriterionGap, ...] = ("missing", "failing", "conflicting", "unreadable", "doubtful")


def case_data(name: str, tried: Tried) -> dict[str, Any]:
    """Return what came of a case, as ``wiser-pas policy try --json`` prints it."""
    decided = tried.determination
    return {
        "case": tried.case.title or name,
        "file": name,
        "outcome": tried.outcome,
        "scope": [_scope_data(each) for each in tried.scope],
        "lines": [
            {
                "sequence": line.sequence,
                "code": tried.case.lines[line.sequence - 1].code,
                "outcome": line.outcome,
                "category": line.category,
                "dismissal": line.dismissal,
                "reason": line.reason,
            }
            for line in decided.lines
        ],
        "criteria": [_criterion_data(each) for each in decided.criteria],
        **{gap: list(tried.with_gap(gap)) for gap in GAPS},
        "open": list(tried.open),
        "asks": list(decided.missing),
        "code_rules": [_rule_data(each) for each in decided.code_rules],
        "dismissal": asdict(decided.dismissal) if decided.dismissal else None,
        "clock": asdict(decided.clock) if decided.clock else None,
        "routing": asdict(decided.routing) if decided.routing else None,
        "valid": asdict(decided.valid) if decided.valid else None,
        "explanations": list(decided.explanations),
        "policy": asdict(decided.policy),
        "expect": {"met": not tried.differences, "differences": list(tried.differences)} if tried.case.expect else None,
    }


def _scope_data(line: ScopedLine) -> dict[str, Any]:
    return {
        "line": line.facts.sequence,
        "code": line.facts.code,
        "category": line.category.id if line.category else None,
        "status": line.status,
        "reason": _scope_words(line),
    }


def _scope_words(line: ScopedLine) -> str:
    if line.problems:
        return once(each.reason for each in line.problems)
    if line.status == "follows":
        return f"Follows line {line.follows}."
    return f"Reviewed as {line.category.label}." if line.status == "in-scope" and line.category else ""


def _criterion_data(finding: CriterionFinding) -> dict[str, Any]:
    return {
        "element": finding.element,
        "label": finding.label,
        "kind": finding.kind,
        "result": finding.result,
        "gap": finding.gap,
        "found": finding.found,
        "source": finding.source,
        "lines": list(finding.lines),
    }


def _rule_data(hit: CodeRuleHit) -> dict[str, Any]:
    return {
        "rule": hit.rule,
        "severity": hit.severity,
        "line": hit.line,
        "words": hit.words,
        "found": hit.found,
        "source": hit.source,
    }


def short_lines(name: str, tried: Tried) -> Iterator[str]:
    """Yield the outcome of a case in one line, and where it differs from what was expected."""
    expected = "" if tried.case.expect is None else "differs, " if tried.differences else "as expected, "
    yield f"{name}: {expected}{tried.outcome}{f' {tried.dismissal}' if tried.dismissal else ''}"
    yield from (f"  {each}" for each in tried.differences)


def case_lines(name: str, tried: Tried, width: int | None = None) -> Iterator[str]:
    """Yield the lines that tell people what came of a case; a *width* folds the last column of its tables."""
    decided = tried.determination
    yield f"{name}: {tried.case.title or 'case'}"
    yield f"Outcome: {tried.outcome}"
    yield from (f"  {each}" for each in decided.explanations)
    yield from _dismissal(tried)
    yield from _times(tried)
    yield ""
    yield from _service_lines(tried, width)
    if decided.criteria:
        yield ""
        headings = ("element", "kind", "result", "open as", "source", "found")
        yield from table_lines(headings, _criteria(tried), width)
    for hit in decided.code_rules:
        at = f", line {hit.line}" if hit.line is not None else ""
        yield f"Code rule {hit.rule} ({hit.severity}{at}): {hit.words} [{hit.source}]"
    yield ""
    yield f"Missing: {', '.join(tried.with_gap('missing')) or 'nothing'}"
    yield f"Policy: {decided.policy.pack} {decided.policy.version}"
    yield from _expectation(tried)


def _dismissal(tried: Tried) -> Iterator[str]:
    if found := tried.determination.dismissal:
        yield f"Dismissal {found.code}: {found.reason} {found.mend}"


def _times(tried: Tried) -> Iterator[str]:
    clock = tried.determination.clock
    if clock:
        kind = "expedited" if clock.expedited else "standard, downgraded" if clock.downgraded else "standard"
        yield f"Received {clock.received_at}, due {clock.due} ({kind}), at the latest {clock.latest}"
    if routing := tried.determination.routing:
        specialties = ", ".join(routing.specialties)
        yield f"Goes to: {specialties}; {routing.tier}, because of {', '.join(routing.reasons)}"


def _service_lines(tried: Tried, width: int | None) -> Iterator[str]:
    scope = {each.facts.sequence: each for each in tried.scope}
    rows = [
        (
            str(line.sequence),
            tried.case.lines[line.sequence - 1].code,
            line.category or "",
            scope[line.sequence].status,
            line.outcome,
            line.reason or _scope_words(scope[line.sequence]),
        )
        for line in tried.determination.lines
    ]
    yield from table_lines(("line", "code", "category", "scope", "outcome", "why"), rows, width)


def _criteria(tried: Tried) -> list[tuple[str, ...]]:
    return [
        (each.element, each.kind, each.result, each.gap or "", each.source, f"{each.label}: {each.found}")
        for each in tried.determination.criteria
    ]


def _expectation(tried: Tried) -> Iterator[str]:
    if tried.case.expect is not None:
        yield "Differs from what was expected:" if tried.differences else "As expected."
        yield from (f"  {each}" for each in tried.differences)
