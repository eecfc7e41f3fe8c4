"""Invariants one by one: `rules.yaml` tells what to send so that each is broken, or only just holds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from tests.verdicts.elements import Place
from tests.verdicts.mutations.seed import Mutation, Seed
from tests.verdicts.packages import Json
from tests.verdicts.patches import add, remove, replace

TABLE = Path(__file__).with_name("rules.yaml")


@cache
def rows() -> tuple[Json, ...]:
    """Return the rows of the table."""
    return tuple(yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def rule(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Set the elements that an invariant is about so that it is broken, or only just holds."""
    for number, row in enumerate(rows()):
        for place in seed.objects:
            if row["at"] in (place.type, place.node.element["path"]) or _is_extension(place, row["at"]):
                yield Mutation(f"{row['rule']} {number}", list(_changes(place, row["set"])))


def _is_extension(place: Place, name: str) -> bool:
    return place.type == "Extension" and str(place.value.get("url")).rpartition("/")[2] == name


def _changes(place: Place, members: Json) -> Iterator[Json]:
    for name, value in members.items():
        path = (*place.path, name)
        if value is not None:
            yield replace(path, value) if name in place.value else add(path, value)
        elif name in place.value:
            yield remove(path)
