"""Elements held against evidence: what is met, what is open and why, and what each finding rests on."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from fhir_server.authorization.determination import CriterionFinding
from fhir_server.authorization.evidence import (
    Evidence,
    EvidenceFact,
    EvidencePointer,
    EvidenceRecord,
    FactValue,
    UnreadableAnswer,
)
from fhir_server.policy.answers import answers_of
from fhir_server.policy.criteria import Checklist
from fhir_server.policy.facts import facts_of
from fhir_server.policy.request_facts import Asked
from fhir_server.policy.spans import Span
from fhir_server.policy.weighing import CLINICAL_RECORDS, prepare, weigh
from tests.policy.requests import line, request

TODAY = date(2026, 6, 1)
NOTE = EvidenceRecord("note", readable=True)


def row(name: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "id": name, "label": f"element {name}", "type": "num", "kind": "R", "source": "test",
        "effective_from": "2026-01-05",
        "fields": [{"name": "value", "type": "num", "label": "number", "minimum": 0}], "test": "value >= 4",
    }  # fmt: skip
    return {**plain, **changes}


def findings(
    elements: list[dict[str, Any]], evidence: Evidence, code: str = "64483", **changes: Any
) -> dict[str, CriterionFinding]:
    checklist = msgspec.convert({"specialties": ["x"], "specialties_source": "y", "elements": elements}, Checklist)
    prepared = prepare("category", checklist)
    facts = facts_of(request(line(1, code), line(2, "64484"), **changes))
    asked = [Asked(facts, each, each.serviced or Span(), (code, "64484"), TODAY) for each in facts.lines]
    found = weigh(prepared, asked, answers_of(evidence, prepared.fields))
    return {each.element: each for each in found}


def fact(name: str, value: FactValue, field: str = "value", source: Any = "answer") -> EvidenceFact:
    return EvidenceFact(name, field, value, EvidencePointer(source, "answers", f"{name}.{field}"))


def told(*facts: EvidenceFact, records: tuple[EvidenceRecord, ...] = (NOTE,)) -> Evidence:
    return Evidence(facts, records)


@pytest.mark.parametrize(
    ("value", "result", "gap"), [(4, "met", None), (3, "not met", "failing"), (None, "unknown", "missing")]
)
def test_an_element_is_met_or_failing_or_missing(value: int | None, result: str, gap: str | None) -> None:
    found = findings([row("AA1")], told(*([fact("AA1", value)] if value is not None else [])))["AA1"]
    assert (found.result, found.gap, found.lines) == (result, gap, (1, 2))


def test_a_finding_points_at_everything_that_it_rests_on() -> None:
    facts = (fact("AA1", 4), fact("AA1", 4.0, source="text"))
    found = findings([row("AA1")], told(*facts))["AA1"]
    assert found.evidence == tuple(each.pointer for each in facts)
    assert found.result == "met"


def test_sources_that_differ_conflict_even_where_each_would_do() -> None:
    found = findings([row("AA1")], told(fact("AA1", 5), fact("AA1", 9, source="text")))["AA1"]
    assert (found.result, found.gap) == ("unknown", "conflicting")


def test_what_was_read_in_a_half_read_document_only_contradicts() -> None:
    half = EvidenceRecord("scan", readable=False, elements=())
    read = EvidenceFact("AA1", "value", 5, EvidencePointer("text", "scan", "page 1", 0, 1))
    assert findings([row("AA1")], told(read, records=(NOTE, half)))["AA1"].gap == "missing"
    assert findings([row("AA1")], told(read, fact("AA1", 5), records=(NOTE, half)))["AA1"].result == "met"
    assert findings([row("AA1")], told(read, fact("AA1", 9), records=(NOTE, half)))["AA1"].gap == "conflicting"


def test_numbers_agree_as_far_as_both_are_precise() -> None:
    assert findings([row("AA1")], told(fact("AA1", 31.2), fact("AA1", 31.24)))["AA1"].result == "met"
    assert findings([row("AA1")], told(fact("AA1", 31.2), fact("AA1", 31.26)))["AA1"].gap == "conflicting"


@pytest.mark.parametrize("value", [-1, "four", True, ("4",)])
def test_a_value_that_cannot_be_meant_is_unreadable(value: FactValue) -> None:
    assert findings([row("AA1")], told(fact("AA1", value)))["AA1"].gap == "unreadable"


def test_an_answer_in_another_form_is_unreadable() -> None:
    pointer = EvidencePointer("answer", "answers", "AA1")
    evidence = Evidence(records=(NOTE,), unreadable=(UnreadableAnswer("AA1", "value", "a number", pointer),))
    found = findings([row("AA1")], evidence)["AA1"]
    assert (found.gap, found.evidence) == ("unreadable", (pointer,))


def test_a_document_has_to_be_tied_to_its_element() -> None:
    elements = [row("AA1", document=True)]
    assert findings(elements, told(fact("AA1", 4)))["AA1"].gap == "missing"
    tied = EvidenceRecord("scan", readable=False, elements=("AA1",))
    assert findings(elements, told(fact("AA1", 4), records=(tied,)))["AA1"].result == "met"
    assert findings(elements, told(records=(tied,)))["AA1"].gap == "missing"  # S-03: present, and nothing more


def test_without_any_clinical_record_that_is_missing() -> None:
    questionnaire = EvidenceRecord("answers", readable=True, clinical=False)
    assert findings([row("AA1")], told(fact("AA1", 4), records=(questionnaire,)))[CLINICAL_RECORDS].gap == "missing"
    assert findings([row("AA1")], told(fact("AA1", 4)))[CLINICAL_RECORDS].gap is None


def test_one_of_a_group_is_enough_and_all_are_named_where_none_is_there() -> None:
    elements = [row(name, kind="1of", group="imaging") for name in ("AA1", "AA2")]
    met = findings(elements, told(fact("AA2", 4)))
    assert (met["AA1"].gap, met["AA2"].result) == (None, "met")
    assert {name for name, each in findings(elements, told()).items() if each.gap} == {"AA1", "AA2"}
    failing = findings(elements, told(fact("AA1", 3)))
    assert {name for name, each in failing.items() if each.gap} == {"AA1"}


def test_an_alternative_is_not_named_beside_what_it_may_stand_for() -> None:
    elements = [row("AA1", group="repeat"), row("AA2", kind="1of", group="repeat")]
    assert {name for name, each in findings(elements, told()).items() if each.gap} == {"AA1"}
    assert findings(elements, told(fact("AA2", 4)))["AA1"].gap is None


def test_an_element_counts_only_where_it_applies() -> None:
    elements = [row("AA1"), row("AA2", applies_if="AA1.value > 10")]
    assert findings(elements, told(fact("AA1", 5)))["AA2"].result == "not applicable"
    assert findings(elements, told(fact("AA1", 11)))["AA2"].gap == "missing"
    assert findings(elements, told())["AA2"].result == "not applicable"  # what tells it is what is missing


def test_what_tells_whether_an_element_counts_is_optional_and_open_so_it_counts() -> None:
    optional = {"name": "other", "type": "bool", "label": "o", "required": False}
    elements = [row("AA1", fields=[*row("AA1")["fields"], optional]), row("AA2", applies_if="AA1.other")]
    assert findings(elements, told(fact("AA1", 5)))["AA2"].gap == "missing"


def test_a_default_counts_once_anything_else_was_answered() -> None:
    optional = {"name": "waived", "type": "bool", "label": "w", "required": False, "default": False}
    elements = [row("AA1", fields=[*row("AA1")["fields"], optional], test="value >= 4 or waived")]
    assert findings(elements, told(fact("AA1", 3)))["AA1"].gap == "failing"
    assert findings(elements, told())["AA1"].gap == "missing"
    assert findings(elements, told(fact("AA1", 3), fact("AA1", True, "waived")))["AA1"].result == "met"


def test_what_is_only_informational_is_never_named_and_sends_to_a_person_where_it_speaks_against() -> None:
    for changes in ({"kind": "I"}, {"kind": "X", "basis": "route-only"}):
        elements = [row("AA1", **changes)]
        assert findings(elements, told())["AA1"].gap is None
        assert findings(elements, told(fact("AA1", 3)))["AA1"].gap == "doubtful"
        assert findings(elements, told(fact("AA1", 4)))["AA1"].gap is None


def test_the_request_itself_answers_and_an_answer_beside_it_has_to_agree() -> None:
    field = {"name": "age", "type": "num", "label": "age", "from_request": "beneficiary.age"}
    elements = [row("AA1", fields=[field], test="age >= 22")]
    assert findings(elements, told())["AA1"].result == "met"  # born in 1948
    assert findings(elements, told(fact("AA1", 78, "age")))["AA1"].result == "met"
    assert findings(elements, told(fact("AA1", 30, "age")))["AA1"].gap == "conflicting"


def test_lines_that_differ_get_findings_of_their_own() -> None:
    elements = [row("AA1", applies_if="line.code == '64484'"), row("AA2")]
    checklist = msgspec.convert({"specialties": ["x"], "specialties_source": "y", "elements": elements}, Checklist)
    prepared = prepare("category", checklist)
    facts = facts_of(request(line(1, "64483"), line(2, "64484")))
    asked = [Asked(facts, each, Span(), ("64483", "64484"), TODAY) for each in facts.lines]
    found = weigh(prepared, asked, answers_of(told(), prepared.fields))
    assert [(each.element, each.result, each.lines) for each in found[1:]] == [
        ("AA1", "not applicable", (1,)),
        ("AA1", "unknown", (2,)),
        ("AA2", "unknown", (1, 2)),
    ]


def test_a_row_counts_from_its_day_of_request_on() -> None:
    elements = [row("AA1", effective_to="2026-05-31"), row("AA2", effective_from="2026-06-01")]
    assert set(findings(elements, told())) == {CLINICAL_RECORDS, "AA2"}
