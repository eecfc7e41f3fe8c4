"""The official packages as the validators see them: which a guide loads, their definitions, their examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from fhir_server.fhir import json
from fhir_server.fhir.limits import Limits
from tests.fhir.packages import files

Json = dict[str, Any]

CORE = "hl7.fhir.r4.core#4.0.1"
SHARED_BY_ALL = (CORE, "hl7.terminology.r4#7.0.1", "hl7.fhir.uv.extensions.r4#5.2.0")

# The guides under which resources are judged, each with the package that is loaded for it
# (../shared/tools/official-validator, Guide.java).
GUIDES = {
    "pas-2.2.1": "hl7.fhir.us.davinci-pas#2.2.1",
    "pas-2.0.1": "hl7.fhir.us.davinci-pas#2.0.1",
    "crd-2.2.1": "hl7.fhir.us.davinci-crd#2.2.1",
    "crd-2.0.1": "hl7.fhir.us.davinci-crd#2.0.1",
    "dtr-2.2.0": "hl7.fhir.us.davinci-dtr#2.2.0",
    "dtr-2.0.1": "hl7.fhir.us.davinci-dtr#2.0.1",
    "cdex-2.1.0": "hl7.fhir.us.davinci-cdex#2.1.0",
    "us-core-7.0.0": "hl7.fhir.us.core#7.0.0",
    "us-core-6.1.0": "hl7.fhir.us.core#6.1.0",
    "us-core-3.1.1": "hl7.fhir.us.core#3.1.1",
    "subscriptions-1.1.0": "hl7.fhir.uv.subscriptions-backport.r4#1.1.0",
}

# Packages whose examples are judged under a guide that loads them, since there is no guide of their own.
EXAMPLES_OF_OTHERS = {
    "hl7.fhir.us.davinci-hrex#1.1.0": "cdex-2.1.0",
    "hl7.fhir.us.davinci-hrex#1.2.0": "crd-2.2.1",
    "hl7.fhir.uv.sdc#4.0.0": "dtr-2.2.0",
}

# What is loaded where a package names another that is not there (official-validator, PackageCache.java).
STAND_INS = {
    "hl7.terminology.r4#5.0.0": "hl7.terminology.r4#7.0.1",
    "hl7.terminology.r4#5.3.0": "hl7.terminology.r4#7.0.1",
    "hl7.terminology.r4#5.5.0": "hl7.terminology.r4#7.0.1",
    "hl7.terminology.r4#7.1.0": "hl7.terminology.r4#7.0.1",
    "hl7.fhir.uv.extensions.r4#1.0.0": "hl7.fhir.uv.extensions.r4#5.2.0",
    "hl7.fhir.uv.extensions#5.1.0-cibuild": "hl7.fhir.uv.extensions.r4#5.2.0",
    "hl7.fhir.us.core.v311#3.1.1": "hl7.fhir.us.core#3.1.1",
    "hl7.fhir.us.core.v610#6.1.0": "hl7.fhir.us.core#6.1.0",
    "hl7.fhir.uv.sdc#3.0.0": "hl7.fhir.uv.sdc#4.0.0",
    "hl7.fhir.us.davinci-crd#2.0.0": "hl7.fhir.us.davinci-crd#2.0.1",
    "hl7.fhir.us.davinci-crd#current": "hl7.fhir.us.davinci-crd#2.0.1",
}

LIMITS = Limits(max_bytes=64 * 1024 * 1024, max_depth=200, max_string=32 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Example:
    """One example of a package and the guide under which it is judged; ``name`` is ``package/file``, without ends."""

    name: str
    guide: str
    resource: Json


@dataclass(frozen=True, slots=True)
class Library:
    """The definitions that a guide reaches, each by canonical: with its version, and without for the newest."""

    structures: Mapping[str, Json]
    value_sets: Mapping[str, Json]
    code_systems: Mapping[str, Json]
    own: frozenset[str]  # canonicals of the structures of the guide's own package

    def structure(self, canonical: str) -> Json | None:
        """Return the structure that *canonical* or the name of a type means."""
        if "/" not in canonical:
            canonical = f"http://hl7.org/fhir/StructureDefinition/{canonical}"
        return self.structures.get(canonical) or self.structures.get(canonical.partition("|")[0])


def archive_of(package: str) -> str:
    """Return the file name of ``name#version``."""
    return package.replace("#", "-") + ".tgz"


def loads(content: bytes) -> Json:
    """Return a resource as the server reads it, whatever its size."""
    return json.loads(content, LIMITS)


def closure(packages: Path, guide: str) -> list[str]:
    """Return the packages that are loaded for *guide*, its own first, as far as they are in the folder *packages*."""
    found: list[str] = []
    waiting = [GUIDES[guide], *SHARED_BY_ALL]
    while waiting:
        package = waiting.pop(0)
        package = STAND_INS.get(package, package)
        archive = packages / archive_of(package)
        if package in found or not archive.exists():
            continue
        found.append(package)
        manifest = msgspec.json.decode(files(archive)["package/package.json"])
        waiting += [f"{name}#{version}" for name, version in (manifest.get("dependencies") or {}).items()]
    return found


@cache
def library(packages: Path, guide: str) -> Library:
    """Return what *guide* reaches, read from the folder *packages*."""
    kinds: dict[str, dict[str, Json]] = {"StructureDefinition": {}, "ValueSet": {}, "CodeSystem": {}}
    for package in closure(packages, guide):
        for definition in _definitions(packages / archive_of(package)):
            found = kinds[definition["resourceType"]]
            url, version = definition["url"], definition.get("version", "")
            found.setdefault(f"{url}|{version}", definition)
            if url not in found or _newer(version, found[url].get("version", "")):
                found[url] = definition
    own = frozenset(
        each["url"]
        for each in _definitions(packages / archive_of(GUIDES[guide]))
        if each["resourceType"] == "StructureDefinition"
    )
    return Library(kinds["StructureDefinition"], kinds["ValueSet"], kinds["CodeSystem"], own)


@cache
def _definitions(archive: Path) -> tuple[Json, ...]:
    wanted = ("StructureDefinition-", "ValueSet-", "CodeSystem-")
    found = []
    for name, content in files(archive).items():
        if name.startswith("package/") and name.removeprefix("package/").startswith(wanted):
            definition = msgspec.json.decode(content)
            if definition.get("url"):
                found.append(definition)
    return tuple(found)


def _newer(version: str, than: str) -> bool:
    def key(text: str) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdigit() else (-1, part) for part in text.replace("-", ".").split(".")]

    return key(version) > key(than)


def examples(packages: Path) -> Iterator[Example]:
    """Yield every example of the packages, in a stable order."""
    places = {package: guide for guide, package in GUIDES.items()} | EXAMPLES_OF_OTHERS
    for package, guide in places.items():
        for name, content in sorted(files(packages / archive_of(package)).items()):
            if name.startswith("package/example/") and not name.endswith("/.index.json"):
                short = name.removeprefix("package/example/").removesuffix(".json")
                yield Example(f"{package.replace('#', '-')}/{short}", guide, loads(content))
