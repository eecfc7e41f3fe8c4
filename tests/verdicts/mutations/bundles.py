"""Faults of Bundles and Parameters, and of what a resource claims in its meta."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.verdicts.mutations.seed import Mutation, Seed
from tests.verdicts.packages import Json
from tests.verdicts.patches import add, copy, move, put, remove, replace
from tests.verdicts.samples import GUID

BUNDLE_TYPES = (
    "document",
    "message",
    "transaction",
    "transaction-response",
    "batch",
    "batch-response",
    "history",
    "searchset",
    "collection",
    "nonsense",
    "",
)
FULL_URLS = (
    "http://other.example/fhir/Patient/other",
    "not-a-url",
    "",
    GUID,
    "urn:uuid:nonsense",
    "Patient/1",
    "urn:oid:1.2.3",
    "http://example.org/fhir/Patient/1/_history/2",
    "http://example.org",
    "#x",
    "ftp://example.org/Patient/1",
)
ENTRIES: tuple[tuple[str, Json], ...] = (
    ("request", {"request": {"method": "POST", "url": "Claim"}}),
    ("response", {"response": {"status": "201"}}),
    ("search", {"search": {"mode": "match"}}),
    ("link", {"link": [{"relation": "self", "url": "http://example.org"}]}),
    ("request method", {"request": {"method": "post", "url": "Claim"}}),
)
PROFILES = (
    "http://example.org/StructureDefinition/unknown",
    "not-a-url",
    "",
    "http://hl7.org/fhir/StructureDefinition/Patient",
)
METAS: tuple[tuple[str, Json], ...] = (
    ("lastUpdated", {"lastUpdated": "2026-01-01T10:00:00Z"}),
    ("lastUpdated without zone", {"lastUpdated": "2026-01-01T10:00:00"}),
    ("versionId", {"versionId": "1"}),
    ("versionId wrong", {"versionId": "a b"}),
    ("source", {"source": "http://example.org"}),
    ("source wrong", {"source": "a b"}),
    ("tag", {"tag": [{"system": "http://example.org", "code": "x"}]}),
    ("security", {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}),
    ("security text", {"security": ["x"]}),
    ("unknown", {"nonsense": "x"}),
    ("empty", {}),
)


def bundle(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Change what a Bundle says of itself: type, total, links, timestamp, signature."""
    if seed.resource["resourceType"] != "Bundle":
        return
    for kind in BUNDLE_TYPES:
        yield Mutation(f"type {kind}", [put(("type",), kind, seed.resource)])
    for name, value in (
        ("total", 3),
        ("total", -1),
        ("timestamp", "2026-01-01"),
        ("timestamp", "2026-01-01T10:00:00Z"),
        ("link", [{"relation": "self", "url": "http://example.org"}]),
        ("link", [{"relation": "self"}]),
        ("identifier", {"value": "x"}),
        ("identifier", [{"system": "http://example.org", "value": "x"}]),
        ("language", "xx-nonsense"),
        ("language", "en-GB"),
        ("implicitRules", "http://example.org/rules"),
        ("contained", []),
        ("text", {"status": "generated", "div": "<div/>"}),
    ):
        yield Mutation(f"{name} {value!r}"[:40], [put((name,), value, seed.resource)])


def entries(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Change the entries of a Bundle: none, doubled, reordered, without resource, address or with a request."""
    for number, entry in _entries(seed):
        at = ("entry", number)
        yield Mutation("taken away", [remove(at)])
        yield Mutation("doubled", [copy(at, ("entry", "-"))])
        yield Mutation("moved first", [move(at, ("entry", 0))])
        yield Mutation(
            "no resource", [remove((*at, "resource"))] if "resource" in entry else [add((*at, "resource"), {})]
        )
        yield Mutation("empty", [replace(at, {})])
        yield Mutation("resource empty", [put((*at, "resource"), {}, seed.resource)])
        yield Mutation("resource of no type", [put((*at, "resource"), {"id": "x"}, seed.resource)])
        yield Mutation(
            "another resource",
            [put((*at, "resource"), {"resourceType": "Basic", "id": "x", "code": {"text": "x"}}, seed.resource)],
        )
        for label, more in ENTRIES:
            for name, value in more.items():
                yield Mutation(label, [put((*at, name), value, seed.resource)])


def full_urls(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Leave out a fullUrl, give two entries the same, one that does not fit the id, one that is no address."""
    others = [entry["fullUrl"] for _, entry in _entries(seed) if isinstance(entry.get("fullUrl"), str)]
    for number, entry in _entries(seed):
        path = ("entry", number, "fullUrl")
        if "fullUrl" in entry:
            yield Mutation("missing", [remove(path)])
        for url in FULL_URLS:
            yield Mutation(f"{url}", [put(path, url, seed.resource)])
        if others:
            yield Mutation("of another", [put(path, chance.choice(others), seed.resource)])
        if isinstance(entry.get("resource"), dict) and "id" in entry["resource"]:
            yield Mutation("id missing", [remove(("entry", number, "resource", "id"))])
            yield Mutation("id other", [replace(("entry", number, "resource", "id"), "another-id")])


def claimed_profiles(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Claim no profile, an unknown one, one of another type or another one of the same."""
    library = seed.view.library
    for place in seed.resources:
        meta = place.value.get("meta")
        if isinstance(meta, dict) and "profile" in meta:
            gone = (
                [remove((*place.path, "meta"))]
                if set(meta) == {"profile"}
                else [remove((*place.path, "meta", "profile"))]
            )
            yield Mutation("none", gone)
            version = f"{meta['profile'][0]}|9.9"
            yield Mutation("of another version", [replace((*place.path, "meta", "profile"), [version])])
        same = sorted(url for url in library.own if library.structures[url]["type"] == place.type)
        others = sorted(url for url in library.own if library.structures[url]["kind"] == "resource")
        for label, candidates in (("unknown", PROFILES), ("same type", same), ("any", others)):
            if candidates:
                url = chance.choice(candidates)
                yield Mutation(f"{label} {url}", [put((*place.path, "meta"), {"profile": [url]}, seed.resource)])


def asked_profile(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Claim no profile, and be held against the same or another one of the type, with something missing or not."""
    library, claimed = seed.view.library, seed.resource.get("meta")
    gone = [remove(("meta",))] if isinstance(claimed, dict) else []
    same = sorted(url for url in library.own if library.structures[url]["type"] == seed.resource["resourceType"])
    for url in sorted({seed.profile, *same}):
        if "/" in url:
            yield Mutation(url, gone, url)
            missing = chance.choice([name for name in seed.resource if name not in ("resourceType", "meta")] or ["id"])
            if missing in seed.resource:
                yield Mutation(f"{url} {missing}", [*gone, remove((missing,))], url)


def meta(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add something to ``meta``."""
    for place in seed.resources:
        for label, more in METAS:
            there = place.value.get("meta")
            value = (there if isinstance(there, dict) else {}) | more
            yield Mutation(label, [put((*place.path, "meta"), value if more else {}, seed.resource)])


def _entries(seed: Seed) -> Iterator[tuple[int, Json]]:
    found = seed.resource.get("entry")
    if seed.resource["resourceType"] == "Bundle" and isinstance(found, list):
        yield from ((number, entry) for number, entry in enumerate(found) if isinstance(entry, dict))
