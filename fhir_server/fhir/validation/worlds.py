"""Where the references of a resource lead: the entries of the Bundle that it stands in, by the rules of FHIR R4.

`fhir_server.fhir.references` resolves for the mapping, which must not take one resource for another. Here references
lead where the HL7 validator follows them: compared letter by letter, and relative to a urn as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_server.fhir.validation.report import Place

Json = dict[str, Any]

_HISTORY = "/_history/"
_TRANSACTIONS = frozenset(("transaction", "batch"))
_RESPONSES = frozenset(("transaction-response", "batch-response"))


class Target:
    """The resource that a reference leads to: with its place, and the entry that it is or is contained in."""

    __slots__ = ("contained", "container", "entry", "place", "resource")

    def __init__(self, resource: Json, place: Place, entry: int, container: Json, contained: bool) -> None:
        self.resource = resource
        self.place = place
        self.entry = entry
        self.container = container
        self.contained = contained


class World:
    """A Bundle, Parameters, or nothing: a resource that stands alone refers to nothing but what it contains."""

    __slots__ = (
        "_by_name",
        "_by_url",
        "_entries",
        "_place",
        "_targets",
        "is_bundle",
        "is_parameters",
        "is_response",
        "is_transaction",
    )

    def __init__(self, holder: Json | None, place: Place) -> None:
        self._place = place
        self.is_parameters = holder is not None and holder.get("resourceType") == "Parameters"
        self._by_name = dict(_parameters(holder, place)) if holder is not None and self.is_parameters else {}
        bundle = None if self.is_parameters else holder
        kind = bundle.get("type") if bundle else None
        entries = bundle.get("entry") if bundle else None
        self._entries: list[Any] = entries if isinstance(entries, list) else []
        self._targets: dict[tuple[str, int], Target | None] = {}
        self._by_url: dict[str, list[int]] = {}
        for index in range(len(self._entries)):
            url = self.full_url(index)
            if url is not None:
                self._by_url.setdefault(url, []).append(index)
        self.is_bundle = bundle is not None
        self.is_transaction = isinstance(kind, str) and kind in _TRANSACTIONS
        self.is_response = isinstance(kind, str) and kind in _RESPONSES

    def full_url(self, entry: int) -> str | None:
        """Return the fullUrl of an entry, ``None`` if it has none."""
        each = self._entries[entry] if 0 <= entry < len(self._entries) else None
        url = each.get("fullUrl") if isinstance(each, dict) else None
        return url if isinstance(url, str) else None

    def target(self, reference: str, entry: int) -> Target | None:
        """Return the entry that *reference*, which stands in *entry*, leads to."""
        if not self._by_url:
            return self._by_name.get(reference)
        key = (reference, entry)
        if key not in self._targets:
            found = self._found(reference, entry)
            self._targets[key] = self._as_target(found[0]) if found else None
        return self._targets[key]

    def is_ambiguous(self, reference: str, entry: int) -> bool:
        """Return whether several entries answer to a reference."""
        return len(self._by_url) < len(self._entries) and len(self._found(reference, entry)) > 1

    def entry_of(self, resource: Json) -> Target | None:
        """Return the entry whose resource this is."""
        for index, each in enumerate(self._entries):
            if isinstance(each, dict) and each.get("resource") is resource:
                return self._as_target(index)
        return None

    def _as_target(self, entry: int) -> Target | None:
        resource = self._entries[entry].get("resource")
        if not isinstance(resource, dict):
            return None
        return Target(resource, ((self._place, "entry", entry), "resource", -1), entry, resource, False)

    def _found(self, reference: str, entry: int) -> list[int]:
        reference, _, version = reference.partition(_HISTORY)
        url = reference if ":" in reference.partition("/")[0] else self._absolute(reference, entry)
        found = self._by_url.get(url, []) if url else []
        return [index for index in found if self._version(index) == version] if version else found

    def _absolute(self, reference: str, entry: int) -> str | None:
        base = self.full_url(entry)
        if base is None or reference.count("/") != 1:
            return None
        if base.startswith("urn"):
            return f"{base.rpartition(':')[0]}:{reference.partition('/')[2]}"
        parts = base.split("/")
        return "/".join((*parts[:-2], reference))

    def _version(self, entry: int) -> Any:
        resource = self._entries[entry].get("resource")
        meta = resource.get("meta") if isinstance(resource, dict) else None
        return meta.get("versionId") if isinstance(meta, dict) else None


def _parameters(holder: Json, place: Place) -> Iterator[tuple[str, Target]]:
    """Yield the resources of Parameters, and of their parts, by type and id."""
    pending: list[tuple[Any, Place, str]] = [(holder, place, "parameter")]
    while pending:
        owner, at, name = pending.pop()
        parts = owner.get(name) if isinstance(owner, dict) else None
        for index, each in enumerate(parts if isinstance(parts, list) else ()):
            here = (at, name, index)
            pending.append((each, here, "part"))
            resource = each.get("resource") if isinstance(each, dict) else None
            if isinstance(resource, dict) and isinstance(resource.get("id"), str):
                target = Target(resource, (here, "resource", -1), -1, resource, False)
                yield f"{resource.get('resourceType')}/{resource['id']}", target
