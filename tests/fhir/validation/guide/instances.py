"""Small resources that are right, for the tests to spoil."""

from __future__ import annotations

from typing import Any

from tests.fhir.validation.guide.snapshots import PROFILES

Json = dict[str, Any]

BASE = "http://x.org/fhir"
PATIENT: Json = {"resourceType": "Patient"}
OBSERVATION: Json = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
ORGANIZATION: Json = {"resourceType": "Organization", "id": "o", "name": "a"}
QUESTIONNAIRE: Json = {"resourceType": "Questionnaire", "status": "draft"}
NAME: Json = {"text": "a"}


def patient(**members: Any) -> Json:
    """Return a Patient."""
    return PATIENT | members


def observation(**members: Any) -> Json:
    """Return an Observation."""
    return OBSERVATION | members


def organization(**members: Any) -> Json:
    """Return an Organization with the id ``o``."""
    return ORGANIZATION | members


def claiming(*identities: str) -> Json:
    """Return a ``meta`` that claims profiles of the guide."""
    return {"profile": [each if ":" in each else PROFILES + each for each in identities]}


def extension(identity: str, value: Any = "a", name: str = "valueString") -> Json:
    """Return an extension of the guide with a value."""
    return {"url": identity if ":" in identity else PROFILES + identity, name: value}


def reference(target: str, **members: Any) -> Json:
    """Return a Reference."""
    return {"reference": target, **members}


def bundle(*resources: Json, **members: Any) -> Json:
    """Return a collection of resources, each with a fullUrl by its type and id."""
    entries = [{"fullUrl": f"{BASE}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **members}


def questionnaire_item(link: str = "1", *, alone: bool = False, **members: Any) -> Json:
    """Return an item of a Questionnaire, or (``alone``) a Questionnaire of this item alone."""
    item = {"linkId": link, "type": "group"} | members
    return QUESTIONNAIRE | {"item": [item]} if alone else item
