"""What this server sends is valid: each answer, each request, by its own validator, as strict as the official one.

`tests/pas/test_official_validator.py` asks the official validator the same of fewer of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle

from fhir_server.client import PasClient
from fhir_server.fhir import json
from fhir_server.fhir.validation import Report
from fhir_server.pas.prose import check_prose
from fhir_server.pas.validation import REQUEST_BUNDLE, RESPONSE_BUNDLE, validator_for
from fhir_server.pas.versions import STU_2_0, STU_2_2, VERSIONS, Version
from fhir_server.pas.write import request_bundle
from tests.client.answers import answer as received_answer
from tests.client.conftest import Reply, Scripted
from tests.pas.answers import golden_cases, rendered, request_of
from tests.pas.bundles import KNEE, OLDER, OWN, Json, encoded, official, own, version_of
from tests.pas.conformant import accepted, changed
from tests.pas.determinations import CASES

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
# What the letter of a guide refuses and its own profile demands (docs/waivers.md): rule, and what it is about. 2.0.1
# has the number of a pended line as must-support on the item of an answer, the only place for it, and its context
# forbids it there (T-1).
WAIVED = {
    STU_2_2: frozenset[tuple[str, str]](),
    STU_2_0: frozenset((("extension-context", f"{PAS}extension-administrationReferenceNumber"),)),
}
# Warnings that are not of our making, or of no harm.
NOTED = {
    "dom-6": "a narrative is a best practice; nobody reads an answer without its codes",
    "binding-extensible": "types of identifiers of the request: v2-0203 has more than FHIR's own choice of them",
    "decision-missing": "on an added service in 2.0.1, where the context of the extension does not name addItem",
    "code-format": "codes of the sandbox, which are none on purpose",
    "identifier-format": "numbers of the request, and of a clinician of tests/pas/determinations.py, that are none",
}
OFFICIAL = ("ReferralAuthorization", "HomecareAuthorization", "MedicalServicesAuthorization")
WALKS = 400 if os.environ.get("SOAK") else 24


def faults(body: bytes, version: Version, profile: str, *, strict: bool = True) -> list[str]:
    """Return the errors of a Bundle by its profiles and by the guide's words, without what is waived above."""
    resource = json.loads(body)
    report = validator_for(version).report(resource, (profile,), strict=strict)
    check_prose(resource, version, report)
    found = [fault for fault in report.faults if fault.severity == "error"]
    kept = [fault.issue() for fault in found if (fault.rule, fault.about) not in WAIVED[version]]
    return [f"{issue.expression}: {issue.rule}: {issue.found}" for issue in kept]


def warnings(body: bytes, version: Version) -> set[str]:
    """Return the rules by which a Bundle gets warnings, and whether it has an extension that nobody defines."""
    report = Report()
    resource = json.loads(body)
    check_prose(resource, version, report)
    issues = [*validator_for(version).validate(resource), *report.issues()]
    return {issue.rule for issue in issues if issue.severity == "warning" or issue.rule == "extension-unknown"}


def labels(version: Version) -> str:
    return version.label


