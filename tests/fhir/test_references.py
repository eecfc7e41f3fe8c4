"""References resolve by the rules of FHIR R4, and nothing in a Bundle can make the walk fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir import json
from fhir_server.fhir.references import (
    BundleIndex,
    Resolution,
    is_relative_reference,
    is_rest_url,
    is_uuid_url,
    references_in,
    rest_base,
)
from fhir_server.fhir.resource_types import RESOURCE_TYPES
from tests.fhir.packages import CORE, files, pas_examples, request_bundle

UUID = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"


def bundle(*entries: tuple[str, dict[str, Any]]) -> BundleIndex:
    return BundleIndex({"entry": [{"fullUrl": full_url, "resource": resource} for full_url, resource in entries]})


@pytest.fixture
def index() -> BundleIndex:
    return bundle(
        (
            "http://ehr.example/fhir/Claim/1",
            {"resourceType": "Claim", "contained": [{"id": "a"}, {"id": "b"}, {"id": "b"}]},
        ),
        ("http://ehr.example/fhir/Patient/1", {"resourceType": "Patient", "meta": {"versionId": "3"}}),
        ("http://other.example/fhir/Patient/1", {"resourceType": "Patient"}),
        (UUID, {"resourceType": "Practitioner"}),
        ("urn:oid:1.2.3", {"resourceType": "Location"}),
        ("http://ehr.example/fhir/Device/1", {"resourceType": "Device", "meta": {"versionId": "1"}}),
        ("http://ehr.example/fhir/Device/1", {"resourceType": "Device", "meta": {"versionId": "2"}}),
    )


@pytest.mark.rule("PAS-020", "PAS-021")
@pytest.mark.parametrize(
    ("reference", "referrer", "outcome", "entries", "reason"),
    [
        ("http://ehr.example/fhir/Patient/1", 0, "entry", (1,), ""),
        ("http://ehr.example/fhir/Patient/1", 3, "entry", (1,), ""),
        ("Patient/1", 0, "entry", (1,), ""),
        ("Patient/1", 2, "entry", (2,), ""),
        ("Patient/1", "http://other.example/fhir/Group/7", "entry", (2,), ""),
        ("Patient/1", 3, "not found", (), "no base"),
        ("Patient/1", 4, "not found", (), "no base"),
        ("Patient/1", 99, "not found", (), "no base"),
        ("Patient/2", 0, "not found", (), "no such entry"),
        ("patient/1", 0, "not found", (), "ill-formed"),
        ("Patient/1/2", 0, "not found", (), "ill-formed"),
        ("Patient?identifier=1", 0, "not found", (), "ill-formed"),
        ("", 0, "not found", (), "ill-formed"),
        (UUID, 0, "entry", (3,), ""),
        (UUID.replace("0c", "0d"), 0, "not found", (), "no such entry"),
        ("urn:oid:1.2.3", 3, "entry", (4,), ""),
        ("Patient/1/_history/3", 0, "entry", (1,), ""),
        ("Patient/1/_history/4", 0, "not found", (), "no such entry"),
        ("http://ehr.example/fhir/Patient/1/_history/3", 3, "entry", (1,), ""),
        ("http://other.example/fhir/Patient/1/_history/3", 0, "not found", (), "no such entry"),
        ("http://ehr.example/fhir/Patient/1/_history/", 0, "not found", (), "no such entry"),
        ("Device/1", 0, "ambiguous", (5, 6), ""),
        ("Device/1/_history/2", 0, "entry", (6,), ""),
        ("#", 1, "contained", (), ""),
        ("#a", 0, "contained", (), ""),
        ("#b", 0, "ambiguous", (), ""),
        ("#c", 0, "not found", (), "no such contained resource"),
        ("#a", 1, "not found", (), "no such contained resource"),
        ("#a", 99, "not found", (), "no such contained resource"),
    ],
)
def test_resolution(
    index: BundleIndex, reference: str, referrer: int | str, outcome: str, entries: tuple[int, ...], reason: str
) -> None:
    found = index.resolve(reference, referrer)
    assert (found.outcome, found.entries, found.reason) == (outcome, entries, reason)
    assert found.found == (outcome in ("entry", "contained"))
    if outcome == "entry":
        assert found.resource is index.resource(entries[0])


def test_contained_resources_are_looked_up_in_their_container(index: BundleIndex) -> None:
    container: dict[str, Any] = {"contained": [{"id": "z", "resourceType": "Location"}, "junk"]}
    assert index.resolve("#z", 0, container) == Resolution("contained", container["contained"][0])
    assert index.resolve("#", 0, container).resource is container


def test_repeated_full_urls_are_listed(index: BundleIndex) -> None:
    assert index.repeated() == {"http://ehr.example/fhir/Device/1": (5, 6)}


@pytest.mark.rule("PAS-023")
@pytest.mark.parametrize(
    ("full_url", "base"),
    [
        ("http://ehr.example/fhir/Claim/1", "http://ehr.example/fhir"),
        ("https://ehr.example/Claim/a-b.C", "https://ehr.example"),
        ("https://ehr.example:8443/tenant_1/~x/fhir/Claim/1", "https://ehr.example:8443/tenant_1/~x/fhir"),
        ("Claim/1", None),
        ("http://ehr.example/fhir/Claim/1/_history/2", None),
        ("http://ehr.example/fhir/Claims/1", None),
        ("http://ehr.example/fhir/Claim/a_b", None),
        ("http://ehr.example/fhir/Claim/" + "a" * 65, None),
        ("http://ehr.example/fhir/Claim/1?x=1", None),
        ("http://ehr.example/f?x=/Claim/1", None),
        ("http:///Claim/1", None),
        ("ftp://ehr.example/fhir/Claim/1", None),
        ("urn:oid:1.2.3", None),
        (UUID, None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_rest_urls(full_url: object, base: str | None) -> None:
    assert rest_base(full_url) == base
    assert is_rest_url(full_url) == (base is not None)


@pytest.mark.rule("PAS-023")
@pytest.mark.parametrize(
    ("full_url", "answer"),
    [
        (UUID, True),
        ("urn:uuid:" + UUID[9:].upper(), True),
        ("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", True),
        ("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c", False),
        ("urn:uuid:6ba7b8109dad11d180b400c04fd430c8", False),
        ("urn:uuid:{0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0}", False),
        (UUID + "\n", False),
        ("URN:UUID:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", False),
        ("urn:oid:1.2.3", False),
        (7, False),
    ],
)
def test_uuid_urls(full_url: object, answer: bool) -> None:
    assert is_uuid_url(full_url) is answer


def test_relative_references_name_a_resource_type() -> None:
    assert is_relative_reference("Patient/1/_history/2")
    assert not is_relative_reference("Patient/1/_history/")
    assert not is_relative_reference("Nothing/1")


def test_references_are_found_with_their_fhirpath() -> None:
    claim = {
        "resourceType": "Claim",
        "patient": {"reference": "Patient/1", "extension": [{"url": "u", "valueReference": {"reference": "Group/1"}}]},
        "_created": {"extension": [{"url": "u", "valueReference": {"reference": "Device/1"}}]},
        "supportingInfo": [
            {"valueAttachment": {"url": "http://example.org/not"}},
            {"valueReference": {"reference": "Media/1"}},
        ],
        "item": [{"locationReference": {"reference": "Location/1"}, "productOrService": {"text": "reference"}}],
        "insurer": {"identifier": {"assigner": {"reference": "Organization/1"}}, "reference": 7},
        "contained": [{"resourceType": "ServiceRequest", "locationReference": [{"reference": "#x"}]}],
        "extension": [{"url": "u", "valueIdentifier": {"assigner": {"reference": "Organization/2"}}}],
        "instantiatesCanonical": ["http://example.org/Patient/1"],
    }
    assert list(references_in(claim, "Bundle.entry[3].resource")) == [
        ("Bundle.entry[3].resource.patient", "Patient/1"),
        ("Bundle.entry[3].resource.patient.extension[0].value.ofType(Reference)", "Group/1"),
        ("Bundle.entry[3].resource.created.extension[0].value.ofType(Reference)", "Device/1"),
        ("Bundle.entry[3].resource.supportingInfo[1].value.ofType(Reference)", "Media/1"),
        ("Bundle.entry[3].resource.item[0].location.ofType(Reference)", "Location/1"),
        ("Bundle.entry[3].resource.insurer.identifier.assigner", "Organization/1"),
        ("Bundle.entry[3].resource.contained[0].locationReference[0]", "#x"),
        ("Bundle.entry[3].resource.extension[0].value.ofType(Identifier).assigner", "Organization/2"),
    ]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "DetectedIssue", "reference": "http://example.org/a"},
        {"condition": {"language": "text/fhirpath", "reference": "http://example.org/a"}},
        {"resourceType": "Immunization", "education": [{"reference": "http://example.org/a"}]},
        {"resourceType": "Claim", "related": [{"reference": {"system": "http://example.org/a"}}]},
    ],
)
def test_a_uri_named_reference_is_none(resource: dict[str, Any]) -> None:
    assert list(references_in(resource, "x")) == []


def test_a_bundle_inside_is_its_own_world() -> None:
    inner = {"resourceType": "Bundle", "entry": [{"resource": {"subject": {"reference": "Patient/9"}}}]}
    outer = {
        "resourceType": "Bundle",
        "entry": [{"resource": inner}, {"resource": {"subject": {"reference": "Patient/1"}}}],
    }
    assert list(references_in(outer, "Bundle")) == [("Bundle.entry[1].resource.subject", "Patient/1")]
    assert list(references_in(inner, "Bundle")) == [("Bundle.entry[0].resource.subject", "Patient/9")]


def unresolved(content: bytes) -> list[tuple[str, str]]:
    index = BundleIndex(json.loads(content))
    return [
        (path, reference)
        for entry in range(len(index.entries))
        for path, reference in references_in(index.resource(entry), f"Bundle.entry[{entry}].resource")
        if not index.resolve(reference, entry).found
    ]


@pytest.mark.rule("PAS-020")
def test_official_requests_resolve_but_for_the_known_two(shared: Path) -> None:
    assert unresolved(request_bundle(shared)) == []
    bundles = {name.rsplit("/", 1)[-1]: content for name, content in pas_examples(shared).items() if "-2.2.1" in name}
    assert unresolved(bundles["Bundle-HomecareAuthorizationBundleExample.json"]) == []
    assert unresolved(bundles["Bundle-MedicalServicesAuthorizationBundleExample.json"]) == []
    surgical = unresolved(bundles["Bundle-SurgicalRequestBundleExample.json"])
    assert sorted(reference for _, reference in surgical) == [
        "Location/ReferralLocationExample",
        "Practitioner/ReferralPractitionerExample",
    ]
    assert all(".practitioner" in path or ".location[0]" in path for path, _ in surgical)


def test_resource_types_are_those_of_r4(shared: Path) -> None:
    definitions = [
        json.loads(content)
        for name, content in files(shared / "packages" / CORE).items()
        if "/StructureDefinition-" in name
    ]
    concrete = {
        each["type"]
        for each in definitions
        if each.get("kind") == "resource" and each.get("derivation") != "constraint" and not each["abstract"]
    }
    assert concrete == RESOURCE_TYPES


names = st.sampled_from(
    [
        "entry",
        "resource",
        "fullUrl",
        "reference",
        "resourceType",
        "contained",
        "id",
        "meta",
        "versionId",
        "language",
        "a",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        ["Patient/1", "http://a.example/Patient/1", "#1", "#", "1", "Bundle", "Patient", UUID, "x/_history/1", ""]
    )
    | st.text(max_size=5)
)
junk = st.recursive(
    scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(names, below, max_size=5), max_leaves=25
)
bundles = junk | st.fixed_dictionaries(
    {"entry": st.lists(st.dictionaries(names, junk, max_size=4) | junk, max_size=5) | junk}
)


@given(
    bundles,
    st.text(max_size=20) | scalars.filter(lambda value: isinstance(value, str)),
    st.integers(min_value=-2, max_value=6),
)
def test_junk_never_raises(bundle: Any, reference: Any, referrer: int) -> None:
    index = BundleIndex(bundle)
    index.repeated()
    for path, found in [*references_in(bundle, "Bundle"), ("", reference)]:
        for container in (None, bundle if isinstance(bundle, dict) else {}):
            resolution = index.resolve(found, referrer, container)
            assert resolution.found == (resolution.outcome in ("entry", "contained")), path


def test_deep_nesting_needs_no_stack() -> None:
    node: Any = {"reference": "Patient/1"}
    for _ in range(5000):
        node = [node]
    assert [reference for _, reference in references_in(node, "x")] == ["Patient/1"]
