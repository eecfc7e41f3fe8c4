"""The decision of a reviewer: what it needs, what it says, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from fhir_server.authorization.caller import operator
from fhir_server.authorization.determination import CriterionResult, Determination
from fhir_server.authorization.events import Determined, EventKind, Received
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Quantity
from fhir_server.errors import ContentInvalid, NotAllowed, Refusal
from fhir_server.workflow.answers import standing
from fhir_server.workflow.review.assignment import release
from fhir_server.workflow.review.decision import Decision, LineDecision, decide
from fhir_server.workflow.review.finding import confirm_met
from fhir_server.workflow.review.reason_codes import SYSTEM, ReasonCode
from fhir_server.workflow.review.refusals import CaseChanged, CaseConflict
from fhir_server.workflow.review.ruling import determination_of, read_grounds
from tests.policy.requests import line
from tests.workflow.review.bench import ADAMS, BAKER, CLARK, COORDINATOR, KNEE, LATE, Bench, knee, reviewer

CODES = {"XXA01": ReasonCode("XXA01", "An invented statement.", "invented for tests")}


def rules(refusal: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [each.rule for each in refusal.value.issues]


def test_a_denial_names_the_clinician_and_lists_every_open_item(bench: Bench) -> None:
    case = bench.submit()
    bench.claim(case)
    bench.find_all(case, but={"KN1": "not met", "KN2": "not met"})
    bench.find(case, ADAMS, "KN2", "not met", gap="missing", rationale="No symptom is told.")
    decided = bench.decide(case, rationale="Neither severity nor symptoms are shown.", line_1="non-affirmed")

    assert bench.state(case) is State.NON_AFFIRMED
    decider = decided.decider
    assert (decider.kind, decider.reviewer, decider.licence) == ("clinician", ADAMS, "35.000001")
    assert decider.specialty == "orthopedic-surgery"
    reason = decided.lines[0].reason or ""
    assert "Missing: Symptoms beyond pain, at least one of them mechanical (KN2): No symptom is told." in reason
    assert (
        "Not met by what was sent: Degenerative arthritis that is early or less severe (KN1): KN1 is not met" in reason
    )
    assert decided.explanations[0] == "Neither severity nor symptoms are shown."
    assert "can be sent again" in decided.explanations[1]
    assert len(decided.missing) == 2
    assert decided.valid is None


def test_a_decision_is_counted_closed_handed_on_and_answered(bench: Bench) -> None:
    case = bench.submit()
    bench.deny(case)

    assert bench.kinds(case)[-2:] == [EventKind.DETERMINED, EventKind.ANSWERED]
    answer = bench.last_answer(case)["answer"]
    assert answer["lines"][0]["actions"][0]["action"]["codes"][0]["value"] == "A3"
    assert answer["identifiers"][-1]["value"] == f"{case}-2"
    assert answer["reviewer"]["human"] is True
    with bench.database.read(operator()) as unit:
        assert unit.worklist.get(case).status == "closed"
        routed, decision = unit.decisions.of(case)
        assert (routed.outcome, decision.outcome) == (State.IN_REVIEW, State.NON_AFFIRMED)
        assert (decision.decider_kind, decision.lines_affirmed, decision.lines_not) == ("clinician", 0, 1)
        assert decision.provider_npi == routed.provider_npi
    with bench.database.write(operator()) as unit:
        waiting = unit.outbox.lease(bench.now, timedelta(minutes=1), 10)
    decision_event = len(bench.events(case)) - 1
    assert [(each.topic, each.event_number) for each in waiting if each.case == case][-1] == (
        "determined",
        decision_event,
    )


def test_an_affirmation_holds_for_120_days_of_the_contractors_calendar(bench: Bench) -> None:
    case = bench.submit()
    bench.claim(case)
    bench.find_all(case)
    bench.now = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)  # still 2 June where the contractor is
    decided = bench.decide(case, line_1="affirmed")

    assert decided.state is State.AFFIRMED
    assert decided.valid is not None
    assert (decided.valid.start, decided.valid.end) == ("2026-06-02", "2026-09-29")
    assert decided.missing == ()
    assert not any(each.gap for each in decided.criteria)


def test_an_affirmation_needs_a_finding_for_each_criterion_that_software_left_open(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.find(case, ADAMS, "KN1", "met")
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(case, line_1="affirmed")
    assert rules(refusal)[0] == "review-findings"
    assert "KN2" in refusal.value.issues[0].mend
    assert "KN1" not in refusal.value.issues[0].mend


def test_a_denial_needs_a_finding_for_every_criterion(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    for element in ("clinical-records", "KN1", "KN2", "KN3", "KN4"):
        quick_bench.find(case, ADAMS, element, "not met")
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(case, line_1="non-affirmed")
    assert refusal.value.issues[0].mend.endswith("KN6, KN7.")


def test_findings_of_another_reviewer_do_not_count(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case, BAKER)
    quick_bench.find_all(case, BAKER, but={"KN1": "not met"})
    release(quick_bench.desk, reviewer(BAKER), case, quick_bench.tick())
    quick_bench.claim(case, ADAMS)
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(case, ADAMS, line_1="non-affirmed")
    assert "review-findings" in rules(refusal)


def test_an_affirmation_against_his_own_finding_is_refused(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.find_all(case, but={"KN1": "not met"})
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(case, line_1="affirmed")
    assert rules(refusal) == ["review-contradiction"]


def test_a_denial_with_nothing_to_name_is_refused(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.find_all(case)
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(case, line_1="non-affirmed")
    assert rules(refusal) == ["review-contradiction"]


def test_everything_that_is_lacking_is_told_at_once(quick_bench: Bench) -> None:
    case = quick_bench.submit(knee(line(2, "29877", quantity=Quantity(2))))
    quick_bench.claim(case)
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(
            case,
            rationale=" ",
            line_2=LineDecision("affirmed", units=3, reason_codes=("XXA01",)),
            line_7="affirmed",
        )
    assert rules(refusal) == ["review-rationale", "review-lines", "review-units", "review-reason-code", "review-lines"]


@pytest.mark.parametrize(("decided_at", "refused"), [((2026, 4, 1, 4), True), ((2026, 4, 1, 6), False)])
def test_partial_affirmations_begin_on_the_contractors_first_of_april(
    quick_bench: Bench, decided_at: tuple[int, int, int, int], refused: bool
) -> None:
    quick_bench.now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    case = quick_bench.submit(two_services())
    quick_bench.claim(case)
    settle(quick_bench, case, vagus="not met")
    quick_bench.now = datetime(*decided_at, tzinfo=UTC)
    if refused:
        with pytest.raises(ContentInvalid) as refusal:
            quick_bench.decide(case, line_1="affirmed", line_2="non-affirmed")
        assert rules(refusal) == ["review-partial"]
    else:
        decided = quick_bench.decide(case, line_1="affirmed", line_2="non-affirmed")
        assert decided.state is State.PARTIAL
        assert [each.outcome for each in decided.lines] == ["affirmed", "non-affirmed"]
        assert decided.valid is not None


def two_services() -> AuthorizationRequest:
    return knee(line(2, "64568"), diagnoses=("M22.42", "G40.219"))


def settle(bench: Bench, case: str, vagus: CriterionResult) -> None:
    """Let Adams find everything met but the first criterion of the second service."""
    with bench.database.read(operator()) as unit:
        criteria = unit.worklist.criteria(case)
    first = next(element for category, element in criteria if category != KNEE and element != "clinical-records")
    for category, element in criteria:
        bench.find(case, ADAMS, element, vagus if element == first else "met", category)


def test_fewer_units_than_asked_for_are_a_partial_affirmation(quick_bench: Bench) -> None:
    case = quick_bench.submit(knee(lines=(line(1, "29877", quantity=Quantity(2)),)))
    quick_bench.claim(case)
    quick_bench.find_all(case)
    decided = quick_bench.decide(case, line_1=LineDecision("affirmed", units=1))

    assert decided.state is State.PARTIAL
    assert decided.lines[0].outcome == "modified"
    assert decided.lines[0].added[0].quantity == Quantity(1)
    assert "1 of the 2 units" in (decided.lines[0].reason or "")


@pytest.mark.parametrize("units", [Decimal("0.5"), Decimal("1.5"), 0, 3])
def test_no_part_of_a_unit_is_affirmed(quick_bench: Bench, units: Decimal | int) -> None:
    case = quick_bench.submit(knee(lines=(line(1, "29877", quantity=Quantity(2)),)))
    quick_bench.claim(case)
    quick_bench.find_all(case)
    with pytest.raises(ContentInvalid) as refusal:
        quick_bench.decide(case, line_1=LineDecision("affirmed", units=units))
    assert rules(refusal) == ["review-units"]


def test_reason_codes_come_from_the_list_that_is_loaded(quick_bench: Bench) -> None:
    quick_bench.desk = replace(quick_bench.desk, reason_codes=CODES)
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.find_all(case, but={"KN1": "not met"})
    for codes in ((), ("XXA02",)):
        with pytest.raises(ContentInvalid) as refusal:
            quick_bench.decide(case, line_1=LineDecision("non-affirmed", reason_codes=codes))
        assert rules(refusal) == ["review-reason-code"]
    decided = quick_bench.decide(case, line_1=LineDecision("non-affirmed", reason_codes=("XXA01",)))
    assert decided.lines[0].reason_codes[0].has(SYSTEM, "XXA01")


@pytest.mark.parametrize("name", [CLARK, LATE, COORDINATOR, "dr-gone", "nobody"])
def test_only_who_is_licensed_and_knows_the_subject_may_take_a_case(quick_bench: Bench, name: str) -> None:
    case = quick_bench.submit()
    with pytest.raises(NotAllowed):
        quick_bench.claim(case, name)


def test_a_licence_that_ended_and_a_specialty_that_does_not_fit_are_both_told(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    with pytest.raises(NotAllowed) as refusal:
        quick_bench.claim(case, CLARK)
    assert rules(refusal) == ["review-licence", "review-specialty"]


def test_nobody_decides_a_case_that_another_has(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case, BAKER)
    with pytest.raises(CaseConflict):
        quick_bench.claim(case, ADAMS)
    with pytest.raises(CaseConflict):
        quick_bench.decide(case, ADAMS, line_1="affirmed")


def test_a_decision_about_an_older_version_of_the_case_is_refused(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    quick_bench.find_all(case)
    seen = quick_bench.events(case)[-2].number
    told = Decision({1: LineDecision("affirmed")}, "Why.")
    with pytest.raises(CaseChanged):
        decide(quick_bench.desk, reviewer(ADAMS), case, told, quick_bench.tick(), expected=seen)


def test_a_decision_is_made_again_from_its_grounds_byte_for_byte(quick_bench: Bench) -> None:
    case = quick_bench.submit(two_services())
    quick_bench.claim(case)
    settle(quick_bench, case, vagus="not met")
    quick_bench.decide(case, line_1="affirmed", line_2="non-affirmed")
    events = quick_bench.events(case)
    decision = next(each for each in reversed(events) if isinstance(each.data, Determined))
    assert isinstance(decision.data, Determined)

    ruling, goes_on_from = read_grounds(decision.data.grounds)
    received = events[0].data
    assert isinstance(received, Received)
    again = determination_of(received.request, standing(events[:goes_on_from]), ruling)
    assert encoded(again) == encoded(decision.data.determination)


def encoded(determination: Determination) -> bytes:
    return msgspec.json.encode(determination)


def test_what_software_found_met_is_confirmed_in_one_step(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    confirmed = confirm_met(quick_bench.desk, reviewer(ADAMS), case, "As it found.", quick_bench.tick())
    assert all(each.result in ("met", "not applicable") for each in confirmed.findings)
    assert not {"KN6", "KN7"} & {each.element for each in confirmed.findings}
