"""The table of the code rules: rows that a coder edits and reads, bound to their tests when the pack is read.

A rule never says no. E returns the request for correction, W sends the line to a person, I is a hint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from fhir_server.authorization.determination import Severity
from fhir_server.policy.articles import Articles
from fhir_server.policy.categories import DatedRow, DiagnosisFamily, ProcedureCode, Words
from fhir_server.policy.code_rule_context import LineRuleContext
from fhir_server.policy.code_rule_tests import TESTS, Test
from fhir_server.policy.diagnosis_details import NO_DETAILS, DiagnosisDetails, read_details
from fhir_server.policy.rows import Problems, Row, read_file, take, take_one, unique

RuleName = Annotated[str, msgspec.Meta(pattern=r"^(?:V[0-9]{2}|A[0-9]{5})$")]
"""A rule of the list V01 to V46, or an article whose list alone is the rule."""
DETAILS = "diagnosis-details.yaml"
"""The file beside the rules that tells sides and unspecified codes."""


class FamilyRow(Row, frozen=True, kw_only=True):
    """Diagnoses under one name, for the parameters of several rules; a trailing dash takes in all codes below."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z-]*[a-z]$")]
    label: Words
    source: Words
    codes: tuple[DiagnosisFamily, ...]


class CodeRule(DatedRow, frozen=True, kw_only=True):
    """One rule, or one ``part`` of it. It counts for days of service between its dates.

    Without ``codes`` it counts for every code but ``except_codes``; for lines in scope only, unless ``lines`` is
    ``all``. ``words`` say what is wrong and how to mend it. A list in ``parameters`` may name families. A rule from
    ``memory`` may raise a question or send to a person, and no more (S-07).
    """

    rule: RuleName
    part: Words | None = None
    severity: Severity
    codes: tuple[ProcedureCode, ...] = ()
    except_codes: tuple[ProcedureCode, ...] = ()
    lines: Literal["reviewed", "all"] = "reviewed"
    test: Words
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    words: Words
    basis: Literal["source", "memory"] = "source"

    def counts_for(self, code: str) -> bool:
        """Return whether the rule is about *code*."""
        return code in self.codes if self.codes else code not in self.except_codes


class RuleElsewhere(Row, frozen=True, kw_only=True):
    """A rule that another check of this server makes: ``ids`` name its rows there.

    A ``claim-check`` is made where claims are, not on a request.
    """

    rule: RuleName
    part: Words | None = None
    action: Words
    by: Literal["scope-rule", "dismissal", "question", "claim-check"]
    ids: tuple[Words, ...]
    source: Words


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A row with its parameters read and its test found."""

    row: CodeRule
    parameters: Row
    test: Test

    def found(self, context: LineRuleContext) -> str | None:
        """Return what the line runs into, or ``None``."""
        return self.test(self.parameters, context)


@dataclass(frozen=True)
class CodeRules:
    """The rules of a pack, and the tables that they look codes up in. Made by `read_code_rules`."""

    rules: tuple[BoundRule, ...] = ()
    elsewhere: tuple[RuleElsewhere, ...] = ()
    articles: Articles = Articles()
    details: DiagnosisDetails = NO_DETAILS

    def for_code(self, code: str | None) -> tuple[BoundRule, ...]:
        """Return the rules that count for *code*, in the order of the table."""
        return self._by_code.get(code or "", self._for_every_code)

    @cached_property
    def _for_every_code(self) -> tuple[BoundRule, ...]:
        return tuple(each for each in self.rules if not each.row.codes)

    @cached_property
    def _by_code(self) -> dict[str, tuple[BoundRule, ...]]:
        named = {code for each in self.rules for code in (*each.row.codes, *each.row.except_codes)}
        return {code: tuple(each for each in self.rules if each.row.counts_for(code)) for code in named}


def read_code_rules(path: Path, articles: Articles, problems: Problems) -> CodeRules:
    """Return the rules of the file, none where there is no file. What is wrong is noted in *problems*."""
    if not path.exists():
        return CodeRules(articles=articles)
    content = read_file(path, problems)
    families = {row.id: row.codes for row in take(content, "families", FamilyRow, path.name, problems)}
    rows = take(content, "rules", CodeRule, path.name, problems)
    elsewhere = take(content, "elsewhere", RuleElsewhere, path.name, problems)
    for key in content:
        problems.add(path.name, f"the key {key} is unknown")
    unique(rows, lambda each: (name_of(each), each.effective_from), path.name, problems)
    unique(elsewhere, name_of, path.name, problems)
    bound = (_bound(row, families, path.name, problems) for row in rows)
    details = read_details(path.parent / DETAILS, problems)
    return CodeRules(tuple(each for each in bound if each), elsewhere, articles, details)


def _bound(row: CodeRule, families: Mapping[str, tuple[str, ...]], file: str, problems: Problems) -> BoundRule | None:
    place = f"{file} {name_of(row)}"
    test = TESTS.get(row.test)
    if test is None:
        problems.add(place, f"the test {row.test} does not exist")
        return None
    given = {name: _spelled_out(value, families) for name, value in row.parameters.items()}
    parameters = take_one(given, test.parameters, f"{place} parameters", problems)
    return BoundRule(row, parameters, test.run) if parameters else None


def _spelled_out(value: Any, families: Mapping[str, tuple[str, ...]]) -> Any:
    """Return a list with the codes of each family that it names; other entries, and other values, as they are."""
    if not isinstance(value, list):
        return value
    return [code for each in value for code in (families.get(each, (each,)) if isinstance(each, str) else (each,))]


def name_of(row: CodeRule | RuleElsewhere) -> str:
    """Return the rule and its part."""
    return f"{row.rule} {row.part}" if row.part else row.rule
