"""What holds for every response bundle, whatever was asked (PAS, Prior Authorization Response)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.web.bundles import Json

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
ACTION = f"{PAS}extension-reviewAction"
ACTION_CODE = f"{PAS}extension-reviewActionCode"


def claim_response(answer: Json) -> Json:
    """Return the ClaimResponse, which is the first entry (PAS-037)."""
    first: Json = answer["entry"][0]["resource"]
    assert first["resourceType"] == "ClaimResponse"
    return first


def check_answer(request: Json, answer: Json) -> None:
    """Assert every rule of a response bundle that can be told from the request and the answer alone."""
    response = claim_response(answer)
    assert answer["resourceType"] == "Bundle"
    assert answer["type"] == "collection"
    assert answer["identifier"]["value"]
    assert answer["timestamp"]
    assert response["status"] == "active"
    assert response["use"] == "preauthorization"
    assert response["outcome"] in ("complete", "error", "partial", "queued")
    check_resolution(answer)
    check_echo(request, answer)
    check_sequences(request, response)
    check_notes(response)


def check_resolution(answer: Json) -> None:
    """Assert that each fullUrl stands once and each reference leads to an entry; the request may stay out (3.2)."""
    urls = [entry["fullUrl"] for entry in answer["entry"]]
    assert len(set(urls)) == len(urls)  # PAS-038
    for number, entry in enumerate(answer["entry"]):
        assert not {"search", "request", "response"} & set(entry)
        for path, reference in references(entry["resource"], f"entry[{number}].resource"):
            if path != "entry[0].resource.request":
                assert reference in urls, path


def check_echo(request: Json, answer: Json) -> None:
    """Assert that what comes back from the request keeps fullUrl and identifiers (PAS-040)."""
    sent = {entry["fullUrl"]: entry["resource"] for entry in request["entry"]}
    for entry in answer["entry"]:
        resource, url = entry["resource"], entry["fullUrl"]
        if url in sent:
            assert resource["resourceType"] == sent[url]["resourceType"]
            assert resource.get("identifier") == sent[url].get("identifier")
            assert resource.get("id") == sent[url].get("id")
        else:
            assert resource["resourceType"] in ("ClaimResponse", "CommunicationRequest")
    response, claim = claim_response(answer), request["entry"][0]["resource"]
    assert response["type"] == claim["type"]
    for identifier in claim["identifier"]:
        assert identifier in response["identifier"]


def check_sequences(request: Json, response: Json) -> None:
    """Assert that lines are told under the numbers that they were asked under (PAS-041)."""
    asked = [item["sequence"] for item in request["entry"][0]["resource"]["item"]]
    told = [item["itemSequence"] for item in response.get("item", [])]
    assert set(told) <= set(asked)
    assert len(set(told)) == len(told)
    if not response.get("error"):
        assert told == asked


def check_notes(response: Json) -> None:
    """Assert that notes are numbered and that whatever points at one finds it (PAS-097)."""
    numbers = [note["number"] for note in response.get("processNote", [])]
    assert numbers == list(range(1, len(numbers) + 1))
    for pointed in note_numbers(response):
        assert pointed in numbers


def note_numbers(response: Json) -> list[int]:
    """Return every number that lines and errors point at a note with."""
    found = [number for item in response.get("item", []) for number in item.get("noteNumber", [])]
    for error in response.get("error", []):
        for extension in error.get("extension", []):
            parts = extension.get("extension", [])
            found += [part["valuePositiveInt"] for part in parts if "valuePositiveInt" in part]
    return found


def actions(element: Json) -> list[str]:
    """Return the X12 306 codes of an item, an added item or the whole answer (PAS-095)."""
    codings = [
        coding
        for adjudication in element["adjudication"]
        for action in adjudication["extension"]
        if action["url"] == ACTION
        for part in action["extension"]
        if part["url"] == ACTION_CODE
        for coding in part["valueCodeableConcept"]["coding"]
    ]
    return [coding["code"] for coding in codings if coding["system"] == "https://codesystem.x12.org/005010/306"]


def codes_of(concept: Json, system: str) -> list[str]:
    """Return the codes of *system* in a CodeableConcept."""
    return [coding["code"] for coding in concept["coding"] if coding.get("system") == system]


def references(element: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path and text of every literal reference."""
    if isinstance(element, dict):
        if isinstance(element.get("reference"), str):
            yield path, element["reference"]
        for name, value in element.items():
            if name != "contained":
                yield from references(value, f"{path}.{name}")
    elif isinstance(element, list):
        for number, value in enumerate(element):
            yield from references(value, f"{path}[{number}]")
