"""What the server publishes, as files."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from fhir_server.cli.capability import pretty, published
from fhir_server.installed import data_folder
from fhir_server.settings import load_settings
from tests.cli.conftest import Command, RunningServer


def test_the_committed_documents_are_those_of_the_routes() -> None:
    folder = data_folder("capability")
    documents = published(load_settings({}))

    assert {each.name for each in folder.glob("*.json")} == set(documents)
    for name, document in documents.items():
        assert (folder / name).read_bytes() == pretty(document), "run: wiser-pas capability --write capability"


def test_a_running_server_gives_what_is_published(server: RunningServer) -> None:
    port = server.url.rpartition(":")[2]
    documents = published(load_settings({"PORT": port, "SANDBOX": "1"}))

    for label in ("2.2", "2.0"):
        metadata = httpx.get(f"{server.url}/stu{label}/fhir/metadata").json()
        assert metadata == documents[f"CapabilityStatement-stu{label}.json"]
    configuration = httpx.get(f"{server.url}/.well-known/davinci-configuration").json()
    assert configuration == documents["davinci-configuration.json"]


def test_documents_are_written_for_default_settings_and_printed_for_the_present_ones(
    command: Command, tmp_path: Path
) -> None:
    printed = command("capability", "--stu", "2.0", PUBLIC_URL="https://pas.example.org")
    written = command("capability", "--write", tmp_path / "out", PUBLIC_URL="https://pas.example.org")

    assert json.loads(printed.out)["implementation"]["url"] == "https://pas.example.org/stu2.0/fhir"
    assert written.code == 0
    for each in data_folder("capability").glob("*.json"):
        assert (tmp_path / "out" / each.name).read_bytes() == each.read_bytes()
