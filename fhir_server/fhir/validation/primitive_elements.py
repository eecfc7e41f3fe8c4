"""What an element says of a primitive value beside its form: length, limits, and what a link leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Severity
from fhir_server.fhir.validation.primitives import PRIMITIVES, check_resource_id
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.tree import Node

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Snapshot
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]


def primitive(snapshot: Snapshot, node: Node, code: str) -> Check:
    """Return the check of the value of a primitive element: its form, then what the element says of it."""
    checks: list[Check] = [snapshot.compiler.shared(formed, code)]
    definition = node.definition
    checks.extend(snapshot.demands(node, {"code": code}, code))
    if "maxLength" in definition:
        checks.append(_longest(definition["maxLength"]))
    checks.extend(snapshot.compiler.invariants.checks(definition.get("constraint", ()), code))
    return snapshot.together(checks)


def formed(code: str) -> Check:
    """Return the check of the form of a primitive, and of what a link by ``#`` leads to; made once for each type."""
    form = PRIMITIVES[code]
    severity = _LINKS.get(code)
    if severity is None:
        return lambda value, place, run: form(value, place, run.report)

    def check(value: Any, place: Place, run: Run) -> None:
        form(value, place, run.report)
        if type(value) is str and value[:1] == "#":
            run.note_local(value[1:])
            if not run.has_id(value[1:]):
                told, mend = "Nothing in the resource has this id.", "Contain it, or mend the id."
                run.report.add(severity, "reference-unresolved", place, told, mend, "not-found")

    return check


def resource_id(value: Any, place: Place, run: Run) -> None:
    """Check the id of a resource: it has a form, which the id of an element has not."""
    check_resource_id(value, place, run.report)


_LINKS: dict[str, Severity] = {"canonical": "error", "uri": "information", "url": "information"}


def _longest(length: int) -> Check:
    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) is str and len(value) > length:
            told = f"The text has {len(value)} characters, at most {length} are allowed."
            run.report.error("value-length", place, told, "Shorten it.", "too-long")

    return check
