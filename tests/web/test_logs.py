"""Log lines: JSON, with keys of an allow-list."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from fhir_server.web.logs import ALLOWED, only_allowed, without_content

WRITE = """
import logging, structlog
from fhir_server.web.logs import configure_logs
configure_logs("info")
structlog.get_logger().info("request", route="/x", status=200, member="1EG4TE5MK73", body=b"Canary")
structlog.get_logger().debug("quiet")
logging.getLogger("fhir_server.store").warning("The store is unavailable: %s", "disk full")
logging.getLogger("fhir_server.store").info("also")
logging.getLogger("some.library").debug("quiet")
"""


def test_only_keys_of_the_list_leave() -> None:
    kept = only_allowed(None, "info", {"event": "request", "status": 200, "patient": "Canary", "member": "1EG4"})
    assert kept == {"event": "request", "status": 200}


def test_no_allowed_key_names_a_person_or_a_content() -> None:
    assert not ALLOWED & {"member", "patient", "name", "birth_date", "body", "url", "path", "query", "exception"}


def test_every_line_is_json_also_those_of_the_standard_library() -> None:
    run = subprocess.run([sys.executable, "-c", WRITE], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["request", "The store is unavailable: disk full", "also"]
    assert [line["level"] for line in lines] == ["info", "warning", "info"]
    assert all(set(line) <= ALLOWED for line in lines)
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["route"] == "/x"
    assert "1EG4TE5MK73" not in run.stderr


@pytest.mark.parametrize(
    ("message", "arguments", "told"),
    [
        (
            "Invalid request from ip=127.0.0.1: Invalid HTTP request line: 'Canary'",
            (),
            "Invalid request from ip=127.0.0.1",
        ),
        ("Error handling request %s", ("/Canary",), "Error handling request"),
        ("Worker (pid:%s) was sent %s!", (7, "SIGKILL"), "Worker (pid:7) was sent SIGKILL!"),
    ],
)
def test_the_web_server_s_own_lines_hold_nothing_that_was_sent(
    message: str, arguments: tuple[object, ...], told: str
) -> None:
    record = logging.LogRecord("gunicorn.error", logging.WARNING, "", 1, message, arguments, None)
    assert without_content(record)
    assert record.getMessage() == told
