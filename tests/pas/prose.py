"""Requests and answers that break a rule of the guide in words, in small, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fhir_server.errors import Issue, Severity
from fhir_server.fhir.validation.report import Report
from fhir_server.pas.prose import check_prose
from fhir_server.pas.versions import STU_2_2, Version
from tests.pas.bundles import Json

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
X12 = "https://codesystem.x12.org/005010"
UPDATE = "HomecareAuthorizationUpdateBundleExample"
FL = {"value": 1, "code": "FL", "system": f"{X12}/673"}
CLAIM = "Bundle.entry[0].resource"

Change = Callable[[Json], Any]


def told(sent: Any, version: Version = STU_2_2, refused: Severity = "error") -> list[Issue]:
    report = Report()
    check_prose(sent, version, report, refused=refused)
    return report.issues()


def found(sent: Any, version: Version = STU_2_2) -> list[tuple[str, str, str | None]]:
    """Return severity, rule and expression of each issue."""
    return [(each.severity, each.rule, each.expression) for each in told(sent, version)]


def extension(name: str, **value: Any) -> Json:
    return {"url": f"{PAS}extension-{name}", **value}


def concept(code: str, system: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def certification(code: str) -> Json:
    return extension("certificationType", valueCodeableConcept=concept(code, f"{X12}/1322"))


def claim_of(bundle: Json) -> Json:
    first: Json = bundle["entry"][0]["resource"]
    return first


def response(**changes: Any) -> Json:
    """Return a small answer in order, with *changes*."""
    decision = extension("reviewActionCode", valueCodeableConcept=concept("A1", f"{X12}/306"))
    return {
        "resourceType": "ClaimResponse",
        "meta": {"profile": [f"{PAS}profile-claimresponse"]},
        "use": "preauthorization",
        "outcome": "complete",
        "request": {"reference": "Claim/1"},
        "item": [
            {"itemSequence": 1, "adjudication": [{"extension": [extension("reviewAction", extension=[decision])]}]}
        ],
        **changes,
    }


def decided(code: str, **item: Any) -> Json:
    answer = response()
    [action] = answer["item"][0]["adjudication"][0]["extension"]
    action["extension"][0]["valueCodeableConcept"] = concept(code, f"{X12}/306")
    answer["item"][0].update(item)
    return answer


def answered(answer: Json, claim: Json | None = None) -> Json:
    entries = [{"fullUrl": "https://payer.example.org/fhir/ClaimResponse/1", "resource": answer}]
    if claim:
        entries.append({"fullUrl": "https://payer.example.org/fhir/Claim/1", "resource": claim})
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:x", "value": "1"},
        "timestamp": "2026-01-01T00:00:00Z",
        "entry": entries,
    }
