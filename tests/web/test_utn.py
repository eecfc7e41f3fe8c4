"""`/api/utn`: check claim lines, record claims, see and enter numbers; every problem at once, in JSON."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from fhir_server.authorization.caller import Caller, operator
from fhir_server.errors import NotAuthenticated
from fhir_server.fhir.limits import DEFAULT_LIMITS
from fhir_server.store.database import Database
from fhir_server.web.exchange import register_refusals
from fhir_server.web.utn import TrackingService, utn_blueprint
from fhir_server.workflow.tracking_numbers import begin
from tests.letters.contents import AFFIRMED, CASE, MEMBER, PACKS, UTN
from tests.store.conftest import database
from tests.web.bundles import encoded
from tests.workflow.decided import AT, CLINIC, OTHER, decide

__all__ = ["database"]
CHECK = {"utn": UTN, "member_id": MEMBER, "service_code": "64483", "date_of_service": "2026-06-15", "units": 1}
CLAIM = {
    "utn": UTN, "claim": "CLM-1", "line": 1, "service_code": "64483", "date_of_service": "2026-06-15", "units": 1,
    "outcome": "paid",
}  # fmt: skip
CALLERS = {"Bearer clinic": CLINIC, "Bearer other": OTHER, "Bearer operator": operator()}


class Known:
    """Callers by their token."""

    scheme = "tokens of the test"

    def caller(self, authorization: str | None, remote_address: str | None) -> Caller:
        if authorization not in CALLERS:
            raise NotAuthenticated.because("Nobody is known by that.", "Ask for a token.")
        return CALLERS[authorization]


@pytest.fixture
def client(database: Database) -> FlaskClient:
    decision = decide(database, AFFIRMED)
    with database.write(operator()) as unit:
        begin(unit, CASE, decision, AT)
    app = Flask(__name__)
    service = TrackingService(database, PACKS, Known(), DEFAULT_LIMITS, lambda *_: None, lambda: AT)
    app.register_blueprint(utn_blueprint(service))
    register_refusals(app)
    return app.test_client()


def post(client: FlaskClient, path: str, body: Any, who: str = "clinic") -> TestResponse:
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {who}"}
    return client.post(f"/api/utn/{path}", data=encoded(body), headers=sent)


def get(client: FlaskClient, case: str = CASE, who: str = "clinic") -> TestResponse:
    return client.get(f"/api/utn/{case}", headers={"Authorization": f"Bearer {who}"})


def issued(client: FlaskClient) -> None:
    assert post(client, f"{CASE}/number", {"number": UTN}, "operator").status_code == 200


def fields(response: TestResponse, status: int) -> list[str | None]:
    """Return the fields of a refusal of *status*."""
    body = response.get_json()
    assert response.status_code == status, body
    assert response.content_type == "application/json"
    for issue in body["issues"]:
        assert set(issue) == {"rule", "found", "mend", "field"}
        assert issue["found"]
        assert issue["mend"]
    return [issue["field"] for issue in body["issues"]]


def test_a_line_is_checked(client: FlaskClient) -> None:
    issued(client)

    told = post(client, "check", CHECK).get_json()

    assert (told["covered"], told["case"], told["line"], told["follows"], told["simulated"]) == (
        True, CASE, 1, None, False,
    )  # fmt: skip
    assert {"rule": "UTN-EXISTS", "result": "met", "found": "given", "source": "G6 4, 7.1"} in told["reasons"]
    assert MEMBER not in str(told)


def test_a_line_that_is_not_covered_is_no_error(client: FlaskClient) -> None:
    response = post(client, "check", CHECK)

    assert response.status_code == 200
    assert response.get_json()["covered"] is False


def test_claims_are_recorded_and_used_up(client: FlaskClient) -> None:
    issued(client)
    first = post(client, "claims", {"claims": [CLAIM]}).get_json()
    again = post(client, "claims", {"claims": [CLAIM]}).get_json()

    assert first == {"recorded": [{"case": CASE, "claim": "CLM-1", "line": 1, "known": False}]}
    assert again["recorded"][0]["known"] is True
    assert post(client, "check", CHECK).get_json()["covered"] is False
    (number,) = get(client).get_json()["numbers"]
    assert number["lines"][0] == {
        "sequence": 1, "service_code": "64483", "affirmed": True, "units": 1, "units_used": 1,
    }  # fmt: skip


def test_numbers_are_entered_refused_and_asked_for_again(client: FlaskClient) -> None:
    failure = {"code": "E17", "text": "Not on file.", "mend": "Check the Medicare number."}
    told = [
        post(client, f"{CASE}/failure", failure, "operator"),
        post(client, f"{CASE}/retry", {}, "operator"),
        post(client, f"{CASE}/number", {"number": UTN}, "operator"),
    ]

    numbers = [each.get_json()["numbers"][0] for each in told]
    assert [(each["status"], each["attempts"]) for each in numbers] == [("failed", 1), ("pending", 2), ("issued", 2)]
    assert numbers[-1]["number"] == UTN
    assert fields(post(client, f"{CASE}/number", {"number": UTN}, "operator"), 409) == [None]


def test_every_problem_is_told_at_once(client: FlaskClient) -> None:
    wrong = {"utn": UTN, "service_code": "canary", "date_of_service": "canary", "units": 0, "canary": 1}

    response = post(client, "check", wrong)

    assert sorted(fields(response, 400), key=str) == [None, "date_of_service", "member_id", "service_code", "units"]
    assert "canary" not in response.text
    rows = post(client, "claims", {"claims": [CLAIM, {**CLAIM, "outcome": "lost"}]})
    assert fields(rows, 400) == ["claims[1].outcome"]


@pytest.mark.parametrize("path", [f"{CASE}/number", f"{CASE}/failure", f"{CASE}/retry"])
def test_only_operators_enter(client: FlaskClient, path: str) -> None:
    body: dict[str, Any] = {"number": UTN} if path.endswith("number") else {}
    if path.endswith("failure"):
        body = {"code": "E17", "text": "x", "mend": "x"}
    assert post(client, path, body).status_code == 403
    assert post(client, path, body, "other").status_code == 403
    assert post(client, path, body, "nobody").status_code == 401


def test_another_client_learns_nothing(client: FlaskClient) -> None:
    issued(client)

    assert get(client, who="other").status_code == 403
    assert post(client, "check", CHECK, "other").get_json()["case"] is None
    assert fields(post(client, "claims", {"claims": [CLAIM]}, "other"), 400) == ["claims[0].utn"]


def test_a_case_that_is_not_there(client: FlaskClient) -> None:
    assert fields(get(client, "W20260601-NONE", "operator"), 404) == [None]


def test_other_bodies_are_refused(client: FlaskClient) -> None:
    response = client.post(
        "/api/utn/check", data=b"<x/>", headers={"Content-Type": "text/xml", "Authorization": "Bearer clinic"}
    )
    assert fields(response, 415) == [None]
    broken = client.post(
        "/api/utn/check", data=b"{", headers={"Content-Type": "application/json", "Authorization": "Bearer clinic"}
    )
    assert fields(broken, 400) == [None]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(list(CHECK.values())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CHECK, "x", "claims"]), inner),
    max_leaves=10,
)


@given(st.sampled_from(["check", "claims"]), st.dictionaries(st.sampled_from([*CLAIM, *CHECK, "claims"]), JSON))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_whatever_is_sent_is_answered(client: FlaskClient, path: str, body: dict[str, Any]) -> None:
    response = post(client, path, body)

    assert response.status_code in (200, 400)
    if response.status_code == 400:
        assert fields(response, 400)
