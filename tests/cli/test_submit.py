"""Requests sent from the command line to a server that runs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from fhir_server.cli.submit import found_files
from fhir_server.installed import data_folder
from tests.cli.conftest import Command, RunningServer, without_settings
from tests.conftest import ROOT
from tests.services import free_port

EXAMPLES = data_folder("examples")
IN_SCOPE = EXAMPLES / "wiser" / "01-knee-arthroscopy.json"
SENT_ONCE = EXAMPLES / "wiser" / "03-vagus-nerve-stimulation.json"
DISMISSED = EXAMPLES / "wiser" / "dismissed" / "d02-outside-the-model-states.json"
ERROR = EXAMPLES / "sandbox" / "error.json"
MODIFIED = EXAMPLES / "sandbox" / "a6-modified.json"


def test_an_answer_is_told_in_words(command: Command, server: RunningServer) -> None:
    ended = command("submit", SENT_ONCE, "--url", server.url)
    again = command("submit", SENT_ONCE, "--url", server.url)

    assert (ended.code, ended.err) == (0, "")
    first, *rest = ended.out.splitlines()
    assert first.startswith(f"{SENT_ONCE}  HTTP 200  W")
    assert first.split("  ")[3:] == ["complete", "line 1: A4 Pended"]
    assert any(line.startswith("  line 1: 64568 is reviewed") for line in rest)
    assert again.out.splitlines()[0].split("  ")[2:] == [
        first.split("  ")[2],
        "complete",
        "answered before",
        "line 1: A4 Pended",
    ]


def test_dismissals_added_lines_and_errors_are_told(command: Command, server: RunningServer) -> None:
    ended = command("submit", DISMISSED, MODIFIED, ERROR, "--url", server.url)

    assert ended.code == 0
    assert "line 1: NA D02 No action required  line 2: NA D02 No action required" in ended.out
    assert "lines 1, 2: The service is given in New Mexico (NM)" in ended.out
    assert "line 1: A6 Modified AUTH-" in ended.out
    assert "added line 1: A1" in ended.out
    assert "  error T4 at 2010A-NM103, follow-up C: Sandbox: the name or number of the payer is missing." in ended.out


def test_json_is_one_line_a_file(command: Command, server: RunningServer) -> None:
    ended = command("submit", "--json", IN_SCOPE, ERROR, "--url", server.url)

    first, second = map(json.loads, ended.out.splitlines())
    assert (first["file"], first["status"], first["outcome"]) == (str(IN_SCOPE), 200, "complete")
    assert [(each["line"], each["code"]) for each in first["actions"]] == [(1, "A4")]
    assert first["case"].startswith("W")
    assert [each["code"] for each in second["errors"]] == ["04", "T4"]


def test_a_refusal_shows_every_problem_with_its_place_and_ends_with_1(
    command: Command, server: RunningServer, tmp_path: Path
) -> None:
    bundle = json.loads(IN_SCOPE.read_bytes())
    del bundle["entry"][0]["resource"]["patient"]
    bundle["entry"][0]["resource"]["created"] = "yesterday"
    broken, cut = tmp_path / "broken.json", tmp_path / "cut.json"
    broken.write_text(json.dumps(bundle))
    cut.write_text('{"resourceType": "Bundle"')

    ended = command("submit", broken, cut, IN_SCOPE, "--url", server.url)

    assert ended.code == 1
    assert f"{broken}  HTTP 400  refused" in ended.out
    assert "  error Bundle.entry[0].resource: " in ended.out
    assert "  error Bundle.entry[0].resource.created: " in ended.out
    assert f"{cut}  HTTP 400  refused" in ended.out
    assert "(line 1, column " in ended.out
    assert f"{IN_SCOPE}  HTTP 200" in ended.out

    data = command("submit", broken, "--json", "--url", server.url)
    assert data.code == 1
    places = [each["expression"] for each in json.loads(data.out)["issues"]]
    assert "Bundle.entry[0].resource" in places


def test_a_folder_is_searched_for_json_files(command: Command, server: RunningServer) -> None:
    folder = EXAMPLES / "pas-2.0"

    ended = command("submit", folder, "--stu", "2.0", "--json", "--url", server.url)

    told = [json.loads(line) for line in ended.out.splitlines()]
    assert [each["file"] for each in told] == [str(each) for each in sorted(folder.glob("*.json"))]
    assert {each["outcome"] for each in told} == {"queued"}  # S-12: a pend of PAS 2.0.1
    assert next(found_files([IN_SCOPE, folder])) == IN_SCOPE


def test_a_server_that_is_not_there_is_told_without_a_stack_trace(command: Command) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    ended = command("submit", IN_SCOPE, "--url", url)

    assert ended.code == 1
    assert f"{IN_SCOPE}  {url}/stu2.2/fhir/Claim/$submit does not answer: ConnectError (tried 5 times)" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_a_token_is_needed_where_clients_are_known(command: Command, guarded_server: RunningServer) -> None:
    words = ("submit", IN_SCOPE, "--url", guarded_server.url)

    refused = command(*words)
    as_flag = command(*words, "--token", "open sesame")
    in_environment = command(*words, PAS_TOKEN="open sesame")

    assert refused.code == 1
    assert "HTTP 401  refused" in refused.out
    assert (as_flag.code, in_environment.code) == (0, 0)


def test_wrong_use_is_told(command: Command, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    for words in ([empty], [tmp_path / "gone.json"], [IN_SCOPE, "--url", "127.0.0.1:8080"]):
        assert command("submit", *words).code == 2


def test_a_bar_is_shown_on_a_terminal_and_never_gets_into_piped_results(server: RunningServer) -> None:
    parent, child = pty.openpty()
    words = ["submit", str(EXAMPLES / "sandbox"), "--json", "--url", server.url]
    done = subprocess.run(
        [sys.executable, "-m", "fhir_server.cli", *words],
        cwd=ROOT,
        env={**without_settings(dict(os.environ)), "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=child,
        check=True,
    )
    os.close(child)
    bar = os.read(parent, 65536).decode()
    os.close(parent)

    assert "submitting" in bar
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == len(list((EXAMPLES / "sandbox").iterdir()))
