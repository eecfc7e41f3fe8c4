"""Which lines of a request are services of the model: every gate and rule held against every line.

Only a gate that is not met takes a line out. What nobody said is unknown: it stays in, and is named as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fhir_server.authorization.determination import Finding
from fhir_server.policy import causes
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import Category, CodeRow, CoveragePack, ScopeRule
from fhir_server.policy.facts import LineFacts, RequestFacts
from fhir_server.policy.findings import Held, Problem, finding, missing_for, problem, rule_finding, rule_problem
from fhir_server.policy.gates import MODEL_GATES, SERVICE_GATES, LineContext, code_gate, in_force
from fhir_server.policy.rules import held_against
from fhir_server.policy.spans import Span

LineStatus = Literal["in-scope", "follows", "out-of-scope", "unreadable", "cancelled"]


@dataclass(frozen=True, slots=True)
class ScopedLine:
    """A line and where it stands.

    ``days`` are the days of service; where none were sent, any day from the receipt on. ``unreadable`` is a line whose
    code cannot be read; ``follows`` names the line that an associated code belongs to.
    """

    facts: LineFacts
    status: LineStatus
    days: Span
    category: Category | None = None
    row: CodeRow | None = None
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    missing: tuple[str, ...] = ()
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class _Check:
    """One gate or rule held: what was found, and what to tell or to bring if it was not met or not known."""

    finding: Finding
    problem: Problem | None = None
    missing: str | None = None


def scope_of(pack: CoveragePack, facts: RequestFacts, circumstances: Circumstances) -> tuple[ScopedLine, ...]:
    """Return every line of the request with its standing, in the request's order."""
    lines = tuple(_scoped(pack, facts, line, circumstances) for line in facts.lines)
    leaders = [line for line in lines if line.status == "in-scope"]
    return tuple(_following(pack, line, leaders) for line in lines)


def _scoped(pack: CoveragePack, facts: RequestFacts, line: LineFacts, circumstances: Circumstances) -> ScopedLine:
    days = line.serviced or Span(circumstances.today, None)
    if line.cancelled:
        return ScopedLine(line, "cancelled", days)
    context = LineContext(pack, facts, line, circumstances, days)
    checks = [_gate_check(pack, test(context)) for test in MODEL_GATES]
    if any(check.problem for check in checks) or (line.code is None and not line.service.elsewhere):
        return _standing(context, "unreadable", checks)
    listed = _listed(pack, line.code, days)
    if listed is None:
        return _standing(context, "out-of-scope", [*checks, _gate_check(pack, _unlisted(context))])
    category, row = listed
    checks += [_rule_check(context, rule) for rule in _rules(context)]
    checks += [
        _gate_check(pack, held) for held in (code_gate(context, row), *(test(context) for test in SERVICE_GATES))
    ]
    return replace(_standing(context, "in-scope", checks), category=category, row=row)


def _standing(context: LineContext, status: LineStatus, checks: Sequence[_Check]) -> ScopedLine:
    problems = tuple(check.problem for check in checks if check.problem)
    return ScopedLine(
        context.line,
        "out-of-scope" if problems else status,
        context.days,
        findings=tuple(check.finding for check in checks),
        problems=problems,
        missing=tuple(check.missing for check in checks if check.missing),
    )


def _gate_check(pack: CoveragePack, held: Held) -> _Check:
    told = problem(pack, held) if held.result == "not met" else None
    return _Check(finding(pack, held), told, missing_for(pack, held))


def _rule_check(context: LineContext, rule: ScopeRule) -> _Check:
    result, found = held_against(rule, context)
    told = rule_problem(rule, found) if result == "not met" else None
    missing = rule.missing if result == "unknown" else None
    return _Check(rule_finding(rule, result, found, context.line.sequence), told, missing)


def _rules(context: LineContext) -> list[ScopeRule]:
    return [rule for rule in context.pack.rules.get(context.line.code or "", ()) if in_force(rule, context.days)]


def _listed(pack: CoveragePack, code: str | None, days: Span) -> tuple[Category, CodeRow] | None:
    """Return the row of *code* that is in force on *days*, else its newest one."""
    rows = pack.listed.get(code or "", ())
    return next((each for each in rows if in_force(each[1], days)), rows[-1] if rows else None)


def _unlisted(context: LineContext) -> Held:
    """Say why a code that is not on the list is not reviewed."""
    code, line = context.line.code or "", context.line.sequence
    for row in context.pack.other_programs:
        if row.code == code and in_force(row, context.days):
            return Held(causes.OTHER_PROGRAM, "not met", row.program, line)
    if code in context.pack.delayed:
        return Held(causes.DELAYED, "not met", context.pack.delayed[code].label, line)
    cause = causes.ASSOCIATED_ONLY if code in context.pack.associated else causes.NOT_LISTED
    return Held(cause, "not met", code or "a code of another system", line)


def _following(pack: CoveragePack, line: ScopedLine, leaders: Sequence[ScopedLine]) -> ScopedLine:
    """Return an associated line as one that follows the first line in scope that it belongs to (S-02)."""
    categories = pack.associated.get(line.facts.code or "", frozenset())
    if line.status != "out-of-scope" or not categories:
        return line
    leader = next((each for each in leaders if each.category and each.category.id in categories), None)
    return replace(line, status="follows", follows=leader.facts.sequence) if leader else line
