"""The worklist's API: what each call needs, gives and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_server.authorization.states import State
from tests.web.reviewing import Desktop, problems
from tests.web.served import Serve
from tests.workflow.review.bench import ADAMS, BAKER, COORDINATOR


@pytest.fixture
def desktop(serve: Serve, tmp_path: Path) -> Desktop:
    """A server with reviewers on either engine."""
    return Desktop(serve, tmp_path)


@pytest.fixture
def quick(serve_sqlite: Serve, tmp_path: Path) -> Desktop:
    """The same on SQLite alone."""
    return Desktop(serve_sqlite, tmp_path)


def test_a_pended_request_is_denied_by_a_clinician_and_told_in_fhir(desktop: Desktop) -> None:
    case = desktop.submit()
    etag = desktop.settle(case, KN1="not met")
    decided = desktop.decide(case, etag, outcome="non-affirmed").get_json()

    assert decided["state"] == "non-affirmed"
    assert "KN1" in decided["determination"]["lines"][0]["reason"]
    kept = desktop.served.kept(case)
    assert kept.events[-1].state is State.NON_AFFIRMED
    answer = json.loads(kept.messages[-1].content)
    response = answer["entry"][0]["resource"]
    assert response["resourceType"] == "ClaimResponse"
    assert response["id"] == f"{case}-2"
    assert '"A3"' in json.dumps(response)


def test_a_case_is_shown_with_the_evidence_beside_each_criterion(desktop: Desktop) -> None:
    case = desktop.submit()
    shown, etag = desktop.case(case)
    assert etag == f'"{shown["version"]}"'
    assert shown["request"]["lines"][0]["service"] == "29877"
    assert shown["listed"]["item"]["specialties"] == ["orthopedic-surgery", "sports-medicine"]
    assert {"KN1", "KN2"} <= {each["criterion"]["element"] for each in shown["criteria"]}
    first = shown["records"][0]
    response = desktop.get(ADAMS, f"/worklist/{case}/records/{first['number']}")
    assert len(response.data) == first["size"]
    assert response.headers["Content-Disposition"] == "attachment"
    assert problems(desktop.get(ADAMS, f"/worklist/{case}/records/999"), 404)


def test_the_list_comes_in_parts(quick: Desktop) -> None:
    cases = [quick.submit(seed) for seed in ("a", "b", "c")]
    listed = quick.get(ADAMS, "/worklist", most=2).get_json()
    assert [each["item"]["case"] for each in listed["items"]] == sorted(cases)[:2]
    rest = quick.get(ADAMS, "/worklist", most=2, **listed["next"]).get_json()
    assert [each["item"]["case"] for each in rest["items"]] == sorted(cases)[2:]
    assert rest["next"] is None
    quick.done(ADAMS, f"/{cases[0]}/claim")
    mine = quick.get(ADAMS, "/worklist", mine="true").get_json()["items"]
    assert [each["item"]["assigned_to"] for each in mine] == [ADAMS]


@pytest.mark.parametrize("path", ["/worklist", "/worklist/W1", "/worklist/W1/records/1", "/reviewers", "/reason-codes"])
def test_only_who_reviews_or_operates_reads(quick: Desktop, path: str) -> None:
    assert problems(quick.get("ehr", path), 403)
    assert problems(quick.get("stranger", path), 401)


def test_the_submitter_learns_nothing_of_a_review(quick: Desktop) -> None:
    case = quick.submit()
    assert problems(quick.get("ehr", f"/worklist/{case}"), 403)
    assert problems(quick.get("office", "/worklist/W1"), 404)


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("claim", None),
        ("release", {}),
        ("reassign", {"reason": "x", "to_reviewer": ADAMS}),
        ("findings", {"category": "c", "element": "KN1", "result": "not met", "rationale": "x"}),
        ("confirm-met", {"rationale": "x"}),
        ("decision", {"rationale": "x", "lines": {"1": {"outcome": "non-affirmed"}}}),
        ("information-request", {"elements": ["KN1"], "words": "x"}),
        ("second-look", {"reason": "x"}),
        ("peer-to-peer", {"step": "requested"}),
        ("reclassify", {"reason": "x"}),
        ("reopen", {"reason": "x"}),
    ],
)
@pytest.mark.parametrize("name", ["ehr", "office"])
def test_only_reviewers_take_steps(quick: Desktop, step: str, body: object, name: str) -> None:
    case = quick.submit()
    before = len(quick.served.kept(case).events)
    assert problems(quick.post(name, f"/{case}/{step}", body, If_Match="*"), 403)
    assert len(quick.served.kept(case).events) == before


def test_a_coordinator_does_not_decide(quick: Desktop) -> None:
    case = quick.submit()
    assert problems(quick.post(COORDINATOR, f"/{case}/claim"), 403)
    quick.settle(case, KN1="not met")
    assert problems(quick.decide(case, "*", COORDINATOR, "non-affirmed"), 403)


def test_a_decision_names_the_version_that_was_seen(quick: Desktop) -> None:
    case = quick.submit()
    etag = quick.settle(case)
    body = {"rationale": "So.", "lines": {"1": {"outcome": "affirmed"}}}
    assert problems(quick.post(ADAMS, f"/{case}/decision", body), 428)
    for stale in ('"1"', 'W/"9"', "something"):
        assert problems(quick.post(ADAMS, f"/{case}/decision", body, If_Match=stale), 412)
    assert quick.decide(case, etag).status_code == 200
    assert problems(quick.decide(case, "*"), 409)


def test_every_problem_of_a_body_is_told_with_its_field(quick: Desktop) -> None:
    case = quick.submit()
    body = {"rationale": 1, "lines": {"1": {"outcome": "denied"}, "Jane": {"outcome": "affirmed"}}, "surprise": 1}
    found = problems(quick.post(ADAMS, f"/{case}/decision", body, If_Match="*"), 400)
    assert {each["field"] for each in found} == {"rationale", "lines.1.outcome", "lines", None}
    assert not {"surprise", "Jane"} & set(str(found).replace("'", " ").split())
    assert problems(quick.get(ADAMS, "/worklist", most=0, tier="high"), 400)


def test_a_body_is_json(quick: Desktop) -> None:
    case = quick.submit()
    headers = {"Authorization": f"Bearer of-{ADAMS}"}
    path = f"/api/worklist/{case}/second-look"
    assert problems(quick.served.client.post(path, data=b"reason=x", headers=headers), 415)
    broken = quick.served.client.post(path, data=b"{", headers={**headers, "Content-Type": "application/json"})
    assert problems(broken, 400)


def test_a_second_look_is_given_by_another(quick: Desktop) -> None:
    case = quick.submit()
    quick.done(BAKER, f"/{case}/claim")
    step = quick.done(BAKER, f"/{case}/second-look", {"reason": "The MRI is old."})
    assert step["item"]["second_look"]
    assert problems(quick.post(BAKER, f"/{case}/claim"), 409)
    assert quick.decide(case, quick.settle(case)).status_code == 200


def test_a_decision_is_taken_back(quick: Desktop) -> None:
    case = quick.submit()
    decided = quick.decide(case, quick.settle(case)).get_json()
    assert decided["determination"]["valid"]
    etag = f'"{decided["version"]}"'
    # The answer and what follows are events too: the version that the step told is the newest.
    step = quick.done(COORDINATOR, f"/{case}/reopen", {"reason": "Wrong chart."}, If_Match=etag)
    assert (step["state"], step["item"]["round"]) == ("in-review", 2)


def test_what_software_affirmed_in_error_is_taken_back(quick: Desktop) -> None:
    case = quick.submit(path="wiser/complete/01-knee-arthroscopy.json")
    shown, etag = quick.case(case)
    assert (shown["state"], shown["listed"]) == ("affirmed", None)
    step = quick.done(ADAMS, f"/{case}/reopen", {"reason": "The record is of another knee."}, If_Match=etag)
    assert step["item"]["specialties"] == ["orthopedic-surgery", "sports-medicine"]
    assert quick.decide(case, quick.settle(case, KN1="not met"), outcome="non-affirmed").status_code == 200


def test_the_requester_is_asked_for_more(quick: Desktop) -> None:
    case = quick.submit()
    step = quick.done(
        COORDINATOR, f"/{case}/information-request", {"elements": ["KN1"], "words": "Please say how severe."}
    )
    assert step["state"] == "information-requested"
    answer = json.loads(quick.served.kept(case).messages[-1].content)
    assert any(each["resource"]["resourceType"] == "CommunicationRequest" for each in answer["entry"])


def test_reviewers_and_reason_codes_are_listed(quick: Desktop) -> None:
    names = [each["id"] for each in quick.get(COORDINATOR, "/reviewers").get_json()["reviewers"]]
    assert ADAMS in names
    assert quick.get(ADAMS, "/reason-codes").get_json() == {"reason_codes": []}
