"""The decision: packs are asked in order, and the first that has an answer gives it.

Pure: the same request, evidence, circumstances and packs give the same determination to the byte. Software affirms,
routes or dismisses; it never says no on the merits. A request can fail in this order: payer (D03), place and service
(D01, D02, D09), beneficiary and billing data (D04, D05), provider (D06, D07), duplicate (D08), denied claim (D10). One
that fails nowhere is held against the criteria (`fhir_server.policy.merits`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from fhir_server.authorization.clocks import Clock, clock_of, last_day_of_service, utc_text
from fhir_server.authorization.determination import Decider, Determination, Finding, LineDetermination, LineOutcome
from fhir_server.authorization.evidence import Evidence
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.response import RequestError
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Period
from fhir_server.policy import administration, causes, words
from fhir_server.policy.answers import Answers, answers_of
from fhir_server.policy.billing import billing
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.criteria import Checklist
from fhir_server.policy.facts import RequestFacts
from fhir_server.policy.findings import Held, Problem, Remark, dismissal_of, finding, once, problem, remark
from fhir_server.policy.merits import NO_MERITS, Merits, merits_of
from fhir_server.policy.outcomes import answer_by_script, has_script
from fhir_server.policy.pack import Pack
from fhir_server.policy.resubmission import resubmission
from fhir_server.policy.routing import information_requests, routing_of
from fhir_server.policy.scope import ScopedLine, scope_of, with_followers
from fhir_server.policy.scripted import ScriptedPack

PROVIDER_CHECKS = (administration.provider_eligible, administration.provider_not_exempt)
ADMINISTRATIVE = "A dismissal is administrative; nothing was judged about the service itself."
NO_EVIDENCE = Evidence()
EXPEDITED = "expedited"
"""The item of a questionnaire that holds the reason for an expedited review (`expedited.reason`)."""
NOT_LOOKED_AT = "The line was not looked at, because the request was returned."


def determine(
    request: AuthorizationRequest,
    facts: RequestFacts,
    circumstances: Circumstances,
    packs: Sequence[Pack],
    *,
    case_number: str,
    evidence: Evidence = NO_EVIDENCE,
) -> Determination:
    """Return what is decided about *request* now.

    *facts* are those of `facts_of` for the same request, *evidence* what its records say; *packs* those of
    `load_packs`. A scripted pack answers its own
    service codes, for any payer (S-38); else the first coverage pack that lists a code of the request decides, or the
    first one there is. *case_number* is what numbers given by a script are made from.
    """
    decided_at = utc_text(circumstances.now)
    for pack in packs:
        if isinstance(pack, ScriptedPack) and has_script(pack, request):
            return answer_by_script(pack, request, circumstances.today, decided_at, case_number)
    pack = coverage_for(packs, facts)
    answers = answers_of(evidence, pack.fields)
    return _Review(pack, facts, circumstances, answers, decided_at, _expedited_reason(facts, evidence)).determination()


def checklists_for(packs: Sequence[Pack], facts: RequestFacts) -> tuple[tuple[str, Checklist], ...]:
    """Return the checklists that the request's codes are reviewed by, each with the id of its category."""
    pack = coverage_for(packs, facts)
    rows = (row for code in facts.procedures for row in pack.listed.get(code, ()))
    categories = dict.fromkeys(category.id for category, _ in rows)
    return tuple((each, pack.checklists[each].checklist) for each in categories if each in pack.checklists)


def time_zone_for(packs: Sequence[Pack], facts: RequestFacts) -> str:
    """Return the time zone of the contractor who pays for the first line whose state is one of the policy's."""
    zones = coverage_for(packs, facts).time_zones
    return next((zones[line.state] for line in facts.lines if line.state in zones), "UTC")


def waiting_items(facts: RequestFacts, determination: Determination) -> dict[int, tuple[str, str]]:
    """Return, by line, the provider's NPI and the code of what waits for a decision: what D08 compares (4.1.4)."""
    waiting = {line.sequence for line in determination.lines if line.outcome == "in-review"}
    items = {line.sequence: facts.item_of(line) for line in facts.lines if line.sequence in waiting}
    return {sequence: item for sequence, item in items.items() if item}


def coverage_for(packs: Sequence[Pack], facts: RequestFacts) -> CoveragePack:
    """Return the first coverage pack that lists a code of the request, else the first one."""
    coverage = [pack for pack in packs if isinstance(pack, CoveragePack)]
    return next((pack for pack in coverage if any(code in pack.listed for code in facts.procedures)), coverage[0])


def _expedited_reason(facts: RequestFacts, evidence: Evidence) -> bool:
    return facts.expedited_reason or any(each.element == EXPEDITED and each.value for each in evidence.facts)


