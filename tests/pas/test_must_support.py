"""Every must-support element of the guides goes through the hub unharmed: read off the guides' own snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.fhir.limits import Limits
from fhir_server.pas.claim_response import CLAIM_INQUIRY_RESPONSE, CLAIM_RESPONSE
from fhir_server.pas.read import read_inquiry, read_response, read_submission
from fhir_server.pas.versions import VERSIONS, Version
from fhir_server.pas.write import request_bundle, response_bundle
from tests.fhir.packages import PAS as PACKAGES
from tests.fhir.packages import files
from tests.pas.maximal import variants
from tests.pas.profiles import PAS, Guide, Json, guide

LIMITS = Limits()
REQUESTS = ("profile-claim", "profile-claim-update", "profile-claim-inquiry")
RESPONSES = ("profile-claimresponse", "profile-claiminquiryresponse")
# Profiles of PAS that no Bundle of the two operations leads to, or that the hub holds as an opaque record.
ELSEWHERE = {
    "profile-task": "written by the provider for $submit-attachment",
    "profile-subscription": "Subscription is an operation of its own",
    "profile-documentreference": "opaque: its bytes are kept (PAS-028)",
    "profile-claim-base": "abstract",
    "profile-claimresponse-base": "abstract",
    "profile-pas-request-bundle": "checked by the Bundle rules",
    "profile-pas-response-bundle": "written by the renderer",
    "profile-pas-inquiry-request-bundle": "checked by the Bundle rules",
    "profile-pas-inquiry-response-bundle": "written by the renderer",
}
# Where 2.0.1 lets an element repeat and X12 does not, the first is taken (PAS usecases, Repeating Fields).
FIRST_OF_MANY = {
    "2.0": {
        "Coverage.payor",
        "CommunicationRequest.identifier",
        "CommunicationRequest.category",
        "CommunicationRequest.medium",
        "CommunicationRequest.payload",
    },
    "2.2": set[str](),
}


@pytest.fixture(params=VERSIONS, ids=lambda version: version.label)
def version(request: pytest.FixtureRequest) -> Version:
    found: Version = request.param
    return found


@pytest.fixture
def definitions(version: Version, shared: Path) -> Guide:
    return guide(shared / "packages", version.label)


def there_and_back(body: bytes, name: str, version: Version) -> Json:
    """Return the Bundle that the hub makes of *body*, whose first entry is of the profile *name*."""
    if name in RESPONSES:
        table = CLAIM_RESPONSE if name == "profile-claimresponse" else CLAIM_INQUIRY_RESPONSE
        answer = read_response(body, version, LIMITS)
        bundle = response_bundle(answer, version, case="c", moment="2026-03-01T10:00:00Z", table=table)
    else:
        read = read_inquiry if name == "profile-claim-inquiry" else read_submission
        bundle = request_bundle(read(body, version, LIMITS).request, version, seed="s")
    return json.loads(json.dumps(bundle))


def resources(bundle: Json) -> dict[str, Json]:
    return {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}


def differences(sent: Any, kept: Any, path: str, firsts: set[str]) -> Iterator[str]:
    """Yield the path of each element of *sent* that *kept* tells differently, or not at all."""
    if isinstance(sent, dict):
        if not isinstance(kept, dict):
            yield path
            return
        for name, content in sent.items():
            if name not in ("meta",):
                yield from differences(content, kept.get(name), f"{path}.{name}", firsts)
    elif isinstance(sent, list):
        kept = kept if isinstance(kept, list) else []
        if path in firsts:
            sent, kept = sent[:1], kept[:1]
        if path.lower().endswith("extension"):
            sent, kept = (sorted(each, key=lambda extension: str(extension["url"])) for each in (sent, kept))
        if len(sent) != len(kept):
            yield path
            return
        for one, other in zip(sent, kept, strict=True):
            yield from differences(one, other, path, firsts)
    elif sent != kept or type(sent) is not type(kept):
        yield path


@pytest.mark.rule("PAS-004", "PAS-005", "PAS-006")
@pytest.mark.parametrize("name", REQUESTS + RESPONSES)
def test_every_must_support_element_survives(definitions: Guide, version: Version, name: str) -> None:
    for bundle, _ in variants(definitions, definitions.pas(name)):
        kept = resources(there_and_back(json.dumps(bundle), name, version))
        for full_url, sent in resources(json.loads(json.dumps(bundle))).items():
            if name in RESPONSES and sent["resourceType"] == "Claim":
                continue  # the Claim stays out of an answer
            found = list(differences(sent, kept.get(full_url), sent["resourceType"], FIRST_OF_MANY[version.label]))
            assert found == [], full_url
        for full_url, resource in kept.items():
            profile = definitions.profile(resource.get("meta", {}).get("profile", [""])[0])
            assert profile is None or profile.type_name == resource["resourceType"], full_url


@pytest.mark.rule("PAS-004", "PAS-006")
def test_every_must_support_element_is_tried(definitions: Guide) -> None:
    """The proof above leaves nothing out: each profile of the guide is reached, and each of its elements filled."""
    covered: dict[str, set[str]] = {}
    for name in REQUESTS + RESPONSES:
        for _, covers in variants(definitions, definitions.pas(name)):
            for canonical, identities in covers.items():
                covered.setdefault(canonical, set()).update(identities)
    left = {
        canonical.removeprefix(PAS): sorted(profile.must_support() - covered.get(canonical, set()))
        for canonical, profile in definitions.all()
        if canonical.startswith(PAS) and canonical.removeprefix(PAS) not in ELSEWHERE
    }
    assert {name: elements for name, elements in left.items() if elements} == {}
    assert sum(len(identities) for identities in covered.values()) > 500


EXAMPLES = (
    "ReferralAuthorizationBundleExample",
    "HomecareAuthorizationBundleExample",
    "HomecareAuthorizationUpdateBundleExample",
    "MedicalServicesAuthorizationBundleExample",
    "PASClaimInquiryBundleExample",
)


@pytest.mark.rule("PAS-004")
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_official_requests_keep_their_must_support_elements(
    definitions: Guide, version: Version, shared: Path, name: str
) -> None:
    archive = shared / "packages" / PACKAGES[VERSIONS.index(version)]
    body = files(archive)[f"package/example/Bundle-{name}.json"]
    profile = "profile-claim-inquiry" if "Inquiry" in name else "profile-claim"
    sent = resources(json.loads(body))
    kept = resources(there_and_back(body, profile, version))
    assert set(kept) <= set(sent)
    for full_url, resource in kept.items():
        told = _absolute(_must_support_only(definitions, sent[full_url]))
        found = list(differences(told, _absolute(resource), resource["resourceType"], FIRST_OF_MANY[version.label]))
        assert found == [], full_url


def _must_support_only(definitions: Guide, resource: Json) -> Json:
    """Return those top-level elements of *resource* that its profile asks to support, references made absolute."""
    profile = definitions.profile(resource.get("meta", {}).get("profile", [""])[0])
    if profile is None:
        return resource
    names = {node.removesuffix("[x]") for node, child in profile.root.children.items() if child.is_wanted()}
    told = {key: value for key, value in resource.items() if any(key.startswith(name) for name in names)}
    told.pop("contained", None)
    return told


def _absolute(node: Any) -> Any:
    if isinstance(node, list):
        return [_absolute(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _absolute(value) for key, value in node.items()}
    if isinstance(made.get("reference"), str):
        made["reference"] = "/".join(made["reference"].rsplit("/", 2)[-2:])
        made.pop("display", None)
    return made
