"""What the compiler wants to know from outside: the types of a FHIR version, and the surroundings of a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ElementType:
    """The types that an element may have, whether it is a choice (``value[x]``), and whether it repeats."""

    types: tuple[str, ...]
    choice: bool
    repeats: bool


class Model(Protocol):
    """The types of a FHIR version. A backbone element is a type of its own, named by its path (``Claim.item``)."""

    def elements(self, type_name: str) -> Mapping[str, ElementType]:
        """Return the elements of a type by their FHIRPath names (``value``, not ``valueString``); none if unknown."""

    def parent(self, type_name: str) -> str | None:
        """Return the type that a type specializes (``Age`` -> ``Quantity``), ``None`` at the root or if unknown."""


class Scope(Protocol):
    """What surrounds the value that an expression is evaluated on."""

    @property
    def resource(self) -> Any:
        """``%resource``: the nearest resource that the value is in."""

    @property
    def root(self) -> Any:
        """``%rootResource``: the resource that contains ``resource``, or ``resource`` itself."""

    @property
    def now(self) -> Any:
        """The clock (a datetime with zone) for ``now()`` and ``today()``."""

    def resolve(self, reference: str) -> Any:
        """Return the resource that a reference (also ``#id``) leads to, ``None`` if it is not at hand."""

    def member_of(self, value: Any, canonical: str) -> bool | None:
        """Return whether a code, Coding or CodeableConcept is in a value set, ``None`` if that cannot be told."""

    def is_allowed_html(self, div: str) -> bool:
        """Return whether only elements and attributes stand in a narrative that may (``htmlChecks()``)."""

    def has_html_content(self, div: str) -> bool:
        """Return whether there is anything to read in a narrative (``htmlChecks2()``)."""

    def conforms(self, resource: Any, canonical: str) -> bool | None:
        """Return whether a value conforms to a profile, ``None`` if that cannot be told."""
