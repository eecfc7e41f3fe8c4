"""What the guide says of answers and subscriptions in words only: each rule kept, and broken."""

from __future__ import annotations

import pytest

from fhir_server.pas.versions import STU_2_0
from tests.pas.bundles import Json
from tests.pas.prose import CLAIM, PAS, X12, Change, answered, claim_of, concept, decided, extension, found, response

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
