"""More from the requester, talks between clinicians, and expedited requests that go on as standard ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.authorization.events import EventKind, PeerToPeer
from fhir_server.authorization.states import State
from fhir_server.errors import ContentInvalid
from fhir_server.workflow.answers import standing
from fhir_server.workflow.review.asking import Talk, TalkStep, peer_to_peer, reclassify, request_information
from fhir_server.workflow.review.refusals import CaseConflict
from tests.workflow.review.bench import ADAMS, COORDINATOR, Bench, reviewer

TO_COME = datetime(2026, 6, 2, 18, 0, tzinfo=UTC)


def ask(bench: Bench, case: str, *elements: str, name: str = ADAMS, words: str = "Please send it.") -> None:
    request_information(bench.desk, reviewer(name), case, elements, words, bench.tick())


def test_the_requester_is_asked_by_type_of_document_and_the_clock_runs_on(bench: Bench) -> None:
    case = bench.submit()
    bench.claim(case)
    before = bench.last_answer(case)["answer"]["information_requests"]
    ask(bench, case, "KN3", "KN1")

    assert bench.state(case) is State.INFORMATION_REQUESTED
    answer = bench.last_answer(case)["answer"]
    assert [each["code"] for each in answer["information_requests"]][: len(before)] == [each["code"] for each in before]
    assert {"24809-6", "102089-0"} <= {each["code"] for each in answer["information_requests"]}
    assert "Please send it." in [each["text"] for each in answer["notes"]]
    assert answer["lines"][0]["actions"][0]["action"]["codes"][0]["value"] == "A4"
    with bench.database.read(operator()) as unit:
        item = unit.worklist.get(case)
    assert (item.status, item.due_at) == ("information-requested", "2026-06-04T15:01:00.000Z")


def test_a_case_that_waits_for_the_requester_may_be_decided(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    ask(quick_bench, case, "KN1")
    quick_bench.find_all(case, but={"KN1": "not met"})
    quick_bench.decide(case, line_1="non-affirmed")
    assert quick_bench.state(case) is State.NON_AFFIRMED
    assert quick_bench.last_answer(case)["answer"]["information_requests"] == []


def test_a_question_names_elements_and_has_words(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    with pytest.raises(ContentInvalid) as refusal:
        ask(quick_bench, case, "KN1", "ZZ1", name=COORDINATOR, words=" ")
    assert [each.expression for each in refusal.value.issues] == ["words", "elements[1]"]
    with pytest.raises(ContentInvalid):
        ask(quick_bench, case, name=COORDINATOR)
    ask(quick_bench, case, "KN1", name=COORDINATOR)


def talk(bench: Bench, case: str, step: TalkStep, name: str = ADAMS, **more: object) -> None:
    peer_to_peer(bench.desk, reviewer(name), case, Talk(step, **more), bench.tick())  # type: ignore[arg-type]


def test_a_talk_belongs_to_a_resubmission(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    quick_bench.claim(case)
    with pytest.raises(CaseConflict):
        talk(quick_bench, case, "requested")


def test_a_talk_is_asked_for_scheduled_and_noted(quick_bench: Bench) -> None:
    first = quick_bench.submit()
    quick_bench.deny(first)
    case = quick_bench.open_resubmission(first)
    quick_bench.claim(case)
    talk(quick_bench, case, "requested", COORDINATOR)
    with pytest.raises(ContentInvalid) as refusal:
        talk(quick_bench, case, "scheduled", at=datetime(2026, 6, 2))  # noqa: DTZ001 - a moment without a zone
    assert [each.expression for each in refusal.value.issues] == ["at", "with_whom"]
    with pytest.raises(ContentInvalid) as refusal:
        talk(quick_bench, case, "held")
    assert [each.expression for each in refusal.value.issues] == ["note", "step"]
    talk(quick_bench, case, "scheduled", COORDINATOR, at=TO_COME, with_whom="Dr. Stone")
    talk(quick_bench, case, "held", note="The MRI follows.")
    steps = [each.data.step for each in quick_bench.events(case) if isinstance(each.data, PeerToPeer)]
    assert steps == ["requested", "scheduled", "held"]
    with quick_bench.database.read(operator()) as unit:
        assert unit.worklist.get(case).assigned_to == ADAMS


def test_an_expedited_request_goes_on_as_a_standard_one_with_notice(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    with quick_bench.database.write(operator()) as unit:  # the item of a request whose reason was given
        determination = standing(unit.events.of(case))
        assert determination.routing
        assert determination.clock
        unit.worklist.open(case, determination.routing, replace(determination.clock, expedited=True), ())
    item = reclassify(quick_bench.desk, reviewer(COORDINATOR), case, "No danger in waiting.", quick_bench.tick()).item

    assert not item.expedited
    assert item.due_at == "2026-06-04T15:01:00.000Z"
    assert quick_bench.kinds(case)[-1] is EventKind.RECLASSIFIED
    clock = standing(quick_bench.events(case)).clock
    assert clock is not None
    assert clock.downgraded
    with quick_bench.database.write(operator()) as unit:
        topics = [each.topic for each in unit.outbox.lease(quick_bench.now, timedelta(minutes=1), 10)]
    assert "reclassified" in topics


def test_a_standard_request_cannot_become_one(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    with pytest.raises(CaseConflict):
        reclassify(quick_bench.desk, reviewer(COORDINATOR), case, "So.", quick_bench.tick())
