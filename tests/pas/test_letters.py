"""A letter in FHIR: a DocumentReference that US Core and the guides take, whose attachments are the letter's forms."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.documentreference import DocumentReference

from fhir_server.authorization.parties import Person
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.values import Origin, PersonName
from fhir_server.fhir import json
from fhir_server.pas.letters import CATEGORY, PROFILE, TYPE, document_reference, form_address
from fhir_server.pas.validation import validator_for
from fhir_server.pas.versions import STU_2_2, VERSIONS, Version
from fhir_server.pas.write import SANDBOX_TAG
from tests.fhir.packages import CORE, files
from tests.pas.answers import request_of
from tests.pas.bundles import KNEE, encoded, own

CASE = "W20260601-7H2K9QXM"
NUMBER = f"{CASE}-L1"
FORMS = {"text/plain": b"Dear reader", "text/html": b"<!DOCTYPE html>", "application/pdf": b"%PDF-1.7"}
REQUEST = request_of(encoded(own(KNEE)), STU_2_2)


def told(request: AuthorizationRequest = REQUEST, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "number": NUMBER,
        "title": "Your prior authorization request is affirmed",
        "made_at": "2026-06-01T15:30:00.000Z",
        "sender": "Cohere Health, Inc.",
        "case": CASE,
        "request": request,
        "forms": FORMS,
    }
    return json.loads(document_reference(**(arguments | changes)))


@pytest.mark.parametrize("sandbox", [False, True])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
def test_it_is_valid_by_us_core(version: Version, sandbox: bool) -> None:
    report = validator_for(version).report(told(sandbox=sandbox), (PROFILE,), strict=True)

    assert [fault.issue() for fault in report.faults if fault.severity == "error"] == []
    assert DocumentReference(**told(sandbox=sandbox)).get_resource_type() == "DocumentReference"


def test_each_form_is_an_attachment_with_size_hash_and_address() -> None:
    attachments = [each["attachment"] for each in told()["content"]]

    assert [each["contentType"].partition(";")[0] for each in attachments] == list(FORMS)
    assert [each["url"] for each in attachments] == [f"Binary/{NUMBER}-{end}" for end in ("text", "html", "pdf")]
    assert [each["url"] for each in attachments] == [form_address(NUMBER, form) for form in FORMS]
    for each, content in zip(attachments, FORMS.values(), strict=True):
        assert each["size"] == len(content)
        assert base64.b64decode(each["hash"]) == hashlib.sha1(content).digest()


def test_a_form_that_was_not_made_is_not_told() -> None:
    assert len(told(forms={"text/plain": b"Dear reader"})["content"]) == 1


def test_it_names_the_case_the_sender_and_the_beneficiary() -> None:
    resource = told()

    assert resource["identifier"][0]["value"] == resource["id"] == NUMBER
    assert resource["context"]["related"][0]["identifier"]["value"] == CASE
    assert resource["author"][0]["display"] == "Cohere Health, Inc."
    assert resource["subject"]["identifier"]["value"]
    assert resource["subject"]["display"]


def test_the_beneficiary_that_was_sent_is_pointed_at_where_the_address_lasts() -> None:
    lasting = "https://ehr.example.org/fhir/Patient/1"

    def subject(full_url: str | None) -> dict[str, Any]:
        person = replace(REQUEST.beneficiary, origin=Origin(full_url))
        found: dict[str, Any] = told(replace(REQUEST, beneficiary=person))["subject"]
        return found

    assert subject(lasting)["reference"] == lasting
    assert "reference" not in subject("urn:uuid:7d8f1c52-53c7-4c25-8d57-6c4b1f5d2a10")
    assert "reference" not in subject(None)


def test_a_beneficiary_without_number_or_name_is_still_a_patient() -> None:
    nobody = replace(REQUEST, beneficiary=Person(names=(PersonName(),)), insurance=())

    assert told(nobody)["subject"] == {"type": "Patient"}


def test_a_sandbox_says_so() -> None:
    assert told(sandbox=True)["meta"]["tag"] == [SANDBOX_TAG]
    assert "tag" not in told()["meta"]


@pytest.mark.parametrize("coding", [TYPE, CATEGORY])
def test_the_codes_stand_in_the_value_set_of_fhir(shared: Path, coding: dict[str, str]) -> None:
    content = json.loads(files(shared / "packages" / CORE)["package/ValueSet-c80-doc-typecodes.json"])
    listed = {(code["code"], code["display"]) for part in content["compose"]["include"] for code in part["concept"]}

    assert (coding["code"], coding["display"]) in listed
