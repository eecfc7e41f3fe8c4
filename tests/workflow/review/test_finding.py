"""A finding: the result, why, and on which evidence."""

from __future__ import annotations

import pytest

from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.errors import ContentInvalid
from fhir_server.workflow.review.finding import confirm_met
from fhir_server.workflow.review.refusals import CaseConflict
from fhir_server.workflow.review.showing import record, shown
from tests.workflow.review.bench import ADAMS, BAKER, RECORD, Bench, reviewer


def test_a_finding_stands_beside_its_criterion_with_the_words_it_points_at(bench: Bench) -> None:
    case = bench.submit()
    bench.claim(case)
    words = EvidencePointer("text", RECORD.key, "page 1", 0, 14)
    bench.find(case, ADAMS, "KN2", "met", rationale="Locking is told.", evidence=(words,))
    sheet = shown(bench.desk, reviewer(BAKER), case, bench.tick())

    [kn2] = [each for each in sheet.criteria if each.criterion.element == "KN2"]
    [finding] = kn2.findings
    assert (finding.reviewer, finding.result, finding.rationale, finding.round) == (ADAMS, "met", "Locking is told.", 1)
    assert finding.evidence[0].document == RECORD.key
    assert finding.evidence[0].kind == RECORD.kind
    assert sheet.records[0].key == RECORD.key
    assert record(bench.desk, reviewer(BAKER), case, 1).content == RECORD.content


def test_what_a_finding_lacks_is_told_at_once(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    unknown = EvidencePointer("text", "urn:uuid:other", "page 1", 0, 1)
    nowhere = EvidencePointer("answer", None, "KN1")
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.find(case, ADAMS, "KN1", "met", rationale=" ", evidence=(unknown, nowhere), gap="missing")
    assert [each.rule for each in refusal.value.issues] == [
        "review-rationale",
        "review-gap",
        "review-evidence",
        "review-evidence",
    ]
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.find(case, ADAMS, "ZZ9", "met", evidence=())
    assert [each.expression for each in refusal.value.issues] == ["element", "evidence"]


def test_only_who_has_the_case_says_something_about_it(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    with pytest.raises(CaseConflict):
        quick_bench.find(case, ADAMS, "KN1", "met")
    quick_bench.claim(case, BAKER)
    with pytest.raises(CaseConflict):
        quick_bench.find(case, ADAMS, "KN1", "met")


def test_the_latest_finding_about_a_criterion_counts(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.find_all(case, but={"KN1": "not met"})
    quick_bench.find(case, ADAMS, "KN1", "met")
    decided = quick_bench.decide(case, line_1="affirmed")
    assert next(each for each in decided.criteria if each.element == "KN1").result == "met"


def test_what_was_settled_by_hand_is_not_confirmed_over(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.find(case, ADAMS, "clinical-records", "not met")
    confirm_met(quick_bench.desk, reviewer(ADAMS), case, "As software found.", quick_bench.tick())
    sheet = shown(quick_bench.desk, reviewer(ADAMS), case, quick_bench.tick())
    [records] = [each for each in sheet.criteria if each.criterion.element == "clinical-records"]
    assert [each.result for each in records.findings] == ["not met"]


def test_what_was_not_found_met_is_not_confirmed(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    confirmed = confirm_met(quick_bench.desk, reviewer(ADAMS), case, "As software found.", quick_bench.tick())
    assert {each.element for each in confirmed.findings} == {"clinical-records"}
    assert all(each.evidence for each in confirmed.findings)
