"""A letter as PDF: tagged, with a language and a title, and made from nothing but its page (PDF/UA-1)."""

from __future__ import annotations

import base64
import ctypes.util
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from fhir_server.authorization.events import LetterKind
from fhir_server.letters import pdf
from fhir_server.letters.compose import compose_letter
from fhir_server.letters.render import as_html, as_pdf
from tests.conftest import missing
from tests.letters.contents import KINDS, content
from tests.letters.test_render import fields, spaced

# A picture of one pixel.
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture(autouse=True)
def makes_pdfs() -> None:
    if lacking := pdf.available():
        missing(f"PDFs cannot be made: {', '.join(lacking)} missing")


def read(kind: LetterKind) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(as_pdf(as_html(compose_letter(kind, content(kind))))))


def tree(element: Any) -> Iterator[Any]:
    """Yield every element of the structure tree."""
    found = element.get_object()
    if isinstance(found, list):
        for each in found:
            yield from tree(each)
    elif isinstance(found, dict):
        yield found
        if "/K" in found:
            yield from tree(found["/K"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_pdf_says_its_language_its_title_and_that_it_is_tagged(kind: LetterKind) -> None:
    reader = read(kind)
    root: Any = reader.trailer["/Root"]

    assert root["/Lang"] == "en-US"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == compose_letter(kind, content(kind)).subject
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_object().get_data()


@pytest.mark.parametrize("kind", KINDS)
def test_headings_lists_and_tables_are_told_as_such(kind: LetterKind) -> None:
    letter = compose_letter(kind, content(kind))
    elements = list(tree(read(kind).trailer["/Root"]["/StructTreeRoot"]))  # type: ignore[index]
    names = [each.get("/S") for each in elements]

    assert names.count("/H1") == 1
    assert names.count("/H2") == len(letter.sections)
    headers = {each["/ID"] for each in elements if each.get("/S") == "/TH"}
    cells = [each for each in elements if each.get("/S") == "/TD"]
    assert cells
    assert all(each["/A"]["/Headers"] and set(each["/A"]["/Headers"]) <= headers for each in cells)


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_of_a_letter_is_lost(kind: LetterKind) -> None:
    letter = compose_letter(kind, content(kind))
    text = "".join(spaced(" ".join(page.extract_text() for page in read(kind).pages)).split())
    words = {word for each in fields(letter) for word in each.split()}

    assert [word for word in words if word not in text] == []


def test_fonts_are_inside() -> None:
    fonts = [
        font.get_object()
        for page in read("partial").pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    ]
    descendants = [each["/DescendantFonts"][0].get_object() for each in fonts]

    assert descendants
    assert all({"/FontFile2", "/FontFile3"} & set(each["/FontDescriptor"].get_object()) for each in descendants)


def test_the_same_page_gives_the_same_bytes() -> None:
    page = as_html(compose_letter("affirmation", content("affirmation")))

    assert as_pdf(page) == as_pdf(page)


def test_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(base64.b64decode(DOT))

    for address in (f"data:image/png;base64,{DOT}", (tmp_path / "dot.png").as_uri()):
        page = f'<!DOCTYPE html><html lang="en"><title>x</title><p>text<img alt="dot" src="{address}"></p></html>'
        assert not pypdf.PdfReader(io.BytesIO(as_pdf(page))).pages[0].images


def test_what_cannot_be_shown_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    unknown = "\U000f0000"  # of private use: no font has it
    page = f'<!DOCTYPE html><html lang="en"><title>x</title><p>Ottoline{unknown}</p></html>'

    with caplog.at_level("DEBUG", "weasyprint"):
        as_pdf(page)

    told = [each for each in caplog.records if each.name == "weasyprint"]
    assert told
    assert {each.getMessage() for each in told} == {pdf.CANNOT_SHOW}
    assert unknown not in caplog.text
    assert "F0000" not in caplog.text


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None if "pango" in name else name)
    monkeypatch.setattr(pdf, "_weasyprint", pdf._weasyprint.__wrapped__)

    assert pdf.available() == ("libpango-1.0-0", "libpangoft2-1.0-0")
    with pytest.raises(pdf.PdfUnavailable, match=r"libpango-1\.0-0, libpangoft2-1\.0-0 missing"):
        as_pdf("<p>text")


def test_weasyprint_is_not_loaded_before_the_first_pdf() -> None:
    program = (
        "import sys, json, fhir_server.letters.office, fhir_server.letters.render; print(json.dumps(list(sys.modules)))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)

    assert "jinja2" in loaded
    assert "weasyprint" not in loaded
