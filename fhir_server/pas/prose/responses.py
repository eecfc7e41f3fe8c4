"""Rules of ClaimResponses: the decision, the notes and the errors that they tell (PAS-041, 044, 049, 095, 097)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fhir_server.fhir.validation.report import Place
from fhir_server.pas.datatypes import PAS
from fhir_server.pas.prose.rule import Hit, Json, Subject, codes, extension_value, extensions, integers, objects
from fhir_server.pas.sequences import numbered

REVIEW_ACTION = f"{PAS}extension-reviewAction"
REVIEW_ACTION_CODE = f"{PAS}extension-reviewActionCode"
REVIEW_ACTIONS = "https://codesystem.x12.org/005010/306"
REJECT_REASONS = "https://codesystem.x12.org/005010/901"
ERROR_ELEMENT = f"{PAS}extension-errorElement"
ERROR_PATH = f"{PAS}extension-errorPath"
MODIFIED, DENIED = "A6", "A3"
DECIDED = ("item", "addItem")

_PATH = re.compile(r"Bundle(?:\.entry\[\d+\](?:\.resource(?:\..+)?)?|\.[a-z]\w*(?:\..+)?)?", re.ASCII)
_NO_RESOURCE = re.compile(r"Bundle\.entry\[\d+\]\.(?!resource\b|fullUrl\b)", re.ASCII)


def sequence_not_asked(subject: Subject) -> Iterator[Hit]:
    """Yield each item that answers no item of the Claim, where the Claim came along."""
    if subject.claim is None or not subject.claim.get("item"):
        return
    asked = {sequence for _, _, sequence in numbered(subject.claim, "item")}
    for number, item in objects(subject.resource, "item"):
        sequence = item.get("itemSequence")
        if type(sequence) is int and sequence not in asked:
            yield ((subject.place, "item", number), "itemSequence", -1), sequence


def modified_without_authorized(subject: Subject) -> Iterator[Hit]:
    """Yield each item that was modified and has no added item that says what was authorized."""
    told = {
        sequence for _, each in objects(subject.resource, "addItem") for _, sequence in integers(each, "itemSequence")
    }
    for number, item in objects(subject.resource, "item"):
        sequence = item.get("itemSequence")
        if MODIFIED in decisions(item) and type(sequence) is int and sequence not in told:
            yield ((subject.place, "item", number),)


def no_request(subject: Subject) -> Iterator[Hit]:
    """Yield a reference to the request that names none, and says no reason for that."""
    request = subject.resource.get("request")
    if isinstance(request, dict) and not any(name in request for name in ("reference", "identifier", "extension")):
        yield ((subject.place, "request", -1),)


def action_of_another_system(subject: Subject) -> Iterator[Hit]:
    """Yield each decision that has no coding of X12's list."""
    for place, concept in _review_actions(subject):
        if isinstance(concept, dict) and not codes(concept, REVIEW_ACTIONS):
            yield (place,)


def error_of_another_system(subject: Subject) -> Iterator[Hit]:
    """Yield each error that has no coding of X12's list."""
    for number, error in objects(subject.resource, "error"):
        if isinstance(error.get("code"), dict) and not codes(error["code"], REJECT_REASONS):
            yield (((subject.place, "error", number), "code", -1),)


def undecided_item(subject: Subject) -> Iterator[Hit]:
    """Yield each item of an answer that says nothing about it."""
    yield from _undecided(subject, "item")


def undecided_addition(subject: Subject) -> Iterator[Hit]:
    """Yield each added item of an answer that says nothing about it."""
    yield from _undecided(subject, "addItem")


def _undecided(subject: Subject, name: str) -> Iterator[Hit]:
    for number, item in objects(subject.resource, name):
        if not decisions(item):
            yield ((subject.place, name, number),)


