"""Every example gets the answer that examples/index.yaml promises, with its reason in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from fhir_server.authorization.caller import operator
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import Determined
from fhir_server.policy.registry import read_registry
from fhir_server.workflow.registry import load_registry
from tests.web.answers import actions, check_answer, claim_response, codes_of, note_numbers
from tests.web.bundles import EXAMPLES, REQUESTS, Json, example_bytes
from tests.web.served import Serve, Served, case_of

REJECT_REASONS = "https://codesystem.x12.org/005010/901"
FOLLOW_UP = "https://codesystem.x12.org/005010/889"
FOLLOW_UP_EXTENSION = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-errorFollowupAction"
DISMISSALS = "http://wiser-pas.org/fhir/CodeSystem/wiser-dismissal"
PENDED = "A4"
ROWS: list[dict[str, Any]] = yaml.safe_load((EXAMPLES / "index.yaml").read_text())["examples"]
ON_BOTH_ENGINES = {
    "wiser/01-knee-arthroscopy.json",
    "wiser/03-vagus-nerve-stimulation.json",
    "wiser/13-skin-substitutes.json",
    "wiser/complete/09-vertebral-augmentation.json",
    "wiser/complete/scanned-record.json",
    "wiser/incomplete/document-missing.json",
    "wiser/incomplete/text-contradicts-answer.json",
    "wiser/dismissed/d04-birth-date.json",
    "wiser/dismissed/d07-provider-exempt.json",
    "wiser/dismissed/d08-second.json",
    "pas-2.0/knee-arthroscopy.json",
    "sandbox/a3-denied.json",
    "sandbox/a6-modified.json",
    "sandbox/partial.json",
}


def test_every_request_is_in_the_index_once() -> None:
    paths = [row["path"] for row in ROWS]
    assert sorted(paths) == list(REQUESTS)


def test_every_category_and_every_dismissal_has_its_example() -> None:
    paths = " ".join(REQUESTS)
    for number in range(1, 14):
        assert f"wiser/{number:02}-" in paths
        assert f"wiser/complete/{number:02}-" in paths
    dismissed = {row["expected"].get("dismissal") for row in ROWS}
    assert {f"D0{number}" for number in range(1, 10)} <= dismissed


def test_every_row_of_complete_and_incomplete_tells_what_is_open() -> None:
    told = [row["path"] for row in ROWS if "open" in row["expected"]]
    assert told == [row["path"] for row in ROWS if "complete/" in row["path"]]


@pytest.mark.rule("PAS-037", "PAS-038", "PAS-040", "PAS-041", "PAS-095", "PAS-096", "PAS-097")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["path"])
def test_the_answer_is_the_one_of_the_index(serve_sqlite: Serve, row: Mapping[str, Any]) -> None:
    check_row(serve_sqlite, row)


@pytest.mark.parametrize("row", [row for row in ROWS if row["path"] in ON_BOTH_ENGINES], ids=lambda row: row["path"])
def test_some_are_answered_on_each_engine(serve: Serve, row: Mapping[str, Any]) -> None:
    check_row(serve, row)


def check_row(serve: Serve, row: Mapping[str, Any]) -> None:
    """Send a row's request as its columns say, and compare the answer with what the row expects."""
    served = serve(**row["settings"])
    if row["registry"]:
        content = read_registry((EXAMPLES / "registry.yaml").read_text())
        load_registry(served.database, operator(), content, served.clock())
    by_path = {each["path"]: each for each in ROWS}
    earlier = [case_of(submit(served, by_path[path])) for path in row["after"]]
    response = submit(served, row)
    expected = row["expected"]
    assert response.status_code == expected["http"], response.get_json()
    answer = response.get_json()
    check_answer(json.loads(example_bytes(row["path"])), answer)
    check_expected(answer, expected)
    check_words(claim_response(answer), expected)
    check_decision(decision(served, case_of(response)), claim_response(answer), expected)
    for case in earlier:
        assert case in json.dumps(claim_response(answer)["processNote"])  # D08 names the request that is open


