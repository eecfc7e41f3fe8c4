"""The whole exchange that a newcomer is shown first."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from fhir_server.cli import demo
from fhir_server.cli.demo import SCENES, Scene
from fhir_server.installed import data_folder
from tests.cli.conftest import Command

DEMO_SECONDS = 15.0


def test_the_demo_shows_requests_answers_and_logs_and_leaves_nothing(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    started = time.monotonic()

    ended = command("demo", DATABASE_URL="postgresql://127.0.0.1:1/not-used", SANDBOX="0", HOST="0.0.0.0")

    assert (ended.code, ended.err) == (0, "")
    assert time.monotonic() - started < DEMO_SECONDS
    for scene in SCENES:
        assert f"── {scene.title} ──" in ended.out
    assert "line 1: A4 Pended" in ended.out
    assert "line 1: NA D02" in ended.out
    assert "line 1: A1 " in ended.out
    assert ended.out.count("received from development") == len(SCENES)
    assert ended.out.endswith("The server has stopped and its store is gone.\n")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_was_not_expected_ends_the_demo_with_1(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "SCENES", (Scene("Wrong", SCENES[0].example, ("A1",)),))

    ended = command("demo", "--json")

    assert ended.code == 1
    assert f"Not the answer that was expected: {SCENES[0].example}." in ended.err
    (told,) = json.loads(ended.out)
    assert (told["as_expected"], told["answer"]["actions"][0]["code"]) == (False, "A4")
    assert [each["kind"] for each in told["log"]["events"]] == ["received", "determined", "answered"]


def test_a_server_that_does_not_start_is_told_with_what_it_said(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no module of that name >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))

    ended = command("demo")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Error: The server did not start:\nno module of that name\n\n"


def test_every_scene_is_an_example_that_is_there() -> None:
    for scene in SCENES:
        assert (data_folder("examples") / scene.example).is_file()
