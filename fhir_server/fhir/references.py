"""References inside a Bundle, by the rules of FHIR R4 (bundle.html#references, references.html).

Nothing here trusts its input: a Bundle whose parts have the wrong types simply has fewer entries and references.
A Bundle inside a Bundle is a world of its own, and nothing looks into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fhir_server.fhir.expressions import step
from fhir_server.fhir.resource_types import RESOURCE_TYPES

Outcome = Literal["entry", "contained", "not found", "ambiguous"]
Reason = Literal["", "no such entry", "no base", "no such contained resource", "ill-formed"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_UUID_URL = re.compile(r"urn:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_REST_SERVER = re.compile(r"https?://[^\s/?#]+(?:/[^\s?#]*)?")
_HISTORY = "/_history/"

_CONTAINERS = frozenset((dict, list))


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a reference leads.

    ``outcome`` is ``entry`` or ``contained`` with exactly one ``resource``; ``ambiguous`` when several entries (or
    contained resources) answer to it; else ``not found`` with a ``reason``. ``entries`` holds the indexes of the
    entries that match, so that a message can name them.
    """

    outcome: Outcome
    resource: Mapping[str, Any] | None = None
    entries: tuple[int, ...] = ()
    reason: Reason = ""

    @property
    def found(self) -> bool:
        """Whether the reference leads to exactly one resource."""
        return self.resource is not None


class BundleIndex:
    """The entries of one Bundle by their fullUrl."""

    def __init__(self, bundle: Any) -> None:
        entries = bundle.get("entry") if isinstance(bundle, Mapping) else None
        self.entries: list[Any] = entries if isinstance(entries, list) else []
        self.full_urls: list[str | None] = [_text(entry, "fullUrl") for entry in self.entries]
        self._by_full_url: dict[str, list[int]] = {}
        for index, full_url in enumerate(self.full_urls):
            if full_url is not None:
                self._by_full_url.setdefault(_folded(full_url), []).append(index)

    def resource(self, index: int) -> Mapping[str, Any] | None:
        """Return the resource of an entry, ``None`` if there is no such entry or it holds none."""
        entry = self.entries[index] if 0 <= index < len(self.entries) else None
        resource = entry.get("resource") if isinstance(entry, dict) else None
        return resource if isinstance(resource, dict) else None

    def repeated(self) -> dict[str, tuple[int, ...]]:
        """Return each fullUrl that several entries have, with the indexes of these."""
        return {url: tuple(indexes) for url, indexes in self._by_full_url.items() if len(indexes) > 1}

    def resolve(self, reference: str, referrer: int | str, container: Mapping[str, Any] | None = None) -> Resolution:
        """Resolve *reference*, which stands in the entry *referrer* (its index, or its fullUrl).

        *container* is the resource that a reference like ``#id`` looks into, by default that of the entry.
        """
        if reference.startswith("#"):
            if container is None and isinstance(referrer, int):
                container = self.resource(referrer)
            return _resolve_contained(reference[1:], container)
        if _SCHEME.match(reference):
            return self._resolve_absolute(reference)
        if not is_relative_reference(reference):
            return Resolution("not found", reason="ill-formed")
        base = rest_base(referrer if isinstance(referrer, str) else self._full_url(referrer))
        if base is None:
            return Resolution("not found", reason="no base")
        return self._resolve_absolute(f"{base}/{reference}")

    def _full_url(self, index: int) -> str | None:
        return self.full_urls[index] if 0 <= index < len(self.full_urls) else None

    def _resolve_absolute(self, url: str) -> Resolution:
        url, versioned, version = url.partition(_HISTORY)
        indexes = self._by_full_url.get(_folded(url), [])
        if versioned:
            indexes = [index for index in indexes if _version(self.resource(index)) == version]
        if len(indexes) > 1:
            return Resolution("ambiguous", entries=tuple(indexes))
        resource = self.resource(indexes[0]) if indexes else None
        if resource is None:
            return Resolution("not found", entries=tuple(indexes), reason="no such entry")
        return Resolution("entry", resource, tuple(indexes))


