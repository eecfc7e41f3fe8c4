"""The official HL7 validator on what this server writes: an error of its own making is a bug.

`../shared/tools/official-validator` runs it offline. It loads both guides in half a minute, so the test belongs to
`make soak`; `OFFICIAL_VALIDATOR_URL` names one that runs already.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_server.fhir.json import dumps
from fhir_server.pas.versions import STU_2_0, VERSIONS, Version
from fhir_server.pas.write import request_bundle
from tests.pas.answers import golden_cases, rendered, request_of
from tests.pas.bundles import OWN, encoded, official, own, version_of
from tests.verdicts.judge import Judge, JudgeMissing, running

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

# Like trap T-1: 2.0.1 asks to support this extension on the items of an answer, and its context forbids it there. The
# number of a line has no other place, and Inferno asks for it.
WAIVED = {STU_2_0: ("extension-administrationReferenceNumber",)}


@pytest.fixture(scope="module")
def judge(shared: Path) -> Iterator[Judge]:
    try:
        with running(shared) as found:
            yield found
    except JudgeMissing as missing:
        pytest.skip(str(missing))


def errors(judge: Judge, body: bytes, version: Version) -> list[str]:
    """Return what is wrong with *body*, as far as an offline validator can tell, without what is waived."""
    found = judge.outcome(f"pas-{version.release}", body)["issue"]
    wrong = [issue for issue in found if issue["severity"] in ("error", "fatal")]
    told = [f"{issue['expression'][0]}: {issue['details']['text']}" for issue in wrong]
    return [text for text in told if not any(waived in text for waived in WAIVED.get(version, ()))]


@pytest.mark.rule("PAS-030", "PAS-094", "PAS-095", "PAS-096")
@pytest.mark.parametrize("folder", golden_cases(), ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_a_golden_answer_is_valid(judge: Judge, folder: Path) -> None:
    version = next(each for each in VERSIONS if folder.parent.name == f"pas-{each.label}")
    assert errors(judge, (folder / "response.json").read_bytes(), version) == []


@pytest.mark.parametrize("path", OWN)
def test_the_answers_to_the_project_s_examples_are_valid(judge: Judge, path: str) -> None:
    version = version_of(path)
    request = request_of(encoded(own(path)), version)
    for case in ("a1-affirmed", "a4-records-asked-for"):
        assert errors(judge, rendered(request, case, version), version) == []


@pytest.mark.rule("PAS-030")
@pytest.mark.parametrize("path", OWN)
def test_the_project_s_examples_are_valid_as_sent_and_as_written_again(judge: Judge, path: str) -> None:
    version = version_of(path)
    sent = encoded(own(path))
    written = dumps(request_bundle(request_of(sent, version), version, seed="s"))
    assert errors(judge, sent, version) == []
    assert errors(judge, written, version) == []


OFFICIAL = (
    "ReferralAuthorization",
    "HomecareAuthorization",
    "HomecareAuthorizationUpdate",
    "MedicalServicesAuthorization",
)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_requests_are_valid_as_written_again(
    judge: Judge, shared: Path, name: str, version: Version
) -> None:
    request = request_of(encoded(official(shared, f"{name}BundleExample", version)), version)
    assert errors(judge, dumps(request_bundle(request, version, seed="s")), version) == []


@pytest.mark.rule("PAS-115")
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
def test_a_party_without_what_is_mandatory_is_answered_validly(judge: Judge, version: Version) -> None:
    path = next(path for path in OWN if version_of(path) is version)
    sent = own(path)
    for entry in sent["entry"]:
        for name in {"Patient": ("name", "gender"), "Organization": ("name", "active"), "Practitioner": ("name",)}.get(
            entry["resource"]["resourceType"], ()
        ):
            entry["resource"].pop(name, None)
    request = request_of(encoded(sent), version)
    assert errors(judge, rendered(request, "a1-affirmed", version), version) == []
