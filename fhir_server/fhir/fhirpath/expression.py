"""A compiled expression, and how one is made."""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.fhirpath.compiler import Compiler
from fhir_server.fhir.fhirpath.corrections import corrected
from fhir_server.fhir.fhirpath.errors import EvaluationFailed, ExpressionError
from fhir_server.fhir.fhirpath.interface import Model, Scope
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.parser import parse
from fhir_server.fhir.fhirpath.running import Evaluate, Run
from fhir_server.fhir.fhirpath.types import Types
from fhir_server.fhir.fhirpath.values import EMPTY, Values, verdict

_made: dict[int, tuple[Model, Values]] = {}


class Expression:
    """An expression compiled for values of a type. It may be evaluated by several threads at once."""

    __slots__ = ("_abstract", "_evaluate", "_type", "_values", "text")

    def __init__(self, text: str, evaluate: Evaluate, type_name: str, values: Values) -> None:
        self.text = text
        self._evaluate = evaluate
        self._type = values.types.get(type_name)
        self._abstract = type_name in ("Resource", "DomainResource")
        self._values = values

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def nodes(self, value: Any, scope: Scope, extra: Any = None) -> Items:
        """Return what the expression leads to, with types; nothing where its evaluation fails."""
        try:
            return self._run(value, scope, extra)
        except (EvaluationFailed, RecursionError):
            return EMPTY

    def evaluate(self, value: Any, scope: Scope, extra: Any = None) -> list[Any]:
        """Return the values that the expression leads to, as JSON; none where its evaluation fails.

        ``extra`` is the sibling ``_name`` of a primitive value. A primitive without value is ``None`` in the result.
        """
        return [node.value for node in self.nodes(value, scope, extra)]

    def holds(self, value: Any, scope: Scope, extra: Any = None) -> bool:
        """Return the verdict of an invariant, as the HL7 validator takes it.

        Nothing is false, a boolean is itself, anything else is true; an evaluation that fails is false.
        """
        try:
            return verdict(self._run(value, scope, extra))
        except (EvaluationFailed, RecursionError):
            return False

    def _run(self, value: Any, scope: Scope, extra: Any) -> Items:
        values = self._values
        node = Node(value, values.types.of_resource(value) if self._abstract else self._type, extra)
        return self._evaluate((node,), node, Run(node, scope, values))


def compile_expression(text: str, type_name: str, model: Model, key: str = "") -> Expression:
    """Return the expression compiled for values of a type (a backbone by its path, ``Claim.item``).

    A constraint known to be published with a mistake is read as it is meant (`corrections`); of one that shares its
    text with another, the ``key`` tells which it is. Raises ``ExpressionError`` for what is no FHIRPath.
    """
    values = _values_of(model)
    meant = corrected(text, key)
    try:
        return Expression(text, Compiler(meant, values).evaluation(parse(meant)), type_name, values)
    except RecursionError:
        raise ExpressionError(text, 0, "nested too deeply") from None


def _values_of(model: Model) -> Values:
    """Return the prepared types of a model, which are made once."""
    made = _made.get(id(model))
    if made is None:
        made = _made[id(model)] = (model, Values(Types(model)))
    return made[1]
