"""The resources among the records of a request: each by itself, inside a Bundle of answers, or contained in another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fhir_server.authorization.request import Document
from fhir_server.errors import Refusal
from fhir_server.evidence.members import Json, objects_in, text_in
from fhir_server.fhir import json
from fhir_server.fhir.limits import MEBIBYTE, Limits
from fhir_server.fhir.references import BundleIndex, rest_base

FHIR_JSON = "application/fhir+json"
# Whoever took the records in has held them against his own limits, which an operator sets: these only bound the work.
LIMITS = Limits(max_bytes=256 * MEBIBYTE, max_string=256 * MEBIBYTE)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A resource that was sent.

    ``document`` is the key of the `Document` that holds it and ``path`` its FHIRPath in there, empty where the document
    is the resource itself. ``index`` holds what stands beside it, ``position`` its own or its container's place there.
    """

    document: str
    path: str
    resource: Json
    index: BundleIndex
    position: int
    container: Json

    @property
    def kind(self) -> str:
        """The type of the resource; empty where it has none."""
        return text_in(self.resource, "resourceType") or ""

    @property
    def contained(self) -> bool:
        """Whether it stands inside another resource."""
        return self.resource is not self.container

    @property
    def full_url(self) -> str | None:
        """The address that it, or the resource that contains it, came under."""
        return self.index.full_urls[self.position]

    def address_of(self, reference: str) -> str:
        """Return *reference* as a whole address where its base is known, without a version."""
        base = rest_base(self.full_url)
        whole = reference if base is None or ":" in reference or reference.startswith("#") else f"{base}/{reference}"
        return folded(whole.partition("/_history/")[0])

    def place(self, *parts: str) -> str:
        """Return where something stands in the document: the record's own path, then *parts*."""
        return " ".join(filter(None, (self.path, *parts)))


@dataclass(slots=True)
class Records:
    """All records of a request in their order, and the documents that are no FHIR or cannot be read as such."""

    known: list[Record] = field(default_factory=list)
    others: list[Document] = field(default_factory=list)
    outside: BundleIndex = field(default_factory=lambda: BundleIndex({}))
    by_identity: dict[int, Record] = field(default_factory=dict)
    by_name: dict[tuple[int, str], Record | None] = field(default_factory=dict)
    """What is contained, by its container and id; nothing where two go by the same."""

    def resolve(self, record: Record, reference: str) -> Record | None:
        """Return the one record that *reference*, which stands in *record*, leads to."""
        if reference.startswith("#"):
            container = id(record.container)
            return self.by_name.get((container, reference[1:])) if reference != "#" else self.by_identity[container]
        found = record.index.resolve(reference, record.position)
        if not found.found and record.index is not self.outside:
            found = self.outside.resolve(record.address_of(reference), "")
        return self.by_identity.get(id(found.resource)) if found.found else None


def folded(url: str) -> str:
    """Return *url* as it is compared: a GUID is the same in either case."""
    return url.lower() if url[:9].lower() == "urn:uuid:" else url


def read_records(documents: Iterable[Document]) -> Records:
    """Return the resources in *documents*; what is contained in one follows it."""
    records = Records()
    entries: list[Json] = []
    for document in documents:
        resource = _resource(document)
        if resource is None:
            records.others.append(document)
        else:
            entries.append({"fullUrl": document.key, "resource": resource})
    records.outside = BundleIndex({"entry": entries})
    for position, entry in enumerate(entries):
        records.known += _unfolded(entry["fullUrl"], "", entry["resource"], records.outside, position)
    records.by_identity = {id(each.resource): each for each in records.known}
    for each in records.known:
        if each.contained and (name := text_in(each.resource, "id")):
            key = id(each.container), name
            records.by_name[key] = None if key in records.by_name else each
    return records


def _resource(document: Document) -> Json | None:
    if document.media_type != FHIR_JSON:
        return None
    try:
        return json.loads(document.content, LIMITS)
    except Refusal:
        return None


def _unfolded(document: str, path: str, resource: Json, index: BundleIndex, position: int) -> Iterator[Record]:
    """Yield a resource, what it contains, and where it is a Bundle its entries (those of a Bundle in a Bundle not)."""
    kind = text_in(resource, "resourceType") or ""
    yield Record(document, path, resource, index, position, resource)
    for number, inside in enumerate(objects_in(resource, "contained")):
        yield Record(document, f"{path or kind}.contained[{number}]", inside, index, position, resource)
    if kind == "Bundle" and not path:
        inner = BundleIndex(resource)
        for number in range(len(inner.entries)):
            entry = inner.resource(number)
            if type(entry) is dict:  # the very object, by which references find it again
                yield from _unfolded(document, f"Bundle.entry[{number}].resource", entry, inner, number)
