"""``is``, ``as`` and ``ofType``, as the HL7 validator takes them for R4.

They differ: the operator ``is`` and the function ``is()`` look at what a type specializes, ``as`` at its own name
only, and ``as()`` and ``ofType()`` at what it specializes unless it is a primitive (a ``code`` is no ``string``).
"""

from __future__ import annotations

from fhir_server.fhir.fhirpath.errors import EvaluationFailed
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.running import Evaluate, Run, Truth
from fhir_server.fhir.fhirpath.types import SYSTEM_NAMES, Type, Types

_OF_SYSTEM = SYSTEM_NAMES - {"Quantity"}


def is_operator(operand: Evaluate, name: str) -> Truth:
    """Return the code of ``operand is name``: nothing for nothing, false for several values."""
    short = name.removeprefix("FHIR.")

    def test(focus: Items, this: Node, run: Run) -> bool | None:
        items = operand(focus, this, run)
        if len(items) != 1:
            return False if items else None
        type_ = items[0].type
        if type_.system:
            return name in (_capital(type_), f"System.{_capital(type_)}")
        return short in type_.lineage

    return test


def is_function(name: str) -> Truth:
    """Return the code of ``is(name)``: nothing for nothing and for several values."""
    namespace, _, short = name.rpartition(".")
    if not namespace:
        namespace = "System" if short in _OF_SYSTEM else "FHIR"

    def test(focus: Items, this: Node, run: Run) -> bool | None:
        if len(focus) != 1:
            return None
        type_ = focus[0].type
        if namespace == "System":
            capital = _capital(type_)
            return type_.primitive and (capital == short or (capital == "Date" and short == "DateTime"))
        return namespace == "FHIR" and short in type_.lineage

    return test


def as_operator(operand: Evaluate, name: str, types: Types) -> Evaluate:
    """Return the code of ``operand as name``; its evaluation fails for a type that there is not."""
    known = name.removeprefix("System.") in SYSTEM_NAMES or types.knows(name.removeprefix("FHIR."))
    wanted = name.lower()

    def cast(focus: Items, this: Node, run: Run) -> Items:
        items = operand(focus, this, run)
        if not known:
            raise EvaluationFailed("no such type")
        return [item for item in items if item.type.fhir_name.lower() == wanted]

    return cast


def of_type(name: str, types: Types, *, any_case: bool) -> Evaluate:
    """Return the code of ``ofType(name)`` and ``as(name)``; its evaluation fails for a type that there is not."""
    namespace, _, short = name.rpartition(".")
    system = namespace == "System"
    known = short in SYSTEM_NAMES if system else namespace in ("", "FHIR") and types.knows(short)

    def matches(type_: Type) -> bool:
        if system:
            return type_.system and type_.fhir_name.lower() == short.lower()
        if type_.fhir_name == short:
            return True
        lineage = type_.lineage[:1] if type_.primitive else type_.lineage
        return short in lineage or (any_case and short.lower() in (each.lower() for each in lineage))

    def cast(focus: Items, this: Node, run: Run) -> Items:
        if not known:
            raise EvaluationFailed("no such type")
        return [item for item in focus if matches(item.type)]

    return cast


def _capital(type_: Type) -> str:
    return type_.fhir_name[:1].upper() + type_.fhir_name[1:]
