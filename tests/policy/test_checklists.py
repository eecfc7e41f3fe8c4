"""What the checklists themselves demand of a decision, element by element: generated, not written case by case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import pytest

from fhir_server.authorization.determination import CriterionFinding, Determination
from fhir_server.authorization.evidence import Evidence, EvidenceFact, EvidencePointer
from fhir_server.authorization.states import State
from fhir_server.policy.cases import PolicyCase, read_case
from fhir_server.policy.cases_circumstances import circumstances_of
from fhir_server.policy.cases_evidence import evidence_of
from fhir_server.policy.cases_request import request_of
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.criteria import Checklist, Criterion
from fhir_server.policy.engine import determine
from fhir_server.policy.expressions import REQUEST_PARTS
from fhir_server.policy.facts import facts_of
from fhir_server.policy.pack import builtin_pack
from fhir_server.policy.weighing import CLINICAL_RECORDS
from tests.policy.requests import WISER

[pack] = [each for each in WISER if isinstance(each, CoveragePack)]
CASES = builtin_pack("wiser") / "cases"
POINTER = EvidencePointer("answer", "document-1")
ALWAYS_REVIEWED = "trigeminal-neurolysis"


class Complete(NamedTuple):
    """A case of the pack that meets every element of its category's checklist."""

    category: str
    case: PolicyCase
    evidence: Evidence

    @property
    def checklist(self) -> Checklist:
        return pack.checklists[self.category].checklist

    @property
    def name(self) -> str:
        return f"{self.category} {self.case.place}"


def decided(complete: Complete, evidence: Evidence) -> Determination:
    request = request_of(complete.case)
    around = circumstances_of(complete.case, pack)
    return determine(request, facts_of(request), around, WISER, case_number="CASE-1", evidence=evidence)


@cache
def completes() -> tuple[Complete, ...]:
    found = []
    for path in sorted(CASES.glob("*/complete*.yaml")):
        case = read_case(path.read_text("utf-8"), path.name)
        found.append(Complete(path.parent.name, case, evidence_of(case, pack)))
    return tuple(found)


def findings(determination: Determination) -> dict[str, CriterionFinding]:
    return {each.element: each for each in determination.criteria}


def gaps(determination: Determination) -> dict[str, str]:
    return {each.element: each.gap for each in determination.criteria if each.gap}


def without(evidence: Evidence, *elements: str) -> Evidence:
    """Take out every answer and every tie of a record to *elements*."""
    records = (
        replace(each, elements=tuple(name for name in each.elements if name not in elements))
        for each in evidence.records
    )
    return Evidence(tuple(each for each in evidence.facts if each.element not in elements), tuple(records))


def answered(evidence: Evidence, element: str, answer: Mapping[str, Any]) -> Evidence:
    """Put *answer* in the place of what was answered to *element*; a key ``ELEMENT.field`` is of another one."""
    told: dict[tuple[str, str], Any] = {}
    for key, value in answer.items():
        part, _, field = key.rpartition(".")
        told[part or element, field] = value
    kept = [each for each in evidence.facts if each.element != element and (each.element, each.field) not in told]
    added = [
        EvidenceFact(*name, tuple(value) if isinstance(value, list) else as_text(value), POINTER)
        for name, value in told.items()
        if value is not None
    ]
    return Evidence((*kept, *added), evidence.records)


