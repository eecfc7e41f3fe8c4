"""The client and the server together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fhir_server.client import PasClient, PasRefused
from fhir_server.fhir import json
from fhir_server.installed import data_folder
from tests.cli.conftest import RunningServer, run_server

EXAMPLES = data_folder("examples")
IN_SCOPE = EXAMPLES / "wiser" / "01-knee-arthroscopy.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A sandbox server."""
    yield from run_server(tmp_path_factory.mktemp("server"), SANDBOX="1")


def test_a_request_in_three_forms_is_one_case(server: RunningServer) -> None:
    body = IN_SCOPE.read_bytes()
    with PasClient(server.url) as client:
        first = client.submit(body)
        again = client.submit(json.loads(body))

    assert (first.replayed, again.replayed) == (False, True)
    assert first.raw == again.raw
    assert first.case == again.case
    assert str(first.case) in first.raw.decode()
    assert [(each.line, each.code) for each in first.actions()] == [(1, "A4")]


@pytest.mark.parametrize("stu", ["2.2", "2.0"])
def test_answers_are_typed_objects_in_both_releases(server: RunningServer, stu: str) -> None:
    with PasClient(server.url, stu=stu) as client:  # type: ignore[arg-type]
        told = client.submit((EXAMPLES / "sandbox" / "partial.json").read_bytes())

    assert told.claim_response.outcome == told.outcome == "partial"
    assert told.claim_response.preAuthRef == told.actions()[0].number
    assert {entry.resource.__class__.__name__ for entry in told.bundle.entry or ()} >= {"ClaimResponse", "Patient"}
    assert [(each.code, each.position) for each in told.errors()] == [("33", "2000E")]


def test_a_refusal_holds_the_issues_of_the_server(server: RunningServer) -> None:
    bundle = json.loads(IN_SCOPE.read_bytes())
    del bundle["entry"][0]["resource"]["patient"]
    with PasClient(server.url) as client, pytest.raises(PasRefused) as caught:
        client.submit(bundle)

    assert caught.value.status == 400
    assert "Bundle.entry[0].resource" in [each.expression for each in caught.value.issues]
