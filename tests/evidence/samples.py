"""Small checklists, requests and records to gather evidence from. All people are made up."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

from fhir_server.authorization.evidence import Evidence, FactValue
from fhir_server.authorization.parties import Person
from fhir_server.authorization.request import AuthorizationRequest, Document
from fhir_server.authorization.values import Identifier, Origin
from fhir_server.evidence.gather import gather_evidence
from fhir_server.fhir import json
from fhir_server.policy.criteria import Checklist

SERVER = "https://ehr.example.org/fhir"
MBI = "http://hl7.org/fhir/sid/us-mbi"
LOINC = "http://loinc.org"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
PATIENT = {"reference": "Patient/anna"}

SLEEP = {
    "resources": ["Observation"],
    "system": LOINC,
    "codes": ["69990-0"],
    "take": "value",
    "source": "test",
}
ROWS: dict[str, Any] = {
    "specialties": ["sleep medicine"],
    "specialties_source": "test",
    "elements": [
        {
            "id": "HG2",
            "label": "body mass index",
            "type": "num",
            "kind": "R",
            "fields": [
                {
                    "name": "value",
                    "type": "num",
                    "label": "body mass index",
                    "unit": "kg/m2",
                    "minimum": 5,
                    "maximum": 150,
                    "resources": [{**SLEEP, "codes": ["39156-5"]}],
                    "texts": [{"labels": ["BMI", "body mass index"], "source": "test"}],
                }
            ],
        },
        {
            "id": "HG4",
            "label": "apneas an hour",
            "type": "num",
            "kind": "R",
            "fields": [
                {
                    "name": "ahi",
                    "type": "num",
                    "label": "apnea-hypopnea index",
                    "unit": "/h",
                    "minimum": 0,
                    "maximum": 200,
                    "resources": [SLEEP],
                    "texts": [{"labels": ["AHI", "apnea-hypopnea index"], "source": "test"}],
                },
                {
                    "name": "study_date",
                    "type": "date",
                    "label": "date of the study",
                    "resources": [{**SLEEP, "take": "date"}],
                    "texts": [{"labels": ["date of study"], "source": "test"}],
                },
                {
                    "name": "central_ahi",
                    "type": "num",
                    "label": "central apneas",
                    "unit": "/h",
                    "texts": [{"labels": ["central AHI"], "source": "test"}],
                },
            ],
        },
        {
            "id": "ES4",
            "label": "pain and conservative care",
            "type": "group",
            "kind": "R",
            "fields": [
                {"name": "pain_weeks", "type": "num", "label": "weeks of pain", "unit": "wk", "minimum": 0},
                {"name": "failed", "type": "bool", "label": "care failed"},
                {
                    "name": "care",
                    "type": "choices",
                    "label": "conservative care",
                    "values": [
                        {"value": "physical-therapy", "label": "physical therapy"},
                        {"value": "medication", "label": "medicines"},
                        {"value": "exercise", "label": "exercise at home"},
                    ],
                    "resources": [
                        {
                            "resources": ["Procedure"],
                            "system": SNOMED,
                            "codes": ["91251008"],
                            "as_value": "physical-therapy",
                            "source": "test",
                        },
                        {
                            "resources": ["MedicationRequest", "MedicationStatement"],
                            "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                            "codes": ["198013"],
                            "as_value": "medication",
                            "source": "test",
                        },
                    ],
                },
                {
                    "name": "severity",
                    "type": "choice",
                    "label": "severity",
                    "values": [{"value": "mild", "label": "mild"}, {"value": "severe", "label": "severe"}],
                },
                {"name": "score", "type": "num", "label": "pain score", "minimum": 0, "maximum": 10,
                 "texts": [{"labels": ["NRS", "pain score"], "source": "test"}]},
                {"name": "since", "type": "date", "label": "pain since"},
                {"name": "words", "type": "text", "label": "in words"},
                {"name": "code", "type": "code", "label": "a code"},
            ],
        },
        {
            "id": "ES1",
            "label": "radiculopathy",
            "type": "bool",
            "kind": "R",
            "fields": [
                {
                    "name": "value",
                    "type": "bool",
                    "label": "radiculopathy",
                    "resources": [
                        {
                            "resources": ["Condition"],
                            "system": ICD_10_CM,
                            "codes": ["M54.1-"],
                            "source": "test",
                        }
                    ],
                }
            ],
        },
        {
            "id": "KN3",
            "label": "x-ray report",
            "type": "doc",
            "kind": "1of",
            "document": True,
            "document_types": [{"loinc": "18748-4", "label": "imaging report", "source": "test"}],
        },
    ],
}  # fmt: skip
COMMON = {"source": "test", "effective_from": "2026-01-15"}
CHECKLIST = msgspec.convert({**ROWS, "elements": [{**COMMON, **element} for element in ROWS["elements"]]}, Checklist)


def request_with(*documents: Document) -> AuthorizationRequest:
    """Return a request for Anna with these records."""
    anna = Person(
        Origin(f"{SERVER}/Patient/anna", "anna"),
        identifiers=(Identifier(MBI, "1EG4TE5MK73"),),
        birth_date="1950-06-15",
    )
    return AuthorizationRequest(beneficiary=anna, documents=documents)


def document(resource: Mapping[str, Any], key: str | None = None) -> Document:
    """Return a FHIR resource as it stands among the records of a request."""
    kind = str(resource["resourceType"])
    address = key or f"{SERVER}/{kind}/{resource.get('id', '1')}"
    return Document(address, kind, "application/fhir+json", json.dumps(resource))


def gathered(*resources: Mapping[str, Any]) -> Evidence:
    """Return the evidence in these resources."""
    numbered = [{"id": str(number), **each} for number, each in enumerate(resources, start=1)]
    return gather_evidence(request_with(*map(document, numbered)), [("test", CHECKLIST)])


def values(evidence: Evidence, element: str, field: str) -> list[FactValue]:
    """Return the values that were found for a field, in their order."""
    return [each.value for each in evidence.facts if (each.element, each.field) == (element, field)]


def form(*items: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a finished questionnaire of Anna's."""
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": PATIENT,
        "authored": "2026-10-02T09:00:00-05:00",
        "item": list(items),
    }
    return {**response, **changes}


