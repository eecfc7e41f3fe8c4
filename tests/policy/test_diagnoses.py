"""Diagnoses: which codes are complete, which diagnoses count for a line, and what they tell (V01, V02, V13, V45)."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from fhir_server.authorization.states import State
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.diagnoses import icd_10_cm
from tests.policy.requests import (
    WISER,
    administrative,
    decide,
    dismissal,
    errors,
    found_by,
    line,
    outcomes,
    request,
    told,
)

WITHIN, AFTER = "2026-09-30", "2026-10-01"
"""The last day of the fiscal year of the edition, and the day after."""


def test_the_codes_are_those_of_the_package_without_its_weight() -> None:
    """The package is the oracle: a code is complete where it is a leaf of its tree and no block of codes."""
    import simple_icd_10_cm as package

    codes = icd_10_cm()
    items = {code for code in package.get_all_codes(with_dots=True) if "-" not in code and code[:1].isalpha()}
    leaves = {code for code in items if package.is_leaf(code)}
    assert codes.complete == leaves
    assert codes.headers == items - leaves


def test_the_edition_and_its_fiscal_year() -> None:
    codes = icd_10_cm()
    assert codes.edition.startswith("2026")
    assert (codes.first, codes.last) == (date(2025, 10, 1), date(2026, 9, 30))


def test_loading_the_policy_does_not_import_the_package() -> None:
    """It would take a second and 180 MB in each process."""
    script = (
        "import sys; from fhir_server.policy.pack import *; load_packs([builtin_pack('wiser')]);"
        "sys.exit('simple_icd_10_cm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("code", "standing"),
    [
        ("M54.5", "header"),  # deleted in 2021: more specific codes stand below it
        ("M80.08", "header"),  # the seventh character is missing
        ("G40", "header"),
        ("M54.50", "complete"),
        ("M80.08XA", "complete"),
        ("B20", "complete"),  # a block, a category and a code at once
        ("M80.08XB", "unknown"),
        ("X99.ZZZ", "unknown"),
    ],
)
def test_the_standing_of_a_code(code: str, standing: str) -> None:
    assert icd_10_cm().standing(code) == standing


@pytest.mark.parametrize("code", ["M54.5", "M80.08", "M80.08XB", "G40.21"])
def test_a_code_that_is_not_valid_is_returned(code: str) -> None:
    """V01 and V02 are of severity E (S-01)."""
    decided = decide(request(line(1, "22513"), diagnoses=["M80.08XA", code]))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [("AF", "C", "2000E-HI")]
    assert f"The diagnosis code {code} is not" in told(decided)


@pytest.mark.parametrize("code", ["64568", "64581", "15271"])
def test_an_invalid_code_goes_before_the_indications(code: str) -> None:
    """What cannot be read does not tell that the indication is another one."""
    decided = decide(request(line(1, code), diagnoses=["M54.5"]))
    assert dismissal(decided) == "D05"


def test_each_invalid_code_is_told_once() -> None:
    decided = decide(request(line(1, "22513"), line(2, "22554"), diagnoses=["M54.5", "M80.08"]))
    assert [each[0] for each in errors(decided)] == ["AF", "AF"]


def test_another_fiscal_year_only_warns() -> None:
    decided = decide(request(line(1, "22513", serviced=AFTER), diagnoses=["M80.08XA"]))
    assert (decided.state, administrative(decided)) == (State.IN_REVIEW, ())
    assert found_by(decided, "diagnosis-code-edition")[0] == "unknown"
    within = decide(request(line(1, "22513", serviced=WITHIN), diagnoses=["M80.08XA"]))
    assert not any(each.rule == "diagnosis-code-edition" for each in within.findings)


@pytest.mark.parametrize(("day", "expected"), [(WITHIN, "D05"), (AFTER, None), (None, "D05")])
def test_a_code_that_another_year_may_know_is_asked_about(day: str | None, expected: str | None) -> None:
    decided = decide(request(line(1, "22513", serviced=day), diagnoses=["M80.08XB"]))
    assert dismissal(decided) == expected
    if expected is None:
        assert administrative(decided) == ("a diagnosis code that is not in the ICD-10-CM edition held here",)


def test_a_header_is_incomplete_in_every_year() -> None:
    assert dismissal(decide(request(line(1, "22513", serviced=AFTER), diagnoses=["M54.5"]))) == "D05"


def test_without_a_date_the_day_of_receipt_tells_the_year() -> None:
    asked = request(line(1, "22513", serviced=None), diagnoses=["M80.08XB"])
    assert decide(asked, now=datetime(2026, 11, 1, tzinfo=UTC)).state is State.IN_REVIEW


def test_a_listed_diagnosis_of_another_line_leaves_it_to_a_person() -> None:
    asked = request(line(1, "64581", diagnoses=(1,)), line(2, "22513", diagnoses=(2,)), diagnoses=["R32", "N39.41"])
    decided = decide(asked)
    assert outcomes(decided) == {1: "in-review", 2: "in-review"}
    assert found_by(decided, "sns-diagnosis") == ("unknown", "R32 for the line; N39.41 only elsewhere on the request")


def test_a_line_without_pointers_has_all_diagnoses() -> None:
    decided = decide(request(line(1, "64581"), diagnoses=["R32", "N39.41"]))
    assert found_by(decided, "sns-diagnosis") == ("met", "N39.41")


@pytest.mark.parametrize("revision", ["T85.111A", "Z45.42"])
def test_a_revision_is_told_by_any_diagnosis_of_the_request(revision: str) -> None:
    asked = request(line(1, "64568", diagnoses=(1,)), line(2, "22513", diagnoses=(2,)), diagnoses=["G40.211", revision])
    assert outcomes(decide(asked)) == {1: "not-required", 2: "in-review"}


@pytest.mark.parametrize(
    ("diagnosis", "tells"), [("M54.16", True), ("M48.061", True), ("B02.23", True), ("G89.4", False)]
)
def test_the_purpose_of_62323_is_told_by_a_diagnosis_of_the_articles(diagnosis: str, tells: bool) -> None:
    """M48.061 stands in one contractor's article alone; for the purpose any of them will do, in any state."""
    decided = decide(request(line(1, "62323"), diagnoses=[diagnosis], state="AZ"))
    assert decided.state is State.IN_REVIEW
    assert administrative(decided) == (() if tells else ("purpose of the injection",))
    assert found_by(decided, "esi-purpose")[0] == ("met" if tells else "unknown")


def test_the_list_is_the_union_of_the_articles_row_by_row(shared: Path) -> None:
    data = json.loads((shared / "data" / "lcd-articles.json").read_text("utf-8"))
    articles = {
        f"{each['article_id']} v{each['version']}": {
            row["code"] for group in each["icd10_groups"] for row in group["codes"]
        }
        for each in data["articles"]
        if each["category"] == "epidural-steroid-injection"
    }
    assert set(articles) == {"A56681 v34", "A58731 v16", "A58993 v16"}
    wiser = WISER[0]
    assert isinstance(wiser, CoveragePack)
    ours = next(each for each in wiser.diagnosis_lists if each.id == "ESI")
    assert all(article in ours.source for article in articles)
    assert ours.as_of.isoformat() == data["source"]["edition"]
    assert {row.code for row in ours.codes} == set().union(*articles.values())
    for row in ours.codes:
        holding = {article for article, codes in articles.items() if row.code in codes}
        assert holding == (set(articles) if row.source is None else {row.source.removeprefix("MCD ")})
