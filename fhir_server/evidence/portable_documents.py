"""The text layer of a PDF, page by page. What the pages of a scan show is for a person.

The library (pypdf) has limits of its own on streams and tables, which are drawn tight here. Beyond them, a small file
may refer to the same parts again and again, and make its pages draw the same megabytes. So the parts of each page are
looked up first, under a count of calls (`steps`), and what they make the page draw is weighed before it is read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from fhir_server.evidence.allowance import MEBIBYTE, Allowance
from fhir_server.evidence.passages import is_text, settled
from fhir_server.evidence.steps import TooManySteps, counted

if TYPE_CHECKING:
    from fhir_server.evidence.page_drawing import Drawing

LARGEST = 32 * MEBIBYTE
LARGEST_DRAWING = 256 * 1024
"""More bytes than that draw a picture, not a page of text."""
LEAST_BESIDE_IMAGE = 100
"""Fewer characters beside an image are a stamp or a fax header on a scan, not what the page says."""
BLANK = 200
"""A page without text or image, drawn by fewer bytes, is empty."""
LIMITS: dict[str, Any] = {
    "maximum_declared_stream_length": LARGEST,
    "array_based_stream_maximum_output_length": 2 * MEBIBYTE,
    "array_maximum_element_count": 50_000,
    "dictionary_maximum_element_count": 20_000,
    "lzw_maximum_output_length": 2 * MEBIBYTE,
    "run_length_maximum_output_length": 2 * MEBIBYTE,
    "zlib_maximum_output_length": 4 * MEBIBYTE,
    "zlib_maximum_recovery_input_length": 65_536,
    "stream_filters_maximum_length": 4,
    "stream_decoding_work_maximum_length": 16 * MEBIBYTE,
    "stream_parsing_work_maximum_count": 200_000,
    "page_tree_maximum_entries": 4000,
    "page_tree_maximum_depth": 30,
    "page_tree_maximum_page_entries": 100_000,
    "xform_maximum_invocations_per_extraction": 50,
    "jbig2dec_binary": None,
    "disable_legacy_handling": True,
}

# What the library mends in a broken file it says in the log, and may quote the file.
_LOGGER = logging.getLogger("pypdf")
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page says, by its number from 1; ``complete`` is whether that is all that it shows."""

    number: int
    text: str
    complete: bool


def read_portable_document(data: bytes, allowance: Allowance) -> tuple[PageText, ...]:
    """Return the pages of the PDF *data*; none of one that is encrypted, broken or too large.

    The last page is not complete where the rest of the document could not be read.
    """
    pages: list[PageText] = []
    if len(data) > LARGEST:
        return ()
    from pypdf import apply_configuration  # takes 65 ms to import, and most requests bring no PDF

    try:
        with apply_configuration(**LIMITS):
            for page in _pages(data, allowance):
                pages.append(page)  # one by one: those before the one that raises stay
    except (Exception, TooManySteps):  # noqa: BLE001 - what a broken PDF makes the library raise has no common class
        pages.append(PageText(len(pages) + 1, "", complete=False))
    return tuple(pages)


def _pages(data: bytes, allowance: Allowance) -> Iterator[PageText]:
    from pypdf import PdfReader

    from fhir_server.evidence.page_drawing import PageDrawings

    with counted(allowance):
        reader = PdfReader(BytesIO(data), root_object_recovery_limit=1000, xref_stream_maximum_entries=500_000)
        pages = [] if reader.is_encrypted else list(reader.pages)
    drawings = PageDrawings()
    for number, page in enumerate(pages, start=1):
        with counted(allowance):
            drawing = drawings.of(page)
        if drawing.weight > LARGEST_DRAWING or not allowance.take("drawing", drawing.weight):
            yield PageText(number, "", complete=False)
            return
        text = settled(page.extract_text())
        yield _page(number, text if is_text(text) else "", drawing)


def _page(number: int, text: str, drawing: Drawing) -> PageText:
    least = LEAST_BESIDE_IMAGE if drawing.images else 1
    empty = not text and not drawing.images and drawing.drawn <= BLANK
    return PageText(number, text, not drawing.annotations and (empty or len(text) >= least))
