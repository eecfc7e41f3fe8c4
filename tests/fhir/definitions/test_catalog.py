"""Which of several versions a canonical means, as the official validator picks (CanonicalResourceManager)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fhir_server.fhir.definitions.catalog import Catalog
from fhir_server.fhir.definitions.search import closure

URL = "http://example.org/a"
TERMINOLOGY_URL = "http://terminology.hl7.org/ValueSet/a"


@dataclass(frozen=True, slots=True)
class Resource:
    """Something with a canonical."""

    url: str
    version: str | None
    content: str | None = None
    defines: bool = True


@dataclass(frozen=True, slots=True)
class Package:
    """Where it comes from."""

    name: str
    version: str = "1.0.0"
    date: str | None = "20240101"

    @property
    def label(self) -> str:
        return f"{self.name}#{self.version}"

    @property
    def is_core(self) -> bool:
        return self.name == "hl7.fhir.r4.core"


CORE, TERMINOLOGY = Package("hl7.fhir.r4.core"), Package("hl7.terminology.r4")
OLD, NEW, GUIDE = Package("old"), Package("new"), Package("guide")
NEEDS = {"guide#1.0.0": ("stub#1.0.0",), "stub#1.0.0": ("old#1.0.0",), "old#1.0.0": ("hl7.fhir.r4.core#1.0.0",)}


def catalog(*rows: tuple[Package, Resource]) -> Catalog[Resource, Package]:
    """Return a catalog of resources, loaded in this order."""
    found: Catalog[Resource, Package] = Catalog(lambda label: closure(label, NEEDS))
    for home, resource in rows:
        found.add(home, [resource])
    return found


def picked(
    known: Catalog[Resource, Package], canonical: str, source: str | None = None
) -> tuple[str | None, str] | None:
    """Return version and package of what is picked."""
    found = known.resolve(canonical, source)
    return (found[0].version, found[1].name) if found else None


TWO = catalog((NEW, Resource(URL, "7.0.0")), (OLD, Resource(URL, "3.1.1")))


@pytest.mark.parametrize(
    ("canonical", "source", "expected"),
    [
        (URL, None, ("7.0.0", "new")),
        (URL, "guide#1.0.0", ("3.1.1", "old")),
        (URL, "new#1.0.0", ("7.0.0", "new")),
        (URL, "unheard#1.0.0", ("7.0.0", "new")),
        (f"{URL}|3.1.1", None, ("3.1.1", "old")),
        (f"{URL}|3.1.0", None, ("3.1.1", "old")),
        (f"{URL}|3.1.0-ballot", None, ("3.1.1", "old")),
        (f"{URL}|7.0.0", "guide#1.0.0", ("7.0.0", "new")),
        (f"{URL}|6.1.0", None, None),
        (f"{URL}|current", None, None),
        ("http://example.org/b", None, None),
        ("http://example.org/b", "guide#1.0.0", None),
    ],
)
def test_a_canonical_is_looked_for_near_its_source_and_then_everywhere(
    canonical: str, source: str | None, expected: tuple[str, str] | None
) -> None:
    assert picked(TWO, canonical, source) == expected


def test_of_the_same_major_and_minor_version_the_latest_counts() -> None:
    known = catalog((OLD, Resource(URL, "1.2.1")), (NEW, Resource(URL, "1.2.3")), (GUIDE, Resource(URL, "1.2.2")))

    assert picked(known, f"{URL}|1.2.0") == ("1.2.3", "new")
    assert picked(known, f"{URL}|1.2.0", "guide#1.0.0") == ("1.2.2", "guide")


def test_what_the_core_specification_defines_wins_over_later_versions() -> None:
    profile = Resource(URL, "4.0.1", defines=False)
    later = (NEW, Resource(URL, "5.0.0"))

    assert picked(catalog((CORE, Resource(URL, "4.0.1")), later), URL) == ("4.0.1", "hl7.fhir.r4.core")
    assert picked(catalog((CORE, profile), later), URL) == ("5.0.0", "new")
    assert picked(catalog((CORE, Resource(URL, "4.0.1")), later), f"{URL}|5.0.0") == ("5.0.0", "new")
    assert picked(catalog((CORE, Resource(URL, "4.0.1")), later), URL, "new#1.0.0") == ("5.0.0", "new")


def test_hl7_terminology_takes_the_place_of_what_core_carried_of_it() -> None:
    moved = catalog((CORE, Resource(TERMINOLOGY_URL, "9.0.0")), (TERMINOLOGY, Resource(TERMINOLOGY_URL, "2.0.0")))
    kept = catalog((CORE, Resource(URL, "4.0.1")), (TERMINOLOGY, Resource(URL, "1.0.0")))

    assert picked(moved, TERMINOLOGY_URL) == ("2.0.0", "hl7.terminology.r4")
    assert picked(moved, TERMINOLOGY_URL, CORE.label) == ("2.0.0", "hl7.terminology.r4")
    assert picked(moved, f"{TERMINOLOGY_URL}|9.0.0") is None
    assert picked(kept, URL) == ("4.0.1", "hl7.fhir.r4.core")
    assert picked(kept, f"{URL}|4.0.1") is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((OLD, Resource(URL, "1.0.0", "complete")), (NEW, Resource(URL, "1.0.0", "fragment")), "old"),
        ((OLD, Resource(URL, None)), (NEW, Resource(URL, "0.1.0")), "new"),
        ((Package("old", date="20250101"), Resource(URL, "1.0.0")), (NEW, Resource(URL, "1.0.0")), "old"),
        ((Package("old", date=None), Resource(URL, "1.0.0")), (NEW, Resource(URL, "1.0.0")), "old"),
        ((OLD, Resource(URL, "1.0.0")), (Package("new", date=None), Resource(URL, "1.0.0")), "new"),
        ((OLD, Resource(URL, "1.0.0")), (NEW, Resource(URL, "1.0.0")), "new"),
    ],
)
def test_equal_versions_are_told_apart_by_content_by_date_and_by_the_order_of_loading(
    first: tuple[Package, Resource], second: tuple[Package, Resource], expected: str
) -> None:
    found = picked(catalog(first, second), URL)

    assert found is not None
    assert found[1] == expected


def test_of_two_versions_of_a_package_the_later_one_counts() -> None:
    rows = [(Package("same", version), Resource(URL, "1.0.0")) for version in ("2.0.0", "1.0.0")]
    found = catalog(*rows).resolve(URL)

    assert found is not None
    assert found[1].version == "2.0.0"


def test_everything_is_listed() -> None:
    assert {(item.version, home.name) for item, home in TWO} == {("7.0.0", "new"), ("3.1.1", "old")}


def test_among_some_packages_nothing_else_counts() -> None:
    known = catalog((NEW, Resource(URL, "7.0.0")), (OLD, Resource(URL, "3.1.1")), (GUIDE, Resource(URL, "3.1.0")))
    few = frozenset(("old#1.0.0", "guide#1.0.0"))

    def among(canonical: str) -> str | None:
        found = known.resolve_among(canonical, few)
        return found[0].version if found else None

    assert (among(URL), among(f"{URL}|3.1.0"), among(f"{URL}|7.0.0")) == ("3.1.1", "3.1.0", None)
    assert known.resolve_among("http://example.org/b", few) is None


def test_among_some_packages_core_wins_too() -> None:
    known = catalog((CORE, Resource(URL, "4.0.1")), (NEW, Resource(URL, "5.0.0")))
    found = known.resolve_among(URL, frozenset((CORE.label, NEW.label)))

    assert found is not None
    assert found[0].version == "4.0.1"
