"""What a mutation starts from, and what it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.verdicts.elements import Node, Place, View
from tests.verdicts.packages import Json
from tests.verdicts.patches import Patch


class Mutation(NamedTuple):
    """One change: ``key`` is the element or rule that it is about, so that a corpus can spread over them.

    ``profile`` is asked for besides those that the resource claims.
    """

    key: str
    patch: Patch
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Seed:
    """A resource with its parts seen through its profile."""

    name: str
    guide: str
    resource: Json
    profile: str  # the canonical of the profile, or the name of the type where it has none
    asked: str | None  # the profile where the resource does not claim it itself
    view: View
    places: list[Place]

    @property
    def objects(self) -> Iterator[Place]:
        """Yield the parts that are objects."""
        return (place for place in self.places if isinstance(place.value, dict))

    @property
    def resources(self) -> Iterator[Place]:
        """Yield the resource itself and those within it."""
        return (place for place in self.objects if "resourceType" in place.value)

    def children(self, place: Place) -> dict[str, Node]:
        """Return the elements that the object at *place* may have."""
        return self.view.children(place.node, place.type)


Kind = Callable[[Seed, random.Random], Iterator[Mutation]]


def key_of(place: Place) -> str:
    """Return the element that *place* is an instance of."""
    return place.node.identity
