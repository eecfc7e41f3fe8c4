"""What every FHIR route does alike: formats, refusals as one OperationOutcome, and no redirect ever."""

from __future__ import annotations

import pytest
from flask import Flask
from lxml import etree
from werkzeug.exceptions import InternalServerError

from fhir_server.errors import NotAllowed, TooManyRequests
from fhir_server.fhir.negotiation import MIME
from fhir_server.web.exchange import register_refusals
from tests.web.bundles import example, example_bytes
from tests.web.served import FHIR_JSON, FHIR_XML, SUBMIT, SUBMIT_2_0, Serve, Served, outcome_of, rules_of

XML = b'<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/></Bundle>'
FHIR_NAMESPACE = "{http://hl7.org/fhir}"


@pytest.mark.rule("PAS-018", "PAS-042")
@pytest.mark.parametrize("path", [SUBMIT, SUBMIT_2_0])
@pytest.mark.parametrize("content_type", [FHIR_XML, "application/xml", "text/xml", "text/plain", "", "nonsense"])
def test_a_body_that_is_not_json_gets_415(served: Served, path: str, content_type: str) -> None:
    response = served.submit(XML, path, Content_Type=content_type)
    [issue] = outcome_of(response, 415)
    assert "application/fhir+json" in issue["details"]["text"]
    assert "expression" not in issue  # S-18
    assert served.cases() == []


