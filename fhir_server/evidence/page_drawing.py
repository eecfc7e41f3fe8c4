"""What a page of a PDF is drawn with: how many bytes, used how often, and whether there is more than its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pypdf import PageObject
from pypdf.generic import ArrayObject, DictionaryObject, PdfObject, StreamObject

_INLINE_IMAGE = re.compile(rb"(?:^|\s)BI\s[^()]{0,500}?\sID\s")
_DRAWN = re.compile(rb"/([^\s/<>\[\](){}%]{1,127})\s++Do\b")
MOST_FORMS = 50
"""How often one page may draw its forms; the library stops there too."""
DEEPEST = 8
PAGE_COST = 1000
ENTRY_COST = 16
"""Bytes that the beginning of a page, and an entry of a table, are worth."""
# What lies upon a page and shows nothing that its text layer does not say (PDF 32000-1, 12.5.6).
SILENT_ANNOTATIONS = frozenset(("/Link", "/Popup"))


@dataclass(frozen=True, slots=True)
class Drawing:
    """``drawn`` are the bytes that draw it, ``tables`` what reading its fonts costs beside; whether it has images, or
    annotations that show something."""

    drawn: int
    tables: int = 0
    images: bool = False
    annotations: bool = False

    @property
    def weight(self) -> int:
        """What it costs to read."""
        return self.drawn + self.tables


TOO_DEEP = Drawing(1_000_000_000)


@dataclass(slots=True)
class PageDrawings:
    """Weighs the pages of one document; each form and font is looked at once. Raises what the library raises."""

    _forms: dict[int, tuple[PdfObject, Drawing]] = field(default_factory=dict)
    _fonts: dict[int, tuple[PdfObject, int]] = field(default_factory=dict)

    def of(self, page: PageObject) -> Drawing:
        """Return how *page* is drawn."""
        contents = page.get_contents()
        drawn = self._drawn(contents.get_data() if contents is not None else b"", page, 0)
        marks = list(_entries(page, "/Annots"))
        silent = all(
            isinstance(each, DictionaryObject) and each.get("/Subtype") in SILENT_ANNOTATIONS for each in marks
        )
        return Drawing(drawn.drawn, drawn.tables + PAGE_COST + ENTRY_COST * len(marks), drawn.images, not silent)

    def _drawn(self, commands: bytes, holder: DictionaryObject, depth: int) -> Drawing:
        resources = _resolved(holder, "/Resources")
        fonts = sum(self._font(each) for each in _entries(resources, "/Font"))
        parts = {name: self._part(each, depth) for name, each in _named(resources, "/XObject")}
        drawn = max((each.drawn for each in parts.values()), default=0)
        tables = max((each.tables for each in parts.values()), default=0)
        often = min(commands.count(b"Do"), MOST_FORMS)
        images = _INLINE_IMAGE.search(commands) is not None or _draws_image(commands, parts)
        return Drawing(len(commands) + often * drawn, fonts + often * tables + ENTRY_COST * len(parts), images)

    def _part(self, part: PdfObject, depth: int) -> Drawing:
        """Return how an image or a form is drawn; a form within itself is drawn by nothing."""
        if not isinstance(part, StreamObject):
            return Drawing(0)
        if depth > DEEPEST:
            return TOO_DEEP
        if part.get("/Subtype") == "/Image":
            return Drawing(0, images=True)
        known = self._forms.get(id(part))
        if known is None:
            self._forms[id(part)] = part, Drawing(0)
            known = self._forms[id(part)] = part, self._drawn(part.get_data(), part, depth + 1)
        return known[1]

    def _font(self, font: PdfObject) -> int:
        """Return what a font costs on each page that names it: its tables are read anew there."""
        if not isinstance(font, DictionaryObject):
            return 0
        known = self._fonts.get(id(font))
        if known is None:
            weight = sum(map(_font_weight, (font, *_entries(font, "/DescendantFonts"))))
            known = self._fonts[id(font)] = font, weight
        return known[1]


def _font_weight(font: PdfObject) -> int:
    streams = [_resolved(font, "/ToUnicode"), _resolved(_resolved(font, "/FontDescriptor"), "/FontFile")]
    tables = [
        _resolved(font, "/Widths"),
        _resolved(font, "/W"),
        _resolved(_resolved(font, "/Encoding"), "/Differences"),
    ]
    tables += [each for each in _entries(font, "/W") if isinstance(each, ArrayObject)]
    bytes_read = sum(len(each.get_data()) for each in streams if isinstance(each, StreamObject))
    entries = sum(len(each) for each in tables if isinstance(each, ArrayObject))
    return bytes_read + ENTRY_COST * (entries + len(_resolved(font, "/CharProcs")))


def _resolved(holder: PdfObject, name: str) -> DictionaryObject | ArrayObject:
    """Return the dictionary, stream or array under *name*, or an empty dictionary."""
    value = holder.get(name) if isinstance(holder, DictionaryObject) else None
    found = value.get_object() if isinstance(value, PdfObject) else None
    return found if isinstance(found, DictionaryObject | ArrayObject) else DictionaryObject()


def _entries(holder: PdfObject, name: str) -> Iterator[PdfObject]:
    """Yield what the dictionary or array under *name* holds."""
    for _, entry in _named(holder, name):
        yield entry


def _named(holder: PdfObject, name: str) -> Iterator[tuple[str, PdfObject]]:
    """Yield what the dictionary under *name* holds, with its names; those of an array are empty."""
    found = _resolved(holder, name)
    pairs = (("", each) for each in found) if isinstance(found, ArrayObject) else found.items()
    for key, each in pairs:
        resolved = each.get_object() if isinstance(each, PdfObject) else None
        if resolved is not None:
            yield str(key), resolved


def _draws_image(commands: bytes, parts: Mapping[str, Drawing]) -> bool:
    """Return whether an image is among the parts that are drawn; pages often name parts that only others draw."""
    drawn = {f"/{each.decode('latin-1')}" for each in _DRAWN.findall(commands)}
    unclear = any("#" in each for each in drawn)  # a name may be written with codes for its letters
    return any(part.images and (unclear or name in drawn) for name, part in parts.items())