def submit(served: Served, row: Mapping[str, Any]) -> Any:
    """Send the request of a row to its endpoint."""
    return served.submit(example_bytes(row["path"]), f"/{row['endpoint']}/fhir/Claim/$submit")


def check_expected(answer: Json, expected: Mapping[str, Any]) -> None:
    response = claim_response(answer)
    assert response["outcome"] == expected["outcome"]
    assert {item["itemSequence"]: actions(item)[0] for item in response.get("item", [])} == expected.get("lines", {})
    errors = response.get("error", [])
    assert [code for error in errors for code in codes_of(error["code"], REJECT_REASONS)] == expected["error_codes"]
    added = [number for item in response.get("addItem", []) for number in item["itemSequence"]]
    assert added == expected.get("added_lines", [])
    if "follow_up" in expected:
        assert [follow_up(error) for error in errors] == [[expected["follow_up"]]] * len(errors)
    assert dismissals(response) == ({expected["dismissal"]} if "dismissal" in expected else set())
    asked = [
        payload["contentString"]
        for entry in answer["entry"]
        if entry["resource"]["resourceType"] == "CommunicationRequest"
        for payload in entry["resource"]["payload"]
    ]
    assert asked == expected.get("asks_for", [])


def decision(served: Served, case: str) -> Determination:
    """Return what was decided about *case*."""
    [determined] = [event.data for event in served.kept(case).events if isinstance(event.data, Determined)]
    return determined.determination


def check_decision(determination: Determination, response: Json, expected: Mapping[str, Any]) -> None:
    """Compare the elements and rules that keep a request from affirmation; the requester reads each element's name."""
    if "open" not in expected:
        return
    found = {each.element: each.gap for each in determination.criteria if each.gap}
    assert found == expected["open"]
    stopping = {each.rule for each in determination.code_rules if each.severity != "I"}
    assert stopping == set(expected.get("rules", []))
    told = " ".join(note["text"] for note in response["processNote"])
    labels = {each.element: each.label for each in determination.criteria}
    assert all(labels[element] in told for element in found)
    if "expedited" in expected:
        clock = determination.clock
        assert clock is not None
        assert (clock.expedited, clock.downgraded) == (expected["expedited"], not expected["expedited"])
        assert ("Expedited review was asked for without a reason" in told) == clock.downgraded


def follow_up(error: Json) -> list[str]:
    """Return the X12 889 codes of an error."""
    extensions = [each for each in error["extension"] if each["url"] == FOLLOW_UP_EXTENSION]
    return [code for each in extensions for code in codes_of(each["valueCodeableConcept"], FOLLOW_UP)]


def dismissals(response: Json) -> set[str]:
    """Return every code of our dismissals, wherever S-13 puts it: beside NA, or beside the 901 code of an error."""

    def walk(element: Any) -> set[str]:
        if isinstance(element, dict):
            own = {element["code"]} if element.get("system") == DISMISSALS else set()
            return own.union(*map(walk, element.values()))
        return set().union(*map(walk, element)) if isinstance(element, list) else set()

    return walk({"item": response.get("item"), "error": response.get("error")})


def check_words(response: Json, expected: Mapping[str, Any]) -> None:
    """Assert that each line and each error points at a note, and that a dismissal says what to do."""
    notes = {note["number"]: note["text"] for note in response.get("processNote", [])}
    for item in response.get("item", []):
        assert all(len(notes[number].split()) >= 3 for number in item["noteNumber"])
        assert item["noteNumber"]
    if response.get("error"):
        assert len(set(note_numbers(response))) >= 1
        assert all(len(notes[number].split()) >= 3 for number in note_numbers(response))
    if "dismissal" in expected:
        told = " ".join(notes[number] for number in note_numbers(response))
        assert told.count(".") >= 2  # the reason, and what the requester can do
