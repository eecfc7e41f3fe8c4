"""The command line as a whole: its list, its speed, and how it says no."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fhir_server.cli import refusal_lines
from fhir_server.cli.commands import COMMANDS
from fhir_server.errors import ContentInvalid, Issue
from tests.cli.conftest import Command
from tests.conftest import ROOT

HELP_SECONDS = 0.4


def test_help_lists_every_command_in_a_whole_sentence(command: Command) -> None:
    ended = command("--help")

    assert ended.code == 0
    for each in COMMANDS:
        (line,) = [line for line in ended.out.splitlines() if line.split()[:1] == [each.name]]
        assert line.endswith("."), line
        assert not line.endswith("..."), line


@pytest.mark.parametrize("each", COMMANDS, ids=lambda each: str(each.name))
def test_every_command_explains_itself(command: Command, each: object) -> None:
    ended = command(getattr(each, "name", ""), "-h")

    assert (ended.code, ended.err) == (0, "")
    assert "Usage: wiser-pas" in ended.out


def test_help_comes_at_once() -> None:
    seconds = [seconds_of("--help") for _ in range(3)]

    assert min(seconds) < HELP_SECONDS


def seconds_of(*words: str) -> float:
    """Return the processor's seconds that a command takes, which other work on the machine does not change much."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "fhir_server.cli", *words], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_loads_no_large_library() -> None:
    code = (
        "import sys; from fhir_server.cli import commands; print(sorted({each.split('.')[0] for each in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)

    assert not set(eval(done.stdout)) & {"flask", "sqlalchemy", "gunicorn", "httpx", "pydantic", "rich", "lxml"}


def test_an_unknown_command_and_an_unknown_option_are_wrong_use(command: Command) -> None:
    for words in (["launch"], ["show", "--loud", "W1"], ["submit"]):
        ended = command(*words)

        assert ended.code == 2
        assert "Error: " in ended.err


def test_wrong_settings_are_told_all_at_once(command: Command) -> None:
    ended = command("db", "check", PORT="http", WISER_PAS_STATS="TX")

    assert ended.code == 2
    assert "PORT: " in ended.err
    assert "WISER_PAS_STATS: there is no such setting. Do you mean STATES?" in ended.err
    assert "Traceback" not in ended.err


def test_a_refusal_tells_how_to_mend_each_problem_or_all_of_them() -> None:
    two = ContentInvalid([Issue("a", "One.", "Mend one."), Issue("b", "Two.", "Mend two.")])
    alike = ContentInvalid([Issue("a", "One.", "Mend."), Issue("b", "Two.", "Mend.")])

    assert list(refusal_lines(two)) == ["One. Mend one.", "Two. Mend two."]
    assert list(refusal_lines(alike)) == ["One.", "Two.", "Mend."]


def test_the_module_runs_as_the_command_does(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "fhir_server.cli", "--version"]
    done = subprocess.run(
        words, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True
    )

    assert done.stdout.startswith("wiser-pas, version ")
