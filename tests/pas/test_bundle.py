"""The rules that a request Bundle obeys as a whole, each broken and each kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fhir_server.errors import ContentInvalid, ContentMalformed
from fhir_server.pas.read import read_submission
from fhir_server.pas.versions import STU_2_0, STU_2_2, VERSIONS, Version
from tests.pas.bundles import (
    KNEE,
    LIMITS,
    OWN,
    WITH_GUIDS,
    Json,
    issues_of,
    official,
    own,
    place,
    read,
    resource,
    told,
    version_of,
)

INITIAL = ("Referral", "Homecare", "MedicalServices")
CLAIM = "Bundle.entry[0].resource"


@pytest.mark.parametrize("path", OWN)
def test_the_project_s_examples_are_in_order(path: str) -> None:
    assert read(own(path), version_of(path)).request.lines


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
@pytest.mark.parametrize("name", INITIAL)
def test_the_official_requests_are_in_order(shared: Path, name: str, version: Version) -> None:
    intake = read(official(shared, f"{name}AuthorizationBundleExample", version), version)
    assert intake.request.purpose == "initial"
    assert intake.request.lines


@pytest.mark.rule("PAS-020")
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
def test_the_official_surgical_request_names_its_two_dangling_references(shared: Path, version: Version) -> None:
    bundle = official(shared, "SurgicalRequestBundleExample", version)
    role = f"Bundle.entry[{place(bundle, 'PractitionerRole')}].resource"
    issues = issues_of(bundle, version)
    assert [(issue.rule, issue.expression) for issue in issues] == [
        ("PAS-020", f"{role}.practitioner"),
        ("PAS-020", f"{role}.location[0]"),
    ]
    assert "ReferralPractitionerExample" in issues[0].found
    assert "ReferralLocationExample" in issues[1].found


@pytest.mark.rule("PAS-018")
def test_xml_is_not_read() -> None:
    with pytest.raises(ContentMalformed):
        read_submission(b"<Bundle xmlns='http://hl7.org/fhir'/>", STU_2_2, LIMITS)


@pytest.mark.rule("PAS-019")
def test_the_claim_comes_first() -> None:
    bundle = own()
    bundle["entry"].insert(0, bundle["entry"].pop(1))
    assert ("PAS-019", "Bundle.entry[0].resource") in told(bundle)
    assert any("entry 1" in issue.mend for issue in issues_of(bundle))


@pytest.mark.rule("PAS-019", "PAS-042")
@pytest.mark.parametrize("entries", [[], None, {}, "none"])
def test_an_empty_bundle_is_refused(entries: Any) -> None:
    assert ("PAS-019", "Bundle.entry") in told(own() | {"entry": entries})


@pytest.mark.rule("PAS-020", "PAS-069")
def test_what_is_referred_to_is_in_the_bundle() -> None:
    bundle = own()
    bundle["entry"].pop(place(bundle, "Patient"))
    found = told(bundle)
    assert ("PAS-020", f"{CLAIM}.patient") in found
    assert {rule for rule, _ in found} <= {"PAS-020", "PAS-025"}  # not told again as missing


@pytest.mark.rule("PAS-020")
def test_what_is_referred_to_from_further_down_is_too() -> None:
    bundle = own()
    bundle["entry"].pop(place(bundle, "Practitioner"))
    role = f"Bundle.entry[{place(bundle, 'PractitionerRole')}].resource"
    assert ("PAS-020", f"{role}.practitioner") in told(bundle)


@pytest.mark.rule("PAS-025")
def test_what_a_record_refers_to_is_in_the_bundle() -> None:
    bundle = own()
    number = place(bundle, "DocumentReference")
    bundle["entry"][number]["resource"]["context"] = {"encounter": [{"reference": "Encounter/nowhere"}]}
    assert told(bundle) == [("PAS-025", f"Bundle.entry[{number}].resource.context.encounter[0]")]


@pytest.mark.rule("PAS-021")
def test_each_instance_comes_once() -> None:
    bundle = own()
    bundle["entry"].append(bundle["entry"][1])
    found = told(bundle)
    assert ("PAS-021", f"Bundle.entry[{len(bundle['entry']) - 1}].fullUrl") in found
    assert ("PAS-021", f"{CLAIM}.patient") in found  # which of the two is meant?


@pytest.mark.rule("PAS-022")
def test_one_thing_sent_as_two_instances_is_noted_and_taken() -> None:
    bundle = own()
    twin = {**resource(bundle, "Practitioner"), "id": "twin"}
    bundle["entry"].append({"fullUrl": "https://ehr.example.org/fhir/Practitioner/twin", "resource": twin})
    notes = {note.rule: note.expression for note in read(bundle).observations}
    assert notes["PAS-022"] == f"Bundle.entry[{len(bundle['entry']) - 1}].resource.identifier"
    assert "PAS-022" not in {note.rule for note in read(own()).observations}


@pytest.mark.rule("PAS-023")
@pytest.mark.parametrize("full_url", ["Claim/1", "urn:oid:1.2.3", "urn:uuid:1", "https://ehr.example.org", "", 7])
def test_a_full_url_is_an_address_or_a_guid(full_url: Any) -> None:
    bundle = own()
    bundle["entry"][1]["fullUrl"] = full_url
    assert ("PAS-023", "Bundle.entry[1].fullUrl") in told(bundle)


@pytest.mark.rule("PAS-023", "PAS-024")
def test_guids_are_taken_and_named() -> None:
    bundle = own(WITH_GUIDS)
    intake = read(bundle)
    named = {each.full_url for each in intake.instances}
    assert named == {each["fullUrl"].lower() for each in bundle["entry"] if each["fullUrl"].startswith("urn:uuid:")}
    assert intake.request.origin.full_url == bundle["entry"][0]["fullUrl"]


@pytest.mark.rule("PAS-024")
def test_a_guid_names_kind_identity_and_content() -> None:
    bundle = own(WITH_GUIDS)
    before = {each.full_url: each for each in read(bundle).instances}
    resource(bundle, "Patient")["gender"] = "other"
    after = {each.full_url: each for each in read(bundle).instances}
    changed = [url for url in before if before[url].content_sha256 != after[url].content_sha256]
    assert changed == [bundle["entry"][place(bundle, "Patient")]["fullUrl"].lower()]
    assert all(before[url].identifiers == after[url].identifiers for url in before)


@pytest.mark.rule("PAS-020")
def test_a_relative_reference_has_no_base_in_an_entry_with_a_guid() -> None:
    bundle = own(WITH_GUIDS)
    bundle["entry"][0]["resource"]["patient"] = {"reference": "Patient/x"}
    [issue] = [issue for issue in issues_of(bundle) if issue.expression == f"{CLAIM}.patient"]
    assert issue.rule == "PAS-020"
    assert "fullUrl" in issue.mend


@pytest.mark.rule("PAS-027")
def test_an_entry_that_nothing_refers_to_is_noted_and_taken() -> None:
    bundle = own()
    bundle["entry"].append(
        {
            "fullUrl": "https://ehr.example.org/fhir/Observation/alone",
            "resource": {"resourceType": "Observation", "id": "alone", "subject": {"reference": "Patient/nobody"}},
        }
    )
    intake = read(bundle)
    [note] = [note for note in intake.observations if note.rule == "PAS-027"]
    assert note.expression == f"Bundle.entry[{len(bundle['entry']) - 1}]"
    assert "Observation" not in {document.kind for document in intake.request.documents}
    assert "PAS-027" not in {note.rule for note in read(own()).observations}


@pytest.mark.rule("PAS-028")
def test_records_are_kept_to_the_byte() -> None:
    bundle = own()
    documents = {document.key: document for document in read(bundle).request.documents}
    number = place(bundle, "DocumentReference")
    document = documents[bundle["entry"][number]["fullUrl"]]
    assert document.content.decode().find(bundle["entry"][number]["resource"]["content"][0]["attachment"]["data"]) > 0
    assert document.kind == "DocumentReference"
    assert document.type is not None


@pytest.mark.rule("PAS-029")
def test_a_supporting_information_has_a_number_of_its_own() -> None:
    bundle = own()
    for each in bundle["entry"][0]["resource"]["supportingInfo"]:
        each["sequence"] = 1
    assert told(bundle) == [("PAS-029", f"{CLAIM}.supportingInfo.where(sequence = 1)")]


@pytest.mark.rule("PAS-041")
def test_a_line_has_a_number_of_its_own() -> None:
    bundle = own()
    items = bundle["entry"][0]["resource"]["item"]
    items.append(items[0])
    assert told(bundle) == [("PAS-041", f"{CLAIM}.item.where(sequence = 1)")]


@pytest.mark.rule("PAS-067", "PAS-068", "PAS-069")
def test_the_official_update_leaves_out_only_the_prior_claim_s_own_prior(shared: Path) -> None:
    bundle = official(shared, "HomecareAuthorizationUpdateBundleExample")
    prior = [number for number, each in enumerate(bundle["entry"]) if each["resource"]["resourceType"] == "Claim"][1]
    bundle["entry"][prior]["resource"]["related"] = [{"claim": {"reference": "Claim/even-older"}}]
    intake = read(bundle)
    assert intake.request.purpose == "update"
    assert intake.request.prior[0].claim == bundle["entry"][prior]["fullUrl"]
    bundle["entry"][prior]["resource"]["insurer"] = {"reference": "Organization/nobody"}
    assert told(bundle) == [("PAS-020", f"Bundle.entry[{prior}].resource.insurer")]


@pytest.mark.rule("PAS-068")
def test_three_claims_are_too_many(shared: Path) -> None:
    bundle = official(shared, "HomecareAuthorizationUpdateBundleExample")
    older = {**bundle["entry"][0]["resource"], "id": "even-older"}
    bundle["entry"].append({"fullUrl": bundle["entry"][0]["fullUrl"] + "-older", "resource": older})
    assert ("PAS-068", "Bundle.entry") in told(bundle)


@pytest.mark.rule("PAS-094")
@pytest.mark.parametrize(
    ("name", "value", "expression"),
    [
        ("type", "batch", "Bundle.type"),
        ("identifier", None, "Bundle.identifier"),
        ("identifier", {"system": "urn:x"}, "Bundle.identifier"),
        ("timestamp", None, "Bundle.timestamp"),
        ("timestamp", "2026-03-01", "Bundle.timestamp"),
    ],
)
def test_the_bundle_names_itself(name: str, value: Any, expression: str) -> None:
    assert told(own() | {name: value}) == [("PAS-094", expression)]


@pytest.mark.rule("PAS-094")
@pytest.mark.parametrize("name", ["search", "request", "response"])
def test_an_entry_is_no_interaction(name: str) -> None:
    bundle = own()
    bundle["entry"][2][name] = {}
    assert told(bundle) == [("PAS-094", f"Bundle.entry[2].{name}")]


@pytest.mark.rule("PAS-094")
@pytest.mark.parametrize("entry", [None, 7, [], {}, {"fullUrl": "urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8"}])
def test_an_entry_holds_a_resource(entry: Any) -> None:
    bundle = own()
    bundle["entry"].append(entry)
    number = len(bundle["entry"]) - 1
    assert any(str(expression).startswith(f"Bundle.entry[{number}]") for _, expression in told(bundle))


@pytest.mark.parametrize("kind", ["Patient", "Parameters", "OperationOutcome", None, 7])
def test_another_resource_is_no_request(kind: Any) -> None:
    [issue] = issues_of({**own(), "resourceType": kind})
    assert issue.rule in ("not-a-bundle", "content-malformed")


def test_every_problem_is_told_at_once() -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    bundle["timestamp"] = "yesterday"
    bundle["entry"][2]["fullUrl"] = "urn:oid:1.2"
    claim["supportingInfo"][1]["sequence"] = 1
    claim["use"] = "claim"
    del claim["created"]
    claim["item"][0]["quantity"] = {"value": "many"}
    rules = {rule for rule, _ in told(bundle)}
    assert {"PAS-094", "PAS-023", "PAS-020", "PAS-029", "fixed-value", "element-missing", "fhir-type"} <= rules


def test_a_contained_party_is_read() -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    claim["contained"] = [{**resource(bundle, "Patient"), "id": "me"}]
    claim["patient"] = {"reference": "#me"}
    request = read(bundle).request
    assert request.beneficiary.birth_date == resource(bundle, "Patient")["birthDate"]
    claim["patient"] = {"reference": "#you"}
    assert told(bundle) == [("PAS-020", f"{CLAIM}.patient")]


def test_two_contained_of_one_id_are_told() -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    claim["contained"] = [{**resource(bundle, "Patient"), "id": "me"}] * 2
    claim["patient"] = {"reference": "#me"}
    assert told(bundle) == [("PAS-021", f"{CLAIM}.patient")]


@pytest.mark.parametrize(
    "patient", [{"reference": "#"}, {"resourceType": "Bundle", "reference": "Patient/knee-oh-patient"}, {}, {"type": 7}]
)
def test_a_reference_that_leads_to_no_patient_is_told(patient: Json) -> None:
    bundle = own()
    bundle["entry"][0]["resource"]["patient"] = patient
    [(_, expression)] = told(bundle)
    assert expression == f"{CLAIM}.patient"


def test_many_references_into_one_resource_take_no_more_than_their_number() -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    claim["contained"] = [{"resourceType": "Organization", "id": f"o{number}"} for number in range(20_000)]
    claim["careTeam"] = [{"sequence": number + 1, "provider": {"reference": f"#o{number}"}} for number in range(20_000)]
    claim["item"][0].pop("careTeamSequence", None)
    assert len(read(bundle).request.care_team) == 20_000


def test_no_message_shows_the_id_of_a_person() -> None:
    bundle = own()
    bundle["entry"][0]["resource"]["patient"] = {"reference": "Patient/1EG4TE5MK73"}
    bundle["entry"][0]["resource"]["insurer"] = {"reference": "Organization/nobody"}
    first, second = issues_of(bundle)
    assert "1EG4TE5MK73" not in first.found
    assert "Organization/nobody" in second.found


def test_a_contained_record_is_kept() -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    claim["contained"] = [{**resource(bundle, "DocumentReference"), "id": "note"}]
    claim["supportingInfo"][0]["valueReference"] = {"reference": "#note"}
    request = read(bundle).request
    key = request.supporting_information[0].document
    assert key == f"{bundle['entry'][0]['fullUrl']}#note"
    assert key in {document.key for document in request.documents}


def test_a_versioned_reference_finds_its_version() -> None:
    bundle = own()
    patient = resource(bundle, "Patient")
    patient["meta"] = {**patient.get("meta", {}), "versionId": "3"}
    bundle["entry"][0]["resource"]["patient"]["reference"] += "/_history/3"
    assert read(bundle).request.beneficiary.birth_date == patient["birthDate"]
    bundle["entry"][0]["resource"]["patient"]["reference"] += "4"
    assert told(bundle) == [("PAS-020", f"{CLAIM}.patient")]


def test_a_bundle_inside_is_a_world_of_its_own() -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    inner: Json = {"resourceType": "Observation", "subject": {"reference": "Patient/of-the-inner-bundle"}}
    answers = {"resourceType": "Bundle", "id": "qr", "type": "collection", "entry": [{"resource": inner}]}
    bundle["entry"].append({"fullUrl": "https://ehr.example.org/fhir/Bundle/qr", "resource": answers})
    claim["supportingInfo"][0]["valueReference"] = {"reference": "Bundle/qr"}
    assert "Bundle" in {document.kind for document in read(bundle).request.documents}


def test_a_reference_by_identifier_alone_needs_no_entry() -> None:
    bundle = own()
    npi = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}
    bundle["entry"][0]["resource"]["insurer"] = {"identifier": npi, "display": "The payer"}
    payer = read(bundle).request.payer
    assert (payer.npi, payer.name) == ("1234567893", "The payer")


def test_a_reference_to_another_kind_of_thing_is_told() -> None:
    bundle = own()
    bundle["entry"][0]["resource"]["insurer"] = bundle["entry"][0]["resource"]["patient"]
    assert ("fhir-target", f"{CLAIM}.insurer") in told(bundle)


def test_a_parameters_wrapper_is_tolerated() -> None:
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": own()}]}
    assert read(wrapped).content_sha256 == read(own()).content_sha256
    [issue] = issues_of({"resourceType": "Parameters", "parameter": []})
    assert issue.rule == "content-malformed"


@pytest.mark.rule("PAS-007", "PAS-010", "PAS-032", "PAS-116")
def test_what_is_unknown_or_optional_is_no_fault() -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    claim["extension"].append({"url": "http://example.org/unknown", "valueString": "x"})
    claim["payee"] = {"type": {"text": "provider"}}
    claim["item"][0]["net"] = {"value": 1}
    for optional in ("careTeam", "diagnosis", "priority"):
        claim.pop(optional, None)
        claim["item"][0].pop(f"{optional}Sequence", None)
    assert read(bundle).request.lines


@pytest.mark.rule("PAS-032")
@pytest.mark.parametrize("where", ["Claim", "item", "Patient"])
def test_an_unknown_modifier_is_refused(where: str) -> None:
    bundle = own()
    claim = bundle["entry"][0]["resource"]
    target = {"Claim": claim, "item": claim["item"][0], "Patient": resource(bundle, "Patient")}[where]
    target["modifierExtension"] = [{"url": "http://example.org/not", "valueBoolean": True}]
    [(rule, expression)] = told(bundle)
    assert rule == "modifier-unknown"
    assert str(expression).endswith("modifierExtension[0]")


@pytest.mark.parametrize("claim", [{}, {"resourceType": "Claim"}])
def test_a_claim_without_anything_is_refused_with_all_that_is_missing(claim: Json) -> None:
    bundle = own() | {"entry": [{"fullUrl": "https://ehr.example.org/fhir/Claim/1", "resource": claim}]}
    with pytest.raises(ContentInvalid) as refused:
        read(bundle)
    missing = {str(issue.expression).rpartition(".")[2] for issue in refused.value.issues}
    if claim:
        assert {"type", "patient", "created", "insurer", "provider", "insurance", "item", "use"} <= missing


@pytest.mark.parametrize("label", ["2.2", "2.0"])
def test_one_content_has_one_digest_however_it_is_laid_out(label: str) -> None:
    version = STU_2_2 if label == "2.2" else STU_2_0
    bundle = own(KNEE)
    turned = dict(reversed(own(KNEE).items()))
    assert read(bundle, version).content_sha256 == read(turned, version).content_sha256
    bundle["identifier"]["value"] += "1"
    assert read(bundle, version).content_sha256 != read(turned, version).content_sha256


@pytest.mark.rule("PAS-024")
def test_one_more_identifier_leaves_a_thing_the_same() -> None:
    bundle = own(WITH_GUIDS)
    before = {each.full_url: each for each in read(bundle).instances}
    resource(bundle, "Patient")["identifier"].append({"system": "https://ehr.example.org/mrn", "value": "another"})
    after = {each.full_url: each for each in read(bundle).instances}
    assert all(before[url].identifiers <= after[url].identifiers for url in before)


@pytest.mark.rule("PAS-021")
def test_a_guid_is_the_same_in_either_case() -> None:
    bundle = own(WITH_GUIDS)
    entry = bundle["entry"][1]
    bundle["entry"].append({**entry, "fullUrl": entry["fullUrl"].upper().replace("URN:UUID", "urn:uuid")})
    assert "PAS-021" in {issue.rule for issue in issues_of(bundle)}


@pytest.mark.parametrize("name", ["profile-claim-inquiry", "profile-pas-inquiry-request-bundle"])
def test_an_inquiry_is_no_submission(name: str) -> None:
    bundle = own(WITH_GUIDS)
    place_of = bundle if name.endswith("bundle") else resource(bundle, "Claim")
    place_of["meta"] = {"profile": [f"http://hl7.org/fhir/us/davinci-pas/StructureDefinition/{name}|2.2.1"]}
    assert {issue.rule for issue in issues_of(bundle)} == {"PAS-019"}


def test_an_ill_formed_reference_is_not_repeated() -> None:
    bundle = own(WITH_GUIDS)
    resource(bundle, "Claim")["insurer"] = {"reference": "Jane Doe 1EG4TE5MK73"}
    assert all("Jane" not in issue.found + issue.mend for issue in issues_of(bundle))


def test_a_type_that_is_no_text_is_told() -> None:
    bundle = own(WITH_GUIDS)
    document = resource(bundle, "DocumentReference")
    document["resourceType"], document["author"] = {"a": 1}, [{"reference": "Practitioner/none"}]
    assert issues_of(bundle)
