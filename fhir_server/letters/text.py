"""A letter as plain text, for a fax or a screen reader: lines of at most 78 characters, tables told row by row."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from fhir_server.letters.letter import Block, Items, Letter, Paragraph, Party, Section, Table

WIDTH = 78
INDENT = 2


def as_text(letter: Letter) -> str:
    """Return *letter* as plain text; the same letter gives the same text."""
    return "\n".join(_letter(letter)) + "\n"


def _letter(letter: Letter) -> Iterator[str]:
    if letter.notice:
        yield from (*_wrapped(letter.notice), "")
    yield from _party(letter.sender)
    yield from _party(letter.recipient)
    for copy in letter.copies:
        yield from _party(copy)
    for each in letter.particulars:
        yield from _wrapped(f"{each.label}: {each.value}", below=INDENT)
    yield ""
    yield from _underlined(letter.subject, "=")
    for section in letter.sections:
        yield from _section(section)
    if letter.notice:
        yield from ("", *_wrapped(letter.notice))


def _party(party: Party) -> Iterator[str]:
    yield f"{party.role}:"
    for line in party.lines:
        yield from _wrapped(line, indent=INDENT, below=INDENT)
    yield ""


def _section(section: Section) -> Iterator[str]:
    yield ""
    yield from _underlined(section.heading, "-")
    for number, block in enumerate(section.blocks):
        if number:
            yield ""
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from _wrapped(block.text)
    elif isinstance(block, Items):
        yield from _items(block)
    else:
        yield from _table(block)


def _items(block: Items) -> Iterator[str]:
    for number, item in enumerate(block.items, start=1):
        mark = f"{number}. " if block.numbered else "- "
        yield from _wrapped(f"{mark}{item.text}", below=len(mark))
        for each in item.below:
            yield from _wrapped(f"- {each}", indent=len(mark), below=INDENT)


def _table(table: Table) -> Iterator[str]:
    """Tell each row by its first cell, and every other cell with the name of its column."""
    yield from _wrapped(f"{table.caption}:")
    for row in table.rows:
        yield from _wrapped(f"{table.columns[0]} {row[0]}", indent=INDENT, below=INDENT)
        for column, cell in zip(table.columns[1:], row[1:], strict=True):
            yield from _wrapped(f"{column}: {cell}", indent=2 * INDENT, below=INDENT)


def _underlined(heading: str, mark: str) -> Iterator[str]:
    lines = _wrapped(heading)
    yield from lines
    yield mark * max(map(len, lines))


def _wrapped(text: str, indent: int = 0, below: int = 0) -> list[str]:
    """Return *text* in lines; all begin with *indent* blanks, those after the first with *below* more."""
    first, others = " " * indent, " " * (indent + below)
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    ) or [first]
