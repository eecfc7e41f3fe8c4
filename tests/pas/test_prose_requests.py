"""What the guide says of requests in words only: each rule kept, and broken."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.references import BundleIndex
from fhir_server.fhir.validation.report import Report
from fhir_server.pas.prose import check_elements
from fhir_server.pas.versions import STU_2_0, STU_2_2
from tests.pas.bundles import OLDER, OWN, Json, own, place, resource, version_of
from tests.pas.prose import CLAIM, FL, PAS, Change, certification, claim_of, concept, extension, found, told


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


# The Bundle as a whole.
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
