"""The text layer of a PDF is read; what a scan shows is for a person."""

from __future__ import annotations

import logging
import zlib

import pytest

from fhir_server.authorization.evidence import EvidenceRecord
from fhir_server.evidence import portable_documents
from fhir_server.evidence.allowance import Allowance
from fhir_server.evidence.portable_documents import PageText, read_portable_document
from fhir_server.evidence.quotes import quote
from tests.evidence.samples import (
    IMAGE,
    SERVER,
    assembled,
    document,
    gathered,
    page_of,
    portable_document,
    reference,
    values,
)


class Listener(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)


REPORT = page_of("Sleep study of 1 March 2026", "AHI 32 events per hour")


def read(data: bytes) -> tuple[PageText, ...]:
    return read_portable_document(data, Allowance())


def with_forms(*forms: bytes, drawn: bytes = b"/Fm0 Do") -> bytes:
    """Return a PDF of one page that draws forms; each form may draw them too."""
    names = b" ".join(b"/Fm%d %d 0 R" % (number, 6 + number) for number in range(len(forms)))
    resources = b"<< /Font << /F1 5 0 R >> /XObject << " + names + b" >> >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources " + resources + b" >>",
        b"<< /Length %d >>\nstream\n" % len(drawn) + drawn + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for form in forms:
        packed = zlib.compress(form)
        parts.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Filter /FlateDecode /Resources " + resources
            + b" /Length %d >>\nstream\n" % len(packed) + packed + b"\nendstream"
        )  # fmt: skip
    return assembled(parts)


def test_pages_with_text_are_read_with_page_and_span() -> None:
    resource = {"id": "1", **reference(portable_document(page_of("Front page"), REPORT), "application/pdf")}
    evidence = gathered(resource)

    assert values(evidence, "HG4", "ahi") == [32]
    pointer = evidence.facts[0].pointer
    assert (pointer.source, pointer.place) == ("text", "page 2")
    assert quote([document(resource)], pointer) == "AHI 32 events per hour"
    assert quote([document(resource)], pointer, around=5) == "2026\nAHI 32 events per hour"
    assert [each.readable for each in evidence.records] == [True]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a scan", portable_document(IMAGE)),
        ("a scan with a fax header", portable_document(IMAGE + b"\n" + page_of("FAX 03/01/2026 p. 1"))),
        ("empty pages", portable_document(b"", b"")),
        ("broken", b"%PDF-1.7\nnothing more"),
        ("no PDF", b"AHI 32"),
    ],
)
def test_what_has_no_text_layer_is_for_a_person(name: str, data: bytes) -> None:
    evidence = gathered(reference(data, "application/pdf"))

    where = f"{SERVER}/DocumentReference/1"
    assert evidence.records == (EvidenceRecord(where, False, True, (), ("11506-3",)),), name
    assert evidence.facts == ()


def test_an_encrypted_file_is_not_readable() -> None:
    encrypted = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"00" * 32 + b"> /U <" + b"00" * 32 + b"> >>"
    plain = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"]

    assert [each for each in read(assembled(plain, encrypted)) if each.text] == []


def test_text_beside_a_scanned_page_is_found_and_the_whole_is_not_called_readable() -> None:
    evidence = gathered(reference(portable_document(REPORT, IMAGE), "application/pdf"))

    assert values(evidence, "HG4", "ahi") == [32]
    assert [each.readable for each in evidence.records] == [False]


def test_an_empty_page_and_a_link_take_nothing_from_a_readable_file() -> None:
    link = b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>]"
    field = b"/Annots [<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /V (AHI 44) >>]"

    assert [each.complete for each in read(portable_document(REPORT, b"", extra=link))] == [True, True]
    assert [each.complete for each in read(portable_document(REPORT, extra=field))] == [False]


def test_an_image_beside_a_page_of_text_does_no_harm() -> None:
    lines = page_of(*["The patient was seen for a follow-up of sleep apnea."] * 4)

    assert [each.complete for each in read(portable_document(IMAGE + b"\n" + lines))] == [True]


def test_text_in_a_form_is_read() -> None:
    assert [each.text for each in read(with_forms(page_of("AHI 32")))] == ["AHI 32"]


def test_drawn_letters_are_no_text() -> None:
    curves = b"0 0 m 10 10 l S\n" * 100

    assert [(each.text, each.complete) for each in read(portable_document(curves))] == [("", False)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a bomb", portable_document(page_of("AHI 32") * 2_000_000)),
        ("forms in forms", with_forms(*[b"/Fm%d Do " % (number + 1) * 40 for number in range(7)], page_of("x" * 900))),
        ("a form in itself", with_forms(b"/Fm0 Do " * 40)),
        ("one page again and again", portable_document(*[page_of(*["x" * 90] * 60)] * 900)),
        ("deep arrays", portable_document(b"[" * 200_000)),
        ("deep dictionaries", portable_document(b"", catalog=b"/A " + b"<< /A " * 20_000)),
    ],
)
def test_a_file_that_costs_much_is_given_up(name: str, data: bytes) -> None:
    allowance = Allowance()
    pages = read_portable_document(data, allowance)

    assert not all(each.complete for each in pages) or all(not each.text for each in pages), name
    assert sum(len(each.text) for each in pages) < 8_000_000


def test_looking_parts_up_is_counted() -> None:
    allowance = Allowance()
    allowance.left["steps"] = 50

    assert read_portable_document(portable_document(REPORT), allowance) == (PageText(1, "", complete=False),)
    assert allowance.left["steps"] == 0


def test_a_file_beyond_the_largest_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portable_documents, "LARGEST", 100)

    assert read(portable_document(REPORT)) == ()


def test_what_the_library_mends_in_a_file_is_not_logged() -> None:
    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        read(b"AHI 32 of somebody" + portable_document(REPORT)[20:])
    finally:
        logging.getLogger().removeHandler(listener)

    assert listener.heard == []
