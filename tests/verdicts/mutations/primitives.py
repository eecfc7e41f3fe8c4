"""Primitive values that break the rules of their type, and ones at the edge that do not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.verdicts.mutations.seed import Mutation, Seed, key_of
from tests.verdicts.patches import replace

DATES = (
    "2026-02-30",
    "2026-13-01",
    "2026-00-10",
    "2026-1-1",
    "26-01-01",
    "2026/01/01",
    "01.02.2026",
    "2026-06",
    "2026",
    "2026-04-31",
    "2024-02-29",
    "2025-02-29",
    "0000-01-01",
    "9999-12-31",
    " 2026-01-01",
    "2026-01-01 ",
    "today",
    "2026-01-01T10:00:00Z",
    "20260101",
    "2026-01-00",
    "1800-01-01",
    "2300-01-01",
    "2026-01-01T",
    "-2026-01-01",
)
TIMES = (
    "2026-01-01T10:00:00",
    "2026-01-01T10:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T10:60:00Z",
    "2026-01-01T10:00:60Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01t10:00:00z",
    "2026-01-01 10:00:00Z",
    "2026-01-01T10:00:00+15:00",
    "2026-01-01T10:00:00+14:00",
    "2026-01-01T10:00:00-0500",
    "2026-01-01T10:00:00.123456789Z",
    "2026-02-30T10:00:00Z",
    "2026-01-01T10:00:00.Z",
    "2026-01-01T10:00:00Z ",
    "2026-01",
    "2026-01-01",
    "2026",
    "2026-01-01T10:00:00+01:60",
    "2026-01-01T10:00:61Z",
    "2026-01-01T10Z",
)
VALUES: dict[str, tuple[Any, ...]] = {
    "date": DATES,
    "dateTime": (*DATES, *TIMES),
    "instant": (*TIMES, *DATES[:4]),
    "time": ("10:00", "24:00:00", "10:00:00Z", "10:60:00", "9:00:00", "10:00:00.5", "23:59:60", "noon"),
    "id": ("", "a b", "a_b", "x" * 64, "x" * 65, "ä", "a/b", "a.b-C", "-", " a", "#a", "a\n"),
    "uri": (
        "http://example.org/a b",
        "",
        " ",
        "not a uri",
        "urn:oid:1.2.3",
        "urn:oid:1.02.3",
        "urn:oid:x",
        "urn:oid:",
        "urn:uuid:0f1e2d3c-4b5a-4697-8877-665544332211",
        "urn:uuid:0F1E2D3C-4B5A-4697-8877-665544332211",
        "urn:uuid:xyz",
        "urn:uuid:",
        "http://",
        "http:example",
        " http://example.org",
        "http://example.org ",
        "relative/path",
        "urn:isbn:123",
        "http://example.org/ä",
        "HTTP://example.org",
        "http://example.org/{x}",
        "1.2.3.4",
        "http://example.org/a\tb",
        "urn:iso:std:iso:3166",
    ),
    "integer": (
        Decimal("1.0"),
        Decimal("1.5"),
        "5",
        2**31,
        2**31 - 1,
        -(2**31),
        -(2**31) - 1,
        10**20,
        -1,
        0,
        Decimal("1E2"),
        True,
    ),
    "positiveInt": (0, -1, Decimal("1.0"), 2**31, 2**31 - 1, "1", Decimal("0.5"), True),
    "unsignedInt": (-1, Decimal("0.0"), 2**31, 0, "0", Decimal("1.5")),
    "decimal": (
        Decimal("1E3"),
        Decimal("1.50"),
        Decimal("-0.0"),
        Decimal("1E-400"),
        10**20,
        "1.5",
        "",
        Decimal("1.000000000000000000001"),
        True,
        -5,
        Decimal("1E+2"),
        0,
        Decimal("123456789012345678.9"),
    ),
    "boolean": ("true", "false", 0, 1, "True", "", None),
    "base64Binary": (
        "aGVsbG8",
        "aGVsbG8=",
        "aGVs bG8=",
        "aGVs\nbG8=",
        "!!!!",
        "a",
        "====",
        "aGVsbG8==",
        "aGV-bG8=",
        "",
        "aGVsbG8h",
        "YQ",
        "YQ==",
    ),
    "code": ("a  b", " a", "a ", "a b", "a\tb", "", "ä", "a\n", "x" * 300, "A"),
}
VALUES |= {
    "url": VALUES["uri"],
    "canonical": (
        *VALUES["uri"],
        "http://example.org/a|1",
        "http://example.org/a|",
        "#a",
        "|1",
        "http://example.org/a#b",
    ),
}
VALUES |= {
    "oid": VALUES["uri"],
    "uuid": VALUES["uri"],
    "markdown": ("", " ", "a\u0001b", " a ", "<script>alert(1)</script>", "a" * 2000),
}
STRINGS = (
    "",
    " ",
    "   ",
    "\n",
    "\t",
    " leading",
    "trailing ",
    "  both  ",
    "a\u0001b",
    "a\u001fb",
    "a\u007fb",
    "a\u0085b",
    "\u00a0",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "\u200b",
    "\ufeff",
    "a\u2028b",
    "🙂",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "&amp;",
    "x" * 1500,
    "null",
    "ab",
    "\ufffe",
    "''",
    "https://example.org",
    "é",
)


def _of(*types: str) -> Any:
    def kind(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
        """Write a value that the type forbids, or only just allows."""
        for place in seed.places[1:]:
            if place.type in types and not isinstance(place.value, dict | list):
                for value in chance.sample(VALUES[place.type], 4):
                    yield Mutation(f"{place.type} {value!r}", [replace(place.path, value)])

    return kind


dates = _of("date", "dateTime", "instant", "time")
identifiers = _of("id")
addresses = _of("uri", "url", "canonical", "oid", "uuid")
numbers = _of("integer", "positiveInt", "unsignedInt", "decimal")
booleans = _of("boolean")
binaries = _of("base64Binary")
codes = _of("code")


def strings(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Write text that is blank, has blanks around it, control characters, markup."""
    for place in seed.places[1:]:
        if place.type in ("string", "markdown") and isinstance(place.value, str):
            for value in chance.sample(STRINGS, 3):
                yield Mutation(f"{place.type} {value!r}"[:40], [replace(place.path, value)])


def strings_of_types(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Write any text where a primitive of some type stands."""
    for place in seed.places[1:]:
        if isinstance(place.value, str):
            yield Mutation(key_of(place), [replace(place.path, chance.choice(STRINGS))])