@pytest.mark.rule("PAS-030", "PAS-037", "PAS-094", "PAS-095", "PAS-096")
@pytest.mark.parametrize("folder", golden_cases(), ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_a_golden_answer_is_valid(folder: Path) -> None:
    version = next(each for each in VERSIONS if folder.parent.name == f"pas-{each.label}")
    body = (folder / "response.json").read_bytes()
    assert faults(body, version, RESPONSE_BUNDLE) == []
    assert warnings(body, version) <= set(NOTED)


@pytest.mark.rule("PAS-011", "PAS-030", "PAS-037", "PAS-094")
@pytest.mark.parametrize("path", OWN)
def test_every_kind_of_answer_to_the_examples_is_valid(path: str) -> None:
    version = version_of(path)
    request = request_of(encoded(own(path)), version)
    for case in CASES:
        body = rendered(request, case, version)
        assert (case, faults(body, version, RESPONSE_BUNDLE)) == (case, [])
        assert warnings(body, version) <= set(NOTED)


@pytest.mark.rule("PAS-030")
@pytest.mark.parametrize("version", VERSIONS, ids=labels)
@pytest.mark.parametrize("name", OFFICIAL)
def test_every_kind_of_answer_to_the_official_requests_is_valid(shared: Path, name: str, version: Version) -> None:
    request = request_of(encoded(official(shared, f"{name}BundleExample", version)), version)
    for case in CASES:
        assert (case, faults(rendered(request, case, version), version, RESPONSE_BUNDLE)) == (case, [])


@pytest.mark.rule("PAS-030", "PAS-037", "PAS-094")
@pytest.mark.parametrize("number", range(WALKS))
def test_whatever_is_taken_is_answered_validly(number: int) -> None:
    version, bundle, taken = changed(number)
    request = accepted(bundle, version)
    assert request is not None
    assert taken > 0
    for case in CASES:
        assert (case, faults(rendered(request, case, version), version, RESPONSE_BUNDLE)) == (case, [])
    written = json.dumps(request_bundle(request, version, seed="s"))
    assert faults(written, version, REQUEST_BUNDLE, strict=False) == []


def test_what_is_waived_is_sent_and_is_told_as_a_fault_of_the_guide() -> None:
    body = rendered(request_of(encoded(own(OLDER)), STU_2_0), "a4-pended", STU_2_0)
    validator = validator_for(STU_2_0)
    strict = {(fault.rule, fault.about) for fault in validator.report(json.loads(body), strict=True).faults}
    assert strict >= WAIVED[STU_2_0]
    told = validator.validate(json.loads(body))
    assert [issue.rule for issue in told if issue.severity == "error"] == []
    assert "guide-fault" in {issue.rule for issue in told}


@pytest.mark.rule("PAS-115")
@pytest.mark.parametrize("path", [KNEE, OLDER])
def test_a_party_without_what_is_mandatory_is_answered_validly(path: str) -> None:
    version, sent = version_of(path), own(path)
    needed = {"Patient": ("name", "gender"), "Organization": ("name", "active"), "Practitioner": ("name",)}
    for entry in sent["entry"]:
        for name in needed.get(entry["resource"]["resourceType"], ()):
            entry["resource"].pop(name, None)
    request = request_of(encoded(sent), version)
    for case in CASES:
        assert (case, faults(rendered(request, case, version), version, RESPONSE_BUNDLE)) == (case, [])


@pytest.mark.rule("PAS-019", "PAS-030")
@pytest.mark.parametrize("path", OWN)
def test_the_examples_are_valid_as_sent_and_as_written_again(path: str) -> None:
    version, sent = version_of(path), encoded(own(path))
    written = json.dumps(request_bundle(request_of(sent, version), version, seed="s"))
    for body in (sent, written):
        assert faults(body, version, REQUEST_BUNDLE) == []
        assert warnings(body, version) <= set(NOTED)


@pytest.mark.parametrize("version", VERSIONS, ids=labels)
@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_requests_are_valid_as_written_again(shared: Path, name: str, version: Version) -> None:
    request = request_of(encoded(official(shared, f"{name}BundleExample", version)), version)
    written = json.dumps(request_bundle(request, version, seed="s"))
    assert faults(written, version, REQUEST_BUNDLE, strict=False) == []


@contextmanager
def listening() -> Iterator[Scripted]:
    """A server that answers whatever it is sent, and keeps it."""
    with Scripted() as server:
        server.replies = [Reply(200, received_answer())]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", [path for path in OWN if "dismissed" not in path])
def test_what_the_client_sends_is_valid(path: str) -> None:
    version, bundle = version_of(path), own(path)
    forms: list[Json | Bundle | bytes] = [bundle, encoded(bundle), Bundle.model_validate_json(encoded(bundle))]
    with listening() as server, PasClient(server.url, stu="2.0" if version is STU_2_0 else "2.2") as client:
        for form in forms:
            client.submit(form)
        bodies = [body for _, _, body in server.received]
    assert len(bodies) == len(forms)
    for body in bodies:
        assert faults(body, version, REQUEST_BUNDLE) == []