@dataclass(slots=True)
class _Review:
    """One request held against one coverage pack; gathers what is found on the way."""

    pack: CoveragePack
    facts: RequestFacts
    circumstances: Circumstances
    answers: Answers
    decided_at: str
    expedited_reason: bool
    findings: list[Finding] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def determination(self) -> Determination:
        """Go through the checks in their order; the first stage that fails answers."""
        pack, facts, circumstances = self.pack, self.facts, self.circumstances
        problems = self.hold([administration.payer(pack, facts, circumstances)])
        lines = scope_of(pack, facts, circumstances, self.answers)
        if problems:
            return self.dismissed(lines, problems)
        self.findings += [each for line in lines for each in line.findings]
        asked = [line for line in lines if line.status in ("in-scope", "unreadable")]
        if not asked:
            problems = [each for line in lines for each in line.problems]
            return self.dismissed(lines, problems or self.hold([Held(causes.PROCEDURE, "not met", "missing")]))
        if problems := self.hold(self.administrative(asked)):
            return self.dismissed(lines, problems)
        lines, problems = self.relieved(lines)
        if problems and not any(line.status == "in-scope" for line in lines):
            return self.dismissed(lines, problems)
        if problems := self.hold(administration.duplicate(facts, circumstances, lines)):
            return self.dismissed(lines, problems)
        return self.on_the_merits(lines)

    def administrative(self, asked: Sequence[ScopedLine]) -> Iterator[Held]:
        """Hold the request to what it has to carry whatever is asked for."""
        pack, facts, circumstances = self.pack, self.facts, self.circumstances
        yield from administration.beneficiary(facts, circumstances)
        yield from billing(pack, facts, circumstances, asked)
        yield from administration.expedited(facts, told=self.expedited_reason)
        yield from resubmission(facts, circumstances)

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

    def on_the_merits(self, lines: Sequence[ScopedLine]) -> Determination:
        """Affirm where nothing is open; else route the request to a person, with the open pieces named (S-02)."""
        merits = merits_of(self.pack, self.facts, self.circumstances, self.answers, lines)
        remarks = self.remarks + [each for line in lines if line.status == "in-scope" for each in line.remarks]
        held_up = [each for each in remarks if each.routes]
        affirmed = not held_up and merits.all_met
        valid = self._validity() if affirmed else None
        return Determination(
            State.AFFIRMED if affirmed else State.IN_REVIEW,
            self.decided_at,
            Decider(),
            self.pack.edition,
            tuple(self._line(line, merits, affirmed=affirmed) for line in lines),
            explanations=tuple(words.explanations(self.pack, merits, remarks, valid)),
            findings=tuple(self.findings),
            missing=() if affirmed else words.missing(merits, remarks),
            information_requests=() if affirmed else tuple(information_requests(self.pack, merits)),
            valid=valid,
            criteria=merits.criteria,
            code_rules=merits.code_rules,
            routing=None if affirmed else routing_of(self.pack, merits, held_up, lines),
            clock=self._clock(),
        )

    def _validity(self) -> Period:
        today = self.circumstances.today
        return Period(today.isoformat(), last_day_of_service(today).isoformat())

    def _clock(self) -> Clock:
        asked, told = self.facts.expedited, self.expedited_reason
        zone = self.circumstances.time_zone
        return clock_of(self.circumstances.now, zone, expedited=asked and told, downgraded=asked and not told)

    def _first(self, problems: Sequence[Problem]) -> str:
        return min((each.dismissal for each in problems), key=self.pack.rank)

    def _line(self, line: ScopedLine, merits: Merits = NO_MERITS, *, affirmed: bool = False) -> LineDetermination:
        category = line.category.id if line.category else None
        if line.status != "out-of-scope":
            outcome, reason = self._standing(line, merits, affirmed=affirmed)
            return LineDetermination(line.facts.sequence, outcome, reason, category)
        code = self._first(line.problems)
        reason = once(each.words for each in line.problems if each.dismissal == code)
        outcome = "contact-payer" if self.pack.is_told_as_error(code) else "not-required"
        return LineDetermination(line.facts.sequence, outcome, reason, category, code)

    def _standing(self, line: ScopedLine, merits: Merits, *, affirmed: bool) -> tuple[LineOutcome, str]:
        if line.status == "follows":
            return "not-required", f"{line.facts.code} is not reviewed by itself; it follows line {line.follows}."
        if line.status == "cancelled":
            return "cancelled", "The line was withdrawn."
        if affirmed:
            return "affirmed", words.affirmed(self.pack, line)
        return "in-review", words.in_review(self.pack, line, merits)


def _noted(problem_told: Problem, note: int) -> RequestError:
    """Return the problem's error with the number of the explanation that belongs to it."""
    error = problem_told.error
    if error is None:
        raise ValueError("a problem that is told on a line has no error")
    return replace(error, note=note)
