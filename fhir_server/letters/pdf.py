"""A letter's HTML as a tagged, accessible PDF (PDF/UA-1), made by WeasyPrint.

WeasyPrint is loaded when the first PDF is made: it takes a second and needs libraries that not every server has (S-30).
Only the worker makes PDFs.
"""

from __future__ import annotations

import ctypes.util
import hashlib
import importlib
import logging
from functools import cache
from importlib.util import find_spec
from typing import Any

# What WeasyPrint loads, by the Debian package that has it (its documentation, "First steps").
LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz": "libharfbuzz0b",
    "harfbuzz-subset": "libharfbuzz-subset0",
    "fontconfig": "libfontconfig1",
}
VARIANT = "pdf/ua-1"
CANNOT_SHOW = "A part of a letter cannot be shown in its PDF; a font may be missing (docs/letters.md)."


class PdfUnavailable(Exception):
    """What makes PDFs is not installed; the message names it."""


def available() -> tuple[str, ...]:
    """Return what is missing to make PDFs: Debian packages, or ``weasyprint``; nothing where all is there."""
    missing = [package for name, package in LIBRARIES.items() if ctypes.util.find_library(name) is None]
    if find_spec("weasyprint") is None:
        missing.append("weasyprint")
    return tuple(missing)


def as_pdf(html: str) -> bytes:
    """Return the page *html* as a PDF; nothing beside it is ever fetched.

    Raises `PdfUnavailable` where what makes PDFs is missing.
    """
    weasyprint = _weasyprint()
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    page = weasyprint.HTML(string=html, url_fetcher=weasyprint.URLFetcher(allowed_protocols=()))
    made: bytes = page.write_pdf(pdf_variant=VARIANT, pdf_identifier=identifier)
    return made


class _WithoutContent(logging.Filter):
    """Tells that something is wrong, and not what: WeasyPrint names the characters that it has no font for."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args, record.exc_info = CANNOT_SHOW, (), None
        return True


@cache
def _weasyprint() -> Any:
    if missing := available():
        raise PdfUnavailable(f"PDFs cannot be made: {', '.join(missing)} missing.")
    library = importlib.import_module("weasyprint")
    logging.getLogger("weasyprint").addFilter(_WithoutContent())
    return library
