"""Attachments of records: their bytes, and what can be read in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from fhir_server.authorization.request import Document
from fhir_server.evidence.allowance import Allowance
from fhir_server.evidence.clinical_documents import read_clinical_document
from fhir_server.evidence.markup import read_html
from fhir_server.evidence.members import Json, decoded_bytes, object_in, objects_in, text_in
from fhir_server.evidence.passages import Passage, is_text, settled
from fhir_server.evidence.portable_documents import read_portable_document
from fhir_server.evidence.records import Record, Records
from fhir_server.evidence.statements import ClinicalStatement

PDF = "application/pdf"
XML_TYPES = frozenset({"text/xml", "application/xml", "application/hl7-cda+xml", "application/cda+xml"})
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
TEXT_TYPES = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
# Where no type is told, what a file begins with tells it; anything else is not guessed at.
BEGINNINGS = ((b"%PDF-", PDF), (b"<?xml", "text/xml"), (b"<ClinicalDocument", "text/xml"))
# What text is encoded in where nothing is told: UTF-8 (R4, http.html#mime-type), else what Windows writes.
ENCODINGS = ("utf-8-sig", "cp1252")
KNOWN_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252", "utf-16"})
"""What a record may say that its text is written in."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes that came with a record; ``place`` is where in its document. ``data`` is empty where none came."""

    document: str
    place: str
    media_type: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What software could read of an attachment; ``readable`` is whether that is all of it.

    ``birth_date`` and ``numbers`` are those that it gives its patient.
    """

    readable: bool
    passages: tuple[Passage, ...] = ()
    statements: tuple[ClinicalStatement, ...] = ()
    types: tuple[str, ...] = ()
    birth_date: str | None = None
    numbers: frozenset[tuple[str, str]] = frozenset()


UNREADABLE = Reading(readable=False)


# Resource types that consist of attachments: the list that these are in, and the element (of its entries) below it.
_WHERE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "DocumentReference": ("content", "attachment"),
        "DiagnosticReport": ("presentedForm", ""),
        "Media": ("", "content"),
        "Binary": ("", ""),
    }
)


def attachments_of(record: Record, records: Records) -> Iterator[Attachment]:
    """Yield the attachments of a record that consists of them, in their order, those without bytes too."""
    if record.kind not in _WHERE:
        return
    listed, inside = _WHERE[record.kind]
    nodes = objects_in(record.resource, listed) if listed else [record.resource]
    for number, node in enumerate(nodes):
        attachment = object_in(node, inside) if inside else node
        yield attachment_at(record, f"{listed}[{number}]" if number else "", attachment, records)
    conclusion = text_in(record.resource, "conclusion") if record.kind == "DiagnosticReport" else None
    if conclusion is not None:
        yield Attachment(record.document, record.place("conclusion"), "text/plain", conclusion.encode())


def attachment_at(record: Record, place: str, attachment: Json, records: Records) -> Attachment:
    """Return one attachment; its bytes may stand in a Binary that it names."""
    binary = binary_of(record, attachment, records)
    source = binary.resource if binary is not None else attachment
    media_type = text_in(attachment, "contentType") or text_in(source, "contentType")
    return Attachment(record.document, record.place(place), media_type, decoded_bytes(text_in(source, "data")))


def binary_of(record: Record, attachment: Json, records: Records) -> Record | None:
    """Return the Binary that an attachment without bytes of its own names."""
    address = text_in(attachment, "url")
    if address is None or "data" in attachment:
        return None
    found = records.resolve(record, address)
    return found if found is not None and found.kind == "Binary" else None


def attachment_of(document: Document) -> Attachment:
    """Return a document that is no FHIR resource."""
    return Attachment(document.key, "", document.media_type, document.content)


def read_attachment(attachment: Attachment, allowance: Allowance) -> Reading:
    """Return what can be read; what is encrypted, broken, an image or too much is not readable."""
    data = attachment.data
    if not data or not allowance.take("documents", len(data)):
        return UNREADABLE
    media_type, encoding = _media_type(attachment)
    if media_type == PDF:
        return _read_pages(attachment, allowance)
    if media_type in XML_TYPES and allowance.take("markup", len(data)):
        return _read_clinical_document(attachment, allowance)
    if media_type in HTML_TYPES and allowance.take("markup", len(data)):
        page = _decoded(data, encoding)
        return _read_words(attachment, read_html(page) if page is not None else None)
    if media_type in TEXT_TYPES:
        return _read_words(attachment, _decoded(data, encoding))
    return UNREADABLE


def _media_type(attachment: Attachment) -> tuple[str, str | None]:
    """Return the type in small letters, and the encoding if one is told."""
    if attachment.media_type is None:
        start = attachment.data[:256].removeprefix(b"\xef\xbb\xbf").lstrip()
        return next((name for begin, name in BEGINNINGS if start.startswith(begin)), ""), None
    name, *parameters = attachment.media_type.lower().split(";")
    encodings = [each.partition("=")[2].strip(" \"'") for each in parameters if each.strip().startswith("charset=")]
    return name.strip(), encodings[0] if encodings else None


def _decoded(data: bytes, encoding: str | None) -> str | None:
    if encoding and encoding.lower() not in KNOWN_ENCODINGS:
        return None  # some of Python's codecs take the square of the time
    for each in (encoding,) if encoding else ENCODINGS:
        try:
            return data.decode(each)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return None


def _read_words(attachment: Attachment, text: str | None) -> Reading:
    words = settled(text or "")
    if not is_text(words):
        return UNREADABLE
    return Reading(readable=True, passages=(Passage(attachment.document, _place(attachment, "text"), words),))


def _read_pages(attachment: Attachment, allowance: Allowance) -> Reading:
    pages = read_portable_document(attachment.data, allowance)
    passages = tuple(
        Passage(attachment.document, _place(attachment, f"page {page.number}"), page.text)
        for page in pages
        if page.text
    )
    return Reading(bool(passages) and all(page.complete for page in pages), passages)


def _read_clinical_document(attachment: Attachment, allowance: Allowance) -> Reading:
    found = read_clinical_document(attachment.data, attachment.document, attachment.place, allowance.left["statements"])
    if found is None:
        return UNREADABLE
    allowance.take("statements", len(found.statements))
    passages = tuple(
        Passage(attachment.document, _place(attachment, code), text) for code, text in found.sections if text
    )
    words = Reading(
        bool(passages or found.statements),
        passages,
        found.statements,
        found.types,
        found.birth_date,
        found.numbers,
    )
    if found.body is None:
        return words
    body = _read_body(Attachment(attachment.document, attachment.place, *found.body), allowance)
    return replace(words, readable=body.readable, passages=passages + body.passages)


def _read_body(body: Attachment, allowance: Allowance) -> Reading:
    """Return what can be read of a file within a C-CDA document; another C-CDA in there is not looked into."""
    return UNREADABLE if _media_type(body)[0] in XML_TYPES else read_attachment(body, allowance)


def _place(attachment: Attachment, part: str) -> str:
    return " ".join(filter(None, (attachment.place, part)))
