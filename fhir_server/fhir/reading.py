"""How an object of FHIR JSON is read into the fields of a dataclass: the engine below the tables of a mapping.

`fhir_server.fhir.mapping` compiles each table into a `Node`. `collect` walks the elements that an object has, looks
each one up in the node, and notes what cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol

from fhir_server.errors import Issue

Json = dict[str, Any]


class Cardinality(Enum):
    """How often an element repeats in FHIR, and how many of them the field takes."""

    ONE = "one"
    MANY = "many"
    FIRST = "first of many"


ONE, MANY, FIRST = Cardinality.ONE, Cardinality.MANY, Cardinality.FIRST


@dataclass(slots=True)
class Reading:
    """One pass over a resource or Bundle: the issues found so far, and the resolver of its references.

    ``told`` counts the faults that were told, here or (a dangling reference) by an earlier check: what is empty because
    of one is not told again as missing.
    """

    label: str
    links: Any = None
    issues: list[Issue] = field(default_factory=list)
    told: int = 0

    def note(self, issue: Issue) -> None:
        """Keep *issue*."""
        self.issues.append(issue)
        self.told += 1

    def wrong_type(self, path: str, expected: str, found: object) -> None:
        """Note that the element at *path* does not hold *expected*. The value itself is never repeated."""
        self.note(Issue("fhir-type", f"{path} holds {_kind(found)}.", f"Send {expected} here.", path, code="structure"))

    def missing(self, path: str) -> None:
        """Note that the mandatory element at *path* is absent."""
        self.note(
            Issue("element-missing", f"{path} is missing.", "Add the element: it is mandatory.", path, code="required")
        )

    def told_before(self) -> None:
        """Say that an element stays empty for a fault that an earlier check has told."""
        self.told += 1


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | Decimal():
            return "a number"
        case str():
            return "text of another form" if value else "empty text"
        case list():
            return "a list"
        case _:
            return "an object"


class Legible(Protocol):
    """Whatever reads one value of FHIR JSON."""

    def read(self, value: Any, path: str, reading: Reading) -> Any: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """How one key of a JSON object is read into a field; a single value that ``fits`` is taken as it is."""

    field: str
    step: str
    form: Legible
    cardinality: Cardinality
    fits: Callable[[Any], bool] | None


@dataclass(slots=True)
class Node:
    """The readers of one level of elements. Extensions are keyed by their list and url, and then by their value."""

    elements: dict[str, Reader] = field(default_factory=dict)
    children: dict[str, tuple[Node, bool]] = field(default_factory=dict)
    extensions: dict[tuple[str, str], dict[str, Reader]] = field(default_factory=dict)
    whole_extensions: dict[tuple[str, str], Reader] = field(default_factory=dict)
    inside_extensions: dict[tuple[str, str], Node] = field(default_factory=dict)

    @property
    def has_extensions(self) -> bool:
        """Whether any extension means anything here."""
        return bool(self.extensions or self.whole_extensions or self.inside_extensions)

    def child(self, step: str | tuple[str, str]) -> Node:
        """Return the node one step down: an element, or an extension by its list and url."""
        if isinstance(step, tuple):
            return self.inside_extensions.setdefault(step, Node())
        name = step.removesuffix("[0]")
        return self.children.setdefault(name, (Node(), name != step))[0]


def collect(value: Json, node: Node, path: str, reading: Reading, fields: Json) -> None:
    """Put what *value* tells into *fields*; repetitions of an extension come as a list."""
    elements = node.elements
    for key, content in value.items():
        reader = elements.get(key)
        if reader is not None:
            if reader.fits is not None and reader.fits(content) and reader.field not in fields:
                fields[reader.field] = content
            else:
                _collect_element(content, reader, path, reading, fields)
        elif key in node.children:
            _collect_child(content, *node.children[key], f"{path}.{key}", reading, fields)
        elif (key == "extension" and node.has_extensions) or key == "modifierExtension":
            _collect_extensions(key, content, node, f"{path}.{key}", reading, fields)


def _collect_element(content: Any, reader: Reader, path: str, reading: Reading, fields: Json) -> None:
    path, told = f"{path}.{reader.step}", reading.told
    if reader.cardinality is ONE:
        found = reader.form.read(content, path, reading)
    else:
        found = _read_list(content, reader, path, reading)
    if (found is None or found == ()) and reading.told == told:
        return  # nothing was sent: as if the element were not there
    if reader.field in fields:
        _told_twice(path, reading)
    fields[reader.field] = found


def _told_twice(path: str, reading: Reading) -> None:
    found = f"{path} tells what another element of the same choice tells."
    reading.note(Issue("fhir-choice", found, "Send one of the two.", path, code="structure"))


def _collect_child(content: Any, node: Node, repeats: bool, path: str, reading: Reading, fields: Json) -> None:
    if repeats:
        if type(content) is not list:
            reading.wrong_type(path, "a list", content)
            return
        if not content:
            return
        content, path = content[0], f"{path}[0]"
    if type(content) is dict:
        collect(content, node, path, reading, fields)
    else:
        reading.wrong_type(path, "an object", content)


def _read_list(content: Any, reader: Reader, path: str, reading: Reading) -> Any:
    read = reader.form.read
    if type(content) is not list:
        reading.wrong_type(path, "a list", content)
        return ()
    if reader.cardinality is FIRST:
        return read(content[0], f"{path}[0]", reading) if content else None
    found = [read(each, f"{path}[{number}]", reading) for number, each in enumerate(content) if each is not None]
    return tuple([each for each in found if each is not None])


def _collect_extensions(key: str, content: Any, node: Node, path: str, reading: Reading, fields: Json) -> None:
    if type(content) is not list:
        reading.wrong_type(path, "a list", content)
        return
    for number, extension in enumerate(content):
        if type(extension) is not dict:
            reading.wrong_type(f"{path}[{number}]", "an object", extension)
            continue
        url = extension.get("url")
        address = (key, url if type(url) is str else "")
        if address in node.extensions:
            _read_value(extension, node.extensions[address], f"{path}[{number}]", reading, fields)
        elif address in node.whole_extensions:
            reader = node.whole_extensions[address]
            _keep(reader, reader.form.read(extension, f"{path}[{number}]", reading), fields)
        elif address in node.inside_extensions:
            collect(extension, node.inside_extensions[address], f"{path}[{number}]", reading, fields)
        elif key == "modifierExtension":
            _unknown_modifier(f"{path}[{number}]", reading)


def _unknown_modifier(path: str, reading: Reading) -> None:
    """Note what changes the meaning of an element in a way that is not known here (R4, extensibility; PAS-032)."""
    found = f"{path} changes the meaning of its element in a way that this server does not know."
    reading.note(Issue("modifier-unknown", found, "Send the element without it.", path, code="extension"))


def _read_value(extension: Json, readers: dict[str, Reader], path: str, reading: Reading, fields: Json) -> None:
    for key, content in extension.items():
        reader = readers.get(key)
        if reader is not None:
            _keep(reader, reader.form.read(content, f"{path}.{reader.step}", reading), fields)
        elif key.startswith("value"):
            found, mend = f"{path} holds a value of another type.", f"Send {' or '.join(readers)} here."
            reading.note(Issue("fhir-type", found, mend, f"{path}.value", code="structure"))


def _keep(reader: Reader, found: Any, fields: Json) -> None:
    if found is None:
        return
    if reader.cardinality is MANY:
        fields.setdefault(reader.field, []).append(found)
    else:
        fields.setdefault(reader.field, found)
