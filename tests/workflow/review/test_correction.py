"""A second look, and a decision that is taken back."""

from __future__ import annotations

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.authorization.determination import Decider
from fhir_server.authorization.events import Determined, FindingRecorded, Reopened
from fhir_server.authorization.states import State
from fhir_server.errors import ContentInvalid, NotAllowed
from fhir_server.store.tracking import TrackingLine
from fhir_server.workflow.answers import answer, standing_decision
from fhir_server.workflow.review.assignment import reassign
from fhir_server.workflow.review.correction import reopen, second_look
from fhir_server.workflow.review.refusals import CaseConflict
from fhir_server.workflow.review.showing import shown
from tests.workflow.review.bench import ADAMS, BAKER, COORDINATOR, EHR, Bench, reviewer


def look_again(bench: Bench, case: str, name: str = ADAMS) -> None:
    second_look(bench.desk, reviewer(name), case, "I am not sure about the MRI.", bench.tick())


def take_back(bench: Bench, case: str, name: str = COORDINATOR, reason: str = "The wrong record was read.") -> None:
    reopen(bench.desk, reviewer(name), case, reason, bench.tick())


def test_who_asks_for_a_second_look_does_not_decide(bench: Bench) -> None:
    case = bench.submit()
    bench.claim(case, BAKER)
    bench.find(case, BAKER, "KN1", "not met")
    look_again(bench, case, BAKER)
    with bench.database.read(operator()) as unit:
        item = unit.worklist.get(case)
    assert (item.second_look, item.assigned_to) == (True, None)
    with pytest.raises(CaseConflict):
        bench.claim(case, BAKER)
    bench.deny(case, ADAMS)
    looks = [each.data.second_look for each in bench.events(case) if isinstance(each.data, FindingRecorded)]
    assert looks[0] is False
    assert all(looks[1:])


def test_the_first_reviewer_is_not_handed_the_case_back(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case, BAKER)
    look_again(quick_bench, case, BAKER)
    with pytest.raises(CaseConflict):
        reassign(quick_bench.desk, reviewer(COORDINATOR), case, quick_bench.tick(), reason="Back.", to_reviewer=BAKER)


def test_a_decision_made_in_error_is_taken_back_and_decided_anew(bench: Bench) -> None:
    case = bench.submit()
    bench.deny(case)
    decision = standing_decision(bench.events(case))
    take_back(bench, case)

    assert bench.state(case) is State.IN_REVIEW
    told = next(each.data for each in bench.events(case) if isinstance(each.data, Reopened))
    assert (told.decision, told.reviewer) == (decision, COORDINATOR)
    answer_told = bench.last_answer(case)["answer"]
    assert answer_told["lines"][0]["actions"][0]["action"]["codes"][0]["value"] == "A4"
    with bench.database.read(operator()) as unit:
        item = unit.worklist.get(case)
        assert (item.round, item.status, item.assigned_to) == (2, "waiting", None)
        assert item.due_at > "2026-06-04T15:"
        assert len(unit.worklist.criteria(case)) == 7
    bench.affirm(case, BAKER)
    decided = [each.data.determination.state for each in bench.events(case) if isinstance(each.data, Determined)]
    assert decided == [State.IN_REVIEW, State.NON_AFFIRMED, State.AFFIRMED]


def test_findings_of_the_round_before_do_not_count(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.deny(case)
    take_back(quick_bench, case)
    quick_bench.claim(case)
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(case, line_1="non-affirmed")
    assert refusal.value.issues[0].rule == "review-findings"


def test_the_number_of_a_decision_that_was_taken_back_is_told_no_more(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.affirm(case)
    decision = standing_decision(quick_bench.events(case))
    assert decision is not None
    at = quick_bench.tick()
    with quick_bench.database.write(operator()) as unit:
        line = TrackingLine(1, "29877", True, 1)
        unit.tracking.request(case, decision, at, affirmed=True, member_id="1EG4TE5MK73", lines=[line])
        unit.tracking.issued(case, decision, "SIM00000000001", at, simulated=True)
        answer(unit, case, quick_bench.desk.renderers, at, "worker")
    assert quick_bench.last_answer(case)["answer"]["authorization_number"] == "SIM00000000001"
    take_back(quick_bench, case, ADAMS)
    assert "SIM00000000001" not in str(quick_bench.last_answer(case))
    quick_bench.affirm(case)
    assert quick_bench.last_answer(case)["answer"]["authorization_number"] is None
    sheet = shown(quick_bench.desk, reviewer(ADAMS), case, quick_bench.tick())
    assert [each.number for each in sheet.tracking_numbers] == ["SIM00000000001"]


def test_only_a_decision_is_taken_back_with_a_reason_by_a_reviewer(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    with pytest.raises(CaseConflict):
        take_back(quick_bench, case)
    quick_bench.affirm(case)
    with pytest.raises(ContentInvalid):
        take_back(quick_bench, case, reason="  ")
    with pytest.raises(NotAllowed):
        reopen(quick_bench.desk, EHR, case, "Why not?", quick_bench.tick())
    assert quick_bench.state(case) is State.AFFIRMED


def test_a_clinician_is_named_again_after_the_decision_that_was_taken_back(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.deny(case)
    take_back(quick_bench, case)
    sheet = shown(quick_bench.desk, reviewer(ADAMS), case, quick_bench.tick())
    assert sheet.determination.decider == Decider()
