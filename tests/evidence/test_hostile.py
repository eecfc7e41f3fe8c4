"""Whatever a request holds, evidence is gathered: nothing raises, and every pointer leads to its value."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.authorization.evidence import Evidence
from fhir_server.authorization.request import Document
from fhir_server.evidence.gather import CLINICAL_KINDS, gather_evidence
from fhir_server.evidence.quotes import quote
from tests.evidence.samples import (
    CHECKLIST,
    IMAGE,
    PATIENT,
    document,
    form,
    item,
    observation,
    page_of,
    portable_document,
    quantity,
    reference,
    request_with,
)
from tests.evidence.test_clinical_documents import clinical_document, problem, result, section

UNHURRIED = settings(deadline=None)  # the first PDF imports the library
NAMES = st.sampled_from(
    ["answer", "attachment", "category", "code", "coding", "component", "contained", "content", "contentType", "data",
     "effectiveDateTime", "entry", "fullUrl", "id", "identifier", "item", "linkId", "medicationReference", "reference",
     "resource", "resourceType", "status", "subject", "system", "type", "unit", "url", "value", "valueAttachment",
     "valueBoolean", "valueCoding", "valueQuantity", "valueReference", "valueString"]
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(["ES4.pain_weeks", "ES1", "KN3", "final", "completed", "69990-0", "http://loinc.org", "#", "#1",
                     "Patient/anna", "Observation/1", "text/plain", "application/pdf", "text/html", "QUhJIDMy",
                     "2026-09-01", "/h"]),
    st.sampled_from(sorted(CLINICAL_KINDS | {"QuestionnaireResponse", "Bundle", "Patient"})),
    st.text(max_size=8).filter(lambda text: "\x00" not in text),
)  # fmt: skip
NODES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXTS),
    lambda inside: st.one_of(st.lists(inside, max_size=4), st.dictionaries(NAMES, inside, max_size=5)),
    max_leaves=25,
)
FILES = {
    "pdf": (portable_document(page_of("AHI 32", "BMI 31.2 kg/m2"), IMAGE, page_of("NRS 8/10")), "application/pdf"),
    "c-cda": (
        clinical_document(section("11450-4", "AHI 32", problem(), result('<value xsi:type="PQ" value="3"/>'))),
        "text/xml",
    ),
    "html": (b"<html><body><p>AHI 32</p><table><tr><td>BMI</td><td>31.2</td></tr></table>", "text/html"),
}


def gathered_from(*documents: Document) -> Evidence:
    """Return the evidence; each pointer into a text is followed, and leads to words."""
    request = request_with(*documents)
    evidence = gather_evidence(request, [("test", CHECKLIST)])
    for fact in evidence.facts:
        assert fact.pointer.document in {each.key for each in documents}
        if fact.pointer.source == "text":
            assert quote(documents, fact.pointer)
    return evidence


@UNHURRIED
@given(st.sampled_from(sorted(CLINICAL_KINDS | {"QuestionnaireResponse", "Bundle"})), st.dictionaries(NAMES, NODES))
def test_any_json_is_gathered_from(kind: str, members: dict[str, Any]) -> None:
    plain = {**members, "resourceType": kind}
    about_her = {**plain, "status": "completed", "subject": PATIENT}

    gathered_from(document(plain, "urn:a"), document(about_her, "https://ehr.example.org/fhir/Observation/1"))


@UNHURRIED
@given(st.binary(max_size=200), st.sampled_from(["FHIR", "text/plain", "application/pdf", "text/xml", "text/html", ""]))
def test_any_bytes_are_gathered_from(data: bytes, media_type: str) -> None:
    if media_type == "FHIR":
        gathered_from(Document("d", "Observation", "application/fhir+json", data))
    else:
        gathered_from(Document("d", "275", media_type, data))


@UNHURRIED
@pytest.mark.parametrize("name", FILES)
@given(st.data())
def test_a_file_with_faults_is_gathered_from(name: str, data: st.DataObject) -> None:
    good, media_type = FILES[name]
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(bad)))
        length = data.draw(st.integers(0, 30))
        bad[start : start + length] = data.draw(st.binary(max_size=30))

    gathered_from(document(reference(bytes(bad), media_type), "urn:d"))


@UNHURRIED
@given(st.lists(st.sampled_from(range(6)), max_size=6))
def test_records_in_any_order_and_number_are_gathered_from(chosen: list[int]) -> None:
    pdf, media_type = FILES["pdf"]
    kinds: list[dict[str, Any]] = [
        form(item("HG4.ahi", {"valueInteger": 30}), item("KN3", {"valueReference": {"reference": "urn:1"}})),
        reference(pdf, media_type),
        reference(FILES["c-cda"][0], "text/xml"),
        observation("69990-0", quantity(31, "/h")),
        {"resourceType": "Binary", "contentType": "text/html", "data": b64encode(FILES["html"][0]).decode()},
        {"resourceType": "Patient", "id": "anna"},
    ]
    documents = [document(kinds[kind], f"urn:{number}") for number, kind in enumerate(chosen)]

    assert gathered_from(*documents) == gathered_from(*documents)


def test_an_item_deep_inside_others_is_found() -> None:
    nested: dict[str, Any] = item("ES1", {"valueBoolean": True})
    for _ in range(28):
        nested = {"linkId": "group", "item": [nested]}

    assert [each.value for each in gathered_from(document(form(nested))).facts] == [True]


def test_references_that_lead_in_a_circle_end() -> None:
    circle = {"resourceType": "MedicationRequest", "id": "1", "status": "active", "subject": PATIENT,
              "medicationReference": {"reference": "#"}}  # fmt: skip

    gathered_from(document(circle))