def as_text(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def depends_on(checklist: Checklist, element: str) -> bool:
    """Whether another element looks at the answers of this one."""
    others = (row for row in pack.checklists[category_of(checklist)].elements if row.criterion.id != element)
    expressions = (each for row in others for each in (row.test, row.applies) if each)
    return any(part == element for each in expressions for part, _ in each.names)


def category_of(checklist: Checklist) -> str:
    return next(name for name, each in pack.checklists.items() if each.checklist is checklist)


def counted(complete: Complete) -> Iterator[Criterion]:
    """The elements that this case is held to: those that were met, are asked for, and do not only tell the scope."""
    met = {name for name, each in findings(decided(complete, complete.evidence)).items() if each.result == "met"}
    for row in complete.checklist.elements:
        if row.id in met and row.kind != "I" and row.basis != "route-only" and not row.scope:
            yield row


def from_evidence(row: Criterion, evidence: Evidence) -> bool:
    """Whether anything in the evidence, and not the request alone, meets the element."""
    return any(each.element == row.id for each in evidence.facts) or any(row.id in r.elements for r in evidence.records)


def elements() -> list[Any]:
    """Each element that the evidence of a complete case meets, with that case."""
    return [
        pytest.param(complete, row, id=f"{complete.name} {row.id}")
        for complete in completes()
        for row in counted(complete)
        if from_evidence(row, complete.evidence)
    ]


def exclusions() -> list[Any]:
    """Those of them that say what must not be there."""
    return [each for each in elements() if each.values[1].kind in ("X", "RC")]


def failures() -> list[Any]:
    """Each answer that an element gives as an example of what does not meet it, with a complete case."""
    return [
        pytest.param(complete, row, example.answer, id=f"{complete.name} {row.id} example {number}")
        for complete in completes()
        for row in counted(complete)
        for number, example in enumerate(row.examples, start=1)
        if example.result == "not met" and not speaks_of_request(row, example.answer)
    ]


def speaks_of_request(row: Criterion, answer: Mapping[str, object]) -> bool:
    """Whether an answer tells what the request of a complete case holds, and would contradict it."""
    held = {field.name for field in row.fields if field.from_request}
    return any(key in held or key.rpartition(".")[0] in REQUEST_PARTS for key in answer)


def doubts() -> list[Any]:
    """The same for what may only send to a person (S-07)."""
    found = []
    for complete in completes():
        for row in complete.checklist.elements:
            answer = next((each.answer for each in row.examples if each.result == "not met"), None)
            if row.basis == "route-only" and answer:
                found.append(pytest.param(complete, row, answer, id=f"{complete.name} {row.id}"))
    return found


@pytest.mark.parametrize("category", sorted(pack.checklists))
def test_every_category_has_a_complete_case(category: str) -> None:
    assert category in {each.category for each in completes()}
    assert len(pack.checklists) == 13


@pytest.mark.parametrize("complete", completes(), ids=lambda each: each.name)
def test_a_complete_case_is_affirmed_at_once(complete: Complete) -> None:
    determination = decided(complete, complete.evidence)

    assert gaps(determination) == {}
    if complete.category == ALWAYS_REVIEWED:  # S-05
        assert determination.state is State.IN_REVIEW
        assert determination.missing == ()
    else:
        assert determination.state is State.AFFIRMED


@pytest.mark.parametrize(("complete", "row"), elements())
def test_what_is_missing_is_named_and_nothing_else(complete: Complete, row: Criterion) -> None:
    determination = decided(complete, without(complete.evidence, row.id))

    assert determination.state is State.IN_REVIEW
    assert gaps(determination) == dict.fromkeys(group_of(complete.checklist, row, determination), "missing")


def group_of(checklist: Checklist, row: Criterion, determination: Determination) -> set[str]:
    """The element itself; of a group those that count: the required ones, where there are any."""
    if row.group is None:
        return {row.id}
    found = findings(determination)
    members = [
        each for each in checklist.elements if each.group == row.group and found[each.id].result != "not applicable"
    ]
    return {each.id for each in members if each.kind == "R"} or {each.id for each in members}


@pytest.mark.parametrize(("complete", "row", "answer"), failures())
def test_what_fails_goes_to_a_person_and_is_named(
    complete: Complete, row: Criterion, answer: dict[str, object]
) -> None:
    determination = decided(complete, answered(complete.evidence, row.id, answer))

    assert determination.state is State.IN_REVIEW
    assert findings(determination)[row.id].result == "not met"
    assert gaps(determination)[row.id] == "failing"
    alone = all(key.rpartition(".")[0] in ("", row.id) for key in answer)
    if alone and not depends_on(complete.checklist, row.id):
        assert gaps(determination) == {row.id: "failing"}


@pytest.mark.parametrize("complete", completes(), ids=lambda each: each.name)
def test_without_records_the_records_are_missing(complete: Complete) -> None:
    determination = decided(complete, Evidence(complete.evidence.facts))

    assert determination.state is State.IN_REVIEW
    assert gaps(determination)[CLINICAL_RECORDS] == "missing"
    assert set(gaps(determination).values()) == {"missing"}


@pytest.mark.parametrize(("complete", "row"), exclusions())
def test_every_excluding_answer_alone_goes_to_a_person(complete: Complete, row: Criterion) -> None:
    """Each yes among the exclusions is enough; a relative one may come with its rationale."""
    no = {field.name: False for field in row.fields if field.type == "bool"}
    others = {each.field: each.value for each in complete.evidence.facts if each.element == row.id}
    for name in (field.name for field in row.fields if field.type == "bool" and field.default is None):
        told = decided(complete, answered(complete.evidence, row.id, {**others, **no, name: True}))
        assert told.state is State.IN_REVIEW, name
        assert row.id in gaps(told), name
        if row.kind == "RC":
            answer = {**others, **no, name: True, "rationale": "Weighed against the benefit"}
            explained = decided(complete, answered(complete.evidence, row.id, answer))
            assert row.id not in gaps(explained), name


@pytest.mark.parametrize(("complete", "row", "answer"), doubts())
def test_what_no_source_confirms_goes_to_a_person_and_is_not_named(
    complete: Complete, row: Criterion, answer: dict[str, object]
) -> None:
    determination = decided(complete, answered(complete.evidence, row.id, answer))

    assert determination.state is State.IN_REVIEW
    assert gaps(determination) == {row.id: "doubtful"}
    assert determination.missing == ()  # S-07


@pytest.mark.parametrize("complete", completes(), ids=lambda each: each.name)
def test_an_answer_told_in_two_ways_is_a_conflict(complete: Complete) -> None:
    for row in counted(complete):
        for fact in (each for each in complete.evidence.facts if each.element == row.id):
            if isinstance(fact.value, bool):
                evidence = replace(
                    complete.evidence, facts=(*complete.evidence.facts, replace(fact, value=not fact.value))
                )
                determination = decided(complete, evidence)
                assert determination.state is State.IN_REVIEW
                assert gaps(determination)[row.id] == "conflicting"


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("sacral-nerve-stimulation/percutaneous-lead-alone", "SN6"),
        ("sacral-nerve-stimulation/generator-not-planned", "SN6"),
        ("skin-substitutes/pressure-ulcer", "SK2"),
        ("vagus-nerve-stimulation/replacement-by-answer", "VN1"),
        ("sacral-nerve-stimulation/lead-replacement-by-answer", "SN7"),
    ],
)
def test_an_element_of_the_scope_dismisses(name: str, element: str) -> None:
    """S-37: what it asks for is a scope rule, and its failure is told as one."""
    case = read_case((CASES / f"{name}.yaml").read_text("utf-8"), name)
    determination = decided(Complete(name.partition("/")[0], case, Evidence()), evidence_of(case, pack))

    assert next(row for each in pack.checklists.values() for row in each.checklist.elements if row.id == element).scope
    assert determination.dismissal is not None
    assert determination.dismissal.code == "D02"
    assert determination.criteria == ()
