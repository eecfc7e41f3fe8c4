"""The words that a pointer into a text points at, for whoever asks why something was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.authorization.request import Document
from fhir_server.evidence.allowance import Allowance
from fhir_server.evidence.answers import attached_to, items_of
from fhir_server.evidence.attachments import (
    Attachment,
    attachment_at,
    attachment_of,
    attachments_of,
    read_attachment,
)
from fhir_server.evidence.records import Records, read_records


def quote(documents: Iterable[Document], pointer: EvidencePointer, around: int = 0) -> str | None:
    """Return the words that *pointer* points at, with *around* characters on each side.

    *documents* are those of the request that the pointer was made for. ``None`` for a pointer that does not lead into a
    text, or leads into one that is not there.
    """
    if pointer.source != "text" or pointer.start is None or pointer.end is None:
        return None
    for attachment in _attachments(read_records(documents), pointer.document):
        if not (pointer.place or "").startswith(attachment.place):
            continue
        for passage in read_attachment(attachment, Allowance()).passages:
            if passage.place == pointer.place:
                return passage.text[max(0, pointer.start - around) : pointer.end + around]
    return None


def _attachments(records: Records, document: str | None) -> Iterator[Attachment]:
    yield from (attachment_of(each) for each in records.others if each.key == document)
    for record in records.known:
        if record.document == document:
            yield from attachments_of(record, records)
            for item in items_of(record, frozenset()):
                for each in attached_to(record, item):
                    yield attachment_at(record, each.place, each.attachment, records)
