"""The code rules held against a line: which codes, modifiers, units and answers do not go together.

Pure, and cheap enough for every line of every request: rules are found by code, and nothing is compiled on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fhir_server.authorization.determination import CodeRuleHit, CriterionFinding
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.code_rule_context import AnswersRead, LineRuleContext
from fhir_server.policy.code_rule_diagnoses import Unspecified
from fhir_server.policy.code_rule_rows import BoundRule, CodeRule, CodeRules, RuleElsewhere, name_of
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import RequestFacts
from fhir_server.policy.gates import in_force
from fhir_server.policy.rows import Problems
from fhir_server.policy.scope import ScopedLine

_NO_ARTICLE = "no article"


def context_of(
    pack: CoveragePack,
    rules: CodeRules,
    facts: RequestFacts,
    scoped: ScopedLine,
    circumstances: Circumstances,
    answers: AnswersRead,
    criteria: Iterable[CriterionFinding] = (),
    sex: str | None = None,
) -> LineRuleContext:
    """Return the line as the rules see it.

    *criteria* are what the checklists came to; *sex* is the administrative one of the beneficiary's record.
    """
    line = scoped.facts.sequence
    return LineRuleContext(
        facts=facts,
        line=scoped.facts,
        days=scoped.days,
        category=scoped.category.id if scoped.category else None,
        reviewed=scoped.status == "in-scope",
        contractor=_contractor(pack, scoped.facts.state),
        today=circumstances.today,
        articles=rules.articles,
        details=rules.details,
        lists=pack.lists,
        associated=pack.associated,
        answers=answers,
        missing=frozenset(each.element for each in criteria if each.gap == "missing" and line in each.lines),
        sex=sex,
    )


def _contractor(pack: CoveragePack, state: str | None) -> str | None:
    return next((row.contractor for row in pack.states if row.state == state), None)


def hits(rules: CodeRules, context: LineRuleContext) -> tuple[CodeRuleHit, ...]:
    """Return what the line runs into, in the order of the table. A line that was withdrawn runs into nothing.

    Lines that are out of scope are asked too: a few rules are about codes that do not belong on the request.
    """
    if context.line.cancelled:
        return ()
    return tuple(_hits(rules.for_code(context.line.code), context))


def _hits(rules: Iterable[BoundRule], context: LineRuleContext) -> Iterator[CodeRuleHit]:
    for rule in rules:
        if not (context.reviewed or rule.row.lines == "all") or not in_force(rule.row, context.days):
            continue
        found = rule.found(context)
        if found is not None:
            yield _hit(rule.row, found, context)


def _hit(row: CodeRule, found: str, context: LineRuleContext) -> CodeRuleHit:
    article = context.article()
    said = {"found": found, "article": article.name if article else _NO_ARTICLE}
    return CodeRuleHit(
        rule=row.rule,
        severity=row.severity,
        found=found,
        words=row.words.format(**said),
        source=row.source.format(**said),
        line=context.line.sequence,
    )


def check_code_rules(pack: CoveragePack, rules: CodeRules, problems: Problems) -> None:
    """Note everything in which the rules contradict themselves or the rest of *pack*."""
    for rule in rules.rules:
        _check_rule(pack, rules, rule, problems)
    for row in rules.elsewhere:
        _check_elsewhere(pack, row, problems)
    _check_articles(pack, rules, problems)


def _check_rule(pack: CoveragePack, rules: CodeRules, rule: BoundRule, problems: Problems) -> None:
    row, place = rule.row, f"code-rules.yaml {name_of(rule.row)}"
    if row.severity == "E" and row.basis == "memory":
        problems.add(place, "a rule from memory returns nothing for correction (S-07)")
    if row.effective_to and row.effective_to < row.effective_from:
        problems.add(place, "it ends before it begins")
    for text in (row.words, row.source):
        _check_words(text, place, problems)
    if row.lines == "reviewed":
        for code in row.codes:
            _known(code, pack.listed, place, "reviewed code", problems)
    _check_parameters(pack, rules, rule, place, problems)


def _check_words(text: str, place: str, problems: Problems) -> None:
    try:
        text.format(found="", article="")
    except (KeyError, IndexError, ValueError):
        problems.add(place, f"only {{found}} and {{article}} may stand in braces: {text}")


def _check_parameters(pack: CoveragePack, rules: CodeRules, rule: BoundRule, place: str, problems: Problems) -> None:
    """Names that a test looks up have to lead somewhere: answers, articles, lists and categories."""
    parameters = rule.parameters
    for name in _answers(rule):
        element, _, field = name.partition(".")
        if (element, field) not in pack.fields:
            problems.add(place, f"no checklist asks for {name}")
    elements = {element for element, _ in pack.fields}
    for element in getattr(parameters, "elements", ()):
        _known(element, elements, place, "element", problems)
    for article in getattr(parameters, "articles", ()):
        _known(article, {each.id for each in rules.articles}, place, "article", problems)
    if isinstance(parameters, Unspecified):
        for each in parameters.lists:
            _known(each, pack.lists, place, "diagnosis list", problems)
    if category := getattr(parameters, "category", None):
        _known(category, {each.id for each in pack.categories}, place, "category", problems)


def _answers(rule: BoundRule) -> Iterator[str]:
    for name in ("answer", "explained"):
        if told := getattr(rule.parameters, name, None):
            yield told


def _check_elsewhere(pack: CoveragePack, row: RuleElsewhere, problems: Problems) -> None:
    place = f"code-rules.yaml {name_of(row)}"
    known: dict[str, Iterable[str]] = {
        "scope-rule": [rule.id for category in pack.categories for rule in category.scope_rules],
        "dismissal": pack.causes,
        "question": pack.questions_by_id,
    }
    for each in row.ids if row.by in known else ():
        _known(each, known[row.by], place, row.by, problems)


def _check_articles(pack: CoveragePack, rules: CodeRules, problems: Problems) -> None:
    contractors, categories = {each.id for each in pack.contractors}, {each.id for each in pack.categories}
    for article in rules.articles:
        place = f"articles {article.id}"
        _known(article.category, categories, place, "category", problems)
        for contractor in article.contractors:
            _known(contractor, contractors, place, "contractor", problems)
        states = {row.state for row in pack.states if row.contractor in article.contractors}
        if states != set(article.states):
            problems.add(place, f"its contractors decide in {', '.join(sorted(states))}, not in its states")


def _known(name: str, known: Iterable[str], place: str, what: str, problems: Problems) -> None:
    if name not in known:
        problems.add(place, f"the {what} {name} does not exist")
