"""What software decides over HTTP: affirmed at once, or pended with what is open; and the same said beforehand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from fhir_server.store.tables import metadata
from tests.web.answers import actions, claim_response
from tests.web.bundles import EXAMPLES, Json, entry_of, example, example_bytes
from tests.web.served import SUBMIT, SUBMIT_2_0, Served, case_of, outcome_of

ROWS: dict[str, dict[str, Any]] = {
    row["path"]: row["expected"]
    for row in yaml.safe_load((EXAMPLES / "index.yaml").read_text())["examples"]
    if "open" in row["expected"]
}
AFFIRMED = [path for path, expected in ROWS.items() if expected["lines"][1] == "A1"]
PENDED = [path for path in ROWS if path not in AFFIRMED]
ALWAYS_REVIEWED = "wiser/complete/02-trigeminal-neurolysis.json"
WITHOUT_BASELINE = "wiser/incomplete/one-element-missing.json"
PRECHECK = "/stu2.2/fhir/Claim/$precheck"
PRECHECK_2_0 = "/stu2.0/fhir/Claim/$precheck"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"
CONTEXTS = "http://wiser-pas.org/fhir/sid/questionnaire-context"
CONTROL_NUMBERS = "http://wiser-pas.org/fhir/sid/attachment-control-number"
ANSWERS_ASKED_FOR = "102089-0"
# The decision is of 24 November 2026, which is the first of 120 days (WISeR guide 6.0, 4.3).
PERIOD = {"start": "2026-11-24", "end": "2027-03-23"}
IN_WORDS = {"A1": "affirmed", "A4": "in-review", "NA": "not-required"}


def submitted(served: Served, body: bytes | Json, path: str = SUBMIT) -> tuple[str, Json]:
    """Return the case and the answer of a request, which is valid by our own validator."""
    response = served.submit(body, path)
    assert response.status_code == 200, response.get_json()
    answer: Json = response.get_json()
    issues = outcome_of(served.submit(answer, path.replace("Claim/$submit", "$validate")), 200)
    assert [issue for issue in issues if issue["severity"] in ("error", "fatal")] == []
    return case_of(response), answer


def extensions(element: Json, name: str) -> list[Any]:
    """Return the values of the extensions of the guide that are called *name*."""
    found = [each for each in element.get("extension", []) if each["url"] == f"{PAS}{name}"]
    return [value for each in found for key, value in each.items() if key.startswith("value")]


def communication_requests(answer: Json) -> list[Json]:
    resources = [entry["resource"] for entry in answer["entry"]]
    return [each for each in resources if each["resourceType"] == "CommunicationRequest"]


def contexts(item: Json) -> list[str]:
    """Return the numbers of the questionnaire contexts of a line."""
    numbers = extensions(item, "itemTraceNumber")
    return [each["value"] for each in numbers if each["system"] == CONTEXTS]


def notes_of(response: Json, item: Json) -> str:
    """Return what the notes of a line say."""
    return " ".join(note["text"] for note in response["processNote"] if note["number"] in item["noteNumber"])


@pytest.mark.rule("PAS-041", "PAS-095", "PAS-097")
@pytest.mark.parametrize("path", AFFIRMED)
def test_a_complete_request_is_affirmed_at_once(served: Served, path: str) -> None:
    case, answer = submitted(served, example_bytes(path))
    response = claim_response(answer)
    assert response["outcome"] == "complete"
    assert response["preAuthPeriod"] == PERIOD
    assert "preAuthRef" not in response  # the contractor's number comes later (S-10)
    assert communication_requests(answer) == []
    for item in response["item"]:
        expected = ROWS[path]["lines"][item["itemSequence"]]
        assert actions(item) == [expected]
        assert contexts(item) == []
        check_affirmed(item, case) if expected == "A1" else check_not_decided(item)
        assert ("meets every criterion of WISeR" in notes_of(response, item)) == (expected == "A1")
    told = [note["text"] for note in response["processNote"]]
    assert any("from 2026-11-24 through 2027-03-23" in each for each in told)


def check_affirmed(item: Json, case: str) -> None:
    assert extensions(item, "administrationReferenceNumber") == [case]
    assert extensions(item, "itemPreAuthIssueDate") == [PERIOD["start"]]
    assert extensions(item, "itemPreAuthPeriod") == [PERIOD]
    [action] = item["adjudication"][0]["extension"]
    assert [part["url"] for part in action["extension"]] == [f"{PAS}reviewActionCode"]  # no number, no reason


def check_not_decided(item: Json) -> None:
    """Assert that a line carries nothing that only an affirmed one does."""
    assert extensions(item, "itemPreAuthIssueDate") == extensions(item, "itemPreAuthPeriod") == []


@pytest.mark.parametrize("path", AFFIRMED)
def test_what_software_affirms_waits_for_nobody_but_the_contractor(served: Served, path: str) -> None:
    case, _ = submitted(served, example_bytes(path))
    assert served.rows("SELECT count(*) FROM worklist_item") == [(0,)]
    kept = served.kept(case)
    assert [event.kind.value for event in kept.events] == ["received", "determined", "answered"]
    assert kept.events[1].state.value == "affirmed"


@pytest.mark.rule("PAS-084", "PAS-085", "PAS-095")
@pytest.mark.parametrize("path", PENDED)
def test_an_incomplete_request_is_pended_and_what_is_missing_is_asked_for(served: Served, path: str) -> None:
    case, answer = submitted(served, example_bytes(path))
    response, asked = claim_response(answer), ROWS[path].get("asks_for", [])
    assert response["outcome"] == "complete"
    assert not {"preAuthRef", "preAuthPeriod"} & set(response)
    for item in response["item"]:
        expected = ROWS[path]["lines"][item["itemSequence"]]
        waiting = expected == "A4"
        assert actions(item) == [expected]
        assert extensions(item, "administrationReferenceNumber") == [case] * waiting
        assert contexts(item) == [case] * (waiting and ANSWERS_ASKED_FOR in asked)
        check_not_decided(item)
    check_asked(answer, asked, case)


def check_asked(answer: Json, codes: list[str], case: str) -> None:
    """Assert that each code is asked for under a number of its own, of the requester, by the payer."""
    requests, response = communication_requests(answer), claim_response(answer)
    assert [each["payload"] for each in requests] == [[{"contentString": code}] for code in codes]
    numbers = [identifier for each in requests for identifier in each["identifier"]]
    assert numbers == [{"system": CONTROL_NUMBERS, "value": f"{case}-{count}"} for count in range(1, len(codes) + 1)]
    assert all(each["requester"] == response["insurer"] for each in requests)
    assert all(each["sender"] == response["requestor"] for each in requests)
    urls = [entry["fullUrl"] for entry in answer["entry"] if entry["resource"] in requests]
    assert [each["reference"] for each in response.get("communicationRequest", [])] == urls


def test_a_pended_request_waits_for_the_specialties_of_its_category(served: Served) -> None:
    case, _ = submitted(served, example_bytes(ALWAYS_REVIEWED))
    assert served.rows("SELECT case_number FROM worklist_item") == [(case,)]
    specialties = {row[0] for row in served.rows("SELECT specialty FROM worklist_specialty")}
    assert specialties == {"neurosurgery", "neurology", "pain-medicine"}


def test_what_is_always_for_a_clinician_is_pended_with_nothing_missing(served: Served) -> None:
    _, answer = submitted(served, example_bytes(ALWAYS_REVIEWED))
    assert communication_requests(answer) == []
    told = " ".join(note["text"] for note in claim_response(answer)["processNote"])
    assert "Always for a clinician" in told
    assert "Still missing" not in told


@pytest.mark.parametrize("path", ROWS)
def test_a_precheck_says_the_same_beforehand_and_keeps_nothing(served: Served, path: str) -> None:
    before = row_counts(served)
    said = parts_of(served, example_bytes(path))
    assert row_counts(served) == before
    _, answer = submitted(served, example_bytes(path))
    assert row_counts(served) != before
    response, expected = claim_response(answer), ROWS[path]
    assert said["outcome"] == ["affirmed" if path in AFFIRMED else "in-review"]
    lines = {line["sequence"][0]: line["outcome"][0] for line in said["line"]}
    assert lines == {item["itemSequence"]: IN_WORDS[actions(item)[0]] for item in response["item"]}
    elements = {each["id"][0]: each["gap"][0] for each in said["element"] if "gap" in each}
    assert elements == expected["open"]
    hits = {each["rule"][0] for each in said.get("code-rule", []) if each["severity"] != ["I"]}
    assert hits == set(expected.get("rules", []))
    told = [note["text"] for note in response["processNote"]]
    assert set(said["note"]) <= set(told)


def test_a_precheck_names_each_element_with_its_label_and_source(served: Served) -> None:
    elements = parts_of(served, example_bytes(WITHOUT_BASELINE))["element"]
    [baseline] = [each for each in elements if each["id"] == ["ES2"]]
    assert baseline["label"] == ["Baseline on a named pain or function scale; the same scale at each follow-up"]
    assert baseline["source"] == ["G6 6.2.10"]
    assert baseline["line"] == [1, 2]


def row_counts(served: Served) -> dict[str, int]:
    """Return how many rows each table of the store holds."""
    return {table: served.rows(f'SELECT count(*) FROM "{table}"')[0][0] for table in metadata.tables}


def parts_of(served: Served, body: bytes | Json, path: str = PRECHECK) -> dict[str, list[Any]]:
    """Return the Parameters of a precheck by name; a parameter with parts is a dictionary of its parts."""
    response = served.submit(body, path)
    assert response.status_code == 200, response.get_json()
    return by_name(response.get_json()["parameter"])


def by_name(parameters: list[Json]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in parameters:
        values = [value for key, value in each.items() if key.startswith("value")]
        found.setdefault(each["name"], []).append(by_name(each["part"]) if "part" in each else values[0])
    return found


def older(*, complete: bool) -> Json:
    """Return a request in the shape of 2.0.1 with answers; without them it is not complete."""
    bundle = example("pas-2.0/epidural-steroid-injection.json")
    if not complete:
        return bundle
    claim = bundle["entry"][0]["resource"]
    form = entry_of(example("wiser/complete/10-epidural-steroid-injection.json"), "QuestionnaireResponse")
    form["resource"].update(subject=claim["patient"], author={"reference": "Practitioner/dr-romano"})
    [approach] = [item for item in form["resource"]["item"] if item["linkId"] == "ES9"]
    approach["item"] = [
        {"linkId": "ES9.approach", "answer": [{"valueCoding": {"code": "caudal"}}]},
        {"linkId": "ES9.levels", "answer": [{"valueDecimal": 1}]},
        {"linkId": "ES9.regions", "answer": [{"valueDecimal": 1}]},
    ]
    [record] = claim["supportingInfo"]
    reference = form["fullUrl"].removeprefix("https://ehr.example.org/fhir/")
    claim["supportingInfo"].append({**record, "sequence": 2, "valueReference": {"reference": reference}})
    bundle["entry"].append(form)
    return bundle


@pytest.mark.rule("PAS-095")
def test_a_complete_request_of_2_0_1_is_affirmed_at_once(served: Served) -> None:
    assert parts_of(served, older(complete=True), PRECHECK_2_0)["outcome"] == ["affirmed"]
    case, answer = submitted(served, older(complete=True), SUBMIT_2_0)
    response = claim_response(answer)
    [item] = response["item"]
    assert (response["outcome"], actions(item)) == ("complete", ["A1"])
    assert response["preAuthPeriod"] == PERIOD
    assert "preAuthRef" not in response
    assert extensions(item, "administrationReferenceNumber") == [case]


@pytest.mark.rule("PAS-085")
def test_an_incomplete_request_of_2_0_1_is_queued_and_the_answers_are_asked_for(served: Served) -> None:
    case, answer = submitted(served, older(complete=False), SUBMIT_2_0)
    response = claim_response(answer)
    [item] = response["item"]
    assert (response["outcome"], actions(item)) == ("queued", ["A4"])
    assert contexts(item) == [case]
    check_asked(answer, [ANSWERS_ASKED_FOR], case)
