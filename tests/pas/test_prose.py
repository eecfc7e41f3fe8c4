"""The rules that the guide states in words only: each kept, each broken, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.errors import Issue, Severity
from fhir_server.fhir.references import BundleIndex
from fhir_server.fhir.validation.report import Report
from fhir_server.pas.prose import RULES, check_elements, check_prose
from fhir_server.pas.versions import STU_2_0, STU_2_2, Version
from tests.fhir.packages import PAS as PACKAGES
from tests.fhir.packages import files
from tests.pas.bundles import OLDER, OWN, Json, official, own, place, resource, version_of

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
X12 = "https://codesystem.x12.org/005010"
UPDATE = "HomecareAuthorizationUpdateBundleExample"
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


# --- requests


@pytest.mark.parametrize("path", OWN)
def test_the_project_s_examples_break_no_rule(path: str) -> None:
    assert found(own(path), version_of(path)) == []


def set_sequences(name: str) -> Change:
    def change(bundle: Json) -> None:
        claim = claim_of(bundle)
        claim[name] = [{"sequence": 1}, {"sequence": 2}, {"sequence": 1}, {"sequence": 1}]

    return change


def set_item(**values: Any) -> Change:
    return lambda bundle: claim_of(bundle)["item"][0].update(values)


def add_item_extension(added: Json) -> Change:
    return lambda bundle: claim_of(bundle)["item"][0].setdefault("extension", []).append(added)


def set_timing(timing: Json) -> Change:
    def change(bundle: Json) -> None:
        order = resource(bundle, "ServiceRequest")
        order.pop("occurrenceDateTime", None)
        order["occurrenceTiming"] = timing

    return change


def drop_item(bundle: Json) -> None:
    claim_of(bundle)["item"] = []


ORDER = f"Bundle.entry[{place(own(), 'ServiceRequest')}].resource"
PATIENT = f"Bundle.entry[{place(own(), 'Patient')}].resource"
FL = {"value": 1, "code": "FL", "system": f"{X12}/673"}


def immediate(bundle: Json) -> None:
    extensions = claim_of(bundle)["item"][0]["extension"]
    extensions[:] = [each for each in extensions if not each["url"].endswith("certificationType")] + [
        certification("1")
    ]
    sent = claim_of(bundle).get("extension", [])
    claim_of(bundle)["extension"] = [each for each in sent if not each["url"].endswith("levelOfServiceCode")]


def twice_focal(bundle: Json) -> None:
    insurance = claim_of(bundle)["insurance"]
    insurance[0]["focal"] = True
    insurance.append({**insurance[0], "sequence": 2})


def without_member_number(bundle: Json) -> None:
    for kind in ("Coverage", "Patient"):
        holder = resource(bundle, kind)
        holder.pop("subscriberId", None)
        holder["identifier"] = [{"type": concept("MB", "http://terminology.hl7.org/CodeSystem/v2-0203")}]


def with_diagnoses(bundle: Json, count: int) -> None:
    claim = claim_of(bundle)
    claim["diagnosis"] = [{**claim["diagnosis"][0], "sequence": number + 1} for number in range(count)]


def with_members(bundle: Json, count: int) -> None:
    claim = claim_of(bundle)
    overall = {"extension": [extension("careTeamClaimScope", valueBoolean=True)]}
    claim["careTeam"] = [{**claim["careTeam"][0], **overall, "sequence": number + 1} for number in range(count)]


def order_quantity(bundle: Json, quantity: Json) -> None:
    resource(bundle, "ServiceRequest")["quantityQuantity"] = quantity


def postal_code(bundle: Json, code: str, **more: str) -> None:
    resource(bundle, "Patient")["address"] = [{"postalCode": code, **more}]


BROKEN: list[tuple[str, str, str, Change]] = [
    ("sequence-repeated", "warning", f"{CLAIM}.diagnosis[2]", set_sequences("diagnosis")),
    ("sequence-repeated", "warning", f"{CLAIM}.careTeam[2]", set_sequences("careTeam")),
    ("sequence-repeated", "warning", f"{CLAIM}.procedure[2]", set_sequences("procedure")),
    ("sequence-unknown", "warning", f"{CLAIM}.item[0].diagnosisSequence[1]", set_item(diagnosisSequence=[1, 99])),
    ("sequence-unknown", "warning", f"{CLAIM}.item[0].careTeamSequence[0]", set_item(careTeamSequence=[99])),
    ("sequence-unknown", "warning", f"{CLAIM}.item[0].informationSequence[0]", set_item(informationSequence=[99])),
    ("sequence-unknown", "warning", f"{CLAIM}.item[0].procedureSequence[0]", set_item(procedureSequence=[1])),
    ("immediate-level", "warning", f"{CLAIM}.item[0]", immediate),
    ("insurance-focal", "warning", f"{CLAIM}.insurance[1].focal", twice_focal),
    ("member-number", "warning", f"{CLAIM}.insurance", without_member_number),
    ("x12-repetitions", "warning", f"{CLAIM}.diagnosis[12]", lambda bundle: with_diagnoses(bundle, 13)),
    ("x12-repetitions", "warning", f"{CLAIM}.careTeam[14]", lambda bundle: with_members(bundle, 15)),
    ("PAS-077", "error", f"{CLAIM}.item[0].quantity", set_item(quantity={"value": 1})),
    ("PAS-077", "error", f"{ORDER}.quantity.ofType(Quantity)", lambda bundle: order_quantity(bundle, {"value": 1})),
    ("PAS-078", "warning", f"{CLAIM}.item[0].quantity.code", set_item(quantity={"value": 1, "code": "UN"})),
    (
        "PAS-078", "warning", f"{ORDER}.quantity.ofType(Quantity).system",
        lambda bundle: order_quantity(bundle, {"value": 1, "code": "1", "system": "http://unitsofmeasure.org"}),
    ),
    ("PAS-076", "error", f"{ORDER}.occurrence.ofType(Timing)", set_timing({"repeat": {"frequency": 1, "period": 1}})),
    ("PAS-076", "error", f"{ORDER}.occurrence.ofType(Timing)", set_timing({"code": {"text": "daily"}})),
    ("PAS-079", "warning", f"{PATIENT}.address[0].postalCode", lambda bundle: postal_code(bundle, "432151234")),
    ("PAS-079", "warning", f"{PATIENT}.address[0].postalCode", lambda bundle: postal_code(bundle, "4321")),
    (
        "PAS-028", "warning", f"{CLAIM}.supportingInfo[0].value.ofType(Attachment)",
        lambda bundle: claim_of(bundle)["supportingInfo"][0].update(valueAttachment={"data": "AA=="}),
    ),
]  # fmt: skip


@pytest.mark.rule("PAS-028", "PAS-076", "PAS-077", "PAS-078", "PAS-079")
@pytest.mark.parametrize(("rule", "severity", "expression", "change"), BROKEN)
def test_a_request_that_breaks_a_rule_is_told(rule: str, severity: str, expression: str, change: Change) -> None:
    bundle = own()
    change(bundle)
    assert (severity, rule, expression) in found(bundle)


def both(first: Change, second: Change) -> Change:
    def change(bundle: Json) -> None:
        first(bundle)
        second(bundle)

    return change


def with_second_coverage(bundle: Json) -> None:
    twice_focal(bundle)
    claim_of(bundle)["insurance"][1]["focal"] = False


def with_level(bundle: Json) -> None:
    claim_of(bundle)["extension"].append(extension("levelOfServiceCode", valueCodeableConcept={}))


def subscriber(bundle: Json) -> None:
    resource(bundle, "Coverage")["subscriberId"] = "X"


def medicare_number(bundle: Json) -> None:
    resource(bundle, "Patient")["identifier"] = [{"system": "http://hl7.org/fhir/sid/us-mbi", "value": "X"}]


KEPT: list[tuple[str, Change]] = [
    ("immediate-level", both(immediate, with_level)),
    ("insurance-focal", with_second_coverage),
    ("member-number", both(without_member_number, subscriber)),
    ("member-number", both(without_member_number, medicare_number)),
    ("x12-repetitions", lambda bundle: with_diagnoses(bundle, 12)),
    ("x12-repetitions", lambda bundle: with_members(bundle, 14)),
    ("PAS-077", set_item(quantity={"value": 1, "unit": "visit"})),
    ("PAS-077", set_item(quantity={"value": 1, "code": "FL"})),
    ("PAS-078", set_item(quantity={"value": 1, "unit": "visit"})),
    ("PAS-078", set_item(quantity=FL)),
    ("PAS-076", set_timing({"repeat": {"count": 3}})),
    ("PAS-076", set_timing({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}})),
    ("PAS-076", set_timing({"extension": [extension("timingcalendarpattern", valueCodeableConcept={})]})),
    ("PAS-076", set_timing({"extension": [extension("timingdeliverypattern", valueCodeableConcept={})]})),
    ("PAS-079", lambda bundle: postal_code(bundle, "43215-1234")),
    ("PAS-079", lambda bundle: postal_code(bundle, "43215", country="US")),
    ("PAS-079", lambda bundle: postal_code(bundle, "K1A 0B1", country="CA")),
    ("sequence-unknown", drop_item),
]


@pytest.mark.rule("PAS-076", "PAS-077", "PAS-078", "PAS-079")
@pytest.mark.parametrize(("rule", "change"), KEPT)
def test_a_request_that_keeps_a_rule_is_not_told(rule: str, change: Change) -> None:
    bundle = own()
    change(bundle)
    assert rule not in {each for _, each, _ in found(bundle)}


def test_an_item_names_more_members_than_x12_carries() -> None:
    bundle = own()
    with_members(bundle, 11)
    claim_of(bundle)["item"][0]["careTeamSequence"] = list(range(1, 12))
    where = f"{CLAIM}.item[0].careTeamSequence[10]"
    assert [expression for _, rule, expression in found(bundle) if rule == "x12-repetitions"] == [where]


@pytest.mark.rule("PAS-028")
def test_a_document_comes_inside_a_document_reference() -> None:
    bundle = own()
    resource(bundle, "DocumentReference").update(resourceType="Binary", contentType="application/pdf")
    assert ("warning", "PAS-028", f"{CLAIM}.supportingInfo[0].value.ofType(Reference)") in found(bundle)


@pytest.mark.rule("PAS-076")
def test_the_timing_of_a_dosage_is_meant_too() -> None:
    order = {
        "resourceType": "MedicationRequest",
        "meta": {"profile": [f"{PAS}profile-medicationrequest"]},
        "dosageInstruction": [{"timing": {"repeat": {"count": 1}}}, {"timing": {}}],
    }
    assert found(order) == [("error", "PAS-076", "MedicationRequest.dosageInstruction[1].timing")]


@pytest.mark.rule("PAS-076", "PAS-077")
def test_an_order_among_the_records_is_no_order_of_the_request() -> None:
    bundle = own()
    order = {"resourceType": "ServiceRequest", "occurrenceTiming": {}, "quantityQuantity": {"value": 1}}
    bundle["entry"].append({"fullUrl": "https://ehr.example.org/fhir/ServiceRequest/old", "resource": order})
    assert {rule for _, rule, _ in found(bundle)} == {"PAS-027"}


@pytest.mark.rule("PAS-076", "PAS-077", "PAS-078")
def test_release_2_0_1_does_not_know_the_rules_of_types() -> None:
    bundle = own(OLDER)
    set_timing({})(bundle)
    set_item(quantity={"value": 1})(bundle)
    assert found(bundle, STU_2_0) == []


def test_no_message_tells_a_person_s_data() -> None:
    bundle = own()
    postal_code(bundle, "43215OH")
    without_member_number(bundle)
    for issue in told(bundle):
        assert "43215" not in f"{issue.found} {issue.mend}"


# --- the Bundle as a whole


@pytest.mark.rule("PAS-019", "PAS-020", "PAS-021", "PAS-023", "PAS-029", "PAS-068", "PAS-094")
@pytest.mark.parametrize(
    ("rule", "expression", "change"),
    [
        ("PAS-019", f"{CLAIM}", lambda bundle: bundle["entry"].insert(0, bundle["entry"].pop(1))),
        ("PAS-020", f"{CLAIM}.patient", lambda bundle: bundle["entry"].pop(place(bundle, "Patient"))),
        ("PAS-021", "Bundle.entry[2].fullUrl", lambda bundle: bundle["entry"].insert(2, bundle["entry"][1])),
        ("PAS-023", "Bundle.entry[1].fullUrl", lambda bundle: bundle["entry"][1].update(fullUrl="urn:oid:1.2")),
        (
            "PAS-029",
            f"{CLAIM}.supportingInfo.where(sequence = 1)",
            lambda bundle: claim_of(bundle)["supportingInfo"][1].update(sequence=1),
        ),
        ("PAS-094", "Bundle.timestamp", lambda bundle: bundle.pop("timestamp")),
    ],
)
def test_the_rules_of_a_request_bundle_are_those_of_submit(rule: str, expression: str, change: Change) -> None:
    bundle = own()
    bundle["meta"] = {"profile": [f"{PAS}profile-pas-request-bundle"]}
    change(bundle)
    assert ("error", rule, expression) in found(bundle)
    [issue] = [each for each in told(bundle, refused="warning") if (each.rule, each.expression) == (rule, expression)]
    assert issue.severity == "warning"
    assert issue.found.endswith("$submit refuses this.")


@pytest.mark.rule("PAS-022", "PAS-027")
def test_what_is_noted_at_submit_is_a_warning() -> None:
    bundle = own()
    twin = {**resource(bundle, "Practitioner"), "id": "twin"}
    bundle["entry"].append({"fullUrl": "https://ehr.example.org/fhir/Practitioner/twin", "resource": twin})
    last = f"Bundle.entry[{len(bundle['entry']) - 1}]"
    assert found(bundle) == [("warning", "PAS-027", last), ("warning", "PAS-022", f"{last}.resource.identifier")]


def test_what_submit_tells_of_the_entries_alone() -> None:
    bundle = own()
    set_item(quantity={"value": 1})(bundle)
    bundle.pop("timestamp")
    report = Report()
    check_elements(BundleIndex(bundle), STU_2_2, report)
    assert [(each.severity, each.rule) for each in report.issues()] == [("error", "PAS-077")]
    assert {rule for _, rule, _ in found(bundle)} == {"PAS-077", "PAS-094"}


def test_a_bundle_inside_is_left_alone() -> None:
    bundle = own()
    inner = own()
    set_item(quantity={"value": 1})(inner)
    bundle["entry"].append({"fullUrl": "https://ehr.example.org/fhir/Bundle/qr", "resource": inner})
    claim_of(bundle)["supportingInfo"][0]["valueReference"] = {"reference": "https://ehr.example.org/fhir/Bundle/qr"}
    assert "PAS-077" not in {rule for _, rule, _ in found(bundle)}


@pytest.mark.parametrize(
    "sent",
    [
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]},
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": {"resourceType": "Claim", "use": "claim"}}],
        },
        {"resourceType": "ServiceRequest", "occurrenceTiming": {}},
        {"resourceType": "Subscription", "criteria": "Observation?code=1"},
        {"resourceType": "Observation"},
        {},
    ],
)
def test_nothing_is_said_of_what_is_no_matter_of_pas(sent: Json) -> None:
    assert found(sent) == []


@pytest.mark.rule("PAS-029", "PAS-041")
def test_a_claim_alone_has_each_number_once() -> None:
    claim = {"resourceType": "Claim", "use": "preauthorization", "item": [{"sequence": 1}] * 3}
    claim["supportingInfo"] = [{"sequence": 2}, {"sequence": 2}]
    assert found(claim) == [("error", "PAS-029", "Claim.supportingInfo[1]"), ("error", "PAS-041", "Claim.item[1]")]


# --- updates


def marked(entry: Json, *, cancelled: bool | None = None, changed: str | None = None, code: str | None = None) -> Json:
    kept = [
        each
        for each in entry.get("extension", [])
        if not each["url"].endswith(("infoChanged", "certificationType" if code else "-"))
    ]
    if code:
        kept.append(certification(code))
    if changed:
        kept.append(extension("infoChanged", valueCode=changed))
    entry["extension"] = kept
    entry.pop("modifierExtension", None)
    if cancelled is not None:
        url = f"{PAS}modifierextension-infoCancelled"
        entry["modifierExtension"] = [{"url": url, "valueBoolean": cancelled}]
    return entry


@pytest.mark.rule("PAS-067", "PAS-070", "PAS-071", "PAS-072", "PAS-073", "PAS-074")
def test_the_official_update_is_in_order(shared: Path) -> None:
    assert found(official(shared, UPDATE)) == []


UPDATES: list[tuple[str, str, str, Callable[[list[Json]], Any]]] = [
    ("PAS-070", "error", f"{CLAIM}.item", lambda items: items.pop(1)),
    ("PAS-071", "error", f"{CLAIM}.item[1]", lambda items: marked(items[1], changed="changed")),
    (
        "PAS-072", "error", f"{CLAIM}.item[1]",
        lambda items: marked(items[1], cancelled=True, changed="changed", code="I"),
    ),
    ("PAS-073", "warning", f"{CLAIM}.item[1]", lambda items: marked(items[1], cancelled=True)),
    ("PAS-073", "warning", f"{CLAIM}.item[2]", lambda items: marked(items[2])),
    ("PAS-073", "warning", f"{CLAIM}.item[0]", lambda items: items[0].update(quantity=FL)),
    ("PAS-074", "warning", f"{CLAIM}.item[2]", lambda items: marked(items[2], changed="changed")),
    (
        "PAS-074", "warning", f"{CLAIM}.item[1]",
        lambda items: marked(items[1], cancelled=True, changed="added"),
    ),
]  # fmt: skip


@pytest.mark.rule("PAS-070", "PAS-071", "PAS-072", "PAS-073", "PAS-074")
@pytest.mark.parametrize(("rule", "severity", "expression", "change"), UPDATES)
def test_an_update_that_breaks_a_rule_is_told(
    shared: Path, rule: str, severity: str, expression: str, change: Callable[[list[Json]], Any]
) -> None:
    bundle = official(shared, UPDATE)
    change(claim_of(bundle)["item"])
    assert found(bundle) == [(severity, rule, expression)]


@pytest.mark.rule("PAS-070", "PAS-071")
def test_what_cancels_the_whole_needs_no_items(shared: Path) -> None:
    bundle = official(shared, UPDATE)
    claim = claim_of(bundle)
    claim["extension"] = [certification("3")]
    del claim["item"]
    assert found(bundle) == []


@pytest.mark.rule("PAS-067")
@pytest.mark.parametrize("prior", [{"identifier": {"value": "1"}}, {"reference": "Coverage/InsuranceExample"}])
def test_an_update_leads_to_the_claim_that_it_changes(shared: Path, prior: Json) -> None:
    bundle = official(shared, UPDATE)
    claim_of(bundle)["related"][0]["claim"] = prior
    assert ("error", "PAS-067", f"{CLAIM}.related[0].claim") in found(bundle)


@pytest.mark.rule("PAS-067")
def test_an_update_does_not_change_itself(shared: Path) -> None:
    bundle = official(shared, UPDATE)
    claim_of(bundle)["related"][0]["claim"] = {"reference": bundle["entry"][0]["fullUrl"]}
    assert ("error", "PAS-067", f"{CLAIM}.related[0].claim") in found(bundle)


@pytest.mark.rule("PAS-020")
def test_a_prior_claim_that_is_not_there_is_told_once(shared: Path) -> None:
    bundle = official(shared, UPDATE)
    claim_of(bundle)["related"][0]["claim"] = {"reference": "Claim/nowhere"}
    assert [rule for _, rule, _ in found(bundle) if rule != "PAS-027"] == ["PAS-020"]


def test_an_older_update_may_tell_the_changes_only(shared: Path) -> None:
    bundle = official(shared, "HomecareAuthorizationDifferentialBundleExample", STU_2_0)
    assert {rule for _, rule, _ in found(bundle, STU_2_0)} <= {"member-number"}


# --- responses

MODIFIED = {"addItem": [{"itemSequence": [1], **response()["item"][0], "productOrService": {}}]}
MODIFIED["addItem"][0]["itemSequence"] = [1]

ANSWERS: list[tuple[str, str, str, Json]] = [
    ("PAS-044", "error", "item[0]", decided("A6")),
    ("PAS-049", "error", "request", response(request={"display": "the request"})),
    (
        "PAS-077", "warning", "addItem[0].quantity",
        decided("A6") | {"addItem": [MODIFIED["addItem"][0] | {"quantity": {}}]},
    ),
    (
        "PAS-077", "warning", "item[0].extension[0].extension[0].value.ofType(Quantity)",
        decided(
            "A1",
            extension=[
                extension("itemAuthorizedDetail", extension=[{"url": "quantity", "valueQuantity": {"value": 1}}])
            ],
        ),
    ),
    ("PAS-097", "error", "item[0].noteNumber[0]", decided("A1", noteNumber=[7])),
    (
        "PAS-097", "error", "processNote[1].number",
        response(processNote=[{"number": 1, "text": "a"}, {"number": 1, "text": "b"}]),
    ),
    (
        "PAS-097", "error", "error[0].extension[0].extension[0].value.ofType(positiveInt)",
        response(
            error=[
                {
                    "code": concept("04", f"{X12}/901"),
                    "extension": [extension("errorElement", extension=[{"url": "processNote", "valuePositiveInt": 2}])],
                }
            ]
        ),
    ),
    ("PAS-095", "error", "error[0].code", response(error=[{"code": concept("04", "http://example.org/901")}])),
    ("decision-missing", "warning", "item[0]", response(item=[{"itemSequence": 1, "adjudication": [{}]}])),
    ("denial-reason", "warning", "item[0]", decided("A3")),
    ("error-missing", "warning", "outcome", response(outcome="error")),
    (
        "error-path", "warning", "error[0].extension[0].value.ofType(string)",
        response(
            error=[
                {
                    "code": concept("04", f"{X12}/901"),
                    "extension": [extension("errorPath", valueString="Bundle.entry[1].Organization.name")],
                }
            ]
        ),
    ),
]  # fmt: skip


@pytest.mark.rule("PAS-043", "PAS-044", "PAS-049", "PAS-077", "PAS-095", "PAS-097")
@pytest.mark.parametrize(("rule", "severity", "where", "answer"), ANSWERS)
def test_a_response_that_breaks_a_rule_is_told(rule: str, severity: str, where: str, answer: Json) -> None:
    assert found(answer) == [(severity, rule, f"ClaimResponse.{where}")]


@pytest.mark.rule("PAS-043", "PAS-044", "PAS-095", "PAS-097")
@pytest.mark.parametrize(
    "answer",
    [
        response(),
        decided("A6") | MODIFIED,
        decided("A3", noteNumber=[1]) | {"processNote": [{"number": 1, "text": "why"}]},
        response(request={"extension": [{"url": "x", "valueCode": "unknown"}]}),
        response(outcome="error", item=[], error=[{"code": concept("04", f"{X12}/901")}]),
    ],
)
def test_a_response_that_keeps_the_rules_is_not_told(answer: Json) -> None:
    assert found(answer) == []


def test_a_denial_gives_its_reason() -> None:
    answer = decided("A3")
    [action] = answer["item"][0]["adjudication"][0]["extension"]
    action["extension"].append({"url": "reasonCode", "valueCodeableConcept": concept("0P", f"{X12}/886")})
    assert found(answer) == []


@pytest.mark.rule("PAS-095")
def test_a_decision_has_a_code_of_x12() -> None:
    answer = decided("A1")
    [action] = answer["item"][0]["adjudication"][0]["extension"]
    action["extension"][0]["valueCodeableConcept"] = concept("A1", "https://valueset.x12.org/x217/005010/306")
    where = "ClaimResponse.item[0].adjudication[0].extension[0].extension[0].value.ofType(CodeableConcept)"
    assert ("error", "PAS-095", where) in found(answer)
    action["extension"][0]["valueCodeableConcept"]["coding"].append({"system": f"{X12}/306", "code": "A1"})
    assert found(answer) == []


def test_an_answer_says_something() -> None:
    assert found(response(item=[])) == [("warning", "answer-empty", "ClaimResponse")]
    assert found(response(item=[], adjudication=[{}])) == []


@pytest.mark.parametrize(
    ("path", "odd"),
    [
        ("Bundle.entry[0].resource.identifier[0].value", False),
        ("Bundle.entry[0].fullUrl", True),
        ("Bundle.identifier", False),
        ("Bundle.entry[0].resource", False),
        ("Claim.patient", True),
        ("", True),
    ],
)
def test_the_path_of_an_error_starts_at_the_bundle(path: str, odd: bool) -> None:
    told_at = {"code": concept("04", f"{X12}/901"), "extension": [extension("errorPath", valueString=path)]}
    assert (found(response(error=[told_at])) != []) is odd


@pytest.mark.rule("PAS-041")
def test_an_answer_repeats_the_sequences_of_the_claim() -> None:
    claim = {"resourceType": "Claim", "item": [{"sequence": 1}]}
    assert found(answered(response(), claim)) == []
    answer = response()
    answer["item"][0]["itemSequence"] = 2
    assert found(answered(answer, claim)) == [("error", "PAS-041", f"{CLAIM}.item[0].itemSequence")]
    assert found(answered(answer)) == []  # the Claim may stay out


@pytest.mark.rule("PAS-037", "PAS-038", "PAS-039", "PAS-094")
@pytest.mark.parametrize(
    ("rule", "severity", "expression", "change"),
    [
        ("PAS-037", "error", CLAIM, lambda bundle: bundle["entry"].reverse()),
        ("PAS-038", "error", "Bundle.entry[2].fullUrl", lambda bundle: bundle["entry"].append(bundle["entry"][1])),
        ("PAS-094", "error", "Bundle.identifier", lambda bundle: bundle.pop("identifier")),
        ("PAS-094", "error", "Bundle.entry", lambda bundle: bundle.pop("entry")),
        (
            "response-closure",
            "warning",
            f"{CLAIM}.insurer",
            lambda bundle: claim_of(bundle).update(insurer={"reference": "Organization/x"}),
        ),
    ],
)
def test_the_rules_of_a_response_bundle(rule: str, severity: str, expression: str, change: Change) -> None:
    bundle = answered(response(), {"resourceType": "Claim"})
    bundle["meta"] = {"profile": [f"{PAS}profile-pas-response-bundle"]}
    change(bundle)
    assert (severity, rule, expression) in found(bundle)


@pytest.mark.rule("PAS-094")
def test_where_a_response_needs_no_number() -> None:
    bundle = answered(response())
    del bundle["identifier"]
    assert found(bundle, STU_2_0) == []
    bundle["meta"] = {"profile": [f"{PAS}profile-pas-inquiry-response-bundle|2.2.1"]}
    assert found(bundle) == []


@pytest.mark.rule("PAS-061")
@pytest.mark.parametrize(
    ("filters", "severity"),
    [
        (["org-identifier=SENDER"], None),
        (["org-identifier=A,B"], None),
        (["orgIdentifier=SENDER"], "warning"),
        (["org-identifier="], "error"),
        (["patient=1"], "error"),
        ([], "error"),
    ],
)
def test_a_subscription_says_which_sender_it_is_for(filters: list[str], severity: str | None) -> None:
    url = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria"
    subscription = {
        "resourceType": "Subscription",
        "criteria": "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic",
        "_criteria": {"extension": [{"url": url, "valueString": each} for each in filters]},
    }
    expected = [(severity, "PAS-061", "Subscription.criteria")] if severity else []
    assert found(subscription) == expected


# --- the guide's own examples

# What the published examples break: each by the trap that names it.
KNOWN = {
    "PAS-020": "the surgical request refers to the practitioner and the place of another example (T-17)",
    "PAS-027": "and holds its own, which nothing refers to (T-17)",
    "PAS-061": "the filter has the topic's name (T-4)",
    "PAS-077": "quantities of responses have a value only (T-18)",
    "PAS-078": "a unit of UCUM (T-18)",
    "denial-reason": "the rejection gives no reason",
    "error-path": "a path without `resource` (T-18)",
    "response-closure": "responses leave out what they refer to (T-17)",
    "member-number": "no member number in 2.0.1",
}


@pytest.mark.rule("PAS-077", "PAS-078")
@pytest.mark.parametrize("version", [STU_2_2, STU_2_0], ids=lambda version: version.label)
def test_the_official_examples_break_what_is_known(shared: Path, version: Version) -> None:
    archive = shared / "packages" / PACKAGES[version is STU_2_0]
    examples = {name: content for name, content in files(archive).items() if "/example/" in name}
    issues = [each for content in examples.values() for each in told(json.loads(content), version)]
    assert {each.rule for each in issues} <= KNOWN.keys()
    assert {each.rule for each in issues if each.severity == "error"} == {"PAS-020"}
    assert len(examples) > 30


def test_every_rule_of_the_table_is_broken_by_a_test() -> None:
    tested = {rule for rule, *_ in (*BROKEN, *UPDATES, *ANSWERS)}
    alone = {"PAS-029", "PAS-041", "PAS-061", "PAS-067", "answer-empty"}
    assert {rule.key for rule in RULES} <= tested | alone


def test_every_row_says_where_it_comes_from_and_why() -> None:
    for rule in RULES:
        assert rule.source, rule.key
        assert rule.reason.endswith((".", ").")), rule.key
        assert set(rule.refused_in) <= set(rule.releases), rule.key


SCALARS = st.none() | st.booleans() | st.integers(-3, 20) | st.sampled_from(["", "Claim/1", "3", "A6", "added", "MB"])
WORDS = """
    resourceType entry resource fullUrl item addItem sequence itemSequence careTeam diagnosis diagnosisSequence
    supportingInfo insurance coverage related claim reference extension url valueCode valueReference quantity address
    postalCode processNote noteNumber error code adjudication coding meta profile identifier request occurrenceTiming
    repeat _criteria number country outcome
