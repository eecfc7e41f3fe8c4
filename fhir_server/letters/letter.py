"""A letter as data: who writes to whom about what, in sections of paragraphs, lists and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from fhir_server.authorization.events import LetterKind

LANGUAGE = "en-US"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list; ``below`` are entries of its own."""

    text: str
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list. A numbered one tells an order."""

    items: tuple[Item, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption. The first cell of each row names the row."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = Paragraph | Items | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the letter under a heading."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody that the letter names: as what (``To``), and the lines that an envelope or a fax would show."""

    role: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Particular:
    """One of the facts at the top by which the letter is filed, such as the case number."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole letter. ``notice`` warns above all else that it comes from a sandbox."""

    number: str
    kind: LetterKind
    subject: str
    sender: Party
    recipient: Party
    particulars: tuple[Particular, ...]
    sections: tuple[Section, ...]
    copies: tuple[Party, ...] = ()
    notice: str | None = None
    language: str = LANGUAGE
