"""The state of one evaluation, and the shape of what an expression is compiled to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fhir_server.fhir.fhirpath.interface import Scope
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.types import Types
from fhir_server.fhir.fhirpath.values import EMPTY, Values


class Run:
    """One evaluation: its surroundings, and what ``$index``, ``$total`` and defined variables stand for."""

    __slots__ = ("context", "index", "scope", "total", "types", "values", "variables")

    def __init__(self, context: Node, scope: Scope, values: Values) -> None:
        self.context = context
        self.scope = scope
        self.values = values
        self.types: Types = values.types
        self.index = 0
        self.total: Items = EMPTY
        self.variables: dict[str, Items] | None = None

    def resource(self, value: Any) -> Items:
        """Return a resource as a value, nothing where there is none."""
        return (Node(value, self.types.of_resource(value)),) if isinstance(value, dict) else EMPTY


# (focus, $this, run) -> result. A truth has no more than a truth value as its result.
Evaluate = Callable[[Items, Node, Run], Items]
Truth = Callable[[Items, Node, Run], bool | None]
