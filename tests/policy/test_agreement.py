"""The engine and a second, literal reading of the same checklists come to the same, case by case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from itertools import cycle
from random import Random
from typing import Any

import msgspec
import pytest

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.evidence import (
    Evidence,
    EvidenceFact,
    EvidencePointer,
    EvidenceRecord,
    FactValue,
    UnreadableAnswer,
)
from fhir_server.authorization.states import State
from fhir_server.policy.cases import PolicyCase, read_case
from fhir_server.policy.cases_circumstances import circumstances_of
from fhir_server.policy.cases_evidence import evidence_of
from fhir_server.policy.cases_request import request_of
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.engine import determine
from fhir_server.policy.facts import facts_of
from fhir_server.policy.merits import STOPPING
from fhir_server.policy.pack import builtin_pack
from tests.policy import literal
from tests.policy.requests import WISER

[pack] = [each for each in WISER if isinstance(each, CoveragePack)]
CASES = builtin_pack("wiser") / "cases"
CATEGORIES = sorted(path.name for path in CASES.iterdir())
POINTER = EvidencePointer("answer", "document-1")
NUMBER = re.compile(r"(?<![\w.'-])\d+(?:\.\d+)?(?![\w.])")
STEPS = (-1, -0.1, -0.01, 0, 0.01, 0.1, 1)
WRONG_FORMS: tuple[FactValue, ...] = ("", "something else", -1, True, 10**6)
DAYS = (0, 1, 13, 14, 28, 45, 46, 59, 60, 84, 85, 365, 729, 730, 731, 732, -1, -14)


@cache
def bases(category: str) -> tuple[PolicyCase, ...]:
    """The cases of a category that reach its checklist; they are what random ones are made from."""
    read = (read_case(path.read_text("utf-8"), path.name) for path in sorted((CASES / category).glob("*.yaml")))
    return tuple(each for each in read if each.expect and each.expect.outcome in ("affirmed", "in-review"))


@cache
def checklist(category: str) -> dict[str, Any]:
    return literal.checklist_of(category)


class Maker:
    """Makes cases: answers near the boundaries of the tests, missing, told twice, in a wrong form; other records."""

    def __init__(self, category: str, random: Random) -> None:
        self.category, self.random = category, random

    def case(self) -> tuple[PolicyCase, Evidence]:
        base = self.random.choice(bases(self.category))
        case = msgspec.structs.replace(base, **dict(self.changes(base)))
        evidence = evidence_of(case, pack)
        facts = list(evidence.facts)
        unreadable = []
        for _ in range(self.random.choice((0, 1, 1, 2, 3, 6))):
            row = self.random.choice(checklist(self.category)["elements"])
            if row.get("fields"):
                field = self.random.choice(row["fields"])
                facts = self.changed(facts, row, field, case)
                if self.random.random() < 0.05:
                    unreadable.append(UnreadableAnswer(row["id"], field["name"], "something else", POINTER))
        return case, Evidence(tuple(facts), self.records(evidence.records), tuple(unreadable))

    def changes(self, base: PolicyCase) -> Iterator[tuple[str, Any]]:
        if self.random.random() < 0.3:
            others = [code for each in bases(self.category) for code in each.diagnoses]
            yield "diagnoses", tuple(dict.fromkeys([*base.diagnoses, self.random.choice(others)]))
        if self.random.random() < 0.2:
            yield "diagnoses", self.random.choice(bases(self.category)).diagnoses
        if self.random.random() < 0.2:
            born = self.random.choice([None, date(2004, 6, 15), date(2004, 6, 16), date(1931, 1, 1)])
            yield "patient", msgspec.structs.replace(base.patient, birth_date=born)
        if self.random.random() < 0.1:
            yield "state", self.random.choice(["AZ", "NJ", "OH", "OK", "TX", "WA"])

    def changed(
        self, facts: list[EvidenceFact], row: dict[str, Any], field: dict[str, Any], case: PolicyCase
    ) -> list[EvidenceFact]:
        """Take the field's answers away, put another in their place, or put one beside them."""
        name = row["id"], field["name"]
        kept = [each for each in facts if (each.element, each.field) != name]
        way = self.random.random()
        if way < 0.2:
            return kept
        told = EvidenceFact(*name, self.value(row, field, case), POINTER)
        return [*facts, told] if way < 0.4 else [*kept, told]

    def value(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        if self.random.random() < 0.04:
            return self.random.choice(WRONG_FORMS)
        make: Callable[..., FactValue] = getattr(self, f"a_{field['type']}")
        return make(row, field, case)

    def a_bool(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        return self.random.random() < 0.5

    def a_num(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        limits = [float(each) for each in NUMBER.findall(row.get("test", ""))]
        limits += [field[each] for each in ("minimum", "maximum") if each in field]
        number = round(self.random.choice(limits or [0]) + self.random.choice(STEPS), 2)
        return int(number) if number == int(number) and self.random.random() < 0.5 else float(number)

    def a_date(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        days = case.days_of_service
        day: date = self.random.choice([case.received_at.date(), *(days or ()), date(2026, 2, 10), date(2024, 2, 29)])
        return (day - timedelta(days=self.random.choice(DAYS))).isoformat()

    def a_choice(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        return str(self.random.choice(field["values"])["value"])

    def a_choices(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        count = min(self.random.choice((0, 1, 1, 2, 3)), len(field["values"]))
        return tuple(each["value"] for each in self.random.sample(field["values"], count))

    def a_text(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        return self.random.choice(["NRS", " nrs ", "Told in words", "  "])

    def a_code(self, row: dict[str, Any], field: dict[str, Any], case: PolicyCase) -> FactValue:
        return self.random.choice(["Q4101", "Q4100", "64590"])

    def records(self, records: tuple[EvidenceRecord, ...]) -> tuple[EvidenceRecord, ...]:
        way = self.random.random()
        if way < 0.05:
            return ()
        if way < 0.15:
            tied = [row["id"] for row in checklist(self.category)["elements"] if row.get("document")]
            chosen = tuple(self.random.sample(tied, self.random.randint(0, len(tied))))
            return (EvidenceRecord("document-1", readable=True, elements=chosen),)
        return records


def decided(case: PolicyCase, evidence: Evidence) -> Determination:
    request = request_of(case)
    circumstances = circumstances_of(case, pack)
    return determine(request, facts_of(request), circumstances, WISER, case_number="CASE-1", evidence=evidence)


def compare(category: str, case: PolicyCase, evidence: Evidence) -> bool:
    """Hold the engine against the literal reading; return whether the case reached the checklist at all."""
    determination = decided(case, evidence)
    if determination.state is State.DISMISSED:
        return False
    waiting = [each for each in determination.lines if each.outcome in ("affirmed", "in-review")]
    lines = [each.sequence for each in waiting if each.category == category]
    today = case.received_at.date()
    wanted = literal.weighed(checklist(category), case, evidence, lines, today)
    found: dict[int, dict[str, literal.Outcome]] = {line: {} for line in lines}
    for each in determination.criteria:
        for line in each.lines if each.category == category else ():
            found[line][each.element] = each.result, each.gap
    for line, elements in wanted.items():
        records = ("met", None) if any(each.clinical for each in evidence.records) else ("unknown", "missing")
        assert found[line] == {"clinical-records": records, **elements}
    if {each.category for each in waiting} == {category}:
        assert (determination.state is State.AFFIRMED) == may_affirm(category, wanted, determination, evidence)
    return bool(lines)


def may_affirm(
    category: str, wanted: dict[int, dict[str, literal.Outcome]], determination: Determination, evidence: Evidence
) -> bool:
    """Nothing is open by the literal reading; code rules and what the request lacks are taken as they are told."""
    open_elements = [gap for elements in wanted.values() for _, gap in elements.values() if gap]
    stopped = any(each.severity in STOPPING for each in determination.code_rules)
    records = any(each.clinical for each in evidence.records)
    held_up = bool(determination.routing and "administrative" in determination.routing.reasons)
    always = "always_review" in checklist(category)
    return not (open_elements or stopped or held_up or always) and records


@pytest.mark.parametrize(
    "count", [1_000, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])], ids="{:,} cases".format
)
def test_the_engine_agrees_with_a_literal_reading(count: int) -> None:
    reached, affirmed = 0, 0
    for number, category in zip(range(10 * count), cycle(CATEGORIES), strict=False):
        case, evidence = Maker(category, Random(number)).case()
        try:
            reached += compare(category, case, evidence)
        except AssertionError as error:
            raise AssertionError(f"case {number}, made from {case.place} of {category}: {error}") from error
        affirmed += decided(case, evidence).state is State.AFFIRMED
        if reached == count:
            break
    assert reached == count
    assert affirmed > count / 10


@pytest.mark.parametrize("category", CATEGORIES)
def test_both_read_the_cases_of_the_pack_in_the_same_way(category: str) -> None:
    for case in bases(category):
        compare(category, case, evidence_of(case, pack))
