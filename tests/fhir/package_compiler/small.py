"""Small packages, written by hand, that the tests compile."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fhir_server.fhir.packages import Compilation, Package
from fhir_server.fhir.packages.compiler import is_withheld

Json = dict[str, Any]

SYSTEM = "http://example.org/CodeSystem/colours"
SET = "http://example.org/ValueSet/colours"
# Colours, one below the other; "deep" has two above it.
CONCEPTS: list[Json] = [
    {
        "code": "red",
        "property": [{"code": "warm", "valueBoolean": True}, {"code": "wave", "valueString": "700nm"}],
        "concept": [
            {"code": "crimson", "concept": [{"code": "deep", "property": [{"code": "upper", "valueCode": "blue"}]}]},
            {"code": "scarlet", "property": [{"code": "warm", "valueBoolean": True}]},
        ],
    },
    {"code": "blue", "property": [{"code": "wave", "valueString": "470nm"}], "concept": [{"code": "navy"}]},
    {"code": "none", "property": [{"code": "remark", "valueString": "not a colour at all"}]},
]


def manifest(name: str = "example.guide", version: str = "1.0.0", **more: Any) -> Json:
    """Return a package.json."""
    return {"name": name, "version": version, "fhirVersions": ["4.0.1"], **more}


def code_system(concepts: list[Json] | None = None, **more: Any) -> Json:
    """Return a CodeSystem, complete and with the colours unless said otherwise."""
    return {
        "resourceType": "CodeSystem",
        "id": "colours",
        "url": SYSTEM,
        "version": "1.0.0",
        "content": "complete",
        "caseSensitive": True,
        "property": [{"code": "upper", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"}],
        "concept": CONCEPTS if concepts is None else concepts,
        **more,
    }


def value_set(*include: Json, identity: str = "colours", **more: Any) -> Json:
    """Return a ValueSet with parts to include."""
    url = f"http://example.org/ValueSet/{identity}"
    compose = {"include": list(include)} | more.pop("compose", {})
    return {"resourceType": "ValueSet", "id": identity, "url": url, "version": "1.0.0", "compose": compose, **more}


def structure(identity: str = "claim", **more: Any) -> Json:
    """Return a StructureDefinition of a profile on Claim."""
    return {
        "resourceType": "StructureDefinition",
        "id": identity,
        "url": f"http://example.org/StructureDefinition/{identity}",
        "version": "1.0.0",
        "name": "Example",
        "kind": "resource",
        "abstract": False,
        "type": "Claim",
        "derivation": "constraint",
        "snapshot": {"element": [{"id": "Claim", "path": "Claim", "min": 0, "max": "*"}]},
        **more,
    }


def package(
    *resources: Json,
    name: str = "example.guide",
    version: str = "1.0.0",
    date: str | None = "20240101000000",
    **needs: str,
) -> Package:
    """Return a package with *resources*, which depends on *needs* (underscores in names stand for dots)."""
    kinds = ("CodeSystem", "StructureDefinition", "ValueSet")
    by_type = {kind: [each for each in resources if each["resourceType"] == kind] for kind in kinds}
    return Package(name, version, date, {each.replace("_", "."): needs[each] for each in needs}, by_type)


def compiled(*packages: Package, folders: Iterable[Path] = ()) -> dict[str, Json]:
    """Return the facts of the value sets of the last package, by id."""
    compilation = Compilation(packages, folders, is_withheld)
    facts: dict[str, Json] = json.loads(compilation.files(packages[-1].label)["value-sets.json"])
    return facts


def codes(part: Json, system: Json | None = None) -> list[str]:
    """Return the codes that one part of a value set picks from the colours."""
    facts = compiled(package(system or code_system(), value_set({"system": SYSTEM} | part)))["colours"]
    found: list[str] = facts["systems"].get(SYSTEM, [])
    return found


def archive(path: Path, files: Mapping[str, bytes | Json]) -> Path:
    """Write a .tgz with *files*, by the names that they have in it."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path
