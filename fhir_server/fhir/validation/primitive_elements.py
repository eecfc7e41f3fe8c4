"""What an element says of a primitive value beside its form: length, limits, and what a link leads to."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
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
    if code in _LINKS:
        checks.append(_LINKS[code])
    if "maxLength" in definition:
        checks.append(_longest(definition["maxLength"]))
    checks.extend(_limits(node))
    checks.extend(snapshot.compiler.invariants.checks(definition.get("constraint", ()), code))
    return snapshot.together(checks)


def formed(code: str) -> Check:
    form = PRIMITIVES[code]
    return lambda value, place, run: form(value, place, run.report)


def resource_id(value: Any, place: Place, run: Run) -> None:
    """Check the id of a resource: it has a form, which the id of an element has not."""
    check_resource_id(value, place, run.report)


def unextended(value: Any, place: Place, run: Run) -> None:
    """Check that a primitive whose value is fixed has no extensions."""
    if type(value) is dict and "extension" in value:
        told = "The value is fixed, without extensions."
        run.report.error("value-fixed", place, told, "Remove the extensions.", "value")


def _link(severity: Severity) -> Check:
    """Return the check that what a canonical or url names by ``#`` is in the resource."""

    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) is str and value.startswith("#") and not _has_id(run.root, value[1:]):
            told = "Nothing in the resource has this id."
            run.report.add(severity, "reference-unresolved", place, told, "Contain it, or mend the id.", "not-found")

    return check


_LINKS: dict[str, Check] = {"canonical": _link("error"), "uri": _link("information"), "url": _link("information")}


def _has_id(resource: Any, wanted: str) -> bool:
    pending = [resource]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            if each.get("id") == wanted:
                return True
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
    return False


def _longest(length: int) -> Check:
    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) is str and len(value) > length:
            told = f"The text has {len(value)} characters, at most {length} are allowed."
            run.report.error("value-length", place, told, "Shorten it.", "too-long")

    return check


def _limits(node: Node) -> list[Check]:
    """Return the checks of minValue and maxValue of numbers and of dates of one form."""
    checks: list[Check] = []
    for prefix, sign in (("minValue", 1), ("maxValue", -1)):
        limit = node.value(prefix)
        if limit:
            checks.append(_limit(limit[1], sign))
    return checks


def _limit(limit: Any, sign: int) -> Check:
    """Return the check of one limit; a value of another kind than the limit is told elsewhere."""
    word = "at least" if sign > 0 else "at most"
    kinds: tuple[type, ...] = (str,) if isinstance(limit, str) else (int, Decimal)

    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) in kinds and (value < limit if sign > 0 else value > limit):
            run.report.error("value-limit", place, f"The value must be {word} {limit}.", "", "value")

    return check
