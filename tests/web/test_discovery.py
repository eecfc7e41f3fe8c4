"""Discovery: /metadata of each release, the HRex document, and the page for people."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from lxml import etree

from fhir_server.pas.capability import OPERATION_ROWS, UNLISTED_ROUTES
from fhir_server.pas.versions import VERSIONS, Version
from fhir_server.web.discovery import fhir_routes
from tests.web.bundles import Json
from tests.web.served import FHIR_JSON, FHIR_XML, Serve, Served, rules_of

DAVINCI = "/.well-known/davinci-configuration"
GUIDE = "http://hl7.org/fhir/us/davinci-pas/ImplementationGuide/hl7.fhir.us.davinci-pas"
BASES = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)


def statement(served: Served, version: Version) -> Json:
    """Return the CapabilityStatement of *version*."""
    response = served.get(f"/{version.base}/fhir/metadata")
    assert response.status_code == 200
    assert response.content_type == f"{FHIR_JSON}; charset=utf-8"
    content: Json = response.get_json()
    return content


@pytest.mark.rule("PAS-001")
@BASES
def test_each_release_has_its_own_statement(served: Served, version: Version) -> None:
    told = statement(served, version)
    CapabilityStatement.model_validate(told)
    assert told["fhirVersion"] == "4.0.1"
    assert told["kind"] == "instance"
    assert told["implementationGuide"] == [f"{GUIDE}|{version.release}"]
    assert told["implementation"]["url"] == f"http://127.0.0.1:8080/{version.base}/fhir"


@BASES
def test_every_fhir_route_is_listed_or_known_to_be_unlisted(served: Served, version: Version) -> None:
    routes = fhir_routes(served.app, version)
    operations = {row.route: row for row in OPERATION_ROWS}
    assert routes
    assert set(routes) <= set(operations) | set(UNLISTED_ROUTES)
    [rest] = statement(served, version)["rest"]
    listed = {
        f"/{resource['type']}/${operation['name']}": operation["definition"]
        for resource in rest["resource"]
        for operation in resource["operation"]
    }
    listed |= {f"/${operation['name']}": operation["definition"] for operation in rest["operation"]}
    assert listed == {route: operations[route].definition for route in routes if route in operations}


@pytest.mark.rule("PAS-092")
@BASES
def test_submit_is_listed_as_the_guide_defines_it(served: Served, version: Version) -> None:
    [rest] = statement(served, version)["rest"]
    [claim] = rest["resource"]
    assert claim["type"] == "Claim"
    operations = {each["name"]: each["definition"] for each in claim["operation"]}
    assert set(operations) == {"submit", "precheck"}
    assert operations["submit"] == "http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-submit"


@pytest.mark.parametrize(("query", "accept"), [("?_format=xml", "*/*"), ("", FHIR_XML), ("", "text/xml")])
@BASES
def test_the_statement_is_given_in_xml_too(served: Served, version: Version, query: str, accept: str) -> None:
    response = served.get(f"/{version.base}/fhir/metadata{query}", Accept=accept)
    assert response.status_code == 200
    assert response.content_type == f"{FHIR_XML}; charset=utf-8"
    assert etree.fromstring(response.data).tag == "{http://hl7.org/fhir}CapabilityStatement"


def test_the_statement_is_given_in_no_other_format(served: Served) -> None:
    assert rules_of(served.get("/stu2.2/fhir/metadata", Accept="application/pdf"), 406) == ["not-acceptable"]
    assert rules_of(served.get("/stu2.2/fhir/metadata?_format=ttl"), 406) == ["not-acceptable"]


def test_the_statement_says_how_callers_are_known(serve_sqlite: Serve, tmp_path: Path) -> None:
    [rest] = statement(serve_sqlite(), VERSIONS[0])["rest"]
    assert "No authentication" in rest["security"]["description"]
    clients = tmp_path / "clients.yaml"
    clients.write_text(f"clients: [{{id: one, token_sha256: {hashlib.sha256(b't').hexdigest()}}}]")
    [rest] = statement(serve_sqlite(CLIENTS_FILE=str(clients)), VERSIONS[0])["rest"]
    assert "bearer token" in rest["security"]["description"]


def test_a_sandbox_says_so_in_its_statement_and_on_its_page(serve_sqlite: Serve) -> None:
    served = serve_sqlite(SANDBOX="1")
    assert "SANDBOX" in statement(served, VERSIONS[0])["description"]
    assert "sandbox" in served.get("/").text.lower()


def test_a_production_server_does_not_call_itself_a_sandbox(served: Served) -> None:
    assert "SANDBOX" not in statement(served, VERSIONS[0])["description"]
    assert "This is a sandbox" not in served.get("/").text


@pytest.mark.rule("PAS-001", "PAS-002", "PAS-003", "PAS-117")
def test_the_discovery_document_names_one_endpoint_for_each_release(serve_sqlite: Serve) -> None:
    served = serve_sqlite(PUBLIC_URL="https://pas.example.org/", PAYER_IDENTIFIER="urn:oid:1.2.3|77")
    response = served.get(DAVINCI)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    told = response.get_json()
    assert told["identifier"] == {"system": "urn:oid:1.2.3", "value": "77"}
    assert told["endpoints"] == {
        "davinci_pas_submission_endpoint#2.2": "https://pas.example.org/stu2.2/fhir",
        "davinci_pas_submission_endpoint#2.0": "https://pas.example.org/stu2.0/fhir",
    }
    for address in told["endpoints"].values():
        path = address.removeprefix("https://pas.example.org")
        assert served.get(f"{path}/metadata").get_json()["implementation"]["url"] == address


def test_discovery_needs_no_credentials(serve_sqlite: Serve, tmp_path: Path) -> None:
    clients = tmp_path / "clients.yaml"
    clients.write_text(f"clients: [{{id: one, token_sha256: {hashlib.sha256(b't').hexdigest()}}}]")
    served = serve_sqlite(CLIENTS_FILE=str(clients))
    for path in (DAVINCI, "/", "/stu2.2/fhir/metadata", "/healthz", "/readyz"):
        assert served.get(path).status_code == 200


def test_the_page_says_what_this_is_and_how_to_try_it(serve_sqlite: Serve) -> None:
    served = serve_sqlite(STATES="TX,OH", PORT="9191")
    response = served.get("/")
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    page = response.text
    for told in ("PAS 2.2.1", "PAS 2.0.1", "http://127.0.0.1:9191/stu2.2/fhir", "TX, OH", "No authentication"):
        assert told in page
    commands = page.split("<pre><code>")[1].split("</code></pre>")[0].strip().splitlines()
    assert len(commands) == 3
    assert commands[0].startswith("curl http://127.0.0.1:9191/stu2.2/fhir/metadata")


def test_the_page_loads_nothing_from_elsewhere(served: Served) -> None:
    page = served.get("/").text
    assert "src=" not in page
    assert "@import" not in page
    assert page.count("<link") == page.count('href="data:,"')
