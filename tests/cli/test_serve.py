"""The server as it is started from the command line."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx

from fhir_server.cli.serve import greeting
from fhir_server.settings import load_settings
from tests.cli.conftest import Command, RunningServer
from tests.conftest import ROOT
from tests.services import free_port


def test_the_server_says_where_what_in_which_mode_and_who_may_call(server: RunningServer) -> None:
    log = (server.folder / "log").read_text()

    assert f"wiser-pas 0.1.0 at {server.url}" in log
    assert f"PAS 2.2.1  {server.url}/stu2.2/fhir" in log
    assert "Callers: No authentication" in log
    assert "SANDBOX" in log
    assert httpx.get(f"{server.url}/healthz").json() == {"status": "ok"}


def test_the_greeting_holds_no_password() -> None:
    settings = load_settings({"DATABASE_URL": "postgresql://u:geheim@h/db?password=geheim"})

    assert "geheim" not in "\n".join(greeting(settings))


def test_a_server_that_others_can_reach_needs_clients(command: Command) -> None:
    ended = command("serve", "--host", "0.0.0.0")

    assert ended.code == 2
    assert "CLIENTS_FILE" in ended.err


def test_a_store_of_the_other_mode_is_not_served(command: Command, sqlite_url: str) -> None:
    command("db", "upgrade", DATABASE_URL=sqlite_url)

    # In a process of its own: what counts requests is set up once a process, by `serve`.
    ended = subprocess.run(
        [sys.executable, "-m", "fhir_server.cli", "serve", "--sandbox", "--port", str(free_port())],
        env={**os.environ, "DATABASE_URL": sqlite_url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "made for production" in ended.stderr
    assert "Traceback" not in ended.stderr
