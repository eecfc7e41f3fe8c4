"""Which of several versions a canonical means, picked as the official validator picks.

A canonical is looked for in the package that names it and in what that one depends on; then, without a version, the
core specification's own definition wins, else the latest. A version that is not there is met by the latest of the same
major and minor version (``4.0.0`` by ``4.0.1``), never by another. HL7 Terminology takes the place of what the core
specification carried of it. (Source: `CanonicalResourceManager` and `BaseWorkerContext` of the validator, 6.10.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cmp_to_key
from typing import Generic, Protocol, TypeVar

from fhir_server.fhir.definitions.versions import compare_versions, major_minor

TERMINOLOGY_PACKAGES = "hl7.terminology"
TERMINOLOGY_CANONICALS = "http://terminology.hl7.org"
# How good the content of a code system is (CodeSystem.content); where versions are equal the better one wins.
CONTENT_RANKS = {"not-present": 1, "example": 2, "fragment": 3, "supplement": 4, "complete": 5}


class Package(Protocol):
    """What counts of a package: ``label`` is ``name#version``, ``date`` is as published (YYYYMMDDhhmmss) or absent."""

    @property
    def label(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def date(self) -> str | None: ...
    @property
    def is_core(self) -> bool: ...


class Resource(Protocol):
    """What counts of a resource with a canonical."""

    @property
    def url(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def content(self) -> str | None: ...
    @property
    def defines(self) -> bool: ...


Item = TypeVar("Item", bound=Resource)
Home = TypeVar("Home", bound=Package)
Closure = Callable[[str], Sequence[str]]


class Catalog(Generic[Item, Home]):
    """The resources of one kind in the loaded packages, by canonical.

    *closure* names, for a package, the packages in which its references are looked for first, itself included.
    """

    def __init__(self, closure: Closure) -> None:
        self._closure = closure
        self._by_url: dict[str, list[tuple[Item, Home]]] = {}
        self._masters: dict[str, tuple[Item, Home]] = {}

    def add(self, package: Home, items: Iterable[Item]) -> None:
        """Add the resources of a package; packages come in the order in which they are loaded."""
        replaces = package.name.startswith(TERMINOLOGY_PACKAGES)
        for item in items:
            there = self._by_url.setdefault(item.url, [])
            if replaces and there:
                there[:] = [each for each in there if not each[1].is_core]
            there.append((item, package))
            if package.is_core and item.defines and not item.url.startswith(TERMINOLOGY_CANONICALS):
                self._masters[item.url] = (item, package)

    def resolve(self, canonical: str, source: str | None = None) -> tuple[Item, Home] | None:
        """Return what *canonical* (``url`` or ``url|version``) means in the package *source* (``name#version``)."""
        url, _, version = canonical.partition("|")
        there = self._by_url.get(url)
        if there is None:
            return None
        near = self._nearest(there, source) if source else []
        if version:
            return _of_version(near, version) or _of_version([there], version)
        for home in near:
            return _latest(home)
        return self._masters.get(url) or _latest(there)

    def resolve_among(self, canonical: str, packages: frozenset[str]) -> tuple[Item, Home] | None:
        """Return what *canonical* means where only *packages* are loaded, and none of them names it."""
        url, _, version = canonical.partition("|")
        there = [each for each in self._by_url.get(url, ()) if each[1].label in packages]
        if not there:
            return None
        if version:
            return _of_version([there], version)
        return self._masters.get(url) or _latest(there)

    def _nearest(self, there: Sequence[tuple[Item, Home]], source: str) -> list[list[tuple[Item, Home]]]:
        homes: dict[str, list[tuple[Item, Home]]] = {}
        for item, package in there:
            homes.setdefault(package.label, []).append((item, package))
        return [homes[label] for label in self._closure(source) if label in homes]

    def __iter__(self) -> Iterator[tuple[Item, Home]]:
        for there in self._by_url.values():
            yield from there


def _of_version(homes: Sequence[Sequence[tuple[Item, Home]]], version: str) -> tuple[Item, Home] | None:
    for home in homes:
        if exact := [each for each in home if each[0].version == version]:
            return _latest(exact)
    if (near := major_minor(version)) is not None:
        for home in homes:
            if close := [each for each in home if major_minor(each[0].version) == near]:
                return _latest(close)
    return None


def _latest(there: Sequence[tuple[Item, Home]]) -> tuple[Item, Home]:
    return there[0] if len(there) == 1 else max(reversed(there), key=cmp_to_key(_compare))


def _compare(one: tuple[Resource, Package], other: tuple[Resource, Package]) -> int:
    (ours, our_home), (theirs, their_home) = one, other
    return (
        compare_versions(ours.version, theirs.version)
        or _rank(ours) - _rank(theirs)
        or (compare_versions(our_home.version, their_home.version) if our_home.name == their_home.name else 0)
        or _compare_dates(our_home.date, their_home.date)
    )


def _rank(resource: Resource) -> int:
    return CONTENT_RANKS.get(resource.content or "", 0)


def _compare_dates(one: str | None, other: str | None) -> int:
    """A package that does not say when it was made counts as made now."""
    if one is None or other is None:
        return (one is None) - (other is None)
    return (one > other) - (one < other)
