"""`wiser-pas policy try`, `show` and `check`, as policy staff meet them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_server.cli.policy_check import policy_check
from fhir_server.cli.policy_show import policy_show
from fhir_server.cli.policy_try import policy_try
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.pack import builtin_pack
from fhir_server.settings import PREFIX, TABLE
from tests.policy.requests import WISER

[pack] = [each for each in WISER if isinstance(each, CoveragePack)]
CASES = builtin_pack("wiser") / "cases"
COMPLETE = CASES / "epidural-steroid-injection/complete-transforaminal.yaml"
FAILING = CASES / "epidural-steroid-injection/pain-3-weeks.yaml"
DISMISSED = CASES / "skin-substitutes/arizona.yaml"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {setting.name for setting in TABLE}
    for name in list(os.environ):
        if name in names or name.startswith(PREFIX):
            monkeypatch.delenv(name)


def run(command: object, *words: object, **settings: str | None) -> Result:
    text = settings.pop("given", None)
    return CliRunner().invoke(command, [str(each) for each in words], input=text, env=settings)  # type: ignore[arg-type]


# --- try -------------------------------------------------------------------------------------------------------------


def test_a_case_is_told_to_people() -> None:
    ended = run(policy_try, FAILING)

    assert ended.exit_code == 0
    for words in ("Outcome: in-review", "64483", "in-scope", "ES4", "not met", "failing", "pain_weeks 3", "G6 6.2.10"):
        assert words in ended.stdout
    assert "Missing: nothing" in ended.stdout
    assert "As expected." in ended.stdout


def test_a_dismissal_is_told_with_its_mend() -> None:
    assert "Dismissal D02: " in run(policy_try, DISMISSED).stdout


def test_data_is_one_line_a_file() -> None:
    ended = run(policy_try, COMPLETE, FAILING, DISMISSED, "--json")
    first, second, third = (json.loads(line) for line in ended.stdout.splitlines())

    assert (first["outcome"], second["outcome"], third["outcome"]) == ("affirmed", "in-review", "dismissed")
    assert first["scope"] == [
        {
            "line": 1,
            "code": "64483",
            "category": "epidural-steroid-injection",
            "status": "in-scope",
            "reason": "Reviewed as Epidural steroid injection.",
        }
    ]
    assert (first["lines"][0]["outcome"], first["missing"], first["code_rules"]) == ("affirmed", [], [])
    assert first["valid"]["start"] == "2026-06-01"
    assert second["failing"] == second["open"] == ["ES4"]
    [criterion] = [each for each in second["criteria"] if each["element"] == "ES4"]
    assert (criterion["result"], criterion["gap"], criterion["lines"]) == ("not met", "failing", [1])
    assert (third["dismissal"]["code"], third["criteria"]) == ("D02", [])
    assert third["scope"][0]["status"] == "out-of-scope"
    assert all(each["expect"] == {"met": True, "differences": []} for each in (first, second, third))


def test_what_differs_ends_with_1(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(FAILING.read_text().replace("outcome: in-review", "outcome: affirmed"))

    for words in ((wrong,), (tmp_path,)):
        ended = run(policy_try, *words)
        assert ended.exit_code == 1
        assert "outcome: expected affirmed, found in-review" in ended.stdout


def test_a_folder_is_told_in_a_line_a_file(tmp_path: Path) -> None:
    shutil.copy(COMPLETE, tmp_path / "one.yaml")
    (tmp_path / "below").mkdir()
    shutil.copy(DISMISSED, tmp_path / "below/two.yaml")
    (tmp_path / ".hidden.yaml").write_text("no case")

    ended = run(policy_try, tmp_path)

    assert ended.exit_code == 0
    assert ended.stdout.splitlines()[-1] == "2 cases: 0 differ from what they expect."
    assert "one.yaml: as expected, affirmed" in ended.stdout
    assert "two.yaml: as expected, dismissed D02" in ended.stdout


def test_a_case_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    wrong, absent = tmp_path / "wrong.yaml", tmp_path / "absent.yaml"
    wrong.write_text("state: TX\ncolour: red\n")

    ended = run(policy_try, wrong, COMPLETE)
    assert ended.exit_code == 1
    assert "wrong.yaml: the key colour is unknown" in ended.stderr
    assert "wrong.yaml: the key lines is missing" in ended.stderr
    assert "Outcome: affirmed" in ended.stdout

    told = [json.loads(line) for line in run(policy_try, wrong, COMPLETE, "--json").stdout.splitlines()]
    assert len(told[0]["errors"]) == 3
    assert told[1]["outcome"] == "affirmed"

    assert run(policy_try, absent).exit_code == 2
    assert run(policy_try).exit_code == 2


def test_standard_input_is_a_case_too() -> None:
    ended = run(policy_try, "-", given=COMPLETE.read_text())

    assert ended.exit_code == 0
    assert "Outcome: affirmed" in ended.stdout


def test_the_defaults_are_shown() -> None:
    ended = run(policy_try, "--defaults")
    rows = json.loads(run(policy_try, "--defaults", "--json").stdout)

    assert "date_of_service" in ended.stdout
    assert {"key", "value", "sentence"} == set(rows[0])
    assert "documents" in {row["key"] for row in rows}


# --- show ------------------------------------------------------------------------------------------------------------


def test_a_category_is_shown_by_id_and_by_number() -> None:
    by_id, by_number = run(policy_show, "epidural-steroid-injection"), run(policy_show, "10")

    assert by_id.exit_code == 0
    assert by_id.stdout == by_number.stdout
    for words in (
        "64484",
        "add-on, only with 64483",
        "L39015",
        "esi-purpose",
        "ES4",
        "pain_weeks >= 4",
        "V08",
        "G6 6.2.10",
    ):
        assert words in by_id.stdout


def test_every_category_is_shown_whole() -> None:
    every = json.loads(run(policy_show, "all", "--json").stdout)

    assert [each["number"] for each in every] == list(range(1, 16))
    by_id = {each["id"]: each for each in every}
    for category in pack.categories:
        shown = by_id[category.id]
        assert [each["code"] for each in shown["codes"]] == [row.code for row in category.codes]
        rows = category.criteria.elements if category.criteria else ()
        assert [each["id"] for each in shown["elements"]] == [row.id for row in rows]
        for element, row in zip(shown["elements"], rows, strict=True):
            assert [each["name"] for each in element["fields"]] == [field.name for field in row.fields]
            assert set(element["answer_shape"]) == {field.name for field in row.fields}
            assert (element["test"], element["applies_if"], element["source"]) == (row.test, row.applies_if, row.source)
    assert all(row["code_rules"] for row in every if row["status"] == "active")
    assert len({article["id"] for row in every for article in row["articles"]}) == 19
    assert "Notes" in run(policy_show, "deep-brain-stimulation").stdout


def test_an_answer_has_a_shape_in_words() -> None:
    shown = json.loads(run(policy_show, "10", "--json").stdout)
    shapes = {each["id"]: each["answer_shape"] for each in shown["elements"]}

    assert shapes["ES4"]["pain_weeks"] == "number (wk) from 0"
    assert shapes["ES6"]["improvement_percent"] == "number (%) from 0 to 100"
    assert shapes["ES9"]["approach"] == "one of transforaminal, interlaminar, caudal"
    assert shapes["ES11"]["value"] == "true or false"


def test_a_category_that_is_not_there_is_told_with_those_that_are() -> None:
    ended = run(policy_show, "knees")

    assert ended.exit_code == 2
    assert "1 knee-arthroscopy" in ended.stderr


# --- check -----------------------------------------------------------------------------------------------------------


def test_the_pack_is_in_order() -> None:
    ended = run(policy_check)
    report = json.loads(run(policy_check, "--json").stdout)

    assert ended.exit_code == 0
    assert ": in order" in ended.stdout
    assert report["problems"] == []
    assert (report["proved"]["categories"], report["proved"]["codes"]) == (13, 41)
    assert report["proved"]["cases"] == len(list(CASES.glob("*/*.yaml"))) == sum(report["cases_by_category"].values())
    assert min(report["cases_by_category"].values()) >= 15


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the pack with a single case, to break."""
    folder = tmp_path / "wiser"
    shutil.copytree(builtin_pack("wiser"), folder, ignore=shutil.ignore_patterns("cases"))
    (folder / "cases/epidural-steroid-injection").mkdir(parents=True)
    shutil.copy(COMPLETE, folder / "cases/epidural-steroid-injection")
    return folder


