"""The definitions of some guides and of all that they depend on: indexes are read first, files on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fhir_server.fhir.definitions.catalog import Catalog, Item
from fhir_server.fhir.definitions.code_system import CodeSystemNames
from fhir_server.fhir.definitions.facts import CodeSystemEntry, PackageFacts, StructureEntry, ValueSetEntry
from fhir_server.fhir.definitions.search import PackageSearch, closure
from fhir_server.fhir.definitions.structure import Structure
from fhir_server.fhir.definitions.value_set import ValueSet

TYPES = "http://hl7.org/fhir/StructureDefinition/"


class Definitions:
    """What some guides, and the packages that they depend on, define."""

    def __init__(
        self, packages: Sequence[PackageFacts], needs: dict[str, tuple[str, ...]], always: Iterable[str] = ()
    ) -> None:
        self.packages = tuple(packages)
        self._always = frozenset(always)
        self._groups: dict[str, frozenset[str]] = {}
        self._needs = needs
        self._closures: dict[str, tuple[str, ...]] = {}
        self._structures: Catalog[StructureEntry, PackageFacts] = Catalog(self.closure)
        self._value_sets: Catalog[ValueSetEntry, PackageFacts] = Catalog(self.closure)
        self._code_systems: Catalog[CodeSystemEntry, PackageFacts] = Catalog(self.closure)
        self._read: dict[tuple[str, str], ValueSet] = {}
        for package in packages:
            self._structures.add(package, package.index.structures)
            self._value_sets.add(package, package.index.value_sets)
            self._code_systems.add(package, package.index.code_systems)

    @classmethod
    def load(cls, folder: Path, roots: Sequence[str], more: Iterable[Path] = ()) -> Definitions:
        """Return the definitions of *roots* (``hl7.fhir.us.davinci-pas#2.2.1``), with all that they depend on.

        *folder* is ``profiles/``; packages that are not there are looked for in *more*. A dependency that is nowhere is
        passed over, as the official validator does offline. Raises FileNotFoundError for a root that is nowhere.
        """
        search = PackageSearch((folder, *more))
        for root in (*search.always, *roots):
            search.require(root)
        return cls(search.found, search.needs, search.always)

    def structure(self, canonical: str, source: str | None = None) -> Structure | None:
        """Return the structure that *canonical* means where the package *source* (``name#version``) refers to it.

        It is read from its file at each call; keep what you make of it. None: it is not known.
        """
        found = self._resolved(self._structures, canonical, source)
        if found is None:
            return None
        entry, package = found
        return Structure.of(package.structure(entry.id), package.label)

    def locate(self, canonical: str, source: str | None = None) -> tuple[StructureEntry, str] | None:
        """Return what the index says of the structure that `structure` would read, and its package; nothing is read."""
        found = self._resolved(self._structures, canonical, source)
        return (found[0], found[1].label) if found else None

    def base(self, type_name: str) -> Structure | None:
        """Return the definition of a type of the specification (``Claim``, ``Period``, ``string``)."""
        return self.structure(TYPES + type_name)

    def value_set(self, canonical: str, source: str | None = None) -> ValueSet | None:
        """Return the value set that *canonical* means in the package *source*; None: its codes cannot be known here."""
        found = self._resolved(self._value_sets, canonical, source)
        if found is None:
            return None
        entry, package = found
        key = (package.label, entry.id)
        if key not in self._read:
            self._read[key] = ValueSet.of(package.value_set(entry.id), package.label)
        return self._read[key]

    def code_system(self, canonical: str, source: str | None = None) -> CodeSystemNames | None:
        """Return the names of the codes of what *canonical* means in the package *source*; None: it is not known.

        Its row is read at the first call; those that were not asked for lately are forgotten, so do not keep it.
        """
        found = self._resolved(self._code_systems, canonical, source)
        return found[1].code_system_names(found[0].id) if found else None

    def profiles(self) -> Iterator[tuple[StructureEntry, str]]:
        """Yield what the indexes say of every structure, and its package (``name#version``)."""
        for entry, package in self._structures:
            yield entry, package.label

    def value_sets(self) -> Iterator[tuple[ValueSetEntry, str]]:
        """Yield what the indexes say of every value set, and its package."""
        for entry, package in self._value_sets:
            yield entry, package.label

    def group(self, label: str, roots: Sequence[str]) -> None:
        """Let *label* stand for *roots* and what they depend on, as if nothing else were loaded.

        What is looked for from it is looked for in these packages alone.
        """
        self._groups[label] = frozenset(each for root in roots for each in self.closure(root)) | self._always

    def _resolved(
        self, catalog: Catalog[Item, PackageFacts], canonical: str, source: str | None
    ) -> tuple[Item, PackageFacts] | None:
        if source in self._groups:
            return catalog.resolve_among(canonical, self._groups[source])
        return catalog.resolve(canonical, source)

    def closure(self, label: str) -> tuple[str, ...]:
        """Return a package and all that it depends on, nearest first: where its references are looked for."""
        if label not in self._closures:
            self._closures[label] = closure(label, self._needs)
        return self._closures[label]
