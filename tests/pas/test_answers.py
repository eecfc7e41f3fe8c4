"""What a response Bundle looks like, for every kind of determination, in both releases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fhir_server.authorization.answering import compose
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.fhir import json
from fhir_server.fhir.references import BundleIndex, references_in
from fhir_server.pas.claim_response import CLAIM_INQUIRY_RESPONSE
from fhir_server.pas.datatypes import PAS
from fhir_server.pas.read import read_response
from fhir_server.pas.versions import STU_2_0, STU_2_2, VERSIONS, Version
from fhir_server.pas.write import response_bundle, write_response
from tests.pas.answers import CASE, answer, bundle, request_of
from tests.pas.bundles import KNEE, LIMITS, OLDER, OWN, WITH_GUIDS, Json, encoded, own, version_of
from tests.pas.determinations import CASES, NOW, UTN, affirmed, pended, refused

OUTCOMES = {
    "a1-affirmed": ("complete", {"A1"}),
    "a1-number-to-come": ("complete", {"A1"}),
    "a1-with-added-service": ("complete", {"A1"}),
    "a3-non-affirmed": ("complete", {"A3"}),
    "a4-pended": ("complete", {"A4"}),
    "a4-records-asked-for": ("complete", {"A4"}),
    "a6-modified": ("complete", {"A6"}),
    "c-cancelled": ("complete", {"C"}),
    "ct-contact-payer": ("complete", {"CT"}),
    "na-dismissed": ("complete", {"NA"}),
    "error-dismissed": ("error", set[str]()),
    "partial": ("partial", {"A1"}),
}
X12 = "https://codesystem.x12.org/005010/"
every_case = pytest.mark.parametrize("case", CASES)
every_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)


def request_for(version: Version, path: str | None = None) -> AuthorizationRequest:
    return request_of(encoded(own(path or (OLDER if version is STU_2_0 else KNEE))), version)


def told(case: str, version: Version = STU_2_2, path: str | None = None) -> Json:
    return bundle(request_for(version, path), case, version)


def response_in(answered: Json) -> Json:
    found: Json = answered["entry"][0]["resource"]
    return found


def extension(element: Json, name: str) -> Json | None:
    found = (each for each in element.get("extension", []) if each["url"] in (name, f"{PAS}extension-{name}"))
    return next(found, None)


def action(element: Json) -> Json:
    review = extension(element["adjudication"][0], "reviewAction")
    assert review is not None
    return review


def action_codes(element: Json) -> list[tuple[str, str]]:
    code = extension(action(element), "reviewActionCode")
    assert code is not None
    return [(coding["system"], coding["code"]) for coding in code["valueCodeableConcept"]["coding"]]


def every_object(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from every_object(each)


@pytest.mark.rule("PAS-037", "PAS-038", "PAS-094")
@every_version
@every_case
def test_the_bundle_is_one_whole(case: str, version: Version) -> None:
    answered = told(case, version)
    assert answered["type"] == "collection"
    assert answered["timestamp"] == NOW
    assert answered["identifier"] == own(OLDER if version is STU_2_0 else KNEE)["identifier"]
    assert response_in(answered)["resourceType"] == "ClaimResponse"
    urls = [entry["fullUrl"] for entry in answered["entry"]]
    assert len(urls) == len(set(urls))
    assert all(set(entry) == {"fullUrl", "resource"} for entry in answered["entry"])
    assert all(re.match(r"urn:uuid:|https?://", url) for url in urls)


@pytest.mark.rule("PAS-037", "PAS-069")
@every_case
@pytest.mark.parametrize("path", [path for path in OWN if "dismissed" not in path])
def test_all_that_an_answer_refers_to_is_in_it(case: str, path: str) -> None:
    version = version_of(path)
    answered = told(case, version, path)
    index = BundleIndex(answered)
    for number, entry in enumerate(answered["entry"]):
        for expression, reference in references_in(entry["resource"], f"Bundle.entry[{number}].resource"):
            if expression != "Bundle.entry[0].resource.request":
                assert index.resolve(reference, number).outcome == "entry", (expression, reference)
    # Nothing comes that the ClaimResponse does not lead to, and each thing comes once.
    reached = {0}
    waiting = [0]
    while waiting:
        number = waiting.pop()
        for _, reference in references_in(index.resource(number), ""):
            for target in index.resolve(reference, number).entries:
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
    assert reached == set(range(len(answered["entry"])))


@pytest.mark.rule("PAS-039")
@every_case
def test_no_one_comes_twice(case: str) -> None:
    numbers = [
        (entry["resource"]["resourceType"], identifier["value"])
        for entry in told(case)["entry"]
        for identifier in entry["resource"].get("identifier", [])
        if identifier.get("system", "").endswith("us-npi")
    ]
    assert len(numbers) == len(set(numbers))


@pytest.mark.rule("PAS-040")
@every_version
@pytest.mark.parametrize("path", [KNEE, WITH_GUIDS])
def test_what_is_echoed_keeps_its_address_and_identifiers(path: str, version: Version) -> None:
    path = OLDER if version is STU_2_0 else path
    sent = {entry["fullUrl"]: entry["resource"] for entry in own(path)["entry"]}
    echoed = told("a1-affirmed", version, path)["entry"][1:]
    assert echoed
    for entry in echoed:
        assert entry["resource"].get("identifier") == sent[entry["fullUrl"]].get("identifier")
        assert entry["resource"].get("id") == sent[entry["fullUrl"]].get("id")


@pytest.mark.rule("PAS-041")
@every_version
@every_case
def test_lines_keep_their_numbers_and_traces(case: str, version: Version) -> None:
    request = request_for(version)
    response = response_in(bundle(request, case, version))
    sequences = [item["itemSequence"] for item in response.get("item", [])]
    assert sequences == ([] if case == "error-dismissed" else [line.sequence for line in request.lines])
    for item, line in zip(response.get("item", []), request.lines, strict=False):
        traces = [each["valueIdentifier"]["value"] for each in item["extension"] if each["url"].endswith("TraceNumber")]
        assert traces == [trace.value for trace in line.trace_numbers]


@pytest.mark.rule("PAS-095", "PAS-096")
@every_version
@every_case
def test_outcome_and_actions(case: str, version: Version) -> None:
    response = response_in(told(case, version))
    outcome, actions = OUTCOMES[case]
    if version is STU_2_0 and case.startswith("a4"):
        outcome = "queued"  # S-12
    assert response["outcome"] == outcome
    assert response["status"] == "active"
    assert response["use"] == "preauthorization"
    codes = {action_codes(item)[0] for item in response.get("item", [])}
    assert codes == {(f"{X12}306", code) for code in actions}
    for item in response.get("item", []):
        assert [each["category"]["coding"][0]["code"] for each in item["adjudication"]] == ["submitted"]
    for error in response.get("error", []):
        assert error["code"]["coding"][0]["system"] == f"{X12}901"
        follow_up = extension(error, "errorFollowupAction")
        assert follow_up is not None
        assert follow_up["valueCodeableConcept"]["coding"][0]["system"] == f"{X12}889"


@pytest.mark.rule("PAS-097")
@every_version
@every_case
def test_every_note_has_a_number_and_every_number_a_note(case: str, version: Version) -> None:
    response = response_in(told(case, version))
    notes = [note["number"] for note in response.get("processNote", [])]
    assert notes == list(range(1, len(notes) + 1))
    pointed = {number for item in response.get("item", []) for number in item.get("noteNumber", [])}
    for error in response.get("error", []):
        element = extension(error, "errorElement")
        note = extension(element, "processNote") if element else None
        pointed |= {note["valuePositiveInt"]} if note else set()
    assert pointed <= set(notes)


@pytest.mark.rule("PAS-043", "PAS-044")
def test_what_is_authorized_instead_is_an_added_line_of_the_same_number() -> None:
    request = request_for(STU_2_2)
    response = response_in(bundle(request, "a6-modified", STU_2_2))
    [item], [added] = response["item"], response["addItem"]
    assert action_codes(item) == [(f"{X12}306", "A6")]
    assert added["itemSequence"] == [item["itemSequence"]]
    assert action_codes(added) == [(f"{X12}306", "A1")]
    assert added["quantity"]["value"] == 1
    detail = extension(item, "itemAuthorizedDetail")
    assert detail is not None
    asked = extension(detail, "quantity")
    assert asked is not None
    assert request.lines[0].quantity is not None
    assert asked["valueQuantity"]["value"] == request.lines[0].quantity.value


@pytest.mark.rule("PAS-043")
def test_2_0_tells_what_is_authorized_instead_in_the_detail_of_the_line() -> None:
    response = response_in(told("a6-modified", STU_2_0))
    [item] = response["item"]
    assert "addItem" not in response
    detail = extension(item, "itemAuthorizedDetail")
    assert detail is not None
    authorized = extension(detail, "quantity")
    assert authorized is not None
    assert authorized["valueQuantity"]["value"] == 1


@every_version
def test_a_service_more_is_an_added_line_of_its_own_number(version: Version) -> None:
    response = response_in(told("a1-with-added-service", version))
    assert [added["itemSequence"] for added in response["addItem"]] == [[2]]
    assert ("extension" in response["addItem"][0]) is (version is STU_2_2)


@pytest.mark.rule("PAS-077", "PAS-078")
@every_version
@every_case
def test_quantities_keep_value_and_unit(case: str, version: Version) -> None:
    request = request_for(version)
    sent = {(each.quantity.unit, each.quantity.system, each.quantity.code) for each in request.lines if each.quantity}
    for node in every_object(response_in(bundle(request, case, version))):
        for quantity in (node.get("quantity"), node.get("valueQuantity")):
            if quantity is not None:
                assert {"value"} < set(quantity)
                assert (quantity.get("unit"), quantity.get("system"), quantity.get("code")) in sent
                assert quantity.get("system") in (None, f"{X12}673")


def test_an_affirmation_has_its_number_and_days() -> None:
    response = response_in(told("a1-affirmed"))
    assert response["preAuthRef"] == UTN
    assert response["preAuthPeriod"] == {"start": "2026-03-02", "end": "2026-06-29"}
    number = extension(action(response["item"][0]), "number")
    assert number is not None
    assert number["valueString"] == UTN
    assert extension(response["item"][0], "itemAuthorizedProvider") is not None
    assert extension(response["item"][0], "administrationReferenceNumber") is None


@pytest.mark.parametrize(
    ("case", "number"), [("a1-number-to-come", CASE), ("a4-pended", CASE), ("a3-non-affirmed", UTN)]
)
def test_what_has_no_authorization_number_has_a_reference(case: str, number: str) -> None:
    response = response_in(told(case))
    assert "preAuthRef" not in response
    reference = extension(response["item"][0], "administrationReferenceNumber")
    assert reference is not None
    assert reference["valueString"] == number
    assert extension(action(response["item"][0]), "number") is None


def test_a_denial_says_why_and_who_reviewed() -> None:
    response = response_in(told("a3-non-affirmed"))
    reason = extension(action(response["item"][0]), "reasonCode")
    assert reason is not None
    assert reason["valueCodeableConcept"]["coding"][0] == {
        "system": "https://codesystem.x12.org/external/886",
        "code": "0F",
    }
    assert response["processNote"][0]["text"] == "Conservative treatment is not documented."
    reviewer = extension(response, "claimResponseReviewer")
    assert reviewer is not None
    human = extension(reviewer, "wasHumanReviewedFlag")
    assert human is not None
    assert human["valueBoolean"] is True


@pytest.mark.rule("PAS-084")
@every_version
def test_a_pend_may_ask_for_records(version: Version) -> None:
    answered = told("a4-records-asked-for", version)
    asked = [
        entry["resource"] for entry in answered["entry"] if entry["resource"]["resourceType"] == "CommunicationRequest"
    ]
    assert len(asked) == len(response_in(answered)["communicationRequest"]) == 2
    by_code, by_category = asked
    assert by_code["payload"][0]["contentString"] == "18776-5"
    line = extension(by_code if version is STU_2_2 else by_code["payload"][0], "serviceLineNumber")
    assert line is not None
    assert line["valuePositiveInt"] == 1
    assert by_category["category"][0]["coding"][0]["code"] == "PY"
    assert "payload" not in by_category
    assert [each["identifier"][0]["value"] for each in asked] == [f"{CASE}-1", f"{CASE}-2"]
    assert all(each["status"] == "active" for each in asked)


def test_only_an_organization_is_asked_to_send_records() -> None:
    path = "wiser/13-skin-substitutes.json"
    answered = told("a4-records-asked-for", path=path)
    index = BundleIndex(answered)
    assert response_in(answered)["requestor"]["reference"].count("PractitionerRole")
    for number, entry in enumerate(answered["entry"]):
        if entry["resource"]["resourceType"] == "CommunicationRequest":
            sender = index.resolve(entry["resource"]["sender"]["reference"], number).resource
            assert sender is not None
            assert sender["resourceType"] == "Organization"


def test_a_dismissal_says_its_code_beside_the_x12_one() -> None:
    response = response_in(told("na-dismissed"))
    assert [code for _, code in action_codes(response["item"][0])] == ["NA", "D02"]
    assert "Submit the claim without it." in response["processNote"][0]["text"]
    error = response_in(told("error-dismissed"))["error"][0]
    assert [coding["code"] for coding in error["code"]["coding"]] == ["72", "D04"]


@every_version
def test_an_error_says_where(version: Version) -> None:
    first, second = response_in(told("error-dismissed", version))["error"]
    element = extension(first, "errorElement")
    assert element is not None
    if version is STU_2_2:
        position, note = extension(element, "error"), extension(element, "processNote")
        assert position is not None
        assert note is not None
        assert (position["valueString"], note["valuePositiveInt"]) == ("2010C-NM109", 1)
    else:
        assert element["valueString"] == "2010C-NM109"
    path = extension(second, "errorPath")
    assert path is not None
    assert path["valueString"] == "Bundle.entry[1].resource.name"


def test_sender_and_receiver_change_places() -> None:
    sent = own(KNEE)["entry"][0]["resource"]
    before, after = (extension(each, "TransmissionIdentifiers") for each in (sent, response_in(told("a4-pended"))))
    assert before is not None
    assert after is not None
    values = [{each["url"]: each["valueString"] for each in part["extension"]} for part in (before, after)]
    assert values[1] == {
        "applicationSenderCode": values[0]["applicationReceiverCode"],
        "applicationReceiverCode": values[0]["applicationSenderCode"],
        "interchangeSenderID": values[0]["interchangeReceiverID"],
        "interchangeReceiverID": values[0]["interchangeSenderID"],
    }


@pytest.mark.rule("PAS-049")
def test_the_answer_points_at_the_request() -> None:
    newer, older = (response_in(told("a4-pended", version))["request"] for version in VERSIONS)
    assert newer["reference"] == own(KNEE)["entry"][0]["fullUrl"]
    assert set(older) == {"identifier"}  # the Claim is not in the Bundle, which has to hold all that it refers to
    guid = response_in(told("a4-pended", path=WITH_GUIDS))["request"]
    assert set(guid) == {"identifier"}
    request = replace(request_for(STU_2_2, WITH_GUIDS), identifiers=())
    reason = response_in(bundle(request, "a4-pended", STU_2_2))["request"]["extension"][0]
    assert reason["valueCode"] == "unknown"


NEW_IN_2_2 = (
    "TransmissionIdentifiers", "claimResponseReviewer", "admissionDates", "dischargeDate", "itemCategory",
    "documentInformation", "authorizedProviderType", "revenueCode",
)  # fmt: skip


@every_case
def test_2_0_gets_nothing_that_it_does_not_know(case: str) -> None:
    text = json.dumps(told(case, STU_2_0)).decode()
    assert not [name for name in NEW_IN_2_2 if f"extension-{name}" in text]


@pytest.mark.rule("PAS-115")
@every_version
def test_what_is_mandatory_and_unknown_says_so(version: Version) -> None:
    sent = own(OLDER if version is STU_2_0 else KNEE)
    for entry in sent["entry"]:
        if entry["resource"]["resourceType"] in ("Patient", "Organization"):
            for name in ("name", "gender", "active"):
                entry["resource"].pop(name, None)
    answered = bundle(request_of(encoded(sent), version), "a4-pended", version)
    by_kind = {entry["resource"]["resourceType"]: entry["resource"] for entry in answered["entry"]}
    [name] = by_kind["Patient"]["name"]
    assert name["_family"]["extension"][0]["valueCode"] == "unknown"
    assert by_kind["Patient"]["gender"] == "unknown"
    assert by_kind["Organization"]["active"] is True
    assert by_kind["Organization"]["_name"]["extension"][0]["valueCode"] == "unknown"


@every_case
def test_an_answer_is_read_back(case: str) -> None:
    response = answer(request_for(STU_2_2), case)
    body = write_response(response, STU_2_2, case=CASE, moment=NOW)
    back = read_response(body, STU_2_2, LIMITS)
    assert (back.outcome, back.lines, back.added_lines) == (response.outcome, response.lines, response.added_lines)
    assert (back.errors, back.notes) == (response.errors, response.notes)


def test_the_answer_to_an_inquiry_asks_for_nothing() -> None:
    response = answer(request_for(STU_2_2), "a4-records-asked-for")
    answered = response_bundle(response, STU_2_2, case=CASE, moment=NOW, table=CLAIM_INQUIRY_RESPONSE)
    assert answered["meta"]["profile"] == [f"{PAS}profile-pas-inquiry-response-bundle"]
    assert response_in(answered)["meta"]["profile"] == [f"{PAS}profile-claiminquiryresponse"]
    assert "communicationRequest" not in response_in(answered)
    assert "CommunicationRequest" not in {entry["resource"]["resourceType"] for entry in answered["entry"]}


def test_a_sandbox_says_so_in_every_answer() -> None:
    response = answer(request_for(STU_2_2), "a4-pended")
    tagged = json.loads(write_response(response, STU_2_2, case=CASE, moment=NOW, sandbox=True))
    assert tagged["meta"]["tag"][0]["code"] == "HTEST"


def test_the_same_answer_is_the_same_bytes() -> None:
    request = request_for(STU_2_2)
    first, second = (
        write_response(compose(request, pended(request), case="W1", response="W1-1"), STU_2_2, case="W1", moment=NOW)
        for _ in range(2)
    )
    assert first == second


def test_the_first_providers_count() -> None:
    """X12 carries 14 providers of a request, and a Bundle with many must not make an answer without bounds."""
    request = request_for(STU_2_2)
    member = replace(request.care_team[0], covers_whole_request=True)
    crowd = tuple(replace(member, sequence=number) for number in range(1, 100))
    request = replace(request, care_team=crowd, lines=(replace(request.lines[0], care_team=()),))
    [line] = compose(request, affirmed(request), case="W1", response="W1-1").lines
    assert len(line.authorized_providers) == 14


def test_an_unanswered_line_is_left_out() -> None:
    request = request_for(STU_2_2)
    assert compose(request, refused(request), case="W1", response="W1-1").lines == ()