def edit(folder: Path, name: str, old: str, new: str) -> None:
    [file] = folder.rglob(name)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "10-*.yaml",
            "{pain_weeks: 4, conservative_weeks: 4}, result: met",
            "{pain_weeks: 4}, result: met",
            "ES4 example 1",
        ),
        ("complete-transforaminal.yaml", "outcome: affirmed", "outcome: dismissed", "found affirmed"),
        ("complete-transforaminal.yaml", "ES11: true", "ES99: true", "the element ES99 is unknown"),
        ("10-*.yaml", "status: active", "status: on", "status"),
        ("dismissals.yaml", "id: emergency", "id: hurry", "emergency"),
    ],
)
def test_what_is_wrong_with_a_pack_is_told(copy: Path, name: str, old: str, new: str, told: str) -> None:
    edit(copy, name, old, new)

    ended = run(policy_check, POLICY_PACKS=str(copy))

    assert ended.exit_code == 1
    assert told in ended.stdout


def test_a_case_that_expects_nothing_proves_nothing(copy: Path) -> None:
    [case] = copy.glob("cases/*/*.yaml")
    case.write_text(case.read_text().partition("expect:")[0])

    ended = run(policy_check, "--json", POLICY_PACKS=str(copy))

    assert ended.exit_code == 1
    assert "expects nothing" in json.loads(ended.stdout)["problems"][0]
