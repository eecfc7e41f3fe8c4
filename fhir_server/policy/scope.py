"""Which lines of a request are services of the model: every gate and rule held against every line.

Only a gate that is not met takes a line out. What nobody said is unknown: it stays in, and is named as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fhir_server.authorization.determination import Finding
from fhir_server.policy import causes
from fhir_server.policy.answers import Answers
from fhir_server.policy.categories import Category, CodeRow, ScopeRule
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import LineFacts, RequestFacts
from fhir_server.policy.findings import (
    Held,
    Problem,
    Remark,
    asked_for,
    finding,
    problem,
    remark,
    rule_finding,
    rule_problem,
)
from fhir_server.policy.gates import MODEL_GATES, NOTHING_ANSWERED, SERVICE_GATES, LineContext, code_gate, in_force
from fhir_server.policy.rules import held_against
from fhir_server.policy.spans import Span

UNSETTLED = "which diagnosis the service is asked for"
"""What is to be made clear where a scope rule is left open by codes and its row has no words of its own."""

LineStatus = Literal["in-scope", "follows", "out-of-scope", "unreadable", "cancelled"]


@dataclass(frozen=True, slots=True)
class ScopedLine:
    """A line and where it stands.

    ``days`` are the days of service; where none were sent, any day from the receipt on. ``unreadable`` is a line whose
    code cannot be read; ``follows`` names the line that an associated code belongs to. A line that asks for a range of
    codes has the category and row of its first code, if that one is reviewed.
    """

    facts: LineFacts
    status: LineStatus
    days: Span
    category: Category | None = None
    row: CodeRow | None = None
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Remark, ...] = ()
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class _Check:
    """One gate or rule held: what was found, and what to tell if it was not met or not known."""

    finding: Finding
    problem: Problem | None = None
    remark: Remark | None = None


def scope_of(
    pack: CoveragePack, facts: RequestFacts, circumstances: Circumstances, answers: Answers = NOTHING_ANSWERED
) -> tuple[ScopedLine, ...]:
    """Return every line of the request with its standing, in the request's order."""
    return with_followers(pack, [_scoped(pack, facts, line, circumstances, answers) for line in facts.lines])


def _scoped(
    pack: CoveragePack, facts: RequestFacts, line: LineFacts, circumstances: Circumstances, answers: Answers
) -> ScopedLine:
    days = line.serviced or Span(circumstances.today, None)
    if line.cancelled:
        return ScopedLine(line, "cancelled", days)
    context = LineContext(pack, facts, line, circumstances, days, answers)
    checks = [_gate_check(pack, test(context)) for test in MODEL_GATES]
    category, row = _listed(pack, line.code, days) or (None, None)
    if line.service.fault or any(check.problem for check in checks):
        return replace(_standing(context, "unreadable", checks), category=category)
    ranged = _range(context)
    if row is None and ranged is None:
        return _standing(context, "out-of-scope", [*checks, _gate_check(pack, _unlisted(context))])
    checks += [_rule_check(context, rule) for rule in _rules(context)]
    checks += [_gate_check(pack, held) for held in _service_gates(context, row, ranged)]
    return replace(_standing(context, "in-scope", checks), category=category, row=row)


def _service_gates(context: LineContext, row: CodeRow | None, ranged: Held | None) -> Iterator[Held]:
    if row:
        yield code_gate(context, row)
    if ranged:
        yield ranged
    yield from (test(context) for test in SERVICE_GATES)


def _standing(context: LineContext, status: LineStatus, checks: Sequence[_Check]) -> ScopedLine:
    problems = tuple(check.problem for check in checks if check.problem)
    return ScopedLine(
        context.line,
        "out-of-scope" if problems else status,
        context.days,
        findings=tuple(check.finding for check in checks),
        problems=problems,
        remarks=tuple(check.remark for check in checks if check.remark),
    )


def _gate_check(pack: CoveragePack, held: Held) -> _Check:
    told = problem(pack, held) if held.result == "not met" else None
    return _Check(finding(pack, held), told, remark(pack, held))


def _rule_check(context: LineContext, rule: ScopeRule) -> _Check:
    result, found = held_against(rule, context)
    told = rule_problem(rule, found) if result == "not met" else None
    by_date = rule.from_date is not None and context.dated
    asked = asked_for(None if by_date else rule.missing, rule.unclear or UNSETTLED)
    noted = rule_finding(rule, result, found, context.line.sequence)
    return _Check(noted, told, asked if result == "unknown" else None)


def _rules(context: LineContext) -> list[ScopeRule]:
    return [rule for rule in context.pack.rules.get(context.line.code or "", ()) if in_force(rule, context.days)]


def _listed(pack: CoveragePack, code: str | None, days: Span) -> tuple[Category, CodeRow] | None:
    """Return the row of *code* that is in force on *days*, else its newest one."""
    rows = pack.listed.get(code or "", ())
    return next((each for each in rows if in_force(each[1], days)), rows[-1] if rows else None)


def _range(context: LineContext) -> Held | None:
    """A range of codes that holds a reviewed one is in scope as far as anybody knows; a person asks which is meant."""
    service, line = context.line.service, context.line.sequence
    if service.code is None or service.end is None:
        return None
    codes = context.pack.listed_between(service.code, service.end)
    return Held(causes.CODE_RANGE, "unknown", f"{service} holds {', '.join(codes)}", line) if codes else None


def _unlisted(context: LineContext) -> Held:
    """Say why a code that is not on the list is not reviewed."""
    code, line = context.line.code, context.line.sequence
    if code is None:
        return Held(causes.CODED_ELSEWHERE, "not met", "a code of another system", line)
    for row in context.pack.other_programs:
        if row.code == code and in_force(row, context.days):
            return Held(causes.OTHER_PROGRAM, "not met", row.program, line)
    if code in context.pack.delayed:
        return Held(causes.DELAYED, "not met", context.pack.delayed[code].label, line)
    cause = causes.ASSOCIATED_ONLY if code in context.pack.associated else causes.NOT_LISTED
    return Held(cause, "not met", str(context.line.service), line)


def with_followers(pack: CoveragePack, lines: Sequence[ScopedLine]) -> tuple[ScopedLine, ...]:
    """Return *lines* with each associated one tied to the first line in scope that it belongs to (S-02)."""
    return tuple(_following(pack, line, lines) for line in lines)


def _following(pack: CoveragePack, line: ScopedLine, lines: Sequence[ScopedLine]) -> ScopedLine:
    """A line follows only where nothing but its code keeps it out: neither place, date, setting nor provider."""
    categories = pack.associated.get(line.facts.code or "", frozenset())
    if line.status not in ("out-of-scope", "follows") or not categories or not all(map(_by_code, line.problems)):
        return line
    primaries = [each for each in lines if each.category and each.category.id in categories and each is not line]
    leader = next((each for each in primaries if each.status == "in-scope"), None)
    if leader:
        return replace(line, status="follows", follows=leader.facts.sequence)
    if primaries and any(each.cause == causes.ASSOCIATED_ONLY for each in line.problems):
        found = f"line {primaries[0].facts.sequence}"
        told = _gate_check(pack, Held(causes.ASSOCIATED_WITH_UNREVIEWED, "not met", found, line.facts.sequence))
        return replace(line, status="out-of-scope", follows=None, problems=(told.problem,) if told.problem else ())
    return replace(line, status="out-of-scope", follows=None)


def _by_code(problem: Problem) -> bool:
    return problem.by_scope_rule or problem.cause in (causes.ASSOCIATED_ONLY, causes.ASSOCIATED_WITH_UNREVIEWED)
