"""Too few, too many, optional ones more or fewer."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.verdicts.elements import Node, Place
from tests.verdicts.mutations.seed import Mutation, Seed, key_of
from tests.verdicts.patches import add, copy, move, remove, replace
from tests.verdicts.samples import Maker

NOT_ADDED = {"id", "extension", "modifierExtension", "contained", "text", "meta", "implicitRules", "language"}
NOT_REMOVED = {"resourceType", "url", "div"}


def required_missing(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Leave out what must be there."""
    for place in seed.places[1:]:
        if place.node.element["min"] or (place.sliced and place.sliced.element["min"]):
            yield Mutation(key_of(place), [remove(place.member)])


def over_max(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Repeat an item of an array until there are more than allowed."""
    for place in seed.places:
        for node in (place.node, place.sliced):
            if place.many and node and node.most != float("inf") and node.repeats:
                yield Mutation(node.identity, [copy(place.path, (*place.member, "-"))] * int(node.most))


def array_of_single(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Make an array of what is none in JSON."""
    for place in seed.places[1:]:
        if not place.many:
            times = chance.choice((1, 2))
            yield Mutation(key_of(place), [replace(place.path, [place.value] * times)])


def single_of_array(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Take the only item out of its array."""
    for place in seed.places:
        if place.many and place.path[-1] == 0:
            yield Mutation(key_of(place), [replace(place.member, place.value)])


def prohibited(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send what a profile forbids (max 0)."""
    maker = Maker(seed.view, chance)
    for place in seed.objects:
        for name, node in seed.children(place).items():
            if not node.most and name not in ("extension", "id"):
                key, value = maker.member(name, node)
                if key not in place.value:
                    yield Mutation(node.identity, [add((*place.path, key), value)])


def optional_added(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send what may be there and is not."""
    for place, name, node in _absent(seed):
        key, value = Maker(seed.view, chance, lambda node: chance.random() < 0.2).member(name, node)
        if key not in place.value and value not in ([], {}):
            yield Mutation(node.identity, [add((*place.path, key), value)])


def optional_removed(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Leave out what may be missing."""
    for place in seed.places[1:]:
        if not place.node.element["min"] and place.name not in NOT_REMOVED:
            whole = not place.many or chance.random() < 0.5
            yield Mutation(key_of(place), [remove(place.member if whole else place.path)])


def repeated(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send once more what may be there any number of times."""
    for place in seed.places:
        if place.many and place.node.most == float("inf"):
            yield Mutation(key_of(place), [copy(place.path, (*place.member, "-"))])


def reordered(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Send the items of an array, or the members of an object, in another order."""
    for place in seed.places[1:]:
        if place.many and place.path[-1] != 0:
            yield Mutation(f"{key_of(place)} item", [move(place.path, (*place.member, 0))])
        elif not place.many:
            yield Mutation(f"{key_of(place)} member", [move(place.path, place.path)])


def _absent(seed: Seed) -> Iterator[tuple[Place, str, Node]]:
    for place in seed.objects:
        present = {key for key in place.value if isinstance(key, str)}
        for name, node in seed.children(place).items():
            stem = name.removesuffix("[x]")
            if name in NOT_ADDED or not node.most or (stem == "value" and place.type == "Extension"):
                continue
            if not any(key == stem or (name != stem and key.startswith(stem)) for key in present):
                yield place, name, node
