"""Tokens for clients."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from fhir_server.security.clients import identification
from fhir_server.settings import load_settings
from tests.cli.conftest import Command


def test_a_token_is_shown_once_with_the_row_that_lets_it_in(command: Command, tmp_path: Path) -> None:
    ended = command("token")

    token, row = ended.out.splitlines()
    assert ended.code == 0
    assert row == f"token_sha256: {hashlib.sha256(token.encode()).hexdigest()}"
    file = tmp_path / "clients.yaml"
    file.write_text(f"clients:\n  - id: example-ehr\n    {row}\n")
    known = identification(load_settings({"CLIENTS_FILE": str(file)}))
    assert known.caller(f"Bearer {token}", None).client == "example-ehr"


def test_no_two_tokens_are_alike(command: Command) -> None:
    made = [json.loads(command("token", "--json").out) for _ in range(20)]

    assert len({each["token"] for each in made}) == len(made)
    assert all(len(each["token"]) >= 43 for each in made)
    assert all(each["token_sha256"] == hashlib.sha256(each["token"].encode()).hexdigest() for each in made)
