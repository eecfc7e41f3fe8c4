"""The words of the letters, read once from ``letters.yaml`` and ``sections.yaml`` and checked whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

import msgspec

from fhir_server.authorization.events import LetterKind
from fhir_server.letters.fields import FIELDS
from fhir_server.policy.rows import Problems, Row, read_file, take, unique

Words = Annotated[str, msgspec.Meta(min_length=1)]
Shown = Literal["services", "reasons", "items"]
FOLDER = Path(__file__).parent


class Sentence(Row, frozen=True, kw_only=True):
    """Words with their source; they stand where every field of ``when`` is known and none of ``unless``."""

    text: Words
    source: Words
    when: tuple[Words, ...] = ()
    unless: tuple[Words, ...] = ()


class FixedTable(Row, frozen=True, kw_only=True):
    """A table that is the same in every letter."""

    caption: Words
    columns: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


class BlockRow(Row, frozen=True, kw_only=True):
    """A part of a section: exactly one of ``text``, ``points``, ``steps``, ``table``, ``show``."""

    source: Words | None = None
    text: Words | None = None
    points: tuple[Sentence, ...] = ()
    steps: tuple[Sentence, ...] = ()
    table: FixedTable | None = None
    show: Shown | None = None
    when: tuple[Words, ...] = ()
    unless: tuple[Words, ...] = ()

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The words of the block, each with its source."""
        if self.text is None:
            return self.points or self.steps
        return (Sentence(text=self.text, source=self.source or "", when=self.when, unless=self.unless),)


class SectionRow(Row, frozen=True, kw_only=True):
    """A section with its heading."""

    id: Words
    heading: Words
    blocks: tuple[BlockRow, ...]


class LetterRow(Row, frozen=True, kw_only=True):
    """A kind of letter. ``needs`` names the fields without which it may not be written."""

    kind: LetterKind
    subject: Words
    sections: tuple[Words, ...]
    source: Words
    needs: tuple[Words, ...] = ()
    copy_to_beneficiary: bool = False


class Wording(Row, frozen=True, kw_only=True):
    """All letters with their sections."""

    letters: dict[LetterKind, LetterRow]
    sections: dict[str, SectionRow]

    def sections_of(self, row: LetterRow) -> tuple[SectionRow, ...]:
        """Return the sections of a letter in order."""
        return tuple(self.sections[each] for each in row.sections)


@cache
def wording() -> Wording:
    """Return the words of the letters. Raises `PolicyInvalid` naming every row that is wrong."""
    return read_wording(FOLDER, FIELDS)


def read_wording(folder: Path, fields: Collection[str]) -> Wording:
    """Return the words that stand in *folder*; *fields* are those that they may name. Raises `PolicyInvalid`."""
    problems = Problems()
    content = {name: read_file(folder / f"{name}.yaml", problems) for name in ("letters", "sections")}
    letters = take(content["letters"], "letters", LetterRow, "letters.yaml", problems)
    sections = take(content["sections"], "sections", SectionRow, "sections.yaml", problems)
    unique(letters, lambda row: row.kind, "letters.yaml", problems)
    unique(sections, lambda row: row.id, "sections.yaml", problems)
    _check_letters(letters, sections, fields, problems)
    for section in sections:
        _check_section(section, fields, problems)
    problems.raise_if_any()
    return Wording(letters={row.kind: row for row in letters}, sections={row.id: row for row in sections})


def _check_letters(
    letters: tuple[LetterRow, ...], sections: tuple[SectionRow, ...], fields: Collection[str], problems: Problems
) -> None:
    known, used = {row.id for row in sections}, {each for row in letters for each in row.sections}
    for row in letters:
        for each in row.sections:
            if each not in known:
                problems.add(f"letters.yaml {row.kind}", f"there is no section {each}")
        for each in row.needs:
            if each not in fields:
                problems.add(f"letters.yaml {row.kind}", f"there is no field {each}")
    for each in sorted(known - used):
        problems.add(f"sections.yaml {each}", "no letter has the section")


def _check_section(section: SectionRow, fields: Collection[str], problems: Problems) -> None:
    place = f"sections.yaml {section.id}"
    for block in section.blocks:
        kinds = (block.text, block.points, block.steps, block.table, block.show)
        if sum(bool(each) for each in kinds) != 1:
            problems.add(place, "a block is one of text, points, steps, table, show")
        if not (block.points or block.steps or block.source):
            problems.add(place, "a block names no source")
        if block.table and any(len(row) != len(block.table.columns) for row in block.table.rows):
            problems.add(place, "a row of the table has more or fewer cells than there are columns")
        for name in sorted({name for sentence in block.sentences for name in _named(sentence)} - set(fields)):
            problems.add(place, f"there is no field {name}")


def _named(sentence: Sentence) -> Iterator[str]:
    yield from (*sentence.when, *sentence.unless, *fields_in(sentence.text))


def fields_in(text: str) -> tuple[str, ...]:
    """Return the fields that *text* has to be filled with."""
    return tuple(name for _, name, _, _ in Formatter().parse(text) if name is not None)
