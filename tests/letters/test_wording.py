"""The tables of words: whole, sourced, and refused where they contradict themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

from fhir_server.authorization.events import LetterKind
from fhir_server.errors import PolicyInvalid
from fhir_server.letters.fields import FIELDS
from fhir_server.letters.wording import FOLDER, Sentence, fields_in, read_wording, wording
from tests.conftest import ROOT

SECTION = {"id": "a", "heading": "A", "blocks": [{"text": "About {case}.", "source": "G6 4"}]}
LETTER = {"kind": "affirmation", "subject": "S", "sections": ["a"], "source": "G6 4"}


def sentences() -> Iterator[Sentence]:
    for section in wording().sections.values():
        for block in section.blocks:
            yield from block.sentences


def test_every_kind_has_its_words() -> None:
    assert set(wording().letters) == set(get_args(LetterKind))


def test_every_sentence_and_letter_names_its_source() -> None:
    assert all(each.source for each in sentences())
    assert all(row.source for row in wording().letters.values())


def test_every_field_is_used() -> None:
    used = {name for each in sentences() for name in (*each.when, *each.unless, *fields_in(each.text))}
    used |= {name for row in wording().letters.values() for name in row.needs}

    assert set(FIELDS) - used == set()


def test_every_field_is_documented() -> None:
    page = (ROOT / "docs" / "letters.md").read_text(encoding="utf-8")

    assert [name for name in FIELDS if f"`{name}`" not in page] == []


def test_no_letter_speaks_of_a_guaranteed_payment_or_a_final_denial() -> None:
    words = " ".join(each.text for each in sentences())

    assert words.count("guarantee") == words.count("not a guarantee") == 1
    assert "denied" in words
    assert "request is denied" not in words


@pytest.mark.parametrize(
    ("letter", "section", "problem"),
    [
        ({"sections": ["a", "b"]}, {}, "letters.yaml affirmation: there is no section b"),
        ({"needs": ["shoe_size"]}, {}, "letters.yaml affirmation: there is no field shoe_size"),
        ({"kind": "greeting"}, {}, "letters.yaml letters[0]: Invalid enum value 'greeting'"),
        ({}, {"blocks": [{"text": "{shoe_size}", "source": "x"}]}, "sections.yaml a: there is no field shoe_size"),
        (
            {},
            {"blocks": [{"text": "A", "source": "x", "when": ["shoe_size"]}]},
            "sections.yaml a: there is no field shoe_size",
        ),
        ({}, {"blocks": [{"text": "A"}]}, "sections.yaml a: a block names no source"),
        ({}, {"blocks": [{"source": "x"}]}, "sections.yaml a: a block is one of text, points, steps, table, show"),
        (
            {},
            {"blocks": [{"text": "A", "show": "items", "source": "x"}]},
            "sections.yaml a: a block is one of text, points, steps, table, show",
        ),
        (
            {},
            {"blocks": [{"source": "x", "table": {"caption": "C", "columns": ["1", "2"], "rows": [["1"]]}}]},
            "sections.yaml a: a row of the table has more or fewer cells than there are columns",
        ),
        ({"sections": []}, {}, "sections.yaml a: no letter has the section"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, letter: dict[str, object], section: dict[str, object], problem: str
) -> None:
    (tmp_path / "letters.yaml").write_text(yaml.safe_dump({"letters": [LETTER | letter]}))
    (tmp_path / "sections.yaml").write_text(yaml.safe_dump({"sections": [SECTION | section]}))

    with pytest.raises(PolicyInvalid) as refused:
        read_wording(tmp_path, FIELDS)

    assert problem in str(refused.value)


def test_the_files_travel_with_the_package() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {"letters.yaml", "sections.yaml"}