def _resolve_contained(identity: str, container: Mapping[str, Any] | None) -> Resolution:
    if container is None:
        return Resolution("not found", reason="no such contained resource")
    if not identity:
        return Resolution("contained", container)
    contained = container.get("contained")
    matches = [each for each in contained if _text(each, "id") == identity] if isinstance(contained, list) else []
    if len(matches) > 1:
        return Resolution("ambiguous")
    if not matches:
        return Resolution("not found", reason="no such contained resource")
    return Resolution("contained", matches[0])


def is_relative_reference(reference: str) -> bool:
    """Return whether this is ``Type/id`` or ``Type/id/_history/version``."""
    address, marker, version = reference.partition(_HISTORY)
    type_name, _, identity = address.partition("/")
    return type_name in RESOURCE_TYPES and _is_id(identity) and (not marker or _is_id(version))


def is_rest_url(full_url: object) -> bool:
    """Return whether this is the address of one resource on a REST server: ``http(s)://…/Type/id``, no version."""
    return rest_base(full_url) is not None


def _folded(url: str) -> str:
    """Return *url* as it is compared: a GUID is the same in either case (RFC 4122)."""
    return url.lower() if url[:9].lower() == "urn:uuid:" else url


def is_uuid_url(full_url: object) -> bool:
    """Return whether this is ``urn:uuid:`` and a GUID (RFC 4122), in either case."""
    return isinstance(full_url, str) and _UUID_URL.fullmatch(full_url) is not None


def rest_base(full_url: object) -> str | None:
    """Return the address of the server that *full_url* lives on (``http://ehr.example/fhir``), if it is a REST one."""
    if not isinstance(full_url, str) or full_url.count("/") < 4:
        return None
    base, type_name, identity = full_url.rsplit("/", 2)
    if type_name in RESOURCE_TYPES and _is_id(identity) and _REST_SERVER.fullmatch(base):
        return base
    return None


def references_in(resource: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield each reference in *resource* with its FHIRPath, in the order of the text.

    *path* is where *resource* itself stands (``Bundle.entry[3].resource``); the expression names the Reference, not its
    ``reference`` element. Contained resources and extensions are searched, a Bundle inside is not (T-35). Urls,
    canonicals and the ``reference`` elements of other types are no references.
    """
    stack: list[tuple[Any, str]] = [(resource, path)]
    while stack:
        node, path = stack.pop()
        if type(node) is dict:
            if node.get("resourceType") == "Bundle" and node is not resource:
                continue
            reference = node.get("reference")
            if type(reference) is str and _is_reference(node, path):
                yield path, reference
            below = _members(node, path)
        elif type(node) is list:
            below = [(value, f"{path}[{index}]") for index, value in enumerate(node) if type(value) in _CONTAINERS]
        else:
            continue
        below.reverse()
        stack += below


def _members(node: dict[str, Any], path: str) -> list[tuple[Any, str]]:
    type_name = node.get("resourceType")
    return [(value, f"{path}.{step(name, type_name)}") for name, value in node.items() if type(value) in _CONTAINERS]


def _is_reference(node: dict[str, Any], path: str) -> bool:
    """Tell a Reference from the three types of R4 whose ``reference`` is a uri.

    They are DetectedIssue (a resource), Expression (``language`` is mandatory there) and Immunization.education.
    """
    return "resourceType" not in node and "language" not in node and not path.rpartition("[")[0].endswith(".education")


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _text(node: Any, name: str) -> str | None:
    value = node.get(name) if isinstance(node, dict) else None
    return value if isinstance(value, str) else None


def _version(resource: Mapping[str, Any] | None) -> str | None:
    return _text(resource.get("meta"), "versionId") if resource is not None else None
