"""A case: an instance that is right, the same with one thing wrong, and what is told of it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.fhir.validation.guide import Told, told

Json = dict[str, Any]

GONE = object()  # in a change: take the member out


@dataclass(frozen=True)
class Case:
    """``good`` has no fault; with the members of ``change`` put in, ``expected`` is all that is told."""

    name: str
    good: Json
    change: Json
    expected: Told
    profiles: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def bad(self) -> Json:
        """The good instance with the change."""
        return changed(self.good, **self.change)

    @property
    def outcomes(self) -> tuple[Told, Told]:
        """What is told of the good instance, and of the bad one."""
        return told(self.good, *self.profiles), told(self.bad, *self.profiles)

    @property
    def wanted(self) -> tuple[Told, Told]:
        """What `outcomes` should be."""
        return [], sorted(self.expected)


def changed(resource: Json, **members: Any) -> Json:
    """Return a resource with members put in, or taken out where they are `GONE`."""
    made = deepcopy(resource) | members
    return {name: value for name, value in made.items() if value is not GONE}
