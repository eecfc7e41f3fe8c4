"""The official HL7 validator on what this server writes: an error of its own making is a bug.

`../shared/tools/official-validator` runs it offline. It loads both guides in half a minute, so the test belongs to
`make soak`; `OFFICIAL_VALIDATOR_URL` names one that runs already.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fhir_server.fhir.json import dumps
from fhir_server.pas.versions import STU_2_0, VERSIONS, Version
from fhir_server.pas.write import request_bundle
from tests.pas.answers import golden_cases, rendered, request_of
from tests.pas.bundles import OWN, Json, encoded, official, own, version_of

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

START_SECONDS = 300
# Like trap T-1: 2.0.1 asks to support this extension on the items of an answer, and its context forbids it there. The
# number of a line has no other place, and Inferno asks for it.
WAIVED = {STU_2_0: ("extension-administrationReferenceNumber",)}


@dataclass(frozen=True, slots=True)
class Validator:
    """A running validator."""

    url: str

    def errors(self, body: bytes, version: Version) -> list[str]:
        """Return what is wrong with *body*, as far as an offline validator can tell, without what is waived."""
        query = f"{self.url}/validate?guide=pas-{version.release}&oracle=true"
        sent = urllib.request.Request(query, data=body, headers={"Content-Type": "application/fhir+json"})
        with urllib.request.urlopen(sent, timeout=300) as answer:
            outcome: Json = json.load(answer)
        found = [issue for issue in outcome["issue"] if issue["severity"] in ("error", "fatal")]
        told = [f"{issue['expression'][0]}: {issue['details']['text']}" for issue in found]
        return [text for text in told if not any(waived in text for waived in WAIVED.get(version, ()))]


@pytest.fixture(scope="module")
def validator(shared: Path) -> Iterator[Validator]:
    if url := os.environ.get("OFFICIAL_VALIDATOR_URL"):
        yield Validator(url)
        return
    program = shared / "tools" / "official-validator" / "official-validator"
    if not program.exists() or shutil.which("java") is None:
        pytest.skip("the official validator needs Java and ../shared/tools")
    port = _free_port()
    process = subprocess.Popen([str(program), "serve", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        found = Validator(f"http://127.0.0.1:{port}")
        _wait_for(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_for(validator: Validator, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{validator.url}/guides", timeout=10).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(1)
        else:
            return
    pytest.skip("the official validator does not start; the first time it needs its jars")


@pytest.mark.rule("PAS-030", "PAS-094", "PAS-095", "PAS-096")
@pytest.mark.parametrize("folder", golden_cases(), ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_a_golden_answer_is_valid(validator: Validator, folder: Path) -> None:
    version = next(each for each in VERSIONS if folder.parent.name == f"pas-{each.label}")
    assert validator.errors((folder / "response.json").read_bytes(), version) == []


@pytest.mark.parametrize("path", OWN)
def test_the_answers_to_the_project_s_examples_are_valid(validator: Validator, path: str) -> None:
    version = version_of(path)
    request = request_of(encoded(own(path)), version)
    for case in ("a1-affirmed", "a4-records-asked-for"):
        assert validator.errors(rendered(request, case, version), version) == []


@pytest.mark.rule("PAS-030")
@pytest.mark.parametrize("path", OWN)
def test_the_project_s_examples_are_valid_as_sent_and_as_written_again(validator: Validator, path: str) -> None:
    version = version_of(path)
    sent = encoded(own(path))
    written = dumps(request_bundle(request_of(sent, version), version, seed="s"))
    assert validator.errors(sent, version) == []
    assert validator.errors(written, version) == []


OFFICIAL = (
    "ReferralAuthorization",
    "HomecareAuthorization",
    "HomecareAuthorizationUpdate",
    "MedicalServicesAuthorization",
)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_requests_are_valid_as_written_again(
    validator: Validator, shared: Path, name: str, version: Version
) -> None:
    request = request_of(encoded(official(shared, f"{name}BundleExample", version)), version)
    assert validator.errors(dumps(request_bundle(request, version, seed="s")), version) == []


@pytest.mark.rule("PAS-115")
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
def test_a_party_without_what_is_mandatory_is_answered_validly(validator: Validator, version: Version) -> None:
    path = next(path for path in OWN if version_of(path) is version)
    sent = own(path)
    for entry in sent["entry"]:
        for name in {"Patient": ("name", "gender"), "Organization": ("name", "active"), "Practitioner": ("name",)}.get(
            entry["resource"]["resourceType"], ()
        ):
            entry["resource"].pop(name, None)
    request = request_of(encoded(sent), version)
    assert validator.errors(rendered(request, "a1-affirmed", version), version) == []