@pytest.mark.rule("PAS-018")
@pytest.mark.parametrize(
    "content_type",
    [
        "application/fhir+json",
        "application/json",
        "application/fhir+json; charset=utf-8",
        'application/fhir+json;charset="UTF-8"',
        "application/fhir+json; fhirVersion=4.0",
    ],
)
def test_json_is_taken_under_each_of_its_names(served: Served, content_type: str) -> None:
    assert served.submit(example(), Content_Type=content_type).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/fhir+json; charset=iso-8859-1", "application/fhir+json; fhirVersion=5.0"]
)
def test_another_charset_or_version_of_fhir_gets_415(served: Served, content_type: str) -> None:
    outcome_of(served.submit(example(), Content_Type=content_type), 415)


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/json", "*/*", "application/*;q=0.1", ""])
def test_an_answer_is_json_in_utf_8(served: Served, accept: str) -> None:
    response = served.submit(example(), Accept=accept)
    assert response.status_code == 200
    assert response.content_type == "application/fhir+json; charset=utf-8"


@pytest.mark.parametrize("accept", ["application/pdf", "text/html", "application/fhir+json;q=0"])
def test_a_format_that_nobody_offers_gets_406_in_json(served: Served, accept: str) -> None:
    [issue] = outcome_of(served.submit(example(), Accept=accept), 406)
    assert "expression" not in issue
    assert served.cases() == []


@pytest.mark.rule("PAS-018")
@pytest.mark.parametrize("ask", [{"Accept": FHIR_XML}, {"path": SUBMIT + "?_format=xml"}])
def test_an_operation_does_not_answer_in_xml_and_says_so_in_xml(served: Served, ask: dict[str, str]) -> None:
    response = served.submit(example_bytes("wiser/01-knee-arthroscopy.json"), **ask)
    assert response.status_code == 406
    assert response.content_type == f"{MIME['xml']}; charset=utf-8"
    outcome = etree.fromstring(response.data)
    assert outcome.tag == f"{FHIR_NAMESPACE}OperationOutcome"
    assert len(outcome.findall(f"{FHIR_NAMESPACE}issue")) == 1


def test_format_as_parameter_wins_over_the_header(served: Served) -> None:
    response = served.submit(example(), SUBMIT + "?_format=json", Accept=FHIR_XML)
    assert response.status_code == 200
    assert response.content_type.startswith(FHIR_JSON)


@pytest.mark.rule("PAS-042", "PAS-092")
@pytest.mark.parametrize(
    "path",
    [
        "/stu2.2/fhir/Patient/1",
        "/stu2.2/fhir/Claim",
        "/stu2.2/fhir/$submit",
        "/stu2.2/fhir/Claim/1/$submit",
        "/stu2.2/fhir/ClaimResponse/$submit",
        "/stu2.1/fhir/Claim/$submit",
        "/fhir/Claim/$submit",
        "/nowhere",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_gets_404(served: Served, path: str, method: str) -> None:
    [issue] = outcome_of(served.client.open(path, method=method, data=b"{}"), 404)
    assert "expression" not in issue


@pytest.mark.rule("PAS-092", "PAS-042")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", [SUBMIT, SUBMIT_2_0])
def test_submit_takes_post_alone(served: Served, path: str, method: str) -> None:
    response = served.client.open(path, method=method)
    [issue] = outcome_of(response, 405)
    assert "POST" in response.headers["Allow"]
    assert "GET" not in response.headers["Allow"]
    assert "expression" not in issue


def test_metadata_takes_get_alone(served: Served) -> None:
    response = served.client.post("/stu2.2/fhir/metadata")
    assert rules_of(response, 405) == ["method-not-allowed"]
    assert "GET" in response.headers["Allow"]


@pytest.mark.rule("PAS-046")
@pytest.mark.parametrize(
    "path",
    [
        "/stu2.2/fhir/Claim/$submit/",
        "/stu2.2/fhir//Claim/$submit",
        "//stu2.2/fhir/Claim/$submit",
        "/stu2.2/fhir/./Claim/$submit",
        "/stu2.2/fhir/metadata/",
        "/stu2.2//fhir/metadata",
        "/stu2.2",
        "/stu2.2/fhir",
        "/healthz/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_is_redirected(served: Served, path: str, method: str) -> None:
    response = served.client.open(path, method=method, data=example_bytes("wiser/01-knee-arthroscopy.json"))
    assert response.status_code in (404, 405)
    assert "Location" not in response.headers


def test_a_body_over_the_limit_gets_413(serve_sqlite: Serve) -> None:
    served = serve_sqlite(MOST_BYTES="20000")
    [issue] = outcome_of(served.submit(b" " * 20_001), 413)
    assert "20000" in issue["details"]["text"]
    assert "expression" not in issue


def test_a_body_that_nests_too_deep_gets_413(served: Served) -> None:
    [issue] = outcome_of(served.submit(b'{"a":' * 70 + b"1" + b"}" * 70), 413)
    assert "expression" not in issue


def test_a_bundle_of_too_many_entries_gets_413(serve_sqlite: Serve) -> None:
    served = serve_sqlite(MOST_ENTRIES="5")
    [issue] = outcome_of(served.submit(example()), 413)
    assert "expression" not in issue


def test_a_request_of_too_many_lines_gets_413(serve_sqlite: Serve) -> None:
    bundle = example()
    claim = bundle["entry"][0]["resource"]
    claim["item"] = [{**claim["item"][0], "sequence": number} for number in range(1, 402)]
    [issue] = outcome_of(serve_sqlite().submit(bundle), 413)
    assert "at most 400" in issue["details"]["text"]


@pytest.mark.rule("PAS-042")
@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "line 1"),
        (b"{", "line 1"),
        (b'{"resourceType":\n"Bundle",}', "line 2"),
        (b'{"resourceType":"Bundle","resourceType":"Bundle"}', ""),
        (b"[]", ""),
        (b"\xff\xfe", ""),
        (b"null", ""),
    ],
)
def test_broken_json_gets_400_with_the_place_and_no_expression(served: Served, body: bytes, place: str) -> None:
    [issue] = outcome_of(served.submit(body), 400)
    assert "expression" not in issue
    assert place in issue.get("diagnostics", "")


def test_every_problem_is_in_one_outcome(served: Served) -> None:
    bundle = example()
    bundle["type"] = "batch"
    del bundle["timestamp"]
    bundle["entry"][1]["fullUrl"] = "urn:oid:1.2.3"
    bundle["entry"][0]["resource"]["created"] = "yesterday"
    issues = outcome_of(served.submit(bundle), 400)
    assert len(issues) >= 4
    expressions = [issue["expression"][0] for issue in issues]
    for place in ("Bundle.type", "Bundle.timestamp", "Bundle.entry[1].fullUrl", "Bundle.entry[0].resource.created"):
        assert place in expressions


def test_a_fault_of_ours_tells_the_caller_nothing() -> None:
    app = Flask(__name__)
    register_refusals(app)

    @app.get("/fault")
    def fault() -> str:
        raise ZeroDivisionError("1EG4TE5MK73")

    [issue] = outcome_of(app.test_client().get("/fault"), 500)
    assert issue["code"] == "exception"
    assert "1EG4TE5MK73" not in issue["details"]["text"]


def test_a_fault_of_the_framework_is_a_fault_too() -> None:
    app = Flask(__name__)
    register_refusals(app)

    @app.get("/fault")
    def fault() -> str:
        raise InternalServerError(original_exception=ZeroDivisionError("1EG4TE5MK73"))

    assert rules_of(app.test_client().get("/fault"), 500) == ["server-fault"]


def test_headers_that_belong_to_a_refusal_travel_with_it() -> None:
    app = Flask(__name__)
    register_refusals(app)

    @app.get("/busy")
    def busy() -> str:
        raise TooManyRequests.because("Busy.", "Wait.")

    @app.get("/closed")
    def closed() -> str:
        raise NotAllowed.because("Not yours.", "Ask.")

    client = app.test_client()
    response = client.get("/busy")
    assert rules_of(response, 429) == ["too-many-requests"]
    assert response.headers["Retry-After"] == "1"
    assert rules_of(client.get("/closed"), 403) == ["not-allowed"]


def test_a_compressed_body_is_refused(served: Served) -> None:
    [issue] = outcome_of(served.submit(example(), Content_Encoding="gzip"), 415)
    assert "compressed" in issue["details"]["text"]


def test_an_identity_coding_is_none(served: Served) -> None:
    assert served.submit(example(), Content_Encoding="identity").status_code == 200


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-Ip"])
def test_the_development_identity_takes_no_proxys_word(served: Served, name: str) -> None:
    outcome_of(served.submit(example(), **{name.replace("-", "_"): "127.0.0.1"}), 401)


def test_options_is_no_method_of_an_operation(served: Served) -> None:
    outcome_of(served.client.options(SUBMIT), 405)
