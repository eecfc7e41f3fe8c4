"""The facts of one package, as `fhir_server.fhir.packages` writes them: a folder with an index that is read first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from fhir_server.fhir.definitions.code_system import CodeSystemNames

CORE_PACKAGES = frozenset(("hl7.fhir.r4.core",))
PACKAGE_FILE = "package.json"
INDEX_FILE = "index.json"
STRUCTURES = "structures"
VALUE_SETS_FILE = "value-sets.json"
CODE_SYSTEMS_FILE = "code-systems.json"

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ROWS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class StructureEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an index says of a structure."""

    id: str
    url: str
    version: str | None
    name: str
    type: str
    kind: str
    derivation: str | None = None
    abstract: bool = False

    @property
    def content(self) -> None:
        """Only code systems have it."""

    @property
    def defines(self) -> bool:
        """Whether it defines a type, rather than to constrain one."""
        return self.derivation == "specialization"


class ValueSetEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an index says of a value set."""

    id: str
    url: str
    version: str | None
    complete: bool

    @property
    def content(self) -> None:
        """Only code systems have it."""

    @property
    def defines(self) -> bool:
        """It always stands for itself."""
        return True


class CodeSystemEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an index says of a code system."""

    id: str
    url: str
    version: str | None
    content: str

    @property
    def defines(self) -> bool:
        """It always stands for itself."""
        return True


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """All that is in a package."""

    structures: tuple[StructureEntry, ...]
    value_sets: tuple[ValueSetEntry, ...]
    code_systems: tuple[CodeSystemEntry, ...] = ()


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a package says of itself."""

    name: str
    version: str
    date: str | None = None
    dependencies: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """A folder of facts, its index read."""

    folder: Path
    manifest: Manifest
    index: Index

    @property
    def name(self) -> str:
        """As in ``hl7.fhir.us.davinci-pas``."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """As in ``2.2.1``."""
        return self.manifest.version

    @property
    def label(self) -> str:
        """Name and version as one word: ``hl7.fhir.us.davinci-pas#2.2.1``."""
        return f"{self.manifest.name}#{self.manifest.version}"

    @property
    def date(self) -> str | None:
        """When the package was made, as it says."""
        return self.manifest.date

    @property
    def is_core(self) -> bool:
        """Whether this is the specification itself."""
        return self.manifest.name in CORE_PACKAGES

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The packages that it declares to need, in its own order."""
        return tuple(f"{name}#{version}" for name, version in self.manifest.dependencies.items())

    def structure(self, identity: str) -> Any:
        """Return the facts of a structure."""
        return _DECODER.decode((self.folder / STRUCTURES / f"{identity}.json").read_bytes())

    def value_set(self, identity: str) -> Any:
        """Return the facts of a value set."""
        file = self.folder / VALUE_SETS_FILE
        return _DECODER.decode(_rows(file, file.stat().st_mtime_ns)[identity])

    def code_system_names(self, identity: str) -> CodeSystemNames:
        """Return the names of the codes of one code system; no other is decoded."""
        file = self.folder / CODE_SYSTEMS_FILE
        return _names(file, file.stat().st_mtime_ns, identity)

    def code_systems(self) -> Mapping[str, Any]:
        """Return the facts of all code systems, by id."""
        facts: Mapping[str, Any] = _DECODER.decode((self.folder / CODE_SYSTEMS_FILE).read_bytes())
        return facts


class StandIn(msgspec.Struct, frozen=True):
    """A package that is used where another one is asked for that is not there."""

    missing: str
    use: str
    reason: str


class Loading(msgspec.Struct, frozen=True, rename="camel"):
    """What is always loaded, in this order, and what stands in for what (``loading.json``)."""

    always: tuple[str, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()


def folder_name(label: str) -> str:
    """Return the folder of a package ``name#version``."""
    return label.replace("#", "-")


def read_facts(folder: Path) -> PackageFacts:
    """Return the facts of the package in *folder*; they are read once, and again when they were replaced.

    Raises FileNotFoundError or ValueError (msgspec) where they are missing or were not written by our compiler.
    """
    return _facts(folder.absolute(), (folder / INDEX_FILE).stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _facts(folder: Path, _written: int) -> PackageFacts:
    manifest = msgspec.json.decode((folder / PACKAGE_FILE).read_bytes(), type=Manifest)
    index = msgspec.json.decode((folder / INDEX_FILE).read_bytes(), type=Index)
    return PackageFacts(folder, manifest, index)


def read_loading(folder: Path) -> Loading:
    """Return the table in *folder*, empty where there is none."""
    file = folder / "loading.json"
    return msgspec.json.decode(file.read_bytes(), type=Loading) if file.is_file() else Loading()


@lru_cache(maxsize=256)
def _rows(file: Path, _written: int) -> Mapping[str, msgspec.Raw]:
    return _ROWS.decode(file.read_bytes())


@lru_cache(maxsize=256)
def _places(file: Path, _written: int) -> Mapping[str, tuple[int, int]]:
    """Where the rows of a file are: each is a line, ``"ID":{...},``."""
    found, start = {}, 0
    with file.open("rb") as lines:
        for line in lines:
            key, colon, row = line.partition(b":")
            if colon:
                found[msgspec.json.decode(key, type=str)] = (start + len(key) + 1, len(row.rstrip(b",\n")))
            start += len(line)
    return found


@lru_cache(maxsize=128)
def _names(file: Path, written: int, identity: str) -> CodeSystemNames:
    start, length = _places(file, written)[identity]
    with file.open("rb") as content:
        content.seek(start)
        return CodeSystemNames.read(content.read(length))
