"""FHIR packages as they are published: an archive (.tgz), or a folder of a package cache (``name#version/package``).

Only what the compiler uses is read: the manifest, and the definitions that stand directly in ``package/``. Nothing of
an archive is ever written to a disk under a name that the archive chose.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from fhir_server.fhir.packages.errors import PackageInvalid

MANIFEST = "package/package.json"
COMPILED_TYPES = frozenset(("StructureDefinition", "ValueSet", "CodeSystem"))
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
# The largest official package (R4 core) has 4,582 files of together 44 MB, the largest file 3 MB.
MOST_FILES = 50_000
MOST_BYTES = 512 * 1024 * 1024
MOST_FILE_BYTES = 64 * 1024 * 1024
# When the specification itself was published; its package does not say so (hl7.org/fhir/R4, 30 October 2019).
CORE_DATES = {"hl7.fhir.r4.core": "20191030000000"}

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class _Head(msgspec.Struct):
    resourceType: str = ""  # noqa: N815 - FHIR's name


@dataclass(frozen=True, slots=True)
class Package:
    """A published package: what it says of itself, and its definitions by resource type, in the order of their ids."""

    name: str
    version: str
    date: str | None
    dependencies: Mapping[str, str]
    resources: Mapping[str, list[dict[str, Any]]]

    @property
    def label(self) -> str:
        """Name and version as one word: ``hl7.fhir.us.davinci-pas#2.2.1``."""
        return f"{self.name}#{self.version}"


def read_package(path: Path) -> Package:
    """Return the package in *path*, an archive or a folder. Raises `PackageInvalid`, naming the file at fault."""
    if path.is_dir():
        return _package(path, _files_of_folder(path))
    try:
        with gzip.open(path) as unpacked, tarfile.open(fileobj=_Bounded(path, unpacked), mode="r|") as archive:
            return _package(path, _files_of_archive(path, archive))
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise PackageInvalid(f"{path} cannot be read as a package archive (.tgz): {error}") from error


class _Bounded(io.BufferedIOBase):
    """What an archive unpacks to, given out until it is too much."""

    def __init__(self, path: Path, unpacked: gzip.GzipFile) -> None:
        self._path, self._unpacked = path, unpacked
        self._left = MOST_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        content = self._unpacked.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise PackageInvalid(f"{self._path} is too large: more than {MOST_BYTES >> 20} MB unpacked")
        return content


def _files_of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    folder = path / "package" if (path / "package").is_dir() else path
    for file in sorted(folder.glob("*.json")):
        if file.is_file() and not file.is_symlink():
            _check_size(path, file.name, file.stat().st_size)
            yield f"package/{file.name}", file.read_bytes()


def _files_of_archive(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for number, member in enumerate(archive):
        if number == MOST_FILES:
            raise PackageInvalid(f"{path} is too large: more than {MOST_FILES} files")
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts:
            raise PackageInvalid(f"{path} holds a file that would lie outside: {member.name!r}")
        if member.isreg() and len(name.parts) == 2 and name.parts[0] == "package" and name.suffix == ".json":
            _check_size(path, member.name, member.size)
            content = archive.extractfile(member)
            assert content is not None, "a regular file has content"
            yield str(name), content.read()


def _check_size(path: Path, name: str, size: int) -> None:
    if size > MOST_FILE_BYTES:
        raise PackageInvalid(f"{path}: {name} is larger than {MOST_FILE_BYTES >> 20} MB")


def _package(path: Path, files: Iterator[tuple[str, bytes]]) -> Package:
    manifest: dict[str, Any] | None = None
    resources: dict[str, dict[str, dict[str, Any]]] = {each: {} for each in sorted(COMPILED_TYPES)}
    for name, content in files:
        if name == MANIFEST:
            manifest = _json(path, name, content)
        elif not PurePosixPath(name).name.startswith(".") and (found := _definition(path, name, content)):
            _keep(path, name, found, resources[found["resourceType"]])
    if manifest is None:
        raise PackageInvalid(f"{path} is not a FHIR package: it has no {MANIFEST}")
    ordered = {each: [found[key] for key in sorted(found)] for each, found in resources.items()}
    return Package(*_identity(path, manifest), ordered)


def _definition(path: Path, name: str, content: bytes) -> dict[str, Any] | None:
    head = _decoded(path, name, content, msgspec.json.Decoder(_Head).decode)
    if head.resourceType not in COMPILED_TYPES:
        return None
    return _json(path, name, content)


def _keep(path: Path, name: str, found: dict[str, Any], known: dict[str, dict[str, Any]]) -> None:
    identity, url = found.get("id"), found.get("url")
    if not isinstance(identity, str) or not ID.fullmatch(identity) or not isinstance(url, str):
        raise PackageInvalid(f"{path}: {name} has no FHIR id or no url")
    if identity.lower() in known:
        raise PackageInvalid(f"{path}: two definitions of the same type have the id {identity}")
    known[identity.lower()] = found


def _json(path: Path, name: str, content: bytes) -> dict[str, Any]:
    found = _decoded(path, name, content, _DECODER.decode)
    if not isinstance(found, dict):
        raise PackageInvalid(f"{path}: {name} is not a JSON object")
    return found


def _decoded(path: Path, name: str, content: bytes, decode: Callable[[bytes], Any]) -> Any:
    try:
        return decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise PackageInvalid(f"{path}: {name} is not JSON that can be read: {error}") from error


def _identity(path: Path, manifest: Mapping[str, Any]) -> tuple[str, str, str | None, dict[str, str]]:
    name, version, date = manifest.get("name"), manifest.get("version"), manifest.get("date")
    if not (isinstance(name, str) and isinstance(version, str) and NAME.fullmatch(name) and NAME.fullmatch(version)):
        raise PackageInvalid(f"{path} is not a FHIR package: {MANIFEST} has no usable name and version")
    made_for = manifest.get("fhirVersions", manifest.get("fhir-version-list"))
    if not isinstance(made_for, list) or not any(str(each).startswith("4.0") for each in made_for):
        raise PackageInvalid(f"{path} is not made for FHIR R4 (4.0.1)")
    dependencies = manifest.get("dependencies") or {}
    if not isinstance(dependencies, dict):
        raise PackageInvalid(f"{path}: the dependencies in {MANIFEST} are not an object")
    needs = {str(need): str(wanted) for need, wanted in dependencies.items()}
    return name, version, date if isinstance(date, str) else CORE_DATES.get(name), needs
