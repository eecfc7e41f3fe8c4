"""The compiler: published packages in, files of facts out.

A package compiles to the same bytes whatever else is compiled with it: its value sets draw on the package itself, on
those that it depends on and on those that are always loaded, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from fhir_server.fhir.definitions.catalog import Catalog
from fhir_server.fhir.definitions.facts import (
    CODE_SYSTEMS_FILE,
    INDEX_FILE,
    PACKAGE_FILE,
    STRUCTURES,
    VALUE_SETS_FILE,
    CodeSystemEntry,
    Index,
    Manifest,
    PackageFacts,
    StructureEntry,
    ValueSetEntry,
)
from fhir_server.fhir.definitions.search import PackageSearch, closure
from fhir_server.fhir.packages.archive import Package
from fhir_server.fhir.packages.code_systems import CodeSystem, code_system_facts
from fhir_server.fhir.packages.corrections import corrected
from fhir_server.fhir.packages.errors import PackageInvalid
from fhir_server.fhir.packages.expansion import Expander, Expansion
from fhir_server.fhir.packages.structures import is_compiled, structure_facts
from fhir_server.fhir.packages.writing import as_rows, as_text

# Owners that do not let their codes be passed on: X12, and the American Medical Association (CPT).
WITHHELD = ("https://codesystem.x12.org/", "https://valueset.x12.org/", "http://www.ama-assn.org/")
# Value sets that one include names together were meant as a union by guides made before this day, as the official
# validator reads them (ValueSetValidator); R4 says that they intersect.
UNIONS_BEFORE = "20220331"

Files = dict[str, bytes]
Json = Mapping[str, Any]


def is_withheld(system: str) -> bool:
    """Return whether the codes of a code system may not be shipped."""
    return system.startswith(WITHHELD)


def nothing_withheld(system: str) -> bool:
    """Return False: an operator may use what his own package brings."""
    return False


@dataclass(slots=True)
class Draft:
    """A package that is being compiled: its facts, but for the codes of its value sets."""

    package: Package
    facts: PackageFacts
    structures: Mapping[str, Json]
    value_sets: Mapping[str, Json]
    code_systems: Mapping[str, Json]
    expansions: dict[str, Expansion] = field(default_factory=dict)

    @property
    def unions(self) -> bool:
        """Whether value sets that one include names together are a union."""
        return self.package.date is not None and self.package.date < UNIONS_BEFORE


class Compilation:
    """Compiles *packages* together. What they depend on and is not among them is looked for in *folders* of facts."""

    def __init__(
        self,
        packages: Iterable[Package],
        folders: Iterable[Path],
        withheld: Callable[[str], bool] = is_withheld,
    ) -> None:
        self._drafts = {package.label: _draft(package, withheld) for package in packages}
        self._folders = tuple(folders)
        self._withheld = withheld
        self._scopes: dict[str, _Scope] = {}
        self._homes: dict[str, _Home] = {}

    def facts(self, label: str) -> PackageFacts:
        """Return what the index of the package ``name#version`` says.

        Raises `PackageInvalid`, naming the definition, where one has not the shape that FHIR gives it.
        """
        draft = self._drafts[label]
        entries = (
            msgspec.structs.replace(entry, complete=self.expansion(draft, entry.id).complete)
            for entry in draft.facts.index.value_sets
        )
        index = draft.facts.index
        return replace(draft.facts, index=Index(index.structures, tuple(entries), index.code_systems))

    def files(self, label: str) -> Files:
        """Return the files of the package ``name#version``, by their path below its folder.

        Raises `PackageInvalid` as `facts` does.
        """
        draft, facts = self._drafts[label], self.facts(label)
        value_sets = {
            entry.id: self.expansion(draft, entry.id).facts(entry.url, entry.version)
            for entry in facts.index.value_sets
        }
        return {
            PACKAGE_FILE: as_text(msgspec.to_builtins(facts.manifest)),
            INDEX_FILE: as_text(msgspec.to_builtins(facts.index)),
            VALUE_SETS_FILE: as_rows(value_sets),
            CODE_SYSTEMS_FILE: as_rows(draft.code_systems),
        } | {f"{STRUCTURES}/{each}.json": as_text(found) for each, found in draft.structures.items()}

    def expansion(self, draft: Draft, identity: str) -> Expansion:
        """Return the codes of a value set of a package that is being compiled."""
        if identity not in draft.expansions:
            draft.expansions[identity] = Expansion(complete=False)  # in case it includes itself
            expander = Expander(self._scope(draft.package.label), draft.unions, self._withheld)
            with _shape_of(draft.package, draft.value_sets[identity]):
                draft.expansions[identity] = expander.expand(draft.value_sets[identity])
        return draft.expansions[identity]

    def value_set(self, entry: ValueSetEntry, home: PackageFacts) -> Expansion:
        """Return the codes of a value set of any package."""
        draft = self._drafts.get(home.label)
        return self.expansion(draft, entry.id) if draft else Expansion.of(home.value_set(entry.id))

    def home(self, package: PackageFacts) -> _Home:
        """Return the code systems of any package."""
        if package.label not in self._homes:
            draft = self._drafts.get(package.label)
            self._homes[package.label] = _Home(draft.code_systems if draft else package.code_systems())
        return self._homes[package.label]

    def _scope(self, label: str) -> _Scope:
        if label not in self._scopes:
            search = PackageSearch(self._folders, {each: draft.facts for each, draft in self._drafts.items()})
            for each in (*search.always, label):
                search.visit(each)
            self._scopes[label] = _Scope(self, label, search)
        return self._scopes[label]


class _Home:
    """The code systems of one package."""

    def __init__(self, facts: Mapping[str, Json]) -> None:
        self._facts = facts
        self._made: dict[str, CodeSystem] = {}

    @cached_property
    def entries(self) -> tuple[CodeSystemEntry, ...]:
        """What there is."""
        return _code_system_entries(self._facts)

    def code_system(self, identity: str) -> CodeSystem:
        """Return one of them."""
        if identity not in self._made:
            self._made[identity] = CodeSystem.of(self._facts[identity])
        return self._made[identity]


class _Scope:
    """What the value sets of one package see."""

    def __init__(self, compilation: Compilation, label: str, search: PackageSearch) -> None:
        self._compilation, self._label = compilation, label
        self._code_systems: Catalog[CodeSystemEntry, PackageFacts] = Catalog(lambda each: closure(each, search.needs))
        self._value_sets: Catalog[ValueSetEntry, PackageFacts] = Catalog(lambda each: closure(each, search.needs))
        for package in search.found:
            self._code_systems.add(package, compilation.home(package).entries)
            self._value_sets.add(package, package.index.value_sets)

    def code_system(self, canonical: str) -> CodeSystem | None:
        found = self._code_systems.resolve(canonical, self._label)
        return self._compilation.home(found[1]).code_system(found[0].id) if found else None

    def value_set(self, canonical: str) -> Expansion | None:
        found = self._value_sets.resolve(canonical, self._label)
        return self._compilation.value_set(*found) if found else None


def _draft(package: Package, withheld: Callable[[str], bool]) -> Draft:
    structures, code_systems = {}, {}
    for each in package.resources["StructureDefinition"]:
        with _shape_of(package, each):
            if is_compiled(each):
                structures[each["id"]] = structure_facts(corrected(each, package.name))
    for each in package.resources["CodeSystem"]:
        with _shape_of(package, each):
            if not withheld(each["url"]):
                code_systems[each["id"]] = code_system_facts(each)
    value_sets = {each["id"]: each for each in package.resources["ValueSet"]}
    manifest = Manifest(package.name, package.version, package.date, dict(package.dependencies))
    facts = PackageFacts(Path(), manifest, _index(structures, value_sets, code_systems))
    return Draft(package, facts, structures, value_sets, code_systems)


@contextmanager
def _shape_of(package: Package, definition: Json) -> Iterator[None]:
    """Tell what is wrong with a definition whose elements are not of the kind that FHIR gives them."""
    try:
        yield
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        name = f"{definition['resourceType']} {definition['id']}"
        raise PackageInvalid(f"{package.label}: {name} has not the shape of one: {error!r}") from error


def _index(structures: Mapping[str, Json], value_sets: Mapping[str, Json], code_systems: Mapping[str, Json]) -> Index:
    return Index(
        structures=tuple(_structure_entry(identity, facts) for identity, facts in structures.items()),
        value_sets=tuple(
            ValueSetEntry(identity, each["url"], each.get("version"), complete=False)
            for identity, each in value_sets.items()
        ),
        code_systems=_code_system_entries(code_systems),
    )


def _code_system_entries(code_systems: Mapping[str, Json]) -> tuple[CodeSystemEntry, ...]:
    return tuple(
        CodeSystemEntry(identity, each["url"], each.get("version"), each["content"])
        for identity, each in code_systems.items()
    )


def _structure_entry(identity: str, facts: Json) -> StructureEntry:
    return StructureEntry(
        id=identity,
        url=facts["url"],
        version=facts.get("version"),
        name=facts["name"],
        type=facts["type"],
        kind=facts["kind"],
        derivation=facts.get("derivation"),
        abstract=facts.get("abstract", False),
    )
