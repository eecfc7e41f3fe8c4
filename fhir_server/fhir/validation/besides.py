"""What stands beside a primitive: in JSON the id and extensions of ``name`` are in ``_name``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation import content
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.tree import Node

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Snapshot
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]
Member = Callable[[Any, dict[str, Any], Place, "Run"], None]

ELEMENT = "http://hl7.org/fhir/StructureDefinition/Element"
DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


def has_beside(beside: Any, index: int) -> bool:
    """Return whether the array ``_name`` has an id or extensions for the null at *index* of ``name``."""
    return isinstance(beside, list) and index < len(beside) and isinstance(beside[index], dict)


def beside_member(snapshot: Snapshot, node: Node, name: str, repeats: bool) -> Member:
    """Return the check of ``_name``: the id and extensions of a primitive, or of each in an array."""
    if any(entry["code"] == "xhtml" for entry in node.types):
        return _of_narrative
    element = snapshot.object(node, "Element") if node.children else snapshot.compiler.type_check(ELEMENT)
    if repeats:
        member: Member = snapshot.compiler.shared(_several, name, element)
    elif snapshot.is_resource_id(node):
        member = snapshot.compiler.shared(_of_resource_id, element)
    else:
        member = snapshot.compiler.shared(_single, name, element)
    if checks := _invariants(snapshot, node):
        member = _judged(name, member, checks)
    return _fixed(name, member) if node.value("fixed") else member


def _invariants(snapshot: Snapshot, node: Node) -> tuple[Check, ...]:
    codes = [str(entry["code"]) for entry in node.types]
    constraints = node.definition.get("constraint", ())
    return tuple(snapshot.compiler.invariants.checks(constraints, codes[0])) if len(codes) == 1 else ()


def demanding(node: Node, member: Member) -> Member:
    """Return the check of a primitive that must have extensions, which are missing where nothing is beside it."""
    demanded = [child for child in node.children.values() if child.minimum > 0 and child.name != "value"]
    if not demanded:
        return member
    name, beside = node.name, f"_{node.name}"

    def check(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        member(value, owner, place, run)
        if beside not in owner:
            for child in demanded:
                told, mend = f"The element {child.path} is missing.", f"Add it: it stands in {beside}."
                run.report.error("element-missing", (place, name, -1), told, mend, "required", child.path)

    return check


def _single(name: str, element: Check) -> Member:
    def single(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        element(value, (place, name, -1), run)
        if name not in owner:
            _says_something(value, (place, name, -1), run)

    return single


def _several(name: str, element: Check) -> Member:
    def several(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        if type(value) is not list:
            content.wrong_kind(value, (place, name, -1), run, "an array")
            return
        values = owner.get(name)
        known = values if isinstance(values, list) else []
        for index, each in enumerate(value):
            if each is not None:
                element(each, (place, name, index), run)
                if index >= len(known) or known[index] is None:
                    _says_something(each, (place, name, index), run)

    return several


def _of_resource_id(element: Check) -> Member:
    def single(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        element(value, (place, "id", -1), run)
        if "id" not in owner:
            told = "The id of the resource has no value."
            run.report.error("fhir-id", (place, "id", -1), told, "Send an id, or leave it out.", "invalid")

    return single


def _judged(name: str, member: Member, checks: Sequence[Check]) -> Member:
    """Return the check beside a primitive that has invariants of its own: they hold where the value is absent, too."""

    def check(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        member(value, owner, place, run)
        several = type(value) is list
        found = owner.get(name)
        values = found if isinstance(found, list) else []
        for index, each in enumerate(value if several else [value]):
            absent = (index >= len(values) or values[index] is None) if several else name not in owner
            if absent and type(each) is dict:
                run.beside = each
                for invariant in checks:
                    invariant(None, (place, name, index if several else -1), run)
                run.beside = None

    return check


def _fixed(name: str, member: Member) -> Member:
    """Return the check beside a primitive whose value is fixed: it has that value and no extensions.

    A reason why the value is absent is taken in its place.
    """

    def check(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        member(value, owner, place, run)
        if name in owner:
            if type(value) is dict and "extension" in value:
                told = "The value is fixed, without extensions."
                run.report.error("value-fixed", (place, name, -1), told, "Remove the extensions.", "value")
        elif not _tells_absence(value):
            told = "The value is fixed, and absent."
            run.report.error("value-fixed", (place, name, -1), told, "Send the value.", "value")

    return check


def _of_narrative(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
    told = "A narrative has no id and no extensions."
    run.report.error("element-unknown", (place, "div", -1), told, "Remove _div.", "structure", "_div")


def _says_something(value: Any, place: Place, run: Run) -> None:
    """Check ele-1: an element without value has extensions."""
    if type(value) is dict and value and "extension" not in value:
        told = "The element has an id, and neither a value nor extensions."
        run.report.error("ele-1", place, told, "Send its value, or leave it out.", "invariant", "ele-1")


def _tells_absence(value: Any) -> bool:
    extensions = value.get("extension") if isinstance(value, Mapping) else None
    return isinstance(extensions, list) and any(
        isinstance(each, dict) and each.get("url") == DATA_ABSENT_REASON for each in extensions
    )
