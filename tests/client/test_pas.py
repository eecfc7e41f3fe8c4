"""How the client sends, sends again, and gives up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from fhir_server.client import PasAnswerUnreadable, PasClient, PasError, PasRefused, PasUnavailable
from fhir_server.client.pas import LONGEST_PAUSE_SECONDS, retry_after
from fhir_server.fhir import json as fhir_json
from tests.client.answers import answer
from tests.client.conftest import Reply, Scripted
from tests.services import free_port

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = b'{"resourceType":"Bundle", "type":"collection"}'
REFUSAL = {
    "resourceType": "OperationOutcome",
    "issue": [
        {
            "severity": "error",
            "code": "required",
            "details": {
                "coding": [{"system": "urn:rules", "code": "element-missing"}],
                "text": "It is missing. Add it.",
            },
            "expression": ["Bundle.entry[0].resource.patient", "Bundle.entry[0]"],
        },
        {"severity": "warning", "code": "value", "diagnostics": "line 3"},
    ],
}


@pytest.fixture
def pauses() -> list[float]:
    """How long the client has paused, in order; nobody really waits."""
    return []


@pytest.fixture
def client_of(pauses: list[float]) -> Callable[..., PasClient]:
    """A function that makes a client that does not wait."""

    def make(url: str, **options: Any) -> PasClient:
        return PasClient(url, sleep=pauses.append, **options)

    return make


def test_bytes_are_sent_as_they_are_to_the_address_of_the_release(
    scripted: Scripted, client_of: Callable[..., PasClient]
) -> None:
    scripted.replies = [Reply(200, answer(), {"Idempotent-Replayed": "true"})]
    with client_of(scripted.url + "/", token="secret", stu="2.0") as client:
        told = client.submit(BODY)

    (path, headers, body) = scripted.received[0]
    assert (path, body) == ("/stu2.0/fhir/Claim/$submit", BODY)
    assert headers["Content-Type"] == "application/fhir+json"
    assert headers["Authorization"] == "Bearer secret"
    assert (told.raw, told.status, told.replayed, told.attempts) == (answer(), 200, True, 1)


def test_without_a_token_nothing_is_authorized(scripted: Scripted, client_of: Callable[..., PasClient]) -> None:
    scripted.replies = [Reply(200, answer())]
    with client_of(scripted.url) as client:
        assert client.submit(BODY).replayed is False

    assert "Authorization" not in scripted.received[0][1]


def test_a_dict_keeps_its_decimals(scripted: Scripted, client_of: Callable[..., PasClient]) -> None:
    scripted.replies = [Reply(200, answer())]
    sent = fhir_json.loads(b'{"resourceType":"Bundle","total":1.00}')
    with client_of(scripted.url) as client:
        client.submit(sent)

    assert scripted.received[0][2] == b'{"resourceType":"Bundle","total":1.00}'


def test_an_object_of_fhir_resources_is_sent_as_json(scripted: Scripted, client_of: Callable[..., PasClient]) -> None:
    scripted.replies = [Reply(200, answer())]
    with client_of(scripted.url) as client:
        client.submit(Bundle.model_validate({"type": "collection", "identifier": {"value": "1"}}))

    sent = json.loads(scripted.received[0][2])
    assert sent == {"resourceType": "Bundle", "type": "collection", "identifier": {"value": "1"}}


@pytest.mark.parametrize("status", [0, 429, 502, 503, 504])
def test_the_same_bytes_are_sent_again_until_they_are_answered(
    scripted: Scripted, client_of: Callable[..., PasClient], pauses: list[float], status: int
) -> None:
    scripted.replies = [Reply(status), Reply(status), Reply(status), Reply(200, answer())]
    with client_of(scripted.url) as client:
        told = client.submit({"resourceType": "Bundle", "n": 1})

    assert told.attempts == 4
    assert len({body for _, _, body in scripted.received}) == 1
    for attempt, pause in enumerate(pauses):
        assert 0.125 * 2**attempt <= pause <= 0.25 * 2**attempt
    assert len(pauses) == 3


def test_pauses_vary(scripted: Scripted, client_of: Callable[..., PasClient], pauses: list[float]) -> None:
    scripted.replies = [Reply(503)]
    with client_of(scripted.url, attempts=2) as client:
        for _ in range(5):
            with pytest.raises(PasUnavailable):
                client.submit(BODY)

    assert len(set(pauses)) > 1


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_the_server_says_how_long_to_wait(
    scripted: Scripted, client_of: Callable[..., PasClient], pauses: list[float], *, as_date: bool
) -> None:
    wanted = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True) if as_date else "18"
    scripted.replies = [Reply(503, headers={"Retry-After": wanted}), Reply(200, answer())]
    with client_of(scripted.url) as client:
        client.submit(BODY)

    assert len(pauses) == 1
    assert 15 <= pauses[0] <= 20


def test_who_asks_to_wait_very_long_is_not_waited_for(
    scripted: Scripted, client_of: Callable[..., PasClient], pauses: list[float]
) -> None:
    scripted.replies = [Reply(503, headers={"Retry-After": str(int(LONGEST_PAUSE_SECONDS) + 1)})]
    with client_of(scripted.url) as client, pytest.raises(PasUnavailable, match="HTTP 503") as caught:
        client.submit(BODY)

    assert (caught.value.attempts, pauses, len(scripted.received)) == (1, [], 1)


@pytest.mark.parametrize("attempts", [1, 3])
def test_it_gives_up_after_the_attempts_that_it_was_given(
    scripted: Scripted, client_of: Callable[..., PasClient], pauses: list[float], attempts: int
) -> None:
    scripted.replies = [Reply(503)]
    with client_of(scripted.url, attempts=attempts) as client, pytest.raises(PasUnavailable) as caught:
        client.submit(BODY)

    assert (len(scripted.received), len(pauses), caught.value.attempts) == (attempts, attempts - 1, attempts)


def test_no_server_is_told_in_words(client_of: Callable[..., PasClient]) -> None:
    with client_of(f"http://127.0.0.1:{free_port()}", attempts=2) as client, pytest.raises(PasUnavailable) as caught:
        client.submit(BODY)

    assert str(caught.value).endswith("/stu2.2/fhir/Claim/$submit does not answer: ConnectError (tried 2 times)")


def test_an_answer_that_does_not_come_in_time_is_asked_for_again(
    scripted: Scripted, client_of: Callable[..., PasClient], pauses: list[float]
) -> None:
    hung = Scripted.next_reply

    def slow(server: Scripted) -> Reply:
        if len(server.received) == 1:
            time.sleep(1.5)
        return hung(server)

    scripted.replies = [Reply(200, answer())]
    scripted.next_reply = slow.__get__(scripted)  # type: ignore[method-assign]
    with client_of(scripted.url, timeout=1) as client:
        assert client.submit(BODY).attempts == 2

    assert len(pauses) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 422, 500])
def test_a_refusal_is_final_and_says_why(
    scripted: Scripted, client_of: Callable[..., PasClient], pauses: list[float], status: int
) -> None:
    scripted.replies = [Reply(status, json.dumps(REFUSAL).encode())]
    with client_of(scripted.url) as client, pytest.raises(PasRefused) as caught:
        client.submit(BODY)

    first, second = caught.value.issues
    assert caught.value.status == status
    assert (first.rule, first.found, first.severity, first.code) == (
        "element-missing",
        "It is missing. Add it.",
        "error",
        "required",
    )
    assert first.expression == "Bundle.entry[0].resource.patient"
    assert (second.severity, second.found, second.diagnostics) == ("warning", "line 3", "line 3")
    assert str(caught.value) == f"HTTP {status}: It is missing. Add it.; line 3"
    assert (len(scripted.received), pauses) == (1, [])


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b"{}", b'{"resourceType":"OperationOutcome","issue":7}', b"[1]",
     b'{"resourceType":"OperationOutcome","issue":["x"]}'],
)  # fmt: skip
def test_a_refusal_without_an_operation_outcome_says_so(
    scripted: Scripted, client_of: Callable[..., PasClient], body: bytes
) -> None:
    scripted.replies = [Reply(400, body)]
    with client_of(scripted.url) as client, pytest.raises(PasRefused, match="holds no OperationOutcome"):
        client.submit(BODY)


@pytest.mark.parametrize(
    "reply",
    [Reply(200, b"<html>"), Reply(200, json.dumps(REFUSAL).encode()), Reply(204)],
    ids=["html", "other", "empty"],
)
def test_a_success_that_is_no_answer_is_told_at_once(
    scripted: Scripted, client_of: Callable[..., PasClient], reply: Reply
) -> None:
    scripted.replies = [reply]
    with client_of(scripted.url) as client, pytest.raises(PasAnswerUnreadable):
        client.submit(BODY)


def test_a_redirect_is_not_followed(scripted: Scripted, client_of: Callable[..., PasClient]) -> None:
    scripted.replies = [Reply(307, headers={"Location": f"http://127.0.0.1:{free_port()}/"})]
    with client_of(scripted.url) as client, pytest.raises(PasRefused) as caught:
        client.submit(BODY)

    assert caught.value.status == 307


def test_every_error_is_a_pas_error() -> None:
    assert all(issubclass(each, PasError) for each in (PasRefused, PasUnavailable, PasAnswerUnreadable))


def test_no_attempt_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="attempts"):
        PasClient("http://127.0.0.1", attempts=0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("12", 12),
        (" 3 ", 3),
        ("soon", 0),
        ("-1", 0),
        ("1.5", 0),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 24 Nov 2026 12:00:30", 30),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: float) -> None:
    assert retry_after(value, NOW) == seconds