"""
NAMES = st.sampled_from(WORDS.split())
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=20
)


@pytest.mark.parametrize("odd", [[], {}, [[]], None, "x", 1.5, True])
def test_an_element_of_another_kind_breaks_no_rule(odd: Any) -> None:
    answer = decided("A6", itemSequence=odd, noteNumber=odd) | {"processNote": [{"number": odd}], "error": odd}
    bundle = answered(answer, {"resourceType": odd, "item": odd})
    for sent in (answer, bundle, answered(answer | {"request": odd, "use": odd, "meta": {"profile": odd}})):
        told(sent)


@settings(max_examples=150)
@given(TREES, st.sampled_from(["Claim", "ClaimResponse", "Subscription", "MedicationRequest", "Patient"]), st.data())
def test_no_json_breaks_a_rule(tree: Any, kind: str, data: st.DataObject) -> None:
    head = {"resourceType": kind, "use": "preauthorization", "meta": {"profile": [f"{PAS}profile-x"]}}
    names = data.draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    broken = {**dict.fromkeys(names, tree), **head}
    odd = {**broken, "resourceType": tree}
    for sent in (tree, broken, odd, answered(broken, odd), {**own(), "entry": tree}):
        for version in (STU_2_2, STU_2_0):
            told(sent, version)
