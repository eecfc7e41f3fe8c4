"""A request on its merits: the criteria and code rules of every line in scope, and whether each line meets them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_server.authorization.determination import CodeRuleHit, CriterionFinding
from fhir_server.policy.answers import Answers
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.code_rules import context_of, hits
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import RequestFacts
from fhir_server.policy.request_facts import Asked
from fhir_server.policy.scope import ScopedLine
from fhir_server.policy.weighing import weigh

STOPPING = ("E", "W")
"""Severities of a code rule that keep software from affirming."""


@dataclass(frozen=True, slots=True)
class Merits:
    """What came of the criteria and the code rules. ``unmet`` are the lines that something keeps from affirmation.

    ``always_review`` are the categories that software never affirms, with the reason; ``unlisted`` those without a
    checklist.
    """

    criteria: tuple[CriterionFinding, ...] = ()
    code_rules: tuple[CodeRuleHit, ...] = ()
    lines: tuple[ScopedLine, ...] = ()
    unmet: frozenset[int] = frozenset()
    always_review: tuple[tuple[str, str], ...] = ()
    unlisted: tuple[str, ...] = ()

    @property
    def all_met(self) -> bool:
        """Whether every line in scope may be affirmed."""
        return bool(self.lines) and not self.unmet

    @property
    def gaps(self) -> tuple[CriterionFinding, ...]:
        """The elements that are open, in the order of their checklists."""
        return tuple(each for each in self.criteria if each.gap)

    @property
    def stopping(self) -> tuple[CodeRuleHit, ...]:
        """The code rules that keep a line from affirmation."""
        return tuple(each for each in self.code_rules if each.severity in STOPPING)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of the lines in scope."""
        return tuple(dict.fromkeys(line.category.id for line in self.lines if line.category))


NO_MERITS = Merits()


def merits_of(
    pack: CoveragePack,
    facts: RequestFacts,
    circumstances: Circumstances,
    answers: Answers,
    scoped: Sequence[ScopedLine],
) -> Merits:
    """Return the merits of the lines in scope among *scoped*."""
    lines = tuple(each for each in scoped if each.status == "in-scope")
    by_category = _by_category(lines)
    criteria: list[CriterionFinding] = []
    always, unlisted = [], []
    for category, members in by_category.items():
        prepared = pack.checklists.get(category)
        if prepared is None:
            unlisted.append(category)
            continue
        criteria += weigh(prepared, _asked(facts, circumstances, members), answers)
        if prepared.checklist.always_review:
            always.append((category, prepared.checklist.always_review))
    found = code_rule_hits(pack, facts, circumstances, answers, scoped, criteria)
    unmet = {number for each in criteria if each.gap for number in each.lines}
    unmet |= {number for each in found if each.severity in STOPPING for number in _lines_of(each, lines)}
    closed = {*(category for category, _ in always), *unlisted}
    unmet |= {each.facts.sequence for each in lines if not each.category or each.category.id in closed}
    return Merits(tuple(criteria), found, lines, frozenset(unmet), tuple(always), tuple(unlisted))


def _by_category(lines: Iterable[ScopedLine]) -> dict[str, list[ScopedLine]]:
    found: dict[str, list[ScopedLine]] = {}
    for line in lines:
        if line.category:
            found.setdefault(line.category.id, []).append(line)
    return found


def _asked(facts: RequestFacts, circumstances: Circumstances, lines: Sequence[ScopedLine]) -> list[Asked]:
    codes = tuple(dict.fromkeys(each.facts.code for each in lines if each.facts.code))
    return [Asked(facts, each.facts, each.days, codes, circumstances.today) for each in lines]


def _lines_of(hit: CodeRuleHit, lines: Iterable[ScopedLine]) -> list[int]:
    """Return the lines in scope that a hit is about; one of a line out of scope, or of the whole, is about all."""
    numbers = [each.facts.sequence for each in lines]
    return [hit.line] if hit.line in numbers else numbers


def code_rule_hits(
    pack: CoveragePack,
    facts: RequestFacts,
    circumstances: Circumstances,
    answers: Answers,
    scoped: Sequence[ScopedLine],
    criteria: Sequence[CriterionFinding],
) -> tuple[CodeRuleHit, ...]:
    """Return the code rules that the request runs into, line by line."""
    rules = pack.code_rules
    contexts = (
        context_of(pack, rules, facts, each, circumstances, answers.value, criteria, facts.sex) for each in scoped
    )
    return tuple(hit for context in contexts for hit in hits(rules, context))