def denial_without_reason(subject: Subject) -> Iterator[Hit]:
    """Yield each denial that gives neither a reason's code nor a note."""
    for name in DECIDED:
        for number, item in objects(subject.resource, name):
            if DENIED in decisions(item) and not item.get("noteNumber") and not _has_reason(item):
                yield ((subject.place, name, number),)


def note_unknown(subject: Subject) -> Iterator[Hit]:
    """Yield each number of a note that the response does not have."""
    numbers = [each.get("number") for _, each in objects(subject.resource, "processNote")]
    known = {each for each in numbers if type(each) is int}
    for place, number in _note_numbers(subject):
        if number not in known:
            yield place, number


def note_repeated(subject: Subject) -> Iterator[Hit]:
    """Yield each note whose number an earlier one has."""
    seen = set()
    for position, note in objects(subject.resource, "processNote"):
        number = note.get("number")
        if type(number) is int:
            if number in seen:
                yield ((subject.place, "processNote", position), "number", -1), number
            seen.add(number)


def error_untold(subject: Subject) -> Iterator[Hit]:
    """Yield an outcome of `error` without any error."""
    if subject.resource.get("outcome") == "error" and not subject.resource.get("error"):
        yield ((subject.place, "outcome", -1),)


def nothing_told(subject: Subject) -> Iterator[Hit]:
    """Yield a response that has neither items, nor a decision on the whole, nor errors."""
    if not any(subject.resource.get(name) for name in (*DECIDED, "adjudication", "error")):
        yield (subject.place,)


def odd_error_path(subject: Subject) -> Iterator[Hit]:
    """Yield each place of an error that is no FHIRPath from the Bundle on."""
    for number, error in objects(subject.resource, "error"):
        for position, each in extensions(error, ERROR_PATH):
            path = each.get("valueString")
            if isinstance(path, str) and (not _PATH.fullmatch(path) or _NO_RESOURCE.match(path)):
                yield ((((subject.place, "error", number), "extension", position), "valueString", -1),)


def decisions(item: Json) -> set[str]:
    """Return the codes of X12 306 by which an item, or a response as a whole, is decided."""
    found: set[str] = set()
    for _, adjudication in objects(item, "adjudication"):
        for _, action in extensions(adjudication, REVIEW_ACTION):
            found |= codes(extension_value(action, REVIEW_ACTION_CODE, "valueCodeableConcept"), REVIEW_ACTIONS)
    return found


def _has_reason(item: Json) -> bool:
    return any(
        each.get("url") == "reasonCode"
        for _, adjudication in objects(item, "adjudication")
        for _, action in extensions(adjudication, REVIEW_ACTION)
        for _, each in objects(action, "extension")
    )


def _review_actions(subject: Subject) -> Iterator[tuple[Place, Any]]:
    """Yield each decision's code: of the items, the added ones, and the whole."""
    holders: list[tuple[Place, Json]] = [(subject.place, subject.resource)]
    for name in DECIDED:
        holders += [((subject.place, name, number), each) for number, each in objects(subject.resource, name)]
    for holder, node in holders:
        for number, adjudication in objects(node, "adjudication"):
            for position, action in extensions(adjudication, REVIEW_ACTION):
                outer = ((holder, "adjudication", number), "extension", position)
                for part, each in extensions(action, REVIEW_ACTION_CODE):
                    place = ((outer, "extension", part), "valueCodeableConcept", -1)
                    yield place, each.get("valueCodeableConcept")


def _note_numbers(subject: Subject) -> Iterator[tuple[Place, int]]:
    for name in DECIDED:
        for number, item in objects(subject.resource, name):
            for position, note in integers(item, "noteNumber"):
                yield ((subject.place, name, number), "noteNumber", position), note
    for number, error in objects(subject.resource, "error"):
        for position, element in extensions(error, ERROR_ELEMENT):
            for part, each in extensions(element, "processNote"):
                if type(each.get("valuePositiveInt")) is int:
                    outer = ((subject.place, "error", number), "extension", position)
                    yield ((outer, "extension", part), "valuePositiveInt", -1), each["valuePositiveInt"]
