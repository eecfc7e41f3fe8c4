"""Lines as the code rules see them; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fhir_server.authorization.determination import CodeRuleHit, CriterionFinding
from fhir_server.authorization.request import ServiceLine
from fhir_server.authorization.values import Quantity
from fhir_server.policy.articles import read_articles
from fhir_server.policy.code_rule_context import AnswerRead
from fhir_server.policy.code_rule_rows import CodeRules, read_code_rules
from fhir_server.policy.code_rules import context_of, hits
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import facts_of
from fhir_server.policy.pack import builtin_pack
from fhir_server.policy.rows import Problems
from fhir_server.policy.scope import scope_of
from tests.policy.requests import CPT, WISER, circumstances, concept, line, request

FOLDER = builtin_pack("wiser")


def wiser() -> CoveragePack:
    pack = WISER[0]
    assert isinstance(pack, CoveragePack)
    return pack


PACK = wiser()

Asked = str | tuple[str, dict[str, Any]] | ServiceLine


def read_rules(folder: Path = FOLDER) -> tuple[CodeRules, Problems]:
    problems = Problems()
    articles = read_articles(folder / "articles", problems)
    return read_code_rules(folder / "code-rules.yaml", articles, problems), problems


RULES = read_rules()[0]


def asked_for(place: int, asked: Asked) -> ServiceLine:
    if isinstance(asked, ServiceLine):
        return asked
    code, changes = asked if isinstance(asked, tuple) else (asked, {})
    units, modifiers = changes.get("units", 1), changes.get("modifiers", ())
    plain = line(
        place, code, quantity=Quantity(units), modifiers=tuple(concept(CPT, each).codes[0] for each in modifiers)
    )
    return replace(plain, **{key: value for key, value in changes.items() if key not in ("units", "modifiers")})


def hit_by(
    *asked: Asked,
    diagnoses: tuple[str, ...] = ("M54.16",),
    state: str | None = "TX",
    answers: Mapping[str, AnswerRead] | None = None,
    missing: tuple[str, ...] = (),
    sex: str | None = None,
    of: int = 1,
) -> tuple[CodeRuleHit, ...]:
    """What line *of* runs into; *answers* are by ``element.field``.

    A line with a reviewed code is taken for one in scope, whatever Appendix B says of its diagnosis: scope has its own
    tests.
    """
    lines = [asked_for(place, each) for place, each in enumerate(asked, start=1)]
    facts = facts_of(request(*lines, diagnoses=diagnoses, state=state))
    around = circumstances()
    told = dict(answers or {})
    scoped = scope_of(PACK, facts, around)
    criteria = [CriterionFinding(each, "any", "R", "unknown", "", "", lines=(of,), gap="missing") for each in missing]
    context = context_of(
        PACK, RULES, facts, scoped[of - 1], around, lambda element, name: told.get(f"{element}.{name}"), criteria, sex
    )
    category = next((row[0].id for row in PACK.listed.get(context.line.code or "", ())), None)
    return hits(RULES, replace(context, reviewed=category is not None, category=category))


def severities(*asked: Asked, **changes: Any) -> dict[str, str]:
    return {each.rule: each.severity for each in hit_by(*asked, **changes)}


def ran_into(rule: str, *asked: Asked, **changes: Any) -> str | None:
    """What was found by *rule*, or ``None`` where it is silent."""
    return next((each.found for each in hit_by(*asked, **changes) if each.rule == rule), None)
