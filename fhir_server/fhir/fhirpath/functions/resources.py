"""Functions that FHIR adds, and those that walk the tree or ask the world outside (R4, 2.9; FHIRPath N1, 5.8, 5.9)."""

from __future__ import annotations

from collections.abc import Mapping

from fhir_server.fhir.fhirpath import quantities, values
from fhir_server.fhir.fhirpath.functions.tables import Function, Predicate
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.running import Run
from fhir_server.fhir.fhirpath.values import EMPTY, joined_text

_CODED = frozenset(("code", "string", "uri", "Coding", "CodeableConcept"))


def _children(run: Run, focus: Items) -> Items:
    found: list[Node] = []
    for item in focus:
        item.children(found)
    return found


def _descendants(run: Run, focus: Items) -> Items:
    found: list[Node] = []
    current = focus
    while current:
        current = _children(run, current)
        found.extend(current)
    return found


def _extension(run: Run, focus: Items, url: Items) -> Items:
    wanted = joined_text(url)
    extensions: list[Node] = []
    for item in focus:
        item.members("extension", extensions)
        item.members("modifierExtension", extensions)
    return [each for each in extensions if type(each.value) is dict and each.value.get("url") == wanted]


def _has_value(run: Run, focus: Items) -> bool:
    return len(focus) == 1 and bool(values.text(focus[0]))


def _get_value(run: Run, focus: Items) -> Items:
    if len(focus) != 1 or not focus[0].type.primitive or focus[0].text() is None:
        return EMPTY
    return focus


def _resolve(run: Run, focus: Items) -> Items:
    found: list[Node] = []
    for item in focus:
        is_reference = item.type.fhir_name == "Reference"
        reference = item.member_text("reference") if is_reference else item.text() if item.type.primitive else None
        if reference:
            found.extend(run.resource(run.scope.resolve(reference)))
    return found


def _member_of(run: Run, focus: Items, canonical: Items) -> bool | None:
    if len(focus) != 1 or len(canonical) != 1 or focus[0].type.fhir_name not in _CODED:
        return None
    return run.scope.member_of(focus[0].value, joined_text(canonical))


def _conforms_to(run: Run, focus: Items, canonical: Items) -> bool | None:
    if len(focus) != 1:
        return False
    return run.scope.conforms(focus[0].value, joined_text(canonical))


def _html_checks(run: Run, focus: Items) -> bool | None:
    text = focus[0].text() if len(focus) == 1 else None
    if text is None:
        return None
    match focus[0].type.fhir_name:
        case "xhtml":
            return run.scope.is_allowed_html(text)
        case "string":
            return run.scope.is_allowed_html(f"<div>{text}</div>")
    return None


def _html_content(run: Run, focus: Items) -> bool:
    text = focus[0].text() if len(focus) == 1 and focus[0].type.fhir_name == "xhtml" else None
    return text is not None and run.scope.has_html_content(text)


def _comparable(run: Run, focus: Items, other: Items) -> bool:
    if len(focus) != 1 or len(other) != 1:
        return False
    return focus[0].type.fhir_name == other[0].type.fhir_name == "Quantity" and quantities.comparable(
        focus[0], other[0]
    )


def _unknown(run: Run, focus: Items, other: Items) -> bool | None:
    """Whether one code subsumes another is asked of a terminology server; there is none."""
    return None


def _type(run: Run, focus: Items) -> Items:
    return [Node({"namespace": _namespace(item), "name": _name(item)}, run.types.reflection) for item in focus]


def _namespace(item: Node) -> str:
    return "System" if item.type.system else "FHIR"


def _name(item: Node) -> str:
    name = item.type.fhir_name
    return name[:1].upper() + name[1:] if item.type.system else name


def _now(run: Run, focus: Items) -> Items:
    return run.values.of("DateTime", run.scope.now.isoformat(timespec="milliseconds"))


def _today(run: Run, focus: Items) -> Items:
    return run.values.of("Date", run.scope.now.date().isoformat())


def _time_of_day(run: Run, focus: Items) -> Items:
    return run.values.of("Time", run.scope.now.time().isoformat(timespec="milliseconds"))


FUNCTIONS: Mapping[str, Function] = {
    "children": Function(_children),
    "descendants": Function(_descendants),
    "extension": Function(_extension, 1, 1),
    "getValue": Function(_get_value),
    "now": Function(_now),
    "resolve": Function(_resolve),
    "timeOfDay": Function(_time_of_day),
    "today": Function(_today),
    "type": Function(_type),
}
PREDICATES: Mapping[str, Predicate] = {
    "comparable": Predicate(_comparable, 1, 1),
    "conformsTo": Predicate(_conforms_to, 1, 1),
    "hasValue": Predicate(_has_value),
    "htmlChecks": Predicate(_html_checks),
    "htmlChecks2": Predicate(_html_content),
    "htmlchecks": Predicate(_html_checks),
    "memberOf": Predicate(_member_of, 1, 1),
    "subsumedBy": Predicate(_unknown, 1, 1),
    "subsumes": Predicate(_unknown, 1, 1),
}
