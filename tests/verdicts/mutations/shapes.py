"""JSON of another shape: wrong types, nothing where something must be, members that no one knows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.verdicts.mutations.seed import Mutation, Seed, key_of
from tests.verdicts.patches import add, move, remove, replace

UNKNOWN = ("colour", "foo", "Status", "x-vendor", "fhir_comments", "resourceTyp", "$ref", "value", "ID")
OF_OTHERS = (
    "subject",
    "name",
    "telecom",
    "status",
    "code",
    "category",
    "item",
    "valueString",
    "note",
    "period",
    "display",
)
OBJECTS: tuple[Any, ...] = ("a string", 5, True, [])
STRINGS: tuple[Any, ...] = (5, True, False, Decimal("1.5"), {"value": "x"}, ["x"], {})
NUMBERS: tuple[Any, ...] = ("5", "five", True, {"value": 5}, [5], "")
BOOLEANS: tuple[Any, ...] = ("true", 1, "yes", {"value": True}, [True], 0)
TYPES_OF_RESOURCES = ("Patient", "Basic", "Observation", "Bundle", "Parameters", "Binary")


def json_type(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a value of another JSON type."""
    for place in seed.places[1:]:
        yield Mutation(key_of(place), [replace(place.path, chance.choice(_others(place.value)))])


def json_null(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send null, alone or in an array."""
    for place in seed.places[1:]:
        if place.many and chance.random() < 0.5:
            yield Mutation(key_of(place), [add((*place.member, "-"), None)])
        else:
            yield Mutation(key_of(place), [replace(place.path, None)])


def json_empty(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send an empty object, array or string."""
    for place in seed.places[1:]:
        nothing: list[Any] = [{}] if isinstance(place.value, dict) else ["", " "]
        if place.many:
            yield Mutation(key_of(place), [replace(place.member, [])])
        yield Mutation(key_of(place), [replace(place.path, chance.choice(nothing))])


def json_nested_array(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send an array within an array, or a mixed one."""
    for place in seed.places:
        if place.many:
            yield Mutation(key_of(place), [replace(place.path, [place.value])])
            other = chance.choice(_others(place.value))
            yield Mutation(key_of(place), [add((*place.member, "-"), other)])


def unknown_element(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a member that no type has, or that another type has."""
    for place in seed.objects:
        known = seed.children(place)
        names = [name for name in (*UNKNOWN, *OF_OTHERS) if name not in known and name not in place.value]
        value = chance.choice(("text", 1, {"a": "b"}, ["text"], {"coding": [{"code": "c"}]}))
        yield Mutation(key_of(place), [add((*place.path, chance.choice(names)), value)])


def misspelt_element(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send a member under a name that is nearly right."""
    for place in seed.places[1:]:
        wrong = _misspelt(place.name, chance)
        if wrong != place.name:
            yield Mutation(key_of(place), [move(place.member, (*place.member[:-1], wrong))])


def resource_type(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Leave out the type of a resource, or name another or none that exists."""
    for place in seed.resources:
        path = (*place.path, "resourceType")
        yield Mutation(f"{place.type} none", [remove(path)])
        for other in (*TYPES_OF_RESOURCES, "Nonsense", place.type.lower(), "", 5, "Extension", "BackboneElement"):
            if other != place.type:
                yield Mutation(f"{place.type} {other}", [replace(path, other)])


def _others(value: Any) -> tuple[Any, ...]:
    if isinstance(value, dict):
        return OBJECTS
    if isinstance(value, bool):
        return BOOLEANS
    return NUMBERS if isinstance(value, int | Decimal) else STRINGS


def _misspelt(name: str, chance: random.Random) -> str:
    at = chance.randrange(len(name))
    return chance.choice(
        (
            name[:at] + name[at + 1 :],
            name[0].swapcase() + name[1:],
            name.lower(),
            name + "s",
            name[:at] + name[at] + name[at:],
            "_" + name,
            name + " ",
        )
    )
