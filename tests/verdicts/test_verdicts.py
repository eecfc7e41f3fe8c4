"""Ours beside the official validator's verdicts: on every official example, and on mutants of each kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.verdicts import tables
from tests.verdicts.comparison import (
    ELEMENTS_ALIKE,
    VERDICTS_ALIKE,
    Comparison,
    compare,
    known_differences,
    our_validator,
)
from tests.verdicts.corpus import Corpus
from tests.verdicts.mutations.kinds import KINDS
from tests.verdicts.packages import GUIDES, examples, loads
from tests.verdicts.recording import EXAMPLE, WHOLE
from tests.verdicts.tables import HERE, Row, Seeds

LEAST_MUTANTS = 3000
LEAST_OF_A_KIND = 15
COUNT = 4700  # as scripts/verdicts.py draws them


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return tables.read(HERE / "official")


@pytest.fixture(scope="module")
def seeds(shared: Path) -> Seeds:
    return Seeds(shared / "packages")


@pytest.mark.timeout(600)
def test_our_verdicts_are_the_official_ones(rows: list[Row], seeds: Seeds) -> None:
    found = Comparison(list(compare(rows, seeds, our_validator(ROOT / "profiles"))))
    known = known_differences()
    unexplained = [f"{each.row.input.id} {each.row.input.kind}" for each in found.unexplained(known)]
    assert (unexplained, found.stale(known)) == ([], [])
    agreement = found.agreement()["all"]
    assert agreement.of_verdicts >= VERDICTS_ALIKE
    assert agreement.of_elements >= ELEMENTS_ALIKE


def test_every_official_example_has_a_verdict(rows: list[Row], shared: Path) -> None:
    judged = {row.input.seed for row in rows if row.input.kind == EXAMPLE}
    assert {each.name for each in examples(shared / "packages")} == judged


def test_each_example_that_is_refused_has_a_reason(rows: list[Row]) -> None:
    told = yaml.safe_load((HERE / "examples.yaml").read_text(encoding="utf-8"))
    named = Counter(name for row in told for name in row["examples"])
    assert all(row["reason"] for row in told)
    assert named == Counter(row.input.seed for row in rows if row.input.kind == EXAMPLE and not row.verdict.valid)


def test_there_are_mutants_of_every_kind_and_guide(rows: list[Row]) -> None:
    mutants = [row for row in rows if row.input.kind not in WHOLE]
    assert len(mutants) >= LEAST_MUTANTS
    assert {
        kind for kind, count in Counter(row.input.kind for row in mutants).items() if count >= LEAST_OF_A_KIND
    } == set(KINDS)
    assert {row.input.guide for row in mutants} == set(GUIDES)
    assert 0.3 < sum(row.verdict.valid for row in mutants) / len(mutants) < 0.6


def test_an_input_has_one_row_and_the_id_that_its_making_gives(rows: list[Row]) -> None:
    ids = [loads(line)["id"] for path in (HERE / "official").glob("*.jsonl") for line in path.read_bytes().splitlines()]
    assert sorted(ids) == sorted(row.input.id for row in rows)
    assert len(set(ids)) == len(ids)


def test_the_table_is_what_the_generator_makes(rows: list[Row], seeds: Seeds, shared: Path) -> None:
    valid = [row.input for row in rows if row.input.kind in WHOLE and row.verdict.valid]
    drawn = {one.id for one in Corpus(shared / "packages", seeds, 1).draw(valid, COUNT)}
    written = {row.input.id for row in rows if row.input.kind not in WHOLE}
    assert written <= drawn
    assert len(drawn - written) <= len(drawn) / 100  # the official validator itself fails on a few: they have no row


def test_the_page_tells_every_reason() -> None:
    page = " ".join((ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8").split())
    assert [each.reason for each in known_differences() if " ".join(each.reason.split()) not in page] == []
