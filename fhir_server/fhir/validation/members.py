"""The members of an object: one check a JSON name, made of the element that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Severity
from fhir_server.fhir.expressions import TYPES
from fhir_server.fhir.validation import content, slices
from fhir_server.fhir.validation.besides import beside_member, demanding, has_beside
from fhir_server.fhir.validation.discriminators import is_evaluable
from fhir_server.fhir.validation.primitive_elements import resource_id
from fhir_server.fhir.validation.primitives import PRIMITIVES
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.tree import Definition, Node

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Snapshot
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]
# Takes the content of a member, the object it belongs to, the place of that object, and the run.
Member = Callable[[Any, dict[str, Any], Place, "Run"], None]


@dataclass(slots=True)
class Demand:
    """An element that must be there under one of its names."""

    names: tuple[str, ...]
    label: str
    profile: str

    def missing(self, place: Place, run: Run) -> None:
        """Note that it is not."""
        told = f"The element {self.label} is missing."
        run.report.error("element-missing", place, told, f"Add it: {self.profile} demands it.", "required", self.label)


@dataclass(slots=True)
class Choice:
    """The names of an element that is a choice of types: one of them may be used."""

    label: str
    names: frozenset[str]

    def check(self, value: dict[str, Any], place: Place, run: Run) -> None:
        """Note where an object has more than one of them."""
        used = self.names & value.keys()
        if len(used) > 1 and len({name.removeprefix("_") for name in used}) > 1:
            told = f"{self.label} has several values: {', '.join(sorted(used))}."
            run.report.error("element-unknown", place, told, "Keep one of them.", "structure", self.label)


@dataclass(slots=True)
class Table:
    """What the members of an object of a type are checked with. ``allowed`` tells the types that a choice may have."""

    type_name: str

    members: dict[str, Member] = field(default_factory=dict)
    required: list[Demand] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    allowed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    must_support: list[tuple[str, ...]] = field(default_factory=list)


def table(snapshot: Snapshot, node: Node, type_name: str) -> Table:
    """Return the table of the members that the children of *node* describe."""
    made = Table(type_name)
    known = snapshot.compiler.types.elements(type_name)
    for name, child in node.children.items():
        element = known.get(name.removesuffix("[x]"))
        repeats = element.repeats if element else child.maximum > 1
        if name.endswith("[x]") or (element is not None and element.choice):
            _add_choice(made, snapshot, child, element.types if element else ())
        else:
            _add_element(made, snapshot, child, repeats)
    if snapshot.compiler.is_resource(type_name):
        made.members["resourceType"] = _ignored
    return made


def refusal(made: Table, name: str, owner: Mapping[str, Any]) -> str:
    """Return why a member that FHIR knows may not be used in an object, empty if FHIR does not know it there.

    Where the choice has another value already, the second is none that FHIR knows, of whatever type.
    """
    for prefix, allowed in made.allowed.items():
        code = name.removeprefix("_").removeprefix(prefix)
        if any(choice_name(prefix, each) in owner for each in allowed):
            continue
        if code != name and code[:1].isupper() and (code in TYPES or code[:1].lower() + code[1:] in PRIMITIVES):
            named = code if code in TYPES else code[:1].lower() + code[1:]
            return f"{prefix} may be {' or '.join(allowed) or 'nothing'} here, not {named}."
    return ""


def other_value(made: Table, name: str, owner: Mapping[str, Any]) -> str:
    """Return the choice of which *name* would be a second value in an object, empty if it is of none."""
    for prefix, allowed in made.allowed.items():
        is_typed = name.startswith(prefix) and name[len(prefix) : len(prefix) + 1].isupper()
        if is_typed and any(choice_name(prefix, each) in owner for each in allowed):
            return prefix
    return ""


def _add_element(made: Table, snapshot: Snapshot, child: Node, repeats: bool) -> None:
    """Add the members of an element of one type: ``name``, and ``_name`` beside a primitive."""
    name = child.name
    code, item = snapshot.item(child)
    names = _names(name, code)
    made.members[name] = _element_member(snapshot, child, item, repeats)
    if len(names) > 1:
        made.members[names[1]] = beside_member(snapshot, child, name, repeats)
    if child.maximum == 0:
        made.members.update(dict.fromkeys(names, _prohibited(name, snapshot.structure.url)))
    if child.minimum > 0:
        made.required.append(Demand(names, child.path, snapshot.structure.url))
    if repeats and is_evaluable(snapshot, child):
        made.required.extend(_slices_demanded(snapshot, child, lambda each: names))
    if child.definition.get("mustSupport"):
        made.must_support.append(names)


def _element_member(snapshot: Snapshot, child: Node, item: Check, repeats: bool) -> Member:
    if child.name == "id":
        # R4 gives the id of a resource the type string, and means an id.
        if snapshot.is_resource_id(child):
            return _RESOURCE_ID
        made: Member = snapshot.compiler.shared(_identity, item)
        return made
    if child.slices:
        return slices.sliced_member(snapshot, child, item, repeats)
    member = plain(snapshot, child, item, repeats)
    return demanding(child, member) if snapshot.is_primitive(child) and not repeats else member


def _add_choice(made: Table, snapshot: Snapshot, child: Node, types: tuple[str, ...]) -> None:
    """Add the members of an element that is a choice: ``value`` with each type that it may have here."""
    prefix = child.name.removesuffix("[x]")
    allowed = {entry["code"]: entry for entry in child.types}
    of_type = {entry["code"]: (each, entry) for each in child.slices.values() for entry in each.types}
    if of_type and child.definition.get("slicing", {}).get("rules") == "closed":
        allowed = {code: entry for code, entry in allowed.items() if code in of_type}
    used: list[str] = []
    for code in types or allowed:
        if code in allowed:
            used += _add_typed(made, snapshot, prefix, *of_type.get(code, (child, allowed[code])))
        else:
            made.allowed[prefix] = tuple(allowed)
    if child.maximum == 0:
        made.members.update(dict.fromkeys(used, _prohibited(child.name, snapshot.structure.url)))
    if child.minimum > 0:
        made.required.append(Demand(tuple(used), child.path, snapshot.structure.url))
    made.required.extend(_slices_demanded(snapshot, child, lambda each: _choice_names(prefix, each)))
    made.choices.append(Choice(child.name, frozenset(used)))
    if child.definition.get("mustSupport"):
        made.must_support.append(tuple(used))


def _add_typed(made: Table, snapshot: Snapshot, prefix: str, node: Node, entry: Definition) -> tuple[str, ...]:
    """Add the members of one type of a choice; return their names."""
    code, item = snapshot.item(node, entry)
    names = _names(choice_name(prefix, entry["code"]), code)
    single = _single_primitive if len(names) > 1 else _single
    made.members[names[0]] = snapshot.compiler.shared(single, names[0], item)
    if len(names) > 1:
        made.members[names[1]] = beside_member(snapshot, node, names[0], repeats=False)
    if node.maximum == 0:
        made.members.update(dict.fromkeys(names, _prohibited(node.name, snapshot.structure.url)))
    return names


def _slices_demanded(snapshot: Snapshot, child: Node, names: Callable[[Node], tuple[str, ...]]) -> Iterator[Demand]:
    """Yield the demand of each slice that must occur, which is told where its element does not occur at all."""
    for slice_name, each in child.slices.items():
        if each.minimum > 0:
            yield Demand(names(each), f"{child.path}:{slice_name}", snapshot.structure.url)


def choice_name(prefix: str, code: str) -> str:
    """Return the member that holds a type of a choice: ``valueQuantity``."""
    return intern(prefix + code[0].upper() + code[1:])


def _choice_names(prefix: str, node: Node) -> tuple[str, ...]:
    return tuple(name for entry in node.types for name in _names(choice_name(prefix, entry["code"]), entry["code"]))


def _names(name: str, code: str) -> tuple[str, ...]:
    """Return the members that an element may stand in: a primitive has its id and extensions in one of its own."""
    return (name, intern(f"_{name}")) if code in PRIMITIVES else (name,)


def plain(snapshot: Snapshot, node: Node, item: Check, repeats: bool) -> Member:
    """Return the check of a member that is not sliced."""
    shared, name, is_primitive = snapshot.compiler.shared, node.name, snapshot.is_primitive(node)
    if repeats:
        member: Member = shared(_repeating, name, item, node.minimum, node.maximum, is_primitive)
    else:
        member = shared(_single_primitive if is_primitive else _single, name, item)
    return member


def _single(name: str, item: Check) -> Member:
    def member(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        item(value, (place, name, -1), run)

    return member


_RESOURCE_ID = _single("id", resource_id)


def _single_primitive(name: str, item: Check) -> Member:
    beside = intern(f"_{name}")

    def member(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        if beside not in owner:
            item(value, (place, name, -1), run)
        elif value != "":  # else nothing is said by the value, and something beside it
            run.beside = owner[beside]
            item(value, (place, name, -1), run)
            run.beside = None

    return member


def _repeating(name: str, item: Check, minimum: int, maximum: float, is_primitive: bool) -> Member:
    beside = f"_{name}"

    def member(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        if type(value) is not list:
            content.wrong_kind(value, (place, name, -1), run, "an array")
            return
        if not value:
            empty_array(name, place, run, is_primitive)
        for index, each in enumerate(value):
            if is_primitive and (each is None or each == "") and has_beside(owner.get(beside), index):
                continue
            item(each, (place, name, index), run)
        if len(value) > maximum:
            too_many(name, place, run, len(value), maximum)
        elif len(value) < minimum:
            too_few(name, place, run, len(value), minimum)

    return member


def empty_array(name: str, place: Place, run: Run, is_primitive: bool) -> None:
    """Note an array without members; the HL7 validator does not mind one of primitives."""
    severity: Severity = "warning" if is_primitive else "error"
    told = "The array is empty."
    run.report.add(severity, "element-empty", (place, name, -1), told, "Leave the element out.", "structure")


def too_many(name: str, place: Place, run: Run, count: int, maximum: float) -> None:
    """Note an element that repeats too often, at the object that has it."""
    told = f"{name} stands here {count} times, at most {maximum:g} are allowed."
    run.report.error("element-repeats", place, told, "Remove what is too much.", "structure", name)


def too_few(name: str, place: Place, run: Run, count: int, minimum: int) -> None:
    """Note an element that does not repeat often enough, at the object that has it."""
    told = f"{name} stands here {count} times, at least {minimum} are demanded."
    run.report.error("element-missing", place, told, "Add what is missing.", "required", name)


def _identity(item: Check) -> Member:
    """Return the check of ``id``, which no other element of the resource may have."""

    def member(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        item(value, (place, "id", -1), run)
        if type(value) is str and run.ids.setdefault(value, id(owner)) != id(owner):
            told = "Another element of the resource has the same id."
            run.report.error("id-repeated", place, told, "Give each element its own id, or none.", "business-rule")

    return member


def _prohibited(name: str, profile: str) -> Member:
    def member(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        run.report.error("element-repeats", place, f"{name} must not be used: {profile} excludes it.", "Remove it.")

    return member


def _ignored(value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
    """The type of a resource is looked at before the resource is."""
