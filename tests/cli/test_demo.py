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

DEMO_SECONDS = 30.0
WAITING = "wiser/01-knee-arthroscopy.json"


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
    assert "line 2: A1 Certified in total" in ended.out
    assert "non-affirmed, decided by a simulated reviewer (sandbox)" in ended.out
    assert "Every criterion is met by the records sent." in ended.out
    assert ended.out.count("Your prior authorization request is affirmed") == 1
    assert ended.out.count("received from development") == len(SCENES)
    assert ended.out.endswith("The server has stopped and its store is gone.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("actions", "state"), [(("A1",), "in-review"), (("A4",), "affirmed")])
def test_an_answer_or_an_end_that_was_not_expected_ends_the_demo_with_1(
    command: Command, monkeypatch: pytest.MonkeyPatch, actions: tuple[str, ...], state: str
) -> None:
    monkeypatch.setattr(demo, "SCENES", (Scene("Wrong", WAITING, actions, state),))

    ended = command("demo", "--json")

    assert ended.code == 1
    assert f"Not the answer that was expected: {WAITING}." in ended.err
    (told,) = json.loads(ended.out)
    assert (told["as_expected"], told["answer"]["actions"][0]["code"]) == (False, "A4")
    assert [each["kind"] for each in told["log"]["events"]] == ["received", "determined", "answered"]
    assert told["letters"] == []


def test_a_reviewer_says_what_each_criterion_comes_to_and_the_worker_follows(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = next(each for each in SCENES if each.judgement)
    monkeypatch.setattr(demo, "SCENES", (scene,))

    ended = command("demo", "--json")

    assert ended.code == 0
    (told,) = json.loads(ended.out)
    kinds = [each["kind"] for each in told["log"]["events"]]
    assert kinds[:4] == ["received", "determined", "answered", "assigned"]
    assert {"finding", "tracking-number", "letter"} < set(kinds)
    assert [each["kind"] for each in told["letters"]] == ["non-affirmation"]
    assert scene.judgement is not None
    assert scene.judgement.rationale in " ".join(told["letters"][0]["text"].split())


def test_a_worker_that_does_nothing_ends_the_demo(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SCENES", SCENES[:1])
    monkeypatch.setattr(demo, "FOLLOW_SECONDS", 0.0)
    monkeypatch.setattr(demo, "_is_followed", lambda _: False)

    ended = command("demo")

    assert ended.code == 1
    assert "The worker did nothing about case W" in ended.err


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
