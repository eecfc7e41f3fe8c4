"""The decision: packs are asked in order, and the first that has an answer gives it.

Pure: the same request, circumstances and packs give the same determination to the byte. Software affirms, routes or
dismisses; it never says no on the merits. A request can fail in this order: payer (D03), place and service (D01, D02,
D09), beneficiary and billing data (D04, D05), provider (D06, D07), duplicate (D08).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from fhir_server.authorization.determination import Decider, Determination, Finding, LineDetermination, LineOutcome
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.response import RequestError
from fhir_server.authorization.states import State
from fhir_server.policy import administration, causes
from fhir_server.policy.billing import billing
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import RequestFacts
from fhir_server.policy.findings import Held, Problem, Remark, dismissal_of, finding, once, problem, remark
from fhir_server.policy.outcomes import answer_by_script, has_script
from fhir_server.policy.pack import Pack
from fhir_server.policy.scope import ScopedLine, scope_of, with_followers
from fhir_server.policy.scripted import ScriptedPack

PROVIDER_CHECKS = (administration.provider_eligible, administration.provider_not_exempt)
ADMINISTRATIVE = "A dismissal is administrative; nothing was judged about the service itself."
NOT_LOOKED_AT = "The line was not looked at, because the request was returned."


def determine(
    request: AuthorizationRequest,
    facts: RequestFacts,
    circumstances: Circumstances,
    packs: Sequence[Pack],
    *,
    case_number: str,
) -> Determination:
    """Return what is decided about *request* now.

    *facts* are those of `facts_of` for the same request; *packs* those of `load_packs`. A scripted pack answers its own
    service codes, for any payer (S-38); else the first coverage pack that lists a code of the request decides, or the
    first one there is. *case_number* is what numbers given by a script are made from.
    """
    decided_at = timestamp(circumstances.now)
    for pack in packs:
        if isinstance(pack, ScriptedPack) and has_script(pack, request):
            return answer_by_script(pack, request, circumstances.today, decided_at, case_number)
    return _Review(_coverage_for(packs, facts), facts, circumstances, decided_at).determination()


def waiting_items(facts: RequestFacts, determination: Determination) -> dict[int, tuple[str, str]]:
    """Return, by line, the provider's NPI and the code of what waits for a decision: what D08 compares (4.1.4)."""
    waiting = {line.sequence for line in determination.lines if line.outcome == "in-review"}
    items = {line.sequence: facts.item_of(line) for line in facts.lines if line.sequence in waiting}
    return {sequence: item for sequence, item in items.items() if item}


