"""Snapshots for made-up profiles: what a base says of its elements, with changes, as publishers of guides make them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from fhir_server.fhir.json import loads

Json = dict[str, Any]

CORE = Path(__file__).resolve().parents[4] / "profiles" / "hl7.fhir.r4.core-4.0.1" / "structures"
ROOT = "http://example.org/made-up"
PROFILES = f"{ROOT}/StructureDefinition/"
TYPES = "http://hl7.org/fhir/StructureDefinition/"


@cache
def core(type_name: str) -> Json:
    """Return the facts of a type of FHIR R4; they have the shape of its StructureDefinition."""
    facts: Json = loads((CORE / f"{type_name}.json").read_bytes())
    return facts


def structure(identity: str, type_name: str, *changes: Json, **more: Any) -> Json:
    """Return a StructureDefinition that constrains a type by *changes*: each an ElementDefinition with an id."""
    base = core(type_name)
    return {
        "resourceType": "StructureDefinition",
        "id": identity,
        "url": PROFILES + identity,
        "version": "1.0.0",
        "name": identity,
        "status": "active",
        "kind": base["kind"],
        "abstract": False,
        "type": type_name,
        "baseDefinition": base["url"],
        "derivation": "constraint",
        "snapshot": {"element": snapshot(base["elements"], changes)},
        **more,
    }


def snapshot(elements: Iterable[Json], changes: Iterable[Json]) -> list[Json]:
    """Return the elements with each change applied; slices and elements below others are added where they belong."""
    made = [deepcopy(each) for each in elements]
    for change in changes:
        element = _found(made, change["id"])
        constraints = [*element.get("constraint", ()), *change.get("constraint", ())]
        element.update(deepcopy(change))
        if constraints:
            element["constraint"] = constraints
    return made


def _found(made: list[Json], identity: str) -> Json:
    place = _place(made, identity)
    if place is not None:
        return made[place]
    parent, _, step = identity.rpartition(".")
    name, _, slice_name = step.partition(":")
    if slice_name:
        return _sliced(made, f"{parent}.{name}", slice_name)
    _found(made, parent)
    _unfold(made, parent)
    place = _place(made, identity)
    assert place is not None, identity
    return made[place]


def _place(made: list[Json], identity: str) -> int | None:
    return next((place for place, each in enumerate(made) if each["id"] == identity), None)


def _end(made: list[Json], start: int, marks: tuple[str, ...]) -> int:
    """Return the place after the element at *start* and all whose ids go on with one of *marks*."""
    identity = made[start]["id"]
    end = start + 1
    while end < len(made) and made[end]["id"].startswith(tuple(identity + mark for mark in marks)):
        end += 1
    return end


def _sliced(made: list[Json], identity: str, slice_name: str) -> Json:
    _found(made, identity)
    start = _place(made, identity)
    assert start is not None
    own = deepcopy(made[start : _end(made, start, (".",))])
    for each in own:
        each["id"] = f"{identity}:{slice_name}{each['id'].removeprefix(identity)}"
    element = own[0]
    element.pop("slicing", None)
    element |= {"sliceName": slice_name, "min": 0}
    end = _end(made, start, (".", ":"))
    # Slices of types and extensions unfold nothing unless they are told to; a backbone always has its members.
    made[end:end] = own
    return element


def _unfold(made: list[Json], identity: str) -> None:
    start = _place(made, identity)
    assert start is not None
    parent = made[start]
    reference = parent.get("contentReference")
    if reference:
        source = [each for each in made if each["id"].startswith(f"{reference[1:]}.")]
        prefix = reference[1:]
    else:
        source = core(parent["type"][0]["code"])["elements"][1:]
        prefix = parent["type"][0]["code"]
    below = [
        deepcopy(each)
        | {
            "id": f"{identity}{each['id'].removeprefix(prefix)}",
            "path": f"{parent['path']}{each['path'].removeprefix(prefix)}",
        }
        for each in source
    ]
    made[start + 1 : start + 1] = below
