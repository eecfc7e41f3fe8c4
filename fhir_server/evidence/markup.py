"""HTML and the narrative of C-CDA as plain text: a line for each paragraph, item and row, a bar between two cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Literal

from lxml import etree

from fhir_server.evidence.passages import settled

LINES = frozenset(
    {
        "address", "article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2",
        "h3", "h4", "h5", "h6", "header", "hr", "item", "li", "list", "main", "ol", "p", "paragraph", "pre", "section",
        "table", "tbody", "text", "tfoot", "thead", "tr", "ul",
    }
)  # fmt: skip
CELLS = frozenset(("td", "th"))
SILENT = frozenset(("head", "noscript", "script", "style", "template", "title"))
RAW = frozenset(("script", "style", "title", "textarea"))
"""What these hold is no markup, up to their end (HTML, 13.1.2)."""

_BLANKS = re.compile(r"\s+")
# A quotation mark only counts behind an equals sign. No part can match in two ways, so none is gone through twice.
_TAG = re.compile(r"""<(/?)([A-Za-z][^\s/>]*+)(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>""")
_OTHER = re.compile(r"<[!?/][^>]*+>")

Piece = tuple[Literal["begin", "end", "words"], str]


def read_html(page: str) -> str:
    """Return the words of an HTML page, in the form of `settled`.

    Reads a page as far as its tags are whole, in time that grows with its length alone: libxml2's parser compares each
    attribute of a tag with all before it.
    """
    return _written(_tokens(page))


def plain_text(root: etree._Element) -> str:
    """Return the words in *root*, in the form of `settled`."""
    return _written(_walked(root))


def _written(pieces: Iterator[Piece]) -> str:
    written: list[str] = []
    silent = 0
    for kind, content in pieces:
        if kind == "words":
            written.append("" if silent else _BLANKS.sub(" ", content))
            continue
        if content in SILENT:
            silent = max(0, silent + (1 if kind == "begin" else -1))
        if content in LINES:
            written.append("\n")
        elif content in CELLS and kind == "end":
            written.append(" | ")
    return settled("".join(written))


def _walked(root: etree._Element) -> Iterator[Piece]:
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = etree.QName(element).localname.lower() if event in ("start", "end") else ""
        if event == "start":
            yield "begin", name
            yield "words", element.text or ""
            continue
        if event == "end":
            yield "end", name
        if element is not root:
            yield "words", element.tail or ""


def _tokens(page: str) -> Iterator[Piece]:
    """Yield the tags and words of a page; where a tag or comment does not end, the page does."""
    place, lowered = 0, page.lower()
    while place < len(page):
        opened = page.find("<", place)
        if opened < 0:
            opened = len(page)
        if opened > place:
            yield "words", unescape(page[place:opened])
        place = opened
        if page.startswith("<!--", place):
            ended = page.find("-->", place)
            place = ended + 3 if ended >= 0 else len(page)
        elif tag := _TAG.match(page, place):
            place, name = tag.end(), tag[2].lower()
            yield ("end" if tag[1] else "begin"), name
            if name in RAW and not tag[1]:
                ended = lowered.find(f"</{name}", place)
                place = ended if ended >= 0 else len(page)
        elif other := _OTHER.match(page, place):
            place = other.end()
        elif page[place + 1 : place + 2].isalpha() or page[place + 1 : place + 2] in ("!", "?", "/"):
            return
        elif place < len(page):
            after = place + 1
            while page.startswith("<<", after - 1):
                after += 1
            yield "words", page[place:after]
            place = after
