"""The tables of the code rules: what stands in them is so, and a row that is wrong is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import simple_icd_10_cm as icd

from fhir_server.policy.code_rule_tests import TESTS
from fhir_server.policy.code_rules import check_code_rules
from scripts import diagnosis_details as script
from tests.policy.code_rules import FOLDER, PACK, RULES, read_rules

# The tables behind the rules.


def test_the_details_are_what_the_script_writes() -> None:
    written = script.text_of(script.table(), RULES.details.edition)
    assert script.FILE.read_text("utf-8") == written


@pytest.mark.parametrize(
    ("code", "side"),
    [
        ("M17.11", "right"), ("M17.12", "left"), ("M17.0", "both"), ("M17.10", None), ("M25.561", "right"),
        ("I83.012", "right"), ("I83.025", "left"), ("S83.211A", "right"), ("L97.421", "left"), ("I87.313", "both"),
        ("E11.621", None), ("M54.16", None),
    ],
)  # fmt: skip
def test_sides(code: str, side: str | None) -> None:
    assert RULES.details.side(code) == side


@pytest.mark.parametrize(
    ("code", "unspecified", "side_open"),
    [
        ("M50.10", True, False), ("M50.20", True, False), ("M50.30", True, False), ("M54.10", True, False),
        ("R33.9", True, False), ("M17.9", True, False), ("M17.10", True, True), ("M25.569", True, True),
        ("I83.001", True, True), ("I83.019", True, False), ("M54.16", False, False), ("M17.11", False, False),
        ("G40.019", False, False), ("R39.15", False, False), ("Z99.9", False, False),
    ],
)  # fmt: skip
def test_unspecified_codes(code: str, unspecified: bool, side_open: bool) -> None:
    assert (code in RULES.details.unspecified, code in RULES.details.side_open) == (unspecified, side_open)


REGIONS = {
    "cervical or thoracic": re.compile("cervic|thorac|occipit", re.I),
    "lumbar or sacral": re.compile("lumb|sacr|low back|sciatica", re.I),
}


@pytest.mark.parametrize("part", REGIONS)
def test_the_regions_are_those_of_the_descriptions(part: str) -> None:
    """Every code of a region, and all below it, says so in the words of ICD-10-CM."""
    row = next(each for each in RULES.rules if (each.row.rule, each.row.part) == ("V04", part))
    for family in row.parameters.fitting:  # type: ignore[attr-defined]
        code = family.removesuffix("-")
        below = [code, *icd.get_descendants(code)] if family.endswith("-") else [code]
        assert all(REGIONS[part].search(icd.get_description(each)) for each in below), family


def test_axial_pain_stands_on_no_list_for_epidural_injections() -> None:
    axial = next(each for each in RULES.rules if each.row.rule == "V05").parameters.set  # type: ignore[attr-defined]
    listed = {code for each in RULES.articles for code in each.listed_for("62323") or ()}
    assert [code for code in listed if code in axial] == []


def test_every_diagnosis_of_a_rule_is_one_of_icd_10_cm() -> None:
    codes = {
        code.removesuffix("-")
        for each in RULES.rules
        for name in each.parameters.__struct_fields__
        if name in ("families", "fitting", "other", "against", "needs", "tumors", "codes")
        for code in getattr(each.parameters, name)
        if "." in code or code.endswith("-")
    }
    assert [code for code in codes if not icd.is_valid_item(code)] == []


# Reading and checking.


def test_the_built_in_rules_are_in_order() -> None:
    rules, problems = read_rules()
    check_code_rules(PACK, rules, problems)
    assert problems.found == []


def test_every_test_has_a_row() -> None:
    assert {each.row.test for each in RULES.rules} == set(TESTS)


def test_a_pack_without_rules_has_none(tmp_path: Path) -> None:
    rules, problems = read_rules(tmp_path)
    assert (rules.for_code("62323"), problems.found) == ((), [])


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("severity: W", "severity: X", "code-rules.yaml rules[0]"),
        ("test: only_diagnoses", "test: only_riddles", "the test only_riddles does not exist"),
        ("parameters: {families: [M17-, M25.56-]}", "parameters: {families: [knees]}", "V33 parameters"),
        ("parameters: {families: [M17-, M25.56-]}", "parameters: {family: M17-}", "V33 parameters"),
        ("answer: ES9.regions", "answer: ES9.levls", "V09 regions answered: no checklist asks for ES9.levls"),
        ("{SC4: result", "{SC9: result", "V37: the element SC9 does not exist"),
        ("articles: [A57791]", "articles: [A57792]", "A57791: the article A57792 does not exist"),
        ("lists: [B1, B2, B3]", "lists: [B1, B2, B9]", "V03: the diagnosis list B9 does not exist"),
        ("category: skin-substitutes", "category: skins", "the category skins does not exist"),
        ("ids: [sns-diagnosis]", "ids: [sns-diagnose]", "V13: the scope-rule sns-diagnose does not exist"),
        ("ids: [duplicate]", "ids: [duplicates]", "V43: the dismissal duplicates does not exist"),
        ("ids: [units]", "ids: [unit]", "V41 whole units: the question unit does not exist"),
        ("({found}), which no article", "({name}), which no article", "V05: only {found} and {article}"),
        ('codes: ["22554"]', 'codes: ["22551"]', "V31: the reviewed code 22551 does not exist"),
        ("part: GX", "part: GA", "V46 GA"),
        ("{rule: V18,", "{rule: V13,", "V13 stands twice"),
        ("elsewhere:", "otherwhere:", "the key otherwhere is unknown"),
        (
            "  - rule: V05\n    severity: W",
            "  - rule: V05\n    severity: E\n    basis: memory",
            "V05: a rule from memory",
        ),
        (
            "  - rule: V05\n    severity: W",
            "  - rule: V05\n    effective_to: 2026-01-14\n    severity: W",
            "V05: it ends before it begins",
        ),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, before: str, after: str, named: str) -> None:
    folder = tmp_path / "wiser"
    shutil.copytree(FOLDER, folder)
    path = folder / "code-rules.yaml"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    rules, problems = read_rules(folder)
    check_code_rules(PACK, rules, problems)
    assert any(named in each for each in problems.found), problems.found


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("category: cervical-fusion", "category: cervical", "articles A59608: the category cervical does not exist"),
        ("contractors: [cgs-j15]", "contractors: [cgs]", "articles A59608: the contractor cgs does not exist"),
        ("states: [OH]", "states: [TX]", "its contractors decide in OH, not in its states"),
    ],
)
def test_an_article_that_leads_nowhere_is_named(tmp_path: Path, before: str, after: str, named: str) -> None:
    folder = tmp_path / "wiser"
    shutil.copytree(FOLDER, folder)
    path = folder / "articles" / "A59608.yaml"
    path.write_text(path.read_text("utf-8").replace(before, after, 1), "utf-8")
    rules, problems = read_rules(folder)
    check_code_rules(PACK, rules, problems)
    assert any(named in each for each in problems.found), problems.found


def test_wrong_details_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "wiser"
    shutil.copytree(FOLDER, folder)
    (folder / "diagnosis-details.yaml").write_text("edition: none\n", "utf-8")
    assert any("diagnosis-details.yaml" in each for each in read_rules(folder)[1].found)