def timestamp(moment: datetime) -> str:
    """Return *moment* as a determination keeps it: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _coverage_for(packs: Sequence[Pack], facts: RequestFacts) -> CoveragePack:
    coverage = [pack for pack in packs if isinstance(pack, CoveragePack)]
    return next((pack for pack in coverage if any(code in pack.listed for code in facts.procedures)), coverage[0])


@dataclass(slots=True)
class _Review:
    """One request held against one coverage pack; gathers what is found on the way."""

    pack: CoveragePack
    facts: RequestFacts
    circumstances: Circumstances
    decided_at: str
    findings: list[Finding] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def determination(self) -> Determination:
        """Go through the checks in their order; the first stage that fails answers."""
        pack, facts, circumstances = self.pack, self.facts, self.circumstances
        problems = self.hold([administration.payer(pack, facts, circumstances)])
        lines = scope_of(pack, facts, circumstances)
        if problems:
            return self.dismissed(lines, problems)
        self.findings += [each for line in lines for each in line.findings]
        asked = [line for line in lines if line.status in ("in-scope", "unreadable")]
        if not asked:
            problems = [each for line in lines for each in line.problems]
            return self.dismissed(lines, problems or self.hold([Held(causes.PROCEDURE, "not met", "missing")]))
        checks = (*administration.beneficiary(facts, circumstances), *billing(pack, facts, circumstances, asked))
        if problems := self.hold(checks):
            return self.dismissed(lines, problems)
        lines, problems = self.relieved(lines)
        if problems and not any(line.status == "in-scope" for line in lines):
            return self.dismissed(lines, problems)
        if problems := self.hold(administration.duplicate(facts, circumstances, lines)):
            return self.dismissed(lines, problems)
        return self.in_review(lines)

    def hold(self, checks: Iterable[Held]) -> list[Problem]:
        """Note what came of each check; return what was not met, each problem once."""
        problems = []
        for held in checks:
            self.findings.append(finding(self.pack, held))
            if held.result == "not met":
                problems.append(problem(self.pack, held))
            elif told := remark(self.pack, held):
                self.remarks.append(told)
        return list(dict.fromkeys(problems))

    def relieved(self, lines: Sequence[ScopedLine]) -> tuple[tuple[ScopedLine, ...], list[Problem]]:
        """Take out the lines in scope that need no review because of who gives the service."""
        kept, every = [], []
        for line in lines:
            problems = self._of_provider(line) if line.status == "in-scope" else []
            every += problems
            kept.append(replace(line, status="out-of-scope", problems=tuple(problems)) if problems else line)
        return with_followers(self.pack, kept), every

    def _of_provider(self, line: ScopedLine) -> list[Problem]:
        for check in PROVIDER_CHECKS:
            if problems := self.hold([check(self.facts, self.circumstances, line)]):
                return problems
        return []

    def dismissed(self, lines: Sequence[ScopedLine], problems: Sequence[Problem]) -> Determination:
        """Return the dismissal that goes first in the pack's table, told on the lines or as errors (S-13)."""
        code = self._first(problems)
        if self.pack.is_told_as_error(code):
            return self._returned(lines, code, [each for each in problems if each.error])
        return Determination(
            State.DISMISSED,
            self.decided_at,
            Decider(),
            self.pack.edition,
            tuple(self._line(line) for line in lines),
            dismissal_of(code, [each for each in problems if each.dismissal == code]),
            explanations=(f"The request was dismissed: {self.pack.title_of(code)}. {ADMINISTRATIVE}",),
            findings=tuple(self.findings),
        )

    def _returned(self, lines: Sequence[ScopedLine], code: str, problems: Sequence[Problem]) -> Determination:
        return Determination(
            State.DISMISSED,
            self.decided_at,
            Decider(),
            self.pack.edition,
            tuple(LineDetermination(line.facts.sequence, "unanswered", NOT_LOOKED_AT) for line in lines),
            dismissal_of(code, problems),
            errors=tuple(_noted(each, number) for number, each in enumerate(problems, start=1)),
            explanations=tuple(each.words for each in problems),
            findings=tuple(self.findings),
        )

    def in_review(self, lines: Sequence[ScopedLine]) -> Determination:
        """Route the request to a person, with the missing and unclear pieces named."""
        remarks = self.remarks + [each for line in lines if line.status == "in-scope" for each in line.remarks]
        told = {kind: _words(kind, remarks) for kind in ("missing", "unclear", "notice")}
        explanation = (
            f"The request is in scope of {self.pack.title} and waits for a reviewer. No decision was made yet."
        )
        if told["missing"]:
            explanation += f" Still missing: {', '.join(told['missing'])}."
        if told["unclear"]:
            explanation += f" Not clear yet: {', '.join(told['unclear'])}."
        return Determination(
            State.IN_REVIEW,
            self.decided_at,
            Decider(),
            self.pack.edition,
            tuple(self._line(line) for line in lines),
            explanations=(explanation, *told["notice"]),
            findings=tuple(self.findings),
            missing=(*told["missing"], *told["unclear"]),
        )

    def _first(self, problems: Sequence[Problem]) -> str:
        return min((each.dismissal for each in problems), key=self.pack.rank)

    def _line(self, line: ScopedLine) -> LineDetermination:
        category = line.category.id if line.category else None
        if line.status != "out-of-scope":
            outcome, reason = self._standing(line)
            return LineDetermination(line.facts.sequence, outcome, reason, category)
        code = self._first(line.problems)
        reason = once(each.words for each in line.problems if each.dismissal == code)
        outcome = "contact-payer" if self.pack.is_told_as_error(code) else "not-required"
        return LineDetermination(line.facts.sequence, outcome, reason, category, code)

    def _standing(self, line: ScopedLine) -> tuple[LineOutcome, str]:
        if line.status == "follows":
            return "not-required", f"{line.facts.code} is not reviewed by itself; it follows line {line.follows}."
        if line.status == "cancelled":
            return "cancelled", "The line was withdrawn."
        label = f" ({line.category.label})" if line.category else ""
        return "in-review", f"{line.facts.service} is reviewed under {self.pack.title}{label}; a reviewer looks at it."


def _words(kind: str, remarks: Sequence[Remark]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.words for each in remarks if each.kind == kind))


def _noted(problem_told: Problem, note: int) -> RequestError:
    """Return the problem's error with the number of the explanation that belongs to it."""
    error = problem_told.error
    if error is None:
        raise ValueError("a problem that is told on a line has no error")
    return replace(error, note=note)
