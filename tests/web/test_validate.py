"""`$validate` over HTTP: what is asked for, what is told, and what cannot be answered."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from werkzeug.test import TestResponse

from fhir_server.fhir import xml
from tests.web.bundles import OLDER, Json, encoded, example
from tests.web.served import FHIR_JSON, FHIR_XML, Serve, Served, outcome_of, rules_of

SYSTEM = "/stu2.2/fhir/$validate"
PATIENTS = "/stu2.2/fhir/Patient/$validate"
PATIENT: Json = {"resourceType": "Patient", "gender": "female", "text": {"status": "empty"}}
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A patient</div>'}
COMPLETE: Json = {"resourceType": "Patient", "text": NARRATIVE, "gender": "female"}


def parameters(resource: Any, **values: str) -> Json:
    """Return Parameters that hold *resource*, and *values* by name."""
    parts = [{"name": name, "valueCode" if name == "mode" else "valueUri": value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": resource}, *parts]}


def errors(response: TestResponse) -> list[Json]:
    """Return the errors of an answer, which is an OperationOutcome of status 200."""
    return [issue for issue in outcome_of(response, 200) if issue["severity"] in ("error", "fatal")]


def keys(response: TestResponse) -> list[str]:
    return [issue["details"]["coding"][0]["code"] for issue in errors(response)]


@pytest.mark.parametrize("path", [SYSTEM, PATIENTS, "/stu2.0/fhir/$validate", "/stu2.0/fhir/Patient/$validate"])
def test_all_is_well(served: Served, path: str) -> None:
    [issue] = outcome_of(served.submit(COMPLETE, path), 200)

    assert issue["severity"] == "information"
    assert issue["details"]["coding"][0]["code"] == "all-ok"


def test_everything_that_is_wrong_is_told_errors_first(served: Served) -> None:
    wrong = {**COMPLETE, "gender": "femal", "nmae": [{}], "birthDate": "yesterday"}
    del wrong["text"]

    issues = outcome_of(served.submit(wrong, SYSTEM), 200)

    severities = [issue["severity"] for issue in issues]
    assert severities == sorted(severities, key=["error", "warning", "information"].index)
    told = {issue["details"]["coding"][0]["code"]: issue for issue in issues}
    assert told["element-unknown"]["expression"] == ["Patient"]
    assert "Did you mean 'name'?" in told["element-unknown"]["details"]["text"]
    assert told["binding-required"]["expression"] == ["Patient.gender"]
    assert "Did you mean 'female'?" in told["binding-required"]["details"]["text"]
    assert told["fhir-date"]["expression"] == ["Patient.birthDate"]


def test_a_request_bundle_is_judged_as_a_whole(served: Served) -> None:
    assert errors(served.submit(example(), SYSTEM)) == []
    bundle = example()
    del bundle["entry"][0]["resource"]["insurer"]

    [issue] = errors(served.submit(bundle, "/stu2.2/fhir/Bundle/$validate"))

    assert issue["expression"] == ["Bundle.entry[0].resource"]
    assert "Claim.insurer" in issue["details"]["text"]


def test_a_fault_comes_before_what_follows_from_it(served: Served) -> None:
    bundle = example()
    [patient] = [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == "Patient"]
    patient["gender"] = "F"

    told = keys(served.submit(bundle, SYSTEM))

    assert told[0] == "binding-required"
    assert set(told[1:]) == {"reference-target"}


def test_the_base_address_decides_which_release_counts(served: Served) -> None:
    assert errors(served.submit(example(OLDER), "/stu2.0/fhir/$validate")) == []
    assert errors(served.submit(example(OLDER), SYSTEM)) != []


def test_what_submit_refuses_for_the_guides_words_is_a_warning(served: Served) -> None:
    bundle = example()
    bundle["entry"][0]["resource"]["insurer"]["reference"] = "Organization/nowhere"

    issues = outcome_of(served.submit(bundle, SYSTEM), 200)

    [told] = [issue for issue in issues if issue["details"]["coding"][0]["code"] == "PAS-020"]
    assert told["severity"] == "warning"
    assert "$submit refuses this" in told["details"]["text"]


def test_nothing_is_kept(served: Served) -> None:
    served.submit(example(), SYSTEM)

    assert not any(served.counts().values())


def test_a_resource_of_another_type_is_an_error(served: Served) -> None:
    response = served.submit(COMPLETE, "/stu2.2/fhir/Claim/$validate")

    assert keys(response) == ["validate-type"]
    assert errors(response)[0]["expression"] == ["Patient"]
    assert "of type Patient" in errors(response)[0]["details"]["text"]


@pytest.mark.parametrize("sent", [{}, {"resourceType": 1}, {"resourceType": "Clame"}, {"resourceType": ["Patient"]}])
def test_what_is_no_resource_is_told(served: Served, sent: Json) -> None:
    assert "resource-type" in keys(served.submit(sent, SYSTEM))
    assert "validate-type" in keys(served.submit(sent, PATIENTS))


@pytest.mark.parametrize("path", [SYSTEM, PATIENTS])
def test_parameters_may_hold_resource_profile_and_mode(served: Served, path: str) -> None:
    assert keys(served.submit(parameters(COMPLETE, mode="create"), path)) == []

    response = served.submit(parameters(COMPLETE, mode="create", profile=US_CORE), path)

    assert "element-missing" in keys(response)
    assert {issue["expression"][0] for issue in errors(response)} == {"Patient"}


def test_profile_and_mode_may_stand_in_the_query(served: Served) -> None:
    assert keys(served.submit(COMPLETE, f"{SYSTEM}?mode=create")) == []
    assert "element-missing" in keys(served.submit(COMPLETE, f"{SYSTEM}?profile={US_CORE}&mode=profile"))
    assert "element-missing" in keys(served.submit(COMPLETE, f"{SYSTEM}?profile={US_CORE}%7C7.0.0"))
    assert "element-missing" in keys(served.submit(parameters(COMPLETE), f"{SYSTEM}?profile={US_CORE}"))


def test_a_resource_that_updates_another_needs_an_id(served: Served) -> None:
    assert keys(served.submit(COMPLETE, f"{PATIENTS}?mode=update")) == ["validate-id"]
    assert keys(served.submit({**COMPLETE, "id": "1"}, f"{PATIENTS}?mode=update")) == []


@pytest.mark.parametrize(
    ("query", "rule", "code"),
    [
        ("mode=dance", "validate-mode", "value"),
        ("mode=create&mode=update", "validate-mode", "value"),
        ("mode=delete", "validate-mode", "not-supported"),
        ("mode=profile", "validate-mode", "required"),
        ("profile=http://example.org/unknown", "profile-unknown", "not-found"),
    ],
)
def test_what_cannot_be_answered_gets_400_and_says_why(served: Served, query: str, rule: str, code: str) -> None:
    response = served.submit(COMPLETE, f"{SYSTEM}?{query}")

    assert rules_of(response, 400) == [rule]
    assert outcome_of(response, 400)[0]["code"] == code


def test_all_that_is_wrong_with_a_call_is_told_at_once(served: Served) -> None:
    call = parameters(None, mode="dance", profile=f"{US_CORE}s")

    response = served.submit(call, SYSTEM)

    assert rules_of(response, 400) == ["validate-mode", "validate-resource", "profile-unknown"]
    assert f"Did you mean {US_CORE}?" in outcome_of(response, 400)[2]["details"]["text"]


def test_parameters_without_our_names_are_the_resource_itself(served: Served) -> None:
    plain = {"resourceType": "Parameters", "parameter": [{"name": "a", "valueString": "b"}]}

    assert keys(served.submit(plain, SYSTEM)) == []
    assert keys(served.submit(plain, "/stu2.2/fhir/Parameters/$validate")) == []
    assert keys(served.submit(parameters(plain, mode="create"), "/stu2.2/fhir/Parameters/$validate")) == []
    assert keys(served.submit(parameters(COMPLETE), "/stu2.2/fhir/Parameters/$validate")) == []
    assert keys(served.submit({"resourceType": "Parameters", "parameter": [{"name": {}}, 1]}, SYSTEM)) != []


def test_several_resources_in_one_call_are_none(served: Served) -> None:
    call = parameters(COMPLETE)
    call["parameter"].append({"name": "resource", "resource": COMPLETE})

    assert rules_of(served.submit(call, SYSTEM), 400) == ["validate-resource"]


def test_xml_is_taken_and_given(served: Served) -> None:
    sent = xml.dumps({**COMPLETE, "gender": "femal"})

    told = served.submit(sent, SYSTEM, Content_Type=FHIR_XML, Accept=FHIR_JSON)
    answer = served.submit(sent, PATIENTS, Content_Type=FHIR_XML, Accept=FHIR_XML)

    assert keys(told) == ["binding-required"]
    assert answer.status_code == 200
    assert answer.content_type == f"{FHIR_XML}; charset=utf-8"
    outcome = etree.fromstring(answer.data)
    assert outcome.tag == "{http://hl7.org/fhir}OperationOutcome"
    assert outcome.xpath("string(f:issue/f:expression/@value)", namespaces={"f": "http://hl7.org/fhir"}) == (
        "Patient.gender"
    )


def test_wrong_xml_is_told_as_far_as_it_can_be_read(served: Served) -> None:
    sent = b'<Patient xmlns="http://hl7.org/fhir"><nam/><gender value="femal"/></Patient>'

    assert keys(served.submit(sent, SYSTEM, Content_Type=FHIR_XML)) == ["xml-element", "binding-required"]
    assert keys(served.submit(b"<Patient/>", SYSTEM, Content_Type=FHIR_XML)) == ["xml-namespace"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", FHIR_JSON, 400),
        (b"{", FHIR_JSON, 400),
        (b"[]", FHIR_JSON, 400),
        (b'{"a":1,"a":2}', FHIR_JSON, 400),
        (b"<a", FHIR_XML, 400),
        (b'{"a":' * 70 + b"1" + b"}" * 70, FHIR_JSON, 413),
        (encoded(COMPLETE), "text/plain", 415),
        (encoded(COMPLETE), "", 415),
    ],
)
def test_what_cannot_be_read_is_refused_without_expression(
    served: Served, body: bytes, content_type: str, status: int
) -> None:
    for issue in outcome_of(served.submit(body, SYSTEM, Content_Type=content_type), status):
        assert "expression" not in issue


def test_a_body_over_the_limit_gets_413(serve_sqlite: Serve) -> None:
    served = serve_sqlite(MOST_BYTES="2000")

    outcome_of(served.submit(b" " * 2001, SYSTEM), 413)


def test_a_format_that_nobody_offers_gets_406(served: Served) -> None:
    assert rules_of(served.submit(COMPLETE, SYSTEM, Accept="text/html"), 406) == ["not-acceptable"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", SYSTEM, 405),
        ("GET", PATIENTS, 405),
        ("PUT", SYSTEM, 405),
        ("GET", "/stu2.2/fhir/Patient/1/$validate", 404),
        ("POST", "/stu2.2/fhir/Patient/1/$validate", 404),
        ("POST", "/stu2.2/fhir/Nonsense/$validate", 404),
        ("POST", "/fhir/$validate", 404),
    ],
)
def test_only_the_system_and_the_types_validate(served: Served, method: str, path: str, status: int) -> None:
    outcome_of(served.client.open(path, method=method, data=encoded(COMPLETE), content_type=FHIR_JSON), status)


def test_callers_are_known_as_for_the_other_operations(serve_sqlite: Serve, tmp_path: Path) -> None:
    clients = tmp_path / "clients.yaml"
    clients.write_text(f"clients: [{{id: one, token_sha256: {hashlib.sha256(b't').hexdigest()}}}]")
    served = serve_sqlite(CLIENTS_FILE=str(clients))

    outcome_of(served.submit(COMPLETE, SYSTEM), 401)
    assert keys(served.submit(COMPLETE, SYSTEM, Authorization="Bearer t")) == []


def test_no_more_than_200_issues_are_listed_and_errors_come_before_warnings(served: Served) -> None:
    patient = {**COMPLETE, "name": [{"use": "x"}] * 300, "meta": {"profile": ["http://example.org/unknown"] * 300}}

    issues = outcome_of(served.submit(patient, SYSTEM), 200)

    assert len(issues) == 201
    assert {issue["severity"] for issue in issues[:200]} == {"error"}
    assert "more issues" in issues[-1]["details"]["text"]


def test_a_beneficiary_is_never_repeated(served: Served) -> None:
    canary = "Canarienvogel"
    sent = {"resourceType": "Patient", "name": [{"family": [canary], "given": canary}], "birthDate": canary}

    told = json.dumps(served.submit(sent, SYSTEM).get_json())

    assert canary not in told
