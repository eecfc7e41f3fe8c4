"""Slices: one that is missing, one too many, one that is none."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy

from tests.verdicts.elements import Node, Place, fixed_values
from tests.verdicts.mutations.seed import Mutation, Seed
from tests.verdicts.packages import Json
from tests.verdicts.patches import Steps, add, copy, move, remove, replace
from tests.verdicts.samples import Maker


def slice_missing(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Take away an item that is a slice."""
    for place in _sliced(seed):
        yield Mutation(place.node.identity, [remove(place.path)])


def slice_discriminator(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Change what makes an item a slice."""
    for place in _sliced(seed):
        for steps, wanted in fixed_values(place.node):
            path, holder = _into(place.path, place.value, steps)
            if holder is not None:
                yield Mutation(place.node.identity, [replace(path, _altered(wanted, chance))])
                yield Mutation(place.node.identity, [remove(path)])


def slice_over_max(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Repeat an item that is a slice."""
    for place in _sliced(seed):
        if place.many:
            times = 1 if place.node.most == float("inf") else int(place.node.most)
            yield Mutation(place.node.identity, [copy(place.path, (*place.member, "-"))] * times)


def slice_added(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Add an item of a slice that is not there yet, or one that belongs to none."""
    maker = Maker(seed.view, chance, lambda node: chance.random() < 0.3)
    for place in seed.objects:
        for name, node in seed.children(place).items():
            if node.slices and node.repeats and not name.endswith("[x]"):
                yield from _added(place, name, node, maker)


def slice_order(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Put an item that is a slice at another place in its array."""
    for place in _sliced(seed):
        if place.many:
            last = isinstance(place.path[-1], int) and place.path[-1] == 0
            yield Mutation(place.node.identity, [move(place.path, (*place.member, "-" if last else 0))])


def _added(place: Place, name: str, node: Node, maker: Maker) -> Iterator[Mutation]:
    there = isinstance(place.value.get(name), list)
    for each in (*node.slices.values(), node):
        value = maker.value(each)
        if value in ({}, []):
            continue
        path: Steps = (*place.path, name)
        change = add((*path, "-"), value) if there else add(path, [value])
        yield Mutation(each.identity, [change])


def _sliced(seed: Seed) -> Iterator[Place]:
    return (place for place in seed.places if place.sliced is not None)


def _into(path: Steps, value: object, steps: tuple[str, ...]) -> tuple[Steps, object]:
    for step in steps:
        if isinstance(value, list) and value:
            path, value = (*path, 0), value[0]
        if not isinstance(value, dict) or step not in value:
            return path, None
        path, value = (*path, step), value[step]
    return path, value


def _altered(wanted: object, chance: random.Random) -> object:
    if isinstance(wanted, dict):
        changed: Json = deepcopy(wanted)
        for key, value in wanted.items():
            if key in ("coding", "code", "system", "value", "use"):
                changed[key] = _altered(value, chance)
                return changed
        return {}
    if isinstance(wanted, list):
        return [_altered(each, chance) for each in wanted]
    if isinstance(wanted, bool):
        return not wanted
    return f"{wanted}-other" if isinstance(wanted, str) else 7
