"""What holds for a Bundle beside its profile: the identity of its entries, its links, and the results of a search.

The rules are those of the HL7 validator 6.10.4 for R4 and no more, whatever the type of the Bundle; what a document or
message must hold together is in `documents`. Where a reference leads, and the profiles of the entries, is the engine's.
The validator itself names the first entry for a fault in the fullUrl of any; here the entry is named that has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fhir_server.fhir.references import BundleIndex
from fhir_server.fhir.resource_types import RESOURCE_TYPES
from fhir_server.fhir.validation.documents import check_document, check_message
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule
from fhir_server.fhir.validation.text import is_absolute

Json = Mapping[str, Any]

FULL_URL_MISSING = Rule(
    "bundle-fullurl",
    "BUNDLE_BUNDLE_ENTRY_FULLURL_REQUIRED",
    "The entry has no fullUrl.",
    "Add one: the address of the resource, or urn:uuid: and a UUID.",
)
FULL_URL_RELATIVE = Rule(
    "bundle-fullurl",
    "BUNDLE_ENTRY_URL_ABSOLUTE",
    "The fullUrl is not absolute.",
    "Send the whole address, or urn:uuid: and a UUID.",
)
FULL_URL_NO_ID = Rule(
    "bundle-fullurl",
    "BUNDLE_ENTRY_URL_MATCHES_NO_ID",
    "The fullUrl is the address of a resource on a server, but the resource has no id.",
    "Add the id, or use urn:uuid: and a UUID as fullUrl.",
)
FULL_URL_MISMATCH = Rule(
    "bundle-fullurl",
    "BUNDLE_ENTRY_URL_MATCHES_TYPE_ID",
    "The fullUrl ends in another type or id than the resource has.",
    "Let it end in /{type}/{id} of the resource.",
)
CANONICAL_MISMATCH = Rule(
    "bundle-fullurl",
    "Bundle_BUNDLE_Entry_MismatchIdUrl",
    "The fullUrl is the canonical url of the resource, which does not end in its id.",
    "Use the address of the resource as fullUrl.",
)
LINK_PROHIBITED = Rule(
    "bundle-link",
    "BUNDLE_LINK_SEARCH_PROHIBITED",
    "A link to another page stands in a Bundle that is no search result and no history.",
    "Leave the link out.",
)
LINK_REPEATED = Rule(
    "bundle-link",
    "BUNDLE_LINK_SEARCH_NO_DUPLICATES",
    "A link of the same relation stands there before.",
    "Send it once.",
)
NO_SELF = Rule(
    "bundle-search-self",
    "BUNDLE_SEARCH_NOSELF",
    "The search result has no link self.",
    "Add it with the search that was carried out.",
    "warning",
)
NO_MODE = Rule(
    "bundle-search-mode",
    "BUNDLE_SEARCH_NO_MODE",
    "It is not told which entries match the search and which are included.",
    "Add search.mode to each entry.",
    "warning",
)
ENTRY_EMPTY = Rule(
    "bundle-search-resource",
    "BUNDLE_SEARCH_ENTRY_NO_RESOURCE",
    "The entry of a search result has no resource.",
    "Add the resource, or leave the entry out.",
)
FOUND_NO_ID = Rule(
    "bundle-search-id", "BUNDLE_SEARCH_ENTRY_NO_RESOURCE_ID", "The resource that was found has no id.", "Add its id."
)
FOUND_PERHAPS_NO_ID = Rule("bundle-search-id", FOUND_NO_ID.source, FOUND_NO_ID.found, FOUND_NO_ID.mend, "warning")
MATCH_TYPE = Rule(
    "bundle-search-type",
    "BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_MODE",
    "The resource matches a search that was for another type.",
    "Use search.mode include for it.",
)
PERHAPS_MATCH_TYPE = Rule(
    "bundle-search-type",
    "BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_NO_MODE",
    "The resource is of another type than the search was for.",
    "Add search.mode to tell why it is there.",
    "warning",
)
OUTCOME_TYPE = Rule(
    "bundle-search-type",
    "BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_OUTCOME",
    "The entry is said to be the outcome of the search, but is no OperationOutcome.",
    "Use search.mode match or include for it.",
)
NOT_VERIFIED = Rule(
    "bundle-signature",
    "",
    "The digital signature of the Bundle was not verified.",
    "Verify it before you rely on it.",
    "information",
)

_WITHOUT_FULL_URL = frozenset({"transaction", "transaction-response", "batch", "batch-response"})
_PAGED = frozenset({"searchset", "history"})
_UNPAGED = _WITHOUT_FULL_URL | {"document", "message", "collection", "subscription-notification"}
_PAGES = frozenset({"first", "previous", "next", "last"})
_REST_URL = re.compile(
    rf"https?://(?:[A-Za-z0-9\\.:%$_-]*/)*(?:{'|'.join(sorted(RESOURCE_TYPES))})"
    r"/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?"
).fullmatch
# These were defined before code systems had addresses of their own (HL7 v2 and v3 tables).
_OLD_SYSTEMS = ("http://hl7.org/fhir/v3/", "http://hl7.org/fhir/v2/")


def check_bundle(bundle: Json, place: Place, report: Report, index: BundleIndex | None = None) -> None:
    """Note what is wrong with *bundle* as a Bundle. *index* spares making it where the caller has one."""
    type_name = bundle.get("type")
    kind = type_name if type(type_name) is str else ""
    entries = bundle.get("entry")
    if type(entries) is not list:
        entries = []
    if "link" in bundle:
        _check_links(bundle["link"], kind, place, report)
    if kind == "document":
        check_document(bundle, index or BundleIndex(bundle), place, report)
    elif kind == "message":
        check_message(index or BundleIndex(bundle), place, report)
    elif kind == "searchset" and entries:
        _check_search(bundle, entries, place, report)
    if "signature" in bundle:
        NOT_VERIFIED.note((place, "signature", -1), report)
    optional = kind in _WITHOUT_FULL_URL
    for number, entry in enumerate(entries):
        if type(entry) is dict:
            _check_identity(entry, optional, (place, "entry", number), report)


def _check_identity(entry: Json, optional: bool, place: Place, report: Report) -> None:
    full_url = entry.get("fullUrl")
    if type(full_url) is not str:
        if not optional:
            FULL_URL_MISSING.note(place, report)
        return
    if not full_url:
        return
    resource = entry.get("resource")
    if type(resource) is not dict:
        resource = {}
    identity = resource.get("id")
    type_name = resource.get("resourceType")
    if full_url.startswith("http") and full_url.endswith(f"/{type_name}/{identity}") and " " not in full_url:
        return
    if is_absolute(full_url) is None:
        FULL_URL_RELATIVE.note(place, report)
    elif type_name is not None and _REST_URL(full_url) is not None:
        (FULL_URL_MISMATCH if type(identity) is str else FULL_URL_NO_ID).note(place, report)
    if resource.get("url") == full_url and not full_url.startswith(_OLD_SYSTEMS):
        CANONICAL_MISMATCH.note(place, report)


def _check_links(links: Any, kind: str, place: Place, report: Report) -> None:
    seen: set[str] = set()
    for number, link in enumerate(links if type(links) is list else ()):
        relation = link.get("relation") if type(link) is dict else None
        if type(relation) is not str:
            continue
        if kind in _PAGED:
            if relation in seen and (relation in _PAGES or relation == "self"):
                LINK_REPEATED.note((place, "link", number), report)
        elif kind in _UNPAGED:
            there = ((place, "link", number), "relation", -1)
            if relation in _PAGES:
                LINK_PROHIBITED.note(there, report)
            elif relation == "self" and relation in seen:
                LINK_REPEATED.note(there, report)
        seen.add(relation)


def _check_search(bundle: Json, entries: list[Any], place: Place, report: Report) -> None:
    types = _searched_types(bundle, place, report)
    modes = [_mode(entry) for entry in entries]
    untold = not any(modes)
    doubtful = False
    found: set[str] = set()
    for number, (entry, mode) in enumerate(zip(entries, modes, strict=True)):
        there = (place, "entry", number)
        resource = entry.get("resource") if type(entry) is dict else None
        if not untold and mode is None:
            NO_MODE.note(there, report)
        if type(resource) is not dict:
            ENTRY_EMPTY.note(there, report)
        elif untold:
            doubtful |= _check_found(resource, types, found, there, report)
        elif mode is not None:
            _check_mode(resource, mode, types, (there, "resource", -1), report)
    if untold and (doubtful or len(found) > 1):
        NO_MODE.note(place, report)


def _searched_types(bundle: Json, place: Place, report: Report) -> frozenset[str]:
    """Return the types of resource that the link ``self`` says were searched; none if it does not tell."""
    links = bundle.get("link")
    for link in links if type(links) is list else ():
        if type(link) is dict and link.get("relation") == "self":
            url = link.get("url")
            return _types_of(url) if type(url) is str else frozenset()
    NO_SELF.note(place, report)
    return frozenset()


def _types_of(url: str) -> frozenset[str]:
    path, _, query = url.partition("?")
    last = path.rstrip("/").rpartition("/")[2]
    if last in RESOURCE_TYPES:
        return frozenset({last})
    values = (part.removeprefix("_type=") for part in query.split("&") if part.startswith("_type="))
    return frozenset(name for value in values for name in value.split(","))


def _mode(entry: Any) -> str | None:
    search = entry.get("search") if type(entry) is dict else None
    mode = search.get("mode") if type(search) is dict else None
    return mode if type(mode) is str else None


def _check_found(resource: Json, types: frozenset[str], found: set[str], place: Place, report: Report) -> bool:
    """Check an entry of a result that tells no modes; return whether it is doubtful that all entries match."""
    type_name = resource.get("resourceType")
    if types and type_name not in types:
        PERHAPS_MATCH_TYPE.note(place, report)
        return True
    if type_name != "OperationOutcome":
        found.add(str(type_name))
        if "id" not in resource:
            FOUND_PERHAPS_NO_ID.note((place, "resource", -1), report)
    return not types


def _check_mode(resource: Json, mode: str, types: frozenset[str], place: Place, report: Report) -> None:
    type_name = resource.get("resourceType")
    if mode not in ("match", "include"):
        if type_name != "OperationOutcome":
            OUTCOME_TYPE.note(place, report)
        return
    if "id" not in resource:
        FOUND_NO_ID.note(place, report)
    if mode == "match" and types and type_name not in types:
        MATCH_TYPE.note(place, report)
