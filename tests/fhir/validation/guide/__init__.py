"""A guide that nobody published: small profiles of every kind, compiled as a real package is.

It shows that a guide needs no code of ours: what the engine says of it comes from its definitions alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.definitions.facts import folder_name
from fhir_server.fhir.packages import Compilation, Package, nothing_withheld, write_files
from fhir_server.fhir.validation import Validator
from fhir_server.fhir.validation.report import Fault, expression
from tests.fhir.validation.guide import bundles, extensions, profiles, slices, terminology, values
from tests.fhir.validation.guide.snapshots import CORE, PROFILES, structure

Json = dict[str, Any]
Told = list[tuple[str, str]]

FACTS = CORE.parent.parent
NAME = "example.made.up"
LABEL = f"{NAME}#1.0.0"
LATER = f"{NAME}#2.0.0"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

_folders: list[TemporaryDirectory[str]] = []


def package(version: str, resources: Iterable[Json]) -> Package:
    """Return the guide, as it would be read from an archive."""
    kinds = ("CodeSystem", "StructureDefinition", "ValueSet")
    found = list(resources)
    by_type = {kind: [each for each in found if each["resourceType"] == kind] for kind in kinds}
    return Package(NAME, version, None, {"hl7.fhir.r4.core": "4.0.1"}, by_type)


def later_resources() -> list[Json]:
    """Return the second version of the guide: the same profile demands something else."""
    counts = structure("counts", "Patient", {"id": "Patient.birthDate", "min": 1}, version="2.0.0")
    return [counts]


@cache
def folder() -> Path:
    """Return the folder in which both versions of the guide stand as facts."""
    made = TemporaryDirectory(prefix="made-up-guide-")
    _folders.append(made)
    parts = (terminology, extensions, profiles, slices, values, bundles)
    first = package("1.0.0", [each for part in parts for each in part.RESOURCES])
    compile_into(Path(made.name), first, package("2.0.0", later_resources()))
    return Path(made.name)


def compile_into(target: Path, *packages: Package) -> None:
    """Write the facts of packages into a folder."""
    compilation = Compilation(packages, [FACTS], nothing_withheld)
    for each in packages:
        write_files(compilation.files(each.label), target / folder_name(each.label))


@cache
def validator() -> Validator:
    """Return the validator that knows FHIR R4 and the first version of the guide."""
    return Validator(Definitions.load(FACTS, [LABEL], [folder()]))


def faults(resource: Any, *claimed: str, **options: Any) -> list[Fault]:
    """Return what the validator has against a resource held against profiles of the guide, without advice (dom-6)."""
    names = [each if "/" in each else PROFILES + each for each in claimed]
    found = validator().report(resource, names, now=NOW, **options).faults
    return [each for each in found if each.rule != "dom-6"]


def told(resource: Any, *claimed: str, **options: Any) -> Told:
    """Return (rule, place) of each different fault, sorted; ``~`` marks a warning, ``?`` an information."""
    marks = {"error": "", "warning": "~", "information": "?"}
    found = {
        (marks[each.severity] + each.rule, expression(each.place), each.found): None
        for each in faults(resource, *claimed, **options)
    }
    return sorted((rule, place) for rule, place, _ in found)
