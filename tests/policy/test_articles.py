"""The billing articles: row by row those of the public export, and found by contractor, category and day."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fhir_server.policy.articles import Article, Articles, read_articles
from fhir_server.policy.pack import builtin_pack
from fhir_server.policy.rows import Problems
from scripts import articles as script
from tests.policy.requests import WISER

FOLDER = builtin_pack("wiser") / "articles"
DAY = date(2026, 6, 1)
WANTED = "../shared/data/lcd-articles.json is not here: the articles cannot be compared with their source"


def articles(folder: Path = FOLDER) -> Articles:
    problems = Problems()
    read = read_articles(folder, problems)
    problems.raise_if_any()
    return read


def article(number: str) -> Article:
    return next(each for each in articles() if each.id == number)


@pytest.fixture(scope="module")
def export() -> list[dict[str, Any]]:
    if not script.SOURCE.exists():
        pytest.skip(WANTED)
    found: list[dict[str, Any]] = json.loads(script.SOURCE.read_text("utf-8"))["articles"]
    return found


def test_every_article_of_the_export_is_held_code_by_code(export: list[dict[str, Any]]) -> None:
    held = {each.id: each for each in articles()}
    assert set(held) == {each["article_id"] for each in export}
    for sent in export:
        mine = held[sent["article_id"]]
        assert (mine.version, mine.edition.isoformat()) == (sent["version"], sent["as_of"])
        assert (mine.category, mine.policy) == (sent["category"], sent["lcd_id"])
        assert list(mine.states) == sent["wiser_states"]
        assert [
            (group.group, "*".join(group.codes), group.role == "noncovered", group.role == "ancillary")
            for group in mine.procedures
        ] == [
            (
                group["group"],
                "*".join(each["code"] for each in group["codes"]),
                group["flag"] == "noncovered",
                group["flag"] == "ancillary",
            )
            for group in sent["code_groups"]
        ]
        for group, told in zip(mine.diagnoses, sent["icd10_groups"], strict=True):
            rows = [(each.removesuffix("*"), each.endswith("*")) for each in group.codes]
            assert rows == [(each["code"], each["asterisk"]) for each in told["codes"]]
            assert len(rows) == told["count"]
            assert list(group.procedures) == (told["applies_to"] or [])


def test_the_files_are_what_the_script_writes(export: list[dict[str, Any]]) -> None:
    for each in export:
        assert (FOLDER / f"{each['article_id']}.yaml").read_text("utf-8") == script.text_of(each)


def test_the_script_writes_every_article(export: list[dict[str, Any]], tmp_path: Path) -> None:
    assert script.main(script.SOURCE, tmp_path / "articles") == 0
    assert {each.name for each in (tmp_path / "articles").iterdir()} == {each.name for each in FOLDER.iterdir()}


def test_the_script_knows_every_rule_or_says_so() -> None:
    with pytest.raises(ValueError, match="unknown type riddle"):
        list(script._rules({"rules": [{"type": "riddle", "source": "nowhere"}]}))


@pytest.mark.parametrize(
    ("number", "count"),
    [("A56681", 47), ("A58731", 46), ("A58993", 46), ("A59668", 542), ("A59608", 507), ("A59624", 507), ("A56696", 41)],
)
def test_the_counts_of_the_export(number: str, count: int) -> None:
    of = article(number)
    assert sum(len(group.codes) for group in of.diagnoses) == count


def test_the_skin_article_of_cgs_is_table_b3() -> None:
    listed = next(each for each in WISER[0].diagnosis_lists if each.id == "B3")  # type: ignore[union-attr]
    assert article("A56696").listed_for("15271") == frozenset({row.code for row in listed.codes})


def test_the_placeholder_of_novitas_limits_nothing() -> None:
    assert article("A54117").listed_for("15271") is None


def test_a_body_mass_index_supports_nothing_by_itself() -> None:
    assert article("A57149").listed_for("64582") == frozenset({"G47.33"})
    assert article("A57149").with_role("body-mass-index") == article("A57149").of_group("2")


def test_an_article_limits_only_the_codes_that_it_covers() -> None:
    assert article("A58731").listed_for("62320") is None
    assert article("A58731").noncovered == {"62320", "62322"}
    assert article("A56938").listed_for("64584") is None  # supported whatever the diagnosis
    assert article("A57149").listed_for("64583") is None  # no group is for it
    assert article("A58731").listed_for(None) is None


def test_a_group_counts_for_its_own_codes() -> None:
    assert article("A60296").listed_for("64605") == frozenset({"B02.22", "G50.0"})
    assert article("A60296").listed_for("20526") == frozenset({"G56.01", "G56.02", "G56.03"})


def test_asterisks_are_kept() -> None:
    assert article("A57282").asterisked == {"C41.2", "C79.51", "C90.00", "C90.02"}
    assert article("A57752").asterisked == {"M84.58XA", "M84.58XS"}
    assert article("A56681").asterisked == frozenset()


@pytest.mark.parametrize(
    ("contractor", "category", "expected"),
    [
        ("novitas-jh", "epidural-steroid-injection", "A56681"),
        ("novitas-jl", "epidural-steroid-injection", "A56681"),
        ("cgs-j15", "epidural-steroid-injection", "A58731"),
        ("noridian-jf", "epidural-steroid-injection", "A58993"),
        ("noridian-jf", "spinal-cord-stimulation", "A57791"),
        ("cgs-j15", "spinal-cord-stimulation", None),
        ("noridian-jf", "skin-substitutes", None),
        (None, "skin-substitutes", None),
        ("cgs-j15", None, None),
    ],
)
def test_the_contractor_of_the_state_decides(
    contractor: str | None, category: str | None, expected: str | None
) -> None:
    found = articles().decides(contractor, category, DAY)
    assert (found and found.id) == expected


def test_the_one_edition_is_used_from_the_first_day_on_without_end() -> None:
    held = articles()
    assert held.decides("cgs-j15", "cervical-fusion", date(2026, 1, 4)) is None
    first = held.decides("cgs-j15", "cervical-fusion", date(2026, 1, 5))
    assert first is not None
    assert first is held.decides("cgs-j15", "cervical-fusion", date(2031, 12, 31))
    assert first.name == "A59608 v32 (2026-09-28)"


def test_a_later_edition_follows_the_first(tmp_path: Path) -> None:
    """Two editions of an article, the one until a day and the other from the next one on."""
    text = (FOLDER / "A58731.yaml").read_text("utf-8")
    old = text.replace("effective_from: 2026-01-05", "effective_from: 2026-01-05\neffective_to: 2026-12-31")
    new = text.replace("effective_from: 2026-01-05", "effective_from: 2027-01-01").replace("version: 16", "version: 17")
    (tmp_path / "old.yaml").write_text(old, "utf-8")
    (tmp_path / "new.yaml").write_text(new, "utf-8")
    held = articles(tmp_path)
    before = held.decides("cgs-j15", "epidural-steroid-injection", date(2026, 12, 31))
    after = held.decides("cgs-j15", "epidural-steroid-injection", date(2027, 1, 1))
    assert (before and before.version, after and after.version) == (16, 17)


def test_no_folder_no_articles(tmp_path: Path) -> None:
    assert len(articles(tmp_path / "nowhere")) == 0


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        ("A58731", "version: 16", "version: sixteen", "articles A58731.yaml"),
        ("A58731", "version: 16\n", "", "version"),
        ("A58731", "      - B02.23\n", "      - B2.23\n", "articles A58731.yaml"),
        ("A58731", "      - B02.23\n", "      - B02.23\n      - B02.23*\n", "group 1: B02.23 stands twice"),
        ("A58731", "version: 16", "version: 16\nflavour: mild", "flavour"),
        ("A58731", 'procedures: ["62321"', 'procedures: ["62311"', "62311 is no procedure code of the article"),
        ("A58731", "effective_from: 2026-01-05", "effective_from: 2026-01-05\neffective_to: 2026-01-04", "it ends"),
        ("A57149", 'secondary: "2"', 'secondary: "3"', "the group 3 does not exist or is empty"),
        ("A60296", '- group: "2"', '- group: "1"', "1 stands twice"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, file: str, before: str, after: str, named: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "articles")
    path = tmp_path / "articles" / f"{file}.yaml"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    problems = Problems()
    read_articles(tmp_path / "articles", problems)
    assert any(named in each for each in problems.found), problems.found
