"""A letter told in FHIR: a DocumentReference in the shape of US Core, whose attachments are the letter's forms."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from fhir_server.authorization.codes import CASE_NUMBERS, NAMESPACE
from fhir_server.authorization.request import MEMBER_NUMBER, AuthorizationRequest
from fhir_server.authorization.values import PersonName
from fhir_server.fhir import json
from fhir_server.fhir.reading import Json
from fhir_server.pas.write import SANDBOX_TAG
from fhir_server.policy.extraction import member_id

LETTER_NUMBERS = f"{NAMESPACE}/sid/letter"
PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference"
LOINC = "http://loinc.org"
# Both codes stand in FHIR R4's value set c80-doc-typecodes, the type also in PAS 2.2.1's pas-loinc-attachment-codes.
# The only category of US Core is for clinical notes, which a letter is not.
TYPE = {"system": LOINC, "code": "52034-6", "display": "Payer letter"}
CATEGORY = {"system": LOINC, "code": "51852-2", "display": "Letter"}
# The media type says all about the form. The system is that of R4's value set formatcodes, the code stands in the
# example DocumentReference of Da Vinci PDex 2.0.0.
FORMAT = {
    "system": "http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem",
    "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
}
FORMS = {
    "text/plain": ("text/plain; charset=utf-8", "text"),
    "text/html": ("text/html; charset=utf-8", "html"),
    "application/pdf": ("application/pdf", "pdf"),
}
"""What each form is called: its media type in full, and the end of its address."""


def document_reference(
    *,
    number: str,
    title: str,
    made_at: str,
    sender: str,
    case: str,
    request: AuthorizationRequest,
    forms: Mapping[str, bytes],
    sandbox: bool = False,
) -> bytes:
    """Return the DocumentReference of the letter *number* as bytes; *forms* are its contents by media type.

    *made_at* is an instant. The attachments' addresses are relative to the server's FHIR base (`form_address`).
    """
    author = {"type": "Organization", "display": sender}
    resource: Json = {
        "resourceType": "DocumentReference",
        "id": number,
        "meta": {"profile": [PROFILE], **({"tag": [SANDBOX_TAG]} if sandbox else {})},
        "identifier": [{"system": LETTER_NUMBERS, "value": number}],
        "status": "current",
        "type": {"coding": [TYPE], "text": title},
        "category": [{"coding": [CATEGORY]}],
        "subject": _subject(request),
        "date": made_at,
        "author": [author],
        "custodian": author,
        "description": title,
        "content": [
            {"attachment": _attachment(number, title, made_at, form, content), "format": FORMAT}
            for form, content in forms.items()
        ],
        "context": {"related": [{"identifier": {"system": CASE_NUMBERS, "value": case}}]},
    }
    return json.dumps(resource)


def form_address(number: str, form: str) -> str:
    """Return where a form of a letter is read, relative to the server's FHIR base."""
    return f"Binary/{number}-{FORMS[form][1]}"


def _attachment(number: str, title: str, made_at: str, form: str, content: bytes) -> Json:
    # FHIR R4 demands SHA-1 for the hash of an attachment; it tells a damaged copy, it protects nothing.
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    return {
        "contentType": FORMS[form][0],
        "language": "en-US",
        "url": form_address(number, form),
        "size": len(content),
        "hash": base64.b64encode(digest).decode(),
        "title": title,
        "creation": made_at,
    }


def _subject(request: AuthorizationRequest) -> Json:
    """Name the beneficiary by member number, and by the resource that was sent where it has a lasting address."""
    person = request.beneficiary
    subject: Json = {"type": "Patient"}
    if person.origin.full_url and person.origin.full_url.startswith(("http://", "https://")):
        subject["reference"] = person.origin.full_url
    if number := member_id(request):
        system, code = MEMBER_NUMBER
        subject["identifier"] = {"type": {"coding": [{"system": system, "code": code}]}, "value": number}
    if name := next((text for each in person.names if (text := _name(each))), None):
        subject["display"] = name
    return subject


def _name(name: PersonName) -> str:
    parts = (*name.prefix, *name.given, name.family or "", *name.suffix)
    return " ".join((name.text or " ".join(parts)).split())
