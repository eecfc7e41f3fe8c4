"""`Claim/$submit` over HTTP: what is asked for, what comes back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fhir.packages import PAS, files
from tests.web.answers import check_answer, check_resolution, claim_response
from tests.web.bundles import IN_REVIEW, OLDER, Json, encoded, entry_of, example, example_bytes, renewed
from tests.web.served import SUBMIT, SUBMIT_2_0, Serve, Served, case_of, outcome_of, rules_of

INITIAL_2_2 = ("ReferralAuthorization", "HomecareAuthorization", "MedicalServicesAuthorization")
INITIAL_2_0 = ("ReferralAuthorization", "HomecareAuthorization", "MedicalServicesAuthorization")
UPDATES = (
    (0, SUBMIT, "HomecareAuthorizationUpdateBundleExample"),
    (1, SUBMIT_2_0, "HomecareAuthorizationUpdateBundleExample"),
    (1, SUBMIT_2_0, "HomecareAuthorizationDifferentialBundleExample"),
)


def official(shared: Path, package: int, name: str) -> bytes:
    """Return an example Bundle of PAS 2.2.1 (0) or 2.0.1 (1)."""
    return files(shared / "packages" / PAS[package])[f"package/example/Bundle-{name}.json"]


def test_the_answer_is_the_response_bundle_itself(serve: Serve) -> None:
    served = serve()
    response = served.submit(example())
    assert response.status_code == 200
    assert response.get_json()["resourceType"] == "Bundle"
    assert "Idempotent-Replayed" not in response.headers
    assert served.cases() == [case_of(response)]


@pytest.mark.rule("PAS-037", "PAS-038", "PAS-040", "PAS-041", "PAS-094", "PAS-096")
@pytest.mark.parametrize("name", INITIAL_2_2)
def test_the_official_requests_of_2_2_1_are_answered(serve: Serve, shared: Path, name: str) -> None:
    body = official(shared, 0, f"{name}BundleExample")
    response = serve(SANDBOX="1").submit(body)
    assert response.status_code == 200, response.get_json()
    check_answer(json.loads(body), response.get_json())


@pytest.mark.rule("PAS-037", "PAS-041")
@pytest.mark.parametrize("name", INITIAL_2_0)
def test_the_official_requests_of_2_0_1_are_answered(serve: Serve, shared: Path, name: str) -> None:
    body = official(shared, 1, f"{name}BundleExample")
    response = serve(SANDBOX="1").submit(body, SUBMIT_2_0)
    assert response.status_code == 200, response.get_json()
    check_answer(json.loads(body), response.get_json())


@pytest.mark.rule("PAS-020", "PAS-042")
def test_the_official_surgical_request_names_its_two_dangling_references(served: Served, shared: Path) -> None:
    issues = outcome_of(served.submit(official(shared, 0, "SurgicalRequestBundleExample")), 400)
    told = [issue for issue in issues if issue["details"]["coding"][0]["code"] == "PAS-020"]
    assert len(told) == len(issues) == 2
    assert "Practitioner/ReferralPractitionerExample" in told[0]["details"]["text"] + told[1]["details"]["text"]
    assert "Location/ReferralLocationExample" in told[0]["details"]["text"] + told[1]["details"]["text"]
    assert all(issue["expression"][0].startswith("Bundle.entry[") for issue in told)
    assert served.cases() == []


@pytest.mark.rule("PAS-066")
@pytest.mark.parametrize(("package", "path", "name"), UPDATES, ids=["2.2", "2.0", "2.0-differential"])
def test_an_official_update_is_refused_clearly(
    served: Served, shared: Path, package: int, path: str, name: str
) -> None:
    [issue] = outcome_of(served.submit(official(shared, package, name), path), 400)
    assert issue["code"] == "not-supported"
    assert "new request" in issue["details"]["text"]
    assert served.cases() == []


@pytest.mark.rule("PAS-012", "PAS-092")
def test_a_parameters_wrapper_is_tolerated_and_is_the_same_request(served: Served) -> None:
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": example()}]}
    first = served.submit(wrapped)
    assert first.status_code == 200
    assert first.get_json()["resourceType"] == "Bundle"
    again = served.submit(example())
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("count", [0, 2])
def test_a_wrapper_without_exactly_one_resource_is_refused(served: Served, count: int) -> None:
    parameter = [{"name": "resource", "resource": example()}] * count
    assert rules_of(served.submit({"resourceType": "Parameters", "parameter": parameter}), 400) == ["content-malformed"]


@pytest.mark.rule("PAS-042", "PAS-019")
@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "type": "collection", "entry": []},
        {"resourceType": "Claim"},
        {},
    ],
)
def test_what_is_no_request_bundle_gets_400(served: Served, body: Json) -> None:
    outcome_of(served.submit(body), 400)
    assert served.cases() == []


@pytest.mark.rule("PAS-019")
def test_the_claim_comes_first(served: Served) -> None:
    bundle = example()
    bundle["entry"].append(bundle["entry"].pop(0))
    issues = outcome_of(served.submit(bundle), 400)
    assert "PAS-019" in [issue["details"]["coding"][0]["code"] for issue in issues]


@pytest.mark.rule("PAS-020", "PAS-008")
def test_a_missing_entry_is_named(served: Served) -> None:
    bundle = example()
    bundle["entry"].remove(entry_of(bundle, "Coverage"))
    [issue] = outcome_of(served.submit(bundle), 400)
    assert issue["expression"] == ["Bundle.entry[0].resource.insurance[0].coverage"]
    assert "Coverage/" in issue["details"]["text"]


@pytest.mark.rule("PAS-046")
def test_every_status_is_2xx_4xx_or_5xx_at_once(served: Served) -> None:
    for body in (example_bytes(IN_REVIEW), b"{", b"{}", example_bytes(OLDER)):
        for path in (SUBMIT, SUBMIT_2_0):
            response = served.submit(body, path)
            assert response.status_code == 200 or 400 <= response.status_code < 500
            assert response.data


@pytest.mark.rule("PAS-005", "PAS-007", "PAS-032", "PAS-116")
def test_what_is_unknown_and_modifies_nothing_is_ignored(served: Served) -> None:
    bundle = example()
    claim = bundle["entry"][0]["resource"]
    claim["extension"].append({"url": "http://example.org/unknown", "valueString": "x"})
    claim["fundsReserve"] = {"coding": [{"system": "http://example.org", "code": "x"}]}
    assert served.submit(bundle).status_code == 200


@pytest.mark.rule("PAS-032")
def test_what_is_unknown_and_modifies_is_refused(served: Served) -> None:
    bundle = example()
    bundle["entry"][0]["resource"]["modifierExtension"] = [{"url": "http://example.org/not", "valueBoolean": True}]
    issues = outcome_of(served.submit(bundle), 400)
    assert issues[0]["expression"][0].startswith("Bundle.entry[0].resource.modifierExtension")


def test_a_pend_is_complete_in_2_2_and_queued_in_2_0(served: Served) -> None:
    newer = served.submit(renewed(IN_REVIEW, "newer")).get_json()
    older = served.submit(renewed(OLDER, "older"), SUBMIT_2_0).get_json()
    assert claim_response(newer)["outcome"] == "complete"
    assert claim_response(older)["outcome"] == "queued"


@pytest.mark.rule("PAS-003")
def test_one_endpoint_serves_every_coverage(served: Served) -> None:
    assert served.submit(renewed(IN_REVIEW, "original")).status_code == 200
    assert served.submit(renewed("wiser/dismissed/d03-medicare-advantage.json", "advantage")).status_code == 200


def test_a_production_answer_is_not_tagged_as_test_data_and_a_sandbox_s_is(tmp_path: Path) -> None:
    with_tag = Served(f"sqlite:///{tmp_path / 'sandbox'}", SANDBOX="1")
    without = Served(f"sqlite:///{tmp_path / 'production'}")
    assert with_tag.submit(example()).get_json()["meta"]["tag"][0]["code"] == "HTEST"
    assert "tag" not in without.submit(example()).get_json()["meta"]
    with_tag.close()
    without.close()


def test_text_beyond_ascii_comes_back_as_it_was_sent(serve: Serve) -> None:
    bundle = example()
    patient = entry_of(bundle, "Patient")["resource"]
    patient["name"] = [{"family": "Ærøskøbing‐𝛼", "given": ["Zoë"]}]
    answer = serve().submit(encoded(bundle))
    assert entry_of(answer.get_json(), "Patient")["resource"]["name"][0]["family"] == "Ærøskøbing‐𝛼"
    check_resolution(answer.get_json())
