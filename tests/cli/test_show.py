"""The log of a case, as an operator reads it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from fhir_server.installed import data_folder
from tests.cli.conftest import Command, RunningServer

EXAMPLES = data_folder("examples")
IN_SCOPE = EXAMPLES / "wiser" / "02-trigeminal-neurolysis.json"
DISMISSED = EXAMPLES / "wiser" / "dismissed" / "d03-medicare-advantage.json"
AFTER_MEMBER = re.compile(r'"(1EG4[A-Z0-9]{7})"')


def submitted(command: Command, server: RunningServer, file: Path) -> str:
    """Send *file*; return the number of its case."""
    number: str = json.loads(command("submit", file, "--json", "--url", server.url).out)["case"]
    return number


def attachments(bundle: Any) -> list[str]:
    """Return the content of every record of *bundle* as it is sent and, where it is text, as it reads."""
    found = []
    if isinstance(bundle, dict):
        if isinstance(bundle.get("data"), str):
            found += [bundle["data"], base64.b64decode(bundle["data"]).decode(errors="replace")]
        bundle = list(bundle.values())
    if isinstance(bundle, list):
        found += [text for each in bundle for text in attachments(each)]
    return found


def test_a_case_is_told_from_receipt_to_answer(command: Command, server: RunningServer) -> None:
    case = submitted(command, server, IN_SCOPE)

    ended = command("show", case, DATABASE_URL=server.store)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Case {case}: in review\n")
    parts = ended.out.split("\n\n")
    assert [part.split("  ")[1].splitlines()[0] for part in parts[1:]] == [
        "received from development",
        "in review, decided by our software",
        "answered to development",
    ]
    received, determined, answered = parts[1:]
    assert "requester   " in received
    assert "record      DocumentReference" in received
    assert "unknown     line 1, provider eligible: the registry has no record [" in determined
    assert "policy      wiser " in determined
    assert f"answer      {case}-1 over pas-2.2.1" in answered
    assert "sent        HTTP 200, " in answered


def test_a_dismissal_is_told_with_reason_and_mend(command: Command, server: RunningServer) -> None:
    case = submitted(command, server, DISMISSED)

    shown = command("show", case, DATABASE_URL=server.store).out

    assert shown.startswith(f"Case {case}: dismissed\n")
    assert "dismissed   D03: The coverage is not Original Medicare" in shown
    assert "to mend     Ask the plan that covers the beneficiary." in shown
    assert "not met     " in shown


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["words", "json"])
def test_no_content_of_a_record_is_ever_shown(command: Command, server: RunningServer, form: tuple[str, ...]) -> None:
    bundle = json.loads(IN_SCOPE.read_bytes())
    case = submitted(command, server, IN_SCOPE)

    shown = command("show", case, *form, DATABASE_URL=server.store).out

    contents = attachments(bundle)
    assert contents
    for content in contents:
        assert content[:60] not in shown


def test_words_name_the_beneficiary_by_the_end_of_the_number_alone(command: Command, server: RunningServer) -> None:
    (person,) = [
        entry["resource"]
        for entry in json.loads(IN_SCOPE.read_bytes())["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    ]
    case = submitted(command, server, IN_SCOPE)

    shown = command("show", case, DATABASE_URL=server.store).out

    (member,) = re.findall(r"member      …(\S+)", shown)
    number = AFTER_MEMBER.search(IN_SCOPE.read_text())
    assert number is not None
    assert number[1].endswith(member)
    assert len(member) == 4
    for secret in (person["name"][0]["family"], person["birthDate"], number[1]):
        assert secret not in shown


def test_json_holds_the_events_and_what_is_known_of_messages_and_records(
    command: Command, server: RunningServer
) -> None:
    case = submitted(command, server, IN_SCOPE)

    log = json.loads(command("show", case, "--json", DATABASE_URL=server.store).out)

    assert [each["kind"] for each in log["events"]] == ["received", "determined", "answered"]
    assert [each["direction"] for each in log["messages"]] == ["received", "sent"]
    assert log["messages"][0]["size"] == len(IN_SCOPE.read_bytes())
    assert log["documents"]
    assert all(each["size"] and each["sha256"] for each in log["documents"])
    assert not any("content" in each for each in (*log["messages"], *log["documents"]))


def test_a_case_that_is_not_there_and_a_store_that_is_not_there_are_told(
    command: Command, server: RunningServer, tmp_path: Path
) -> None:
    no_case = command("show", "W20260101-00000000", DATABASE_URL=server.store)
    no_store = command("show", "W20260101-00000000", DATABASE_URL=f"sqlite:///{tmp_path / 'gone.db'}")

    assert no_case.code == 1
    assert no_case.err == f"Error: There is no case W20260101-00000000 in {server.store}.\n"
    assert no_store.code == 2
    assert "wiser-pas db upgrade" in no_store.err
    assert not (tmp_path / "gone.db").exists()
