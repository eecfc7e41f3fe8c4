"""Response Bundles as a PAS server gives them, cut down to what a client reads."""

from __future__ import annotations

import json
from typing import Any

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"
X12 = "https://codesystem.x12.org/005010/"


def adjudication(
    code: str, *, number: str | None = None, reason: str | None = None, dismissal: str | None = None
) -> Any:
    """Return an adjudication that holds a review action."""
    codes = [{"system": f"{X12}306", "code": code, "display": f"label of {code}"}]
    if dismissal:
        codes.append({"system": "urn:dismissals", "code": dismissal})
    inside: list[Any] = [{"url": f"{PAS}reviewActionCode", "valueCodeableConcept": {"coding": codes}}]
    if number:
        inside.append({"url": "number", "valueString": number})
    if reason:
        concept = {"coding": [{"system": "https://codesystem.x12.org/external/886", "code": reason}]}
        inside.append({"url": "reasonCode", "valueCodeableConcept": concept})
    return {
        "extension": [{"url": f"{PAS}reviewAction", "extension": inside}],
        "category": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}]},
    }


def error_2_2(code: str, note: int) -> Any:
    """Return an error in the shape of PAS 2.2.1."""
    element = [{"url": "error", "valueString": "2010A-NM103"}, {"url": "processNote", "valuePositiveInt": note}]
    follow_up = {"coding": [{"system": f"{X12}889", "code": "C"}]}
    return {
        "extension": [
            {"url": f"{PAS}errorFollowupAction", "valueCodeableConcept": follow_up},
            {"url": f"{PAS}errorElement", "extension": element},
        ],
        "code": {"coding": [{"system": f"{X12}901", "code": code}, {"system": "urn:dismissals", "code": "D04"}]},
    }


def error_2_0(code: str) -> Any:
    """Return an error in the shape of PAS 2.0.1."""
    return {
        "extension": [{"url": f"{PAS}errorElement", "valueString": "2010A-NM103"}],
        "code": {"coding": [{"system": f"{X12}901", "code": code}]},
    }


def answer(**elements: Any) -> bytes:
    """Return a response Bundle whose ClaimResponse has *elements* beside the mandatory ones."""
    response = {
        "resourceType": "ClaimResponse",
        "status": "active",
        "type": {"text": "professional"},
        "use": "preauthorization",
        "patient": {"reference": "urn:uuid:1"},
        "created": "2026-11-24T12:00:00Z",
        "insurer": {"reference": "urn:uuid:2"},
        "outcome": "complete",
        **elements,
    }
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": response}]}).encode()
