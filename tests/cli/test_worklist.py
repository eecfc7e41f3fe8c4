"""The worklist from the command line: reviewers loaded, a case listed, looked at, and decided step by step."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from fhir_server.store.database import Database
from tests.cli.conftest import Command, Ended
from tests.workflow.review.bench import ADAMS, COORDINATOR, bench_on

FILE = {
    "reviewers": [
        {
            "id": ADAMS,
            "name": "Ada Adams",
            "kind": "clinician",
            "licences": [{"state": "OH", "number": "35.000001", "valid_from": "2020-01-01"}],
            "specialties": ["orthopedic-surgery"],
        },
        {"id": COORDINATOR, "name": "Carol Coord", "kind": "coordinator"},
    ]
}
RATIONALE = ("--rationale", "The record says so.")
Run = Callable[..., Ended]


@pytest.fixture
def run(command: Command, sqlite_url: str, tmp_path: Path) -> Run:
    """A function that runs `wiser-pas` on a store with reviewers."""
    command("db", "upgrade", DATABASE_URL=sqlite_url)
    file = tmp_path / "reviewers.yaml"
    file.write_text(yaml.safe_dump(FILE), "utf-8")
    loaded = command("reviewers", "load", file, DATABASE_URL=sqlite_url)
    assert (loaded.code, loaded.out) == (0, "Stored: 2 reviewers.\n"), loaded.err

    def run(*words: object, **settings: str) -> Ended:
        return command(*words, DATABASE_URL=sqlite_url, **settings)

    return run


@pytest.fixture
def case(run: Run, sqlite_url: str) -> str:
    """A case that waits since now."""
    with closing(Database(sqlite_url, sandbox=False)) as database:
        bench = bench_on(database)
        bench.now = datetime.now(UTC)
        return bench.submit()


def test_reviewers_are_listed(run: Run) -> None:
    out = run("reviewers", "list").out
    assert "dr-adams" in out
    assert "OH" in out
    assert json.loads(run("reviewers", "list", "--json").out)[0]["specialties"] == ["orthopedic-surgery"]


def test_every_wrong_row_of_reviewers_is_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    rows = [
        {"id": "a", "name": "A", "kind": "nurse"},
        {"id": "b", "name": "B", "kind": "clinician"},
        {"id": "c", "name": "C", "kind": "coordinator", "npi": "1234567890"},
        {"id": "c", "name": "C", "kind": "coordinator", "colour": "red"},
    ]
    file.write_text(yaml.safe_dump({"reviewers": rows, "more": 1}), "utf-8")
    ended = run("reviewers", "load", file)
    assert ended.code == 1
    for told in (
        "row 1",
        "row 2: a clinician needs licences",
        "needs specialties",
        "row 3: the NPI",
        "row 4",
        "key more",
    ):
        assert told in ended.err
    assert run("reviewers", "load", file, "--dry-run").code == 1


def test_a_reviewer_stays_of_one_kind(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "changed.yaml"
    file.write_text(yaml.safe_dump({"reviewers": [{"id": ADAMS, "name": "Ada", "kind": "coordinator"}]}), "utf-8")
    ended = run("reviewers", "load", file)
    assert ended.code == 1
    assert "stays of one kind" in ended.err


def test_a_case_is_listed_shown_and_denied(run: Run, case: str) -> None:
    assert case in run("worklist").out
    assert [each["item"]["case"] for each in json.loads(run("worklist", "--fitting", ADAMS, "--json").out)] == [case]
    assert "(version" in run("worklist", "claim", case, "--as", ADAMS).out
    shown = run("worklist", "show", case).out
    assert "KN1" in shown
    assert "record 1" in shown
    assert "1EG4" not in shown
    run("worklist", "confirm-met", case, "--as", ADAMS, *RATIONALE)
    criteria = [each["criterion"] for each in json.loads(run("worklist", "show", case, "--json").out)["criteria"]]
    for element in (each["element"] for each in criteria if each["result"] not in ("met", "not applicable")):
        told = ("--as", ADAMS, "--evidence", "1:page 1", *RATIONALE)
        ended = run("worklist", "finding", case, element, "not met" if element == "KN1" else "met", *told)
        assert ended.code == 0, ended.err
    decided = run("worklist", "decide", case, "--as", ADAMS, "--line", "1=non-affirmed", *RATIONALE)
    assert (decided.code, "line 1: non-affirmed" in decided.out) == (0, True), decided.err
    assert case not in run("worklist").out
    assert run("worklist", "reopen", case, "--as", COORDINATOR, "--reason", "Wrong chart.").code == 0
    assert "round 2" in run("worklist", "show", case).out


def test_what_is_lacking_is_told(run: Run, case: str) -> None:
    assert run("worklist", "claim", case, "--as", COORDINATOR).code == 1
    run("worklist", "claim", case, "--as", ADAMS)
    ended = run("worklist", "decide", case, "--as", ADAMS, "--line", "1=affirmed", *RATIONALE)
    assert ended.code == 1
    assert "Record a finding for each" in ended.err
    for wrong in (
        ("decide", case, "--as", ADAMS, "--line", "one=affirmed", *RATIONALE),
        ("decide", case, "--as", ADAMS, "--line", "1=maybe", *RATIONALE),
        ("decide", case, "--as", ADAMS, "--line", "1=affirmed", "--units", "2=1", *RATIONALE),
        ("finding", case, "KN1", "met", "--as", ADAMS, "--evidence", "7", *RATIONALE),
        ("peer-to-peer", case, "scheduled", "--as", ADAMS, "--at", "soon"),
    ):
        assert run("worklist", *wrong).code == 2, wrong


def test_steps_that_wait_for_others(run: Run, case: str) -> None:
    for words in (
        ("claim", case, "--as", ADAMS),
        ("release", case, "--as", ADAMS),
        ("reassign", case, "--as", COORDINATOR, "--to", ADAMS, "--reason", "Yours."),
        ("request-information", case, "KN1", "--as", ADAMS, "--words", "How severe is it?"),
        ("second-look", case, "--as", ADAMS, "--reason", "Not sure."),
    ):
        ended = run("worklist", *words, "--json")
        assert ended.code == 0, ended.err
        assert json.loads(ended.out)["case"] == case
    assert run("worklist", "reclassify", case, "--as", COORDINATOR, "--reason", "So.").code == 1
    assert run("worklist", "peer-to-peer", case, "requested", "--as", COORDINATOR).code == 1


def test_reason_codes_are_read_from_a_file(run: Run, tmp_path: Path) -> None:
    assert run("worklist", "reason-codes").out.split() == ["CODE", "SOURCE", "STATEMENT"]
    file = tmp_path / "codes.csv"
    file.write_text("code,statement,source\nXXA01,An invented statement.,tests\n", "utf-8")
    codes = json.loads(run("worklist", "reason-codes", "--json", REASON_CODES_FILE=str(file)).out)
    assert codes == [{"code": "XXA01", "statement": "An invented statement.", "source": "tests"}]
    file.write_text("code,statement,source\nXX,,tests\nXX,a,\n", "utf-8")
    ended = run("worklist", "reason-codes", REASON_CODES_FILE=str(file))
    assert ended.code == 2
    for told in (
        "line 2: the code 'XX'",
        "line 2: statement is empty",
        "line 3: the code XX stands twice",
        "source is empty",
    ):
        assert told in ended.err
