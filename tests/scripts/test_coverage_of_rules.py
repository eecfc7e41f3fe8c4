from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.coverage_of_rules import main, marks_of, rules_of
from tests.conftest import ROOT

RULES = """
- {id: PAS-001, strength: SHALL, source: conf-1, says: One.}
- {id: PAS-002, strength: SHALL NOT, source: conf-2, says: Two., later: inquire}
- {id: PAS-003, strength: must, source: profiles, says: Three., reason: Done by clients.}
- {id: PAS-004, strength: SHOULD, source: conf-4, says: Four.}
"""

# The markers are spelt in halves here, so that this file names no rule itself.
RULE = "pytest.mark." + "rule"


def report(folder: Path, source: str, *options: str) -> int:
    (folder / "rules.yaml").write_text(RULES)
    (folder / "tests" / "pas").mkdir(parents=True)
    (folder / "tests" / "pas" / "test_read.py").write_text(source)
    return main(["--rules", str(folder / "rules.yaml"), "--tests", str(folder / "tests"), *options])


@pytest.mark.parametrize(
    "source",
    [
        f'@{RULE}("PAS-001", "PAS-004")\ndef test_it(): ...',
        f'@{RULE}("PAS-001")\nclass TestIt:\n    @{RULE}("PAS-004")\n    def test_it(self): ...',
        f'pytestmark = {RULE}("PAS-001", "PAS-004")',
        f'pytestmark = [{RULE}("PAS-001"), {RULE}("PAS-004")]',
        f'CASES = [pytest.param(1, marks={RULE}("PAS-001")), pytest.param(2, marks=[{RULE}("PAS-004")])]',
    ],
)
def test_a_rule_is_found_wherever_a_marker_may_stand(source: str) -> None:
    assert [mark.rule for mark in marks_of(source, "test_read.py")] == ["PAS-001", "PAS-004"]


def test_the_report_says_where_a_rule_is_proved_and_why_another_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(tmp_path, f'@{RULE}("PAS-001")\n@{RULE}("PAS-001")\ndef test_it(): ...', "--strict") == 0

    assert capsys.readouterr().out.splitlines() == [
        "PAS-001  SHALL       tests/pas/test_read.py:1 and 1 more",
        "PAS-002  SHALL NOT   later: inquire",
        "PAS-003  must        Done by clients.",
        "PAS-004  SHOULD      NOT COVERED",
        "",
        "binding: 3 rules, 1 covered, 1 later, 1 with a reason, 0 open",
        "other: 1 rules, 0 covered, 0 later, 0 with a reason, 1 open",
    ]


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--strict"], 1)])
def test_a_binding_rule_without_test_and_reason_fails_when_strict(
    tmp_path: Path, options: list[str], status: int
) -> None:
    assert report(tmp_path, "", *options) == status


@pytest.mark.parametrize("argument", ['"PAS-999"', "NUMBER", 'f"PAS-{number}"', "*NUMBERS"])
def test_a_rule_that_does_not_exist_or_is_not_written_out_fails(
    tmp_path: Path, argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(tmp_path, f"@{RULE}({argument})\ndef test_it(): ...") == 1
    assert "tests/pas/test_read.py:1: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("- {id: PAS-001, strength: WILL, source: x, says: y}", "PAS-001: no strength 'WILL'"),
        ("- {id: PAS-001, strength: SHALL, source: x}", "PAS-001: .*says"),
        (RULES + "- {id: PAS-004, strength: MAY, source: x, says: y}", "PAS-004 stands twice"),
    ],
)
def test_a_row_that_is_no_rule_is_named(row: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        rules_of(row)


def test_the_rules_of_the_project_are_all_there_and_every_marker_names_one() -> None:
    rules = rules_of((ROOT / "docs" / "rules.yaml").read_text(encoding="utf-8"))

    assert [rule.id for rule in rules] == [f"PAS-{number:03}" for number in range(1, 123)]
    assert main(["--rules", str(ROOT / "docs" / "rules.yaml"), "--tests", str(ROOT / "tests")]) == 0


def test_the_rules_are_as_strong_as_the_reference_prints_them(shared: Path) -> None:
    page = (shared / "reference" / "pas.md").read_text(encoding="utf-8")
    printed = dict(re.findall(r"^\| (PAS-\d{3}) \| ([^|]*) \|", page, re.MULTILINE))
    rules = rules_of((ROOT / "docs" / "rules.yaml").read_text(encoding="utf-8"))

    assert {rule.id for rule in rules} == set(printed)
    for rule in rules:
        assert rule.strength in re.split(r" / | \(if\)", printed[rule.id]), rule.id
