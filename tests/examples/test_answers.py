"""The answers of the examples stand under the linkIds of the checklists, in their words, and lead to records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.criteria import Criterion, Field
from fhir_server.policy.pack import builtin_pack, load_packs
from tests.web.bundles import REQUESTS, Json, example

QUESTIONNAIRES = "http://wiser-pas.org/fhir/Questionnaire/"
RECORD = "document"
WITH_ANSWERS = [path for path in REQUESTS if "complete/" in path]


@pytest.fixture(scope="module")
def pack() -> CoveragePack:
    [found] = load_packs([builtin_pack("wiser")])
    assert isinstance(found, CoveragePack)
    return found


def response_of(bundle: Json) -> Json:
    """Return the answers of a request, of which there is one form."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    found: list[Json] = [each for each in resources if each["resourceType"] == "QuestionnaireResponse"]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("path", WITH_ANSWERS)
def test_an_answer_stands_under_its_element_in_the_words_of_the_checklist(pack: CoveragePack, path: str) -> None:
    form = response_of(example(path))
    category = form["questionnaire"].removeprefix(QUESTIONNAIRES)
    elements = {row.id: row for row in pack.checklists[category].checklist.elements}
    answered = [item["linkId"] for item in form["item"]]
    assert answered == [each for each in elements if each in answered]
    for item in form["item"]:
        row = elements[item["linkId"]]
        assert item["text"] == row.label
        for child in item["item"]:
            check_child(row, child)


def check_child(row: Criterion, child: Json) -> None:
    """Assert that a child answers a field of the element, or attaches a record to an element that takes one."""
    element, _, name = child["linkId"].partition(".")
    assert element == row.id
    if name == RECORD:
        assert row.document
        assert all("valueReference" in answer for answer in child["answer"])
        return
    field = next(each for each in row.fields if each.name == name)
    assert child["text"] == field.label
    assert len(child["answer"]) == 1 or field.type == "choices"
    for answer in child["answer"]:
        check_value(field, answer)


def check_value(field: Field, answer: Json) -> None:
    if field.values:
        labels = {each.value: each.label for each in field.values}
        assert labels[answer["valueCoding"]["code"]] == answer["valueCoding"]["display"]
    if field.type == "num":
        assert answer["valueQuantity"]["code"] == field.unit if field.unit else "valueDecimal" in answer


@pytest.mark.parametrize("path", WITH_ANSWERS)
def test_what_answers_and_claim_lead_to_is_in_the_bundle(path: str) -> None:
    bundle = example(path)
    attached = references(each for item in response_of(bundle)["item"] for each in of_children(item))
    listed = references(bundle["entry"][0]["resource"]["supportingInfo"])
    assert attached <= listed
    assert all(any(entry["fullUrl"].endswith(each) for entry in bundle["entry"]) for each in listed)


def of_children(item: Json) -> Iterator[Json]:
    for child in item["item"]:
        yield from child["answer"]


def references(elements: Iterable[Json]) -> set[str]:
    """Return what *elements* refer to as their value."""
    return {each["valueReference"]["reference"] for each in elements if "valueReference" in each}
