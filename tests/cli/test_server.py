"""How the server's processes are configured, and how their answers leave."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from fhir_server.cli.server import JoinedResponse, gunicorn_options
from fhir_server.settings import load_settings


class Wire:
    """A socket that keeps each write apart."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.writes.append(bytes(data))


def answer(
    headers: list[tuple[str, str]], parts: list[bytes], method: str = "POST", status: str = "200 OK"
) -> list[bytes]:
    """Return the writes of one answer."""
    wire = Wire()
    request: Any = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False, headers=[])
    response = JoinedResponse(request, wire, Config())
    response.start_response(status, headers)
    for part in parts:
        response.write(part)
    response.close()
    return wire.writes


def test_an_answer_leaves_in_one_write() -> None:
    [written] = answer([("Content-Length", "5")], [b"hello"])
    head, _, body = written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"hello"


def test_further_parts_follow_without_the_head() -> None:
    writes = answer([("Content-Length", "10")], [b"hello", b"world"])
    assert len(writes) == 2
    assert writes[1] == b"world"


def test_an_answer_without_a_body_is_its_head() -> None:
    [written] = answer([("Content-Length", "5")], [b"hello"], method="HEAD")
    assert written.endswith(b"\r\n\r\n")


def test_an_answer_of_unknown_length_is_sent_in_chunks() -> None:
    written = b"".join(answer([], [b"hello"]))
    assert b"Transfer-Encoding: chunked" in written
    assert written.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize(("host", "bound"), [("127.0.0.1", "127.0.0.1:8080"), ("::1", "[::1]:8080")])
def test_the_address_is_bound(host: str, bound: str) -> None:
    assert gunicorn_options(load_settings({"HOST": host}))["bind"] == bound
