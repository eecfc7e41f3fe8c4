"""Codes of the value sets whose codes the packages list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from tests.verdicts.packages import Json, Library

MOST = 200


def codings(library: Library, canonical: str) -> list[Json]:
    """Return up to 200 codings that the value set *canonical* holds, as far as the packages tell."""
    return list(islice(_value_set(library, canonical, 0), MOST))


def _value_set(library: Library, canonical: str, depth: int) -> Iterator[Json]:
    value_set = library.value_sets.get(canonical) or library.value_sets.get(canonical.partition("|")[0])
    if value_set is None or depth > 6:
        return
    for part in value_set.get("compose", {}).get("include", ()):
        yield from _part(library, part, depth)


def _part(library: Library, part: Json, depth: int) -> Iterator[Json]:
    system = part.get("system")
    if part.get("concept"):
        for concept in part["concept"]:
            yield {"system": system, "code": concept["code"]}
    elif system and not part.get("filter"):
        code_system = library.code_systems.get(system)
        for code in _concepts(code_system.get("concept", ()) if code_system else ()):
            yield {"system": system, "code": code}
    elif not system:
        for imported in part.get("valueSet", ()):
            yield from _value_set(library, imported, depth + 1)


def _concepts(concepts: Sequence[Json]) -> Iterator[str]:
    for concept in concepts:
        if not any(
            each.get("code") == "notSelectable" and each.get("valueBoolean") for each in concept.get("property", ())
        ):
            yield concept["code"]
        yield from _concepts(concept.get("concept", ()))
