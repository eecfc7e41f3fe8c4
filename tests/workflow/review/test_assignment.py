"""Who has a case: claimed once, given back, sent on to who fits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_server.authorization.events import Assigned, EventKind
from fhir_server.errors import ContentInvalid, NotAllowed, Refusal
from fhir_server.store.worklist_items import Filter
from fhir_server.workflow.review.assignment import claim, reassign, release
from fhir_server.workflow.review.listing import listed
from fhir_server.workflow.review.refusals import CaseConflict
from tests.workflow.review.bench import ADAMS, BAKER, CLARK, COORDINATOR, EHR, Bench, of_another, reviewer


def assigned(bench: Bench, case: str) -> list[Assigned]:
    return [each.data for each in bench.events(case) if isinstance(each.data, Assigned)]


def test_of_two_who_take_a_case_at_once_one_gets_it(bench: Bench) -> None:
    case, at = bench.submit(), bench.tick()

    def take(name: str) -> str | None:
        try:
            return claim(bench.desk, reviewer(name), case, at).item.assigned_to
        except Refusal:
            return None

    with ThreadPoolExecutor(2) as both:
        got = list(both.map(take, (ADAMS, BAKER)))
    assert sorted(name is None for name in got) == [False, True]
    assert [each.action for each in assigned(bench, case)] == ["claimed"]


def test_to_claim_twice_is_as_good_as_once(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.claim(case)
    assert len(assigned(quick_bench, case)) == 1


def test_a_case_that_is_given_back_may_be_taken_by_another(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    step = release(quick_bench.desk, reviewer(ADAMS), case, quick_bench.tick(), reason="No time.")
    assert step.item.assigned_to is None
    quick_bench.claim(case, BAKER)
    with pytest.raises(CaseConflict):
        release(quick_bench.desk, reviewer(ADAMS), case, quick_bench.tick())


def test_a_coordinator_sends_a_case_to_a_reviewer_who_fits(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    desk, carol = quick_bench.desk, reviewer(COORDINATOR)
    with pytest.raises(NotAllowed) as refusal:
        reassign(desk, carol, case, quick_bench.tick(), reason="Away.", to_reviewer=CLARK)
    assert {each.rule for each in refusal.value.issues} == {"review-licence", "review-specialty"}
    step = reassign(desk, carol, case, quick_bench.tick(), reason="Away.", to_reviewer=BAKER)
    assert step.item.assigned_to == BAKER
    told = assigned(quick_bench, case)[-1]
    assert (told.action, told.reviewer, told.to_reviewer, told.reason) == ("reassigned", COORDINATOR, BAKER, "Away.")


def test_a_case_is_sent_only_to_specialties_that_judge_its_category(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    desk, carol = quick_bench.desk, reviewer(COORDINATOR)
    with pytest.raises(ContentInvalid) as refusal:
        reassign(desk, carol, case, quick_bench.tick(), reason="", specialty="urology")
    assert [each.rule for each in refusal.value.issues] == ["review-reason", "review-specialty"]
    step = reassign(desk, carol, case, quick_bench.tick(), reason="Sports.", specialty="sports-medicine")
    assert step.item.specialties == ("sports-medicine",)
    with pytest.raises(NotAllowed):
        quick_bench.claim(case, ADAMS)
    quick_bench.claim(case, BAKER)


def test_a_reviewer_sends_on_only_what_is_his(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case, BAKER)
    with pytest.raises(CaseConflict):
        reassign(quick_bench.desk, reviewer(ADAMS), case, quick_bench.tick(), reason="Mine.", to_reviewer=ADAMS)


def test_one_target_has_to_be_given(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    for target in ({}, {"specialty": "sports-medicine", "to_reviewer": BAKER}, {"to_reviewer": COORDINATOR}):
        with pytest.raises(ContentInvalid) as refusal:
            reassign(
                quick_bench.desk,
                reviewer(COORDINATOR),
                case,
                quick_bench.tick(),
                reason="So.",
                specialty=target.get("specialty"),
                to_reviewer=target.get("to_reviewer"),
            )
        assert [each.rule for each in refusal.value.issues] == ["review-target"]


def test_the_list_shows_what_is_due_first_and_how_long_is_left(quick_bench: Bench) -> None:
    first = quick_bench.submit()
    second = quick_bench.submit(of_another("second", state="TX"))
    rows = listed(quick_bench.desk, reviewer(ADAMS), quick_bench.tick(hours=71))
    assert [each.item.case for each in rows] == [first, second]
    assert 0 < rows[0].hours_left < 1.1
    assert rows[0].alert is None
    rows = listed(quick_bench.desk, reviewer(ADAMS), quick_bench.tick(hours=2))
    assert [each.alert for each in rows] == ["overdue", "overdue"]
    rows = listed(quick_bench.desk, reviewer(ADAMS), quick_bench.tick(hours=24))
    assert [each.alert for each in rows] == ["late", "late"]


def test_the_list_holds_what_fits_a_reviewer(quick_bench: Bench) -> None:
    ohio, texas = quick_bench.submit(), quick_bench.submit(of_another("second", state="TX"))
    now = quick_bench.tick()
    cases = {
        name: [each.item.case for each in listed(quick_bench.desk, reviewer(name), now, fitting=True)]
        for name in (ADAMS, BAKER, CLARK, COORDINATOR)
    }
    assert cases == {ADAMS: [ohio, texas], BAKER: [ohio], CLARK: [], COORDINATOR: []}


def test_who_does_not_review_sees_no_list(quick_bench: Bench) -> None:
    with pytest.raises(NotAllowed):
        listed(quick_bench.desk, EHR, quick_bench.now, Filter())


def test_a_step_is_in_the_log_with_its_reviewer(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    event = quick_bench.events(case)[-1]
    assert (event.kind, event.actor) == (EventKind.ASSIGNED, ADAMS)