def item(link_id: str, *answers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return an item with these answers."""
    return {"linkId": link_id, "answer": list(answers), **more}


def observation(loinc: str, value: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a final Observation of Anna's with a LOINC code."""
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "subject": PATIENT,
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        "effectiveDateTime": "2026-09-01",
    }
    if value is not None:
        resource["valueQuantity"] = dict(value)
    return {**resource, **changes}


def quantity(value: float, code: str) -> dict[str, Any]:
    """Return a quantity in a UCUM unit."""
    return {"value": value, "system": UCUM, "code": code}


def reference(data: bytes | None, content_type: str | None = "text/plain", **changes: Any) -> dict[str, Any]:
    """Return a DocumentReference of Anna's with *data* inside."""
    attachment: dict[str, Any] = {} if content_type is None else {"contentType": content_type}
    if data is not None:
        attachment["data"] = b64encode(data).decode()
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": LOINC, "code": "11506-3"}]},
        "subject": PATIENT,
        "content": [{"attachment": attachment}],
    }
    return {**resource, **changes}


def page_of(*lines: str) -> bytes:
    """Return the commands that draw *lines* of text on a page."""
    drawn = "\n".join(
        f"BT /F1 11 Tf 1 0 0 1 72 {760 - 14 * number} Tm ({line}) Tj ET" for number, line in enumerate(lines)
    )
    return drawn.encode("latin-1")


IMAGE = b"q 600 0 0 780 0 0 cm /Im0 Do Q"
"""The commands that draw a scan over the page."""


def portable_document(*pages: bytes, extra: bytes = b"", catalog: bytes = b"") -> bytes:
    """Return a PDF of these pages, with a Helvetica as /F1 and a grey dot as /Im0; *extra* is put into each page."""
    dot = zlib.compress(b"\x80")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [" + b" ".join(b"%d 0 R" % (5 + 2 * each) for each in range(len(pages)))
        + b"] /Count %d >>" % len(pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Filter /FlateDecode /Length %d >>\nstream\n" % len(dot) + dot + b"\nendstream",
    ]  # fmt: skip
    for number, drawn in enumerate(pages):
        packed = zlib.compress(drawn)
        parts.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R " % (6 + 2 * number)
            + b"/Resources << /Font << /F1 3 0 R >> /XObject << /Im0 4 0 R >> >> " + extra + b" >>"
        )  # fmt: skip
        parts.append(b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed) + packed + b"\nendstream")
    return assembled(parts)


def assembled(parts: list[bytes], trailer: bytes = b"") -> bytes:
    """Return the objects of a PDF with their table."""
    file, places = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (len(parts) + 1, trailer, table)
    return bytes(file)
