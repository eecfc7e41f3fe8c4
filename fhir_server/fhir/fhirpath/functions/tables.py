"""The rows of the tables of functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.running import Run, Truth


@dataclass(frozen=True, slots=True)
class Function:
    """``apply(run, focus, *values of the arguments)``."""

    apply: Callable[..., Items]
    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class Predicate:
    """Like ``Function``, with a truth value as its result."""

    apply: Callable[..., bool | None]
    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """``apply(focus, $this, run, *code of the arguments)``; ``criteria`` are arguments of which the truth counts."""

    apply: Callable[..., Items]
    minimum: int = 1
    maximum: int = 1
    criteria: bool = False


@dataclass(frozen=True, slots=True)
class PredicateFilter:
    """``apply(focus, $this, run, criterion)``, with a truth value as its result."""

    apply: Callable[[Items, Node, Run, Truth], bool | None]
