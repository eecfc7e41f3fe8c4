"""Which records count, which can be read, what they are tied to; and the same request gives the same evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_server.authorization.evidence import Evidence, EvidenceRecord
from fhir_server.authorization.request import Document
from fhir_server.authorization.values import Code, Concept
from fhir_server.evidence.allowance import MOST
from fhir_server.evidence.gather import gather_evidence
from fhir_server.evidence.quotes import quote
from tests.evidence.samples import (
    CHECKLIST,
    LOINC,
    PATIENT,
    SERVER,
    document,
    form,
    gathered,
    item,
    observation,
    quantity,
    reference,
    request_with,
    values,
)

NOTE = b"AHI 32 events per hour"


def record_of(*resources: dict[str, Any]) -> EvidenceRecord:
    """Return the record of the first of *resources*."""
    return gathered(*resources).records[0]


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (NOTE, "text/plain"),
        (NOTE, "text/plain; charset=iso-8859-1"),
        ("AHI 32 – sévère".encode("cp1252"), "text/plain"),
        (b"# Sleep\n\n* AHI 32", "text/markdown"),
        (b"<html><head><title>AHI 99</title></head><p>A<b>HI</b> 32</p><script>AHI 98</script></html>", "text/html"),
        (b"<p>AHI <!-- 12 -->32", "TEXT/HTML"),
    ],
)
def test_words_are_read_however_they_come(data: bytes, content_type: str) -> None:
    evidence = gathered(reference(data, content_type))

    assert [each.readable for each in evidence.records] == [True]
    assert values(evidence, "HG4", "ahi") == [32]


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"\xff\xd8\xff\xe0 scan", "image/jpeg"),
        (NOTE, "application/msword"),
        (NOTE, None),
        (b"\x00\x01\x02\x03 AHI 32", "text/plain"),
        (b"12 34 56", "text/plain"),
        (b"\xff\xfe\x00", "text/plain; charset=utf-8"),
        (NOTE, "text/plain; charset=no-such-thing"),
        (NOTE, "text/plain; charset=punycode"),  # known to Python, and slow by the square of the length
        (b"<a b='1 AHI 32</a>", "text/html"),
        (b"", "text/plain"),
    ],
)
def test_what_software_cannot_read_gives_no_fact(data: bytes, content_type: str | None) -> None:
    evidence = gathered(reference(data, content_type))

    assert [(each.readable, each.clinical) for each in evidence.records] == [(False, bool(data))]
    assert evidence.facts == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": {"reference": "Patient/somebody"}},
        {"status": "entered-in-error"},
        {"status": "superseded"},
        {"docStatus": "entered-in-error"},
        {"content": [{"attachment": {"url": "https://elsewhere.example.org/note"}}]},
        {"content": []},
        {"content": [{"attachment": {"data": "no base64!", "contentType": "text/plain"}}]},
    ],
)
def test_a_document_of_somebody_else_no_longer_valid_or_without_bytes_counts_for_nothing(
    changes: dict[str, Any],
) -> None:
    said = form(item("KN3", {"valueReference": {"reference": "DocumentReference/1"}}))
    evidence = gathered(reference(NOTE, **changes), said)

    assert evidence.records[0] == EvidenceRecord(f"{SERVER}/DocumentReference/1", False, False)
    assert evidence.facts == ()


def test_a_document_is_tied_to_an_element_by_its_type() -> None:
    imaging = {"coding": [{"system": LOINC, "code": "18748-4"}]}

    assert record_of(reference(NOTE, type=imaging)).elements == ("KN3",)
    assert record_of(reference(NOTE, category=[{}, imaging])).elements == ("KN3",)
    assert record_of(reference(NOTE)).elements == ()
    assert record_of(reference(NOTE, type={"coding": [{"code": "18748-4"}]})).elements == ()


def test_a_report_is_tied_by_its_code_and_its_conclusion_is_read() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "subject": PATIENT,
        "code": {"coding": [{"system": LOINC, "code": "18748-4"}]},
        "conclusion": "AHI 32 events per hour",
        "presentedForm": reference(b"BMI 31.2")["content"][0]["attachment"],
    }
    evidence = gathered({**report, "presentedForm": [report["presentedForm"]]})

    assert evidence.records == (EvidenceRecord(f"{SERVER}/DiagnosticReport/1", True, True, ("KN3",), ("18748-4",)),)
    assert [(each.value, each.pointer.place) for each in evidence.facts] == [(31.2, "text"), (32, "conclusion text")]


def test_the_bytes_may_stand_in_a_binary_that_the_document_names() -> None:
    binary = {
        "resourceType": "Binary",
        "contentType": "text/plain",
        "data": reference(NOTE)["content"][0]["attachment"]["data"],
    }
    content = [{"attachment": {"contentType": "text/plain", "url": "Binary/2"}}]
    evidence = gathered(reference(None, content=content), binary)

    assert [(each.document, each.readable) for each in evidence.records] == [(f"{SERVER}/DocumentReference/1", True)]
    assert values(evidence, "HG4", "ahi") == [32]
    assert [each.clinical for each in gathered(binary).records] == [True]


def test_the_second_attachment_is_told_from_the_first() -> None:
    both = [reference(data)["content"][0] for data in (b"BMI 31.2", NOTE)]
    resource = {"id": "1", **reference(None, content=both)}
    evidence = gathered(resource)

    assert [each.pointer.place for each in evidence.facts] == ["text", "content[1] text"]
    assert [quote([document(resource)], each.pointer) for each in evidence.facts] == ["BMI 31.2", NOTE.decode()]


def test_an_attachment_from_another_channel_is_read_too() -> None:
    sent = Document("275-1", "275", "text/plain", NOTE, type=Concept((Code(LOINC, "18748-4"),)))
    evidence = gather_evidence(request_with(sent, replace(sent, key="275-2", content=b"")), [("test", CHECKLIST)])

    assert evidence.records == (
        EvidenceRecord("275-1", True, True, ("KN3",), ("18748-4",)),
        EvidenceRecord("275-2", False, False),
    )
    assert values(evidence, "HG4", "ahi") == [32]
    assert quote([sent], evidence.facts[0].pointer) == NOTE.decode()


def test_what_is_contained_may_leave_the_patient_to_what_contains_it() -> None:
    inside = observation("69990-0", quantity(32, "/h"))
    del inside["subject"]
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "subject": PATIENT,
        "code": {"coding": []},
        "contained": [inside],
    }

    assert values(gathered(report), "HG4", "ahi") == [32]
    assert values(gathered({**report, "subject": {"reference": "Patient/b"}}), "HG4", "ahi") == []
    assert gathered(report).facts[0].pointer.place == "DiagnosticReport.contained[0].value"


def test_documents_that_are_no_fhir_resource_are_told_as_unreadable() -> None:
    broken = Document("d", "Observation", "application/fhir+json", b'{"resourceType": "Observation"')

    assert gather_evidence(request_with(broken), [("test", CHECKLIST)]).records == (EvidenceRecord("d", False, False),)


def test_what_does_not_fit_any_more_is_for_a_person() -> None:
    words = b"AHI 32 events per hour. " + b"It was a quiet night. " * (MOST["characters"] // 20)
    evidence = gathered(reference(words), reference(NOTE))

    assert [each.pointer.document for each in evidence.facts] == [f"{SERVER}/DocumentReference/2"]


def test_without_a_checklist_nothing_is_looked_for() -> None:
    assert gather_evidence(request_with(document(observation("69990-0"))), []) == Evidence()


def test_the_same_request_gives_the_same_evidence_in_order() -> None:
    resources = [
        reference(NOTE),
        observation("69990-0", quantity(31, "/h")),
        form(item("HG4.ahi", {"valueInteger": 30})),
    ]

    assert gathered(*resources) == gathered(*resources)
    assert [each.pointer.source for each in gathered(*resources).facts] == ["answer", "resource", "resource", "text"]
