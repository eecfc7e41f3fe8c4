"""Tables that map FHIR elements to fields of plain dataclasses, and the engine that runs them both ways.

A `Table` holds one `Row` for each field: its name, the element it lives in, and the `Form` of its value. Reading walks the
elements that are present and looks each one up; writing walks the rows. A value of the wrong type becomes an issue with
its FHIRPath; the reading goes on, so that all problems are told at once.

A row may belong to one release of a guide only (``only``), or be written from a release on (``since``); the reader and
the writer carry the release's label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cache
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
    """One pass over a resource or Bundle: the issues found so far, and the resolver of its references."""

    label: str
    links: Any = None
    issues: list[Issue] = field(default_factory=list)

    def wrong_type(self, path: str, expected: str, found: object) -> None:
        """Note that the element at *path* does not hold *expected*. The value itself is never repeated."""
        self.issues.append(
            Issue("fhir-type", f"{path} holds {_kind(found)}.", f"Send {expected} here.", path, code="structure")
        )

    def missing(self, path: str) -> None:
        """Note that the mandatory element at *path* is absent."""
        self.issues.append(
            Issue("element-missing", f"{path} is missing.", "Add the element: it is mandatory.", path, code="required")
        )


@dataclass(slots=True)
class Writing:
    """One pass over dataclasses: the label of the release to write, and the collector of linked resources."""

    label: str
    links: Any = None


class Form(Protocol):
    """How one value looks in FHIR: its type's name, and the two directions."""

    @property
    def type_name(self) -> str: ...

    def read(self, value: Any, path: str, reading: Reading) -> Any: ...

    def write(self, value: Any, writing: Writing) -> Any: ...


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


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type: which JSON type carries it and, for text, which pattern it follows (FHIR R4, data types)."""

    type_name: str
    expected: str
    types: tuple[type, ...] = (str,)
    pattern: re.Pattern[str] | None = None
    minimum: int | None = None

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return *value* unchanged, or ``None`` with an issue where it is not of this type."""
        if type(value) in self.types and self._fits(value):
            return value
        reading.wrong_type(path, self.expected, value)
        return None

    def _fits(self, value: Any) -> bool:
        if self.pattern is not None:
            return self.pattern.fullmatch(value) is not None
        return self.minimum is None or value >= self.minimum

    def write(self, value: Any, writing: Writing) -> Any:
        """Return *value* unchanged."""
        return value


_DATE = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)"
_TEXT = re.compile(r"(?=[\s\S]*\S)[\s\S]+")

STRING = Primitive("string", "text", pattern=_TEXT)
MARKDOWN = Primitive("markdown", "text", pattern=_TEXT)
CODE = Primitive("code", "a code without blanks around it", pattern=re.compile(r"\S+( \S+)*"))
URI = Primitive("uri", "an address without blanks", pattern=re.compile(r"\S+"))
URL = Primitive("url", "an address without blanks", pattern=re.compile(r"\S+"))
CANONICAL = Primitive("canonical", "an address without blanks", pattern=re.compile(r"\S+"))
BOOLEAN = Primitive("boolean", "true or false", (bool,))
INTEGER = Primitive("integer", "a whole number", (int,))
UNSIGNED_INTEGER = Primitive("unsignedInt", "a whole number from 0 on", (int,), minimum=0)
POSITIVE_INTEGER = Primitive("positiveInt", "a whole number from 1 on", (int,), minimum=1)
DECIMAL = Primitive("decimal", "a number", (int, Decimal))
DATE = Primitive("date", "a date (YYYY-MM-DD)", pattern=re.compile(_DATE))
DATE_TIME = Primitive("dateTime", "a date, or a date and time with zone", pattern=re.compile(rf"{_DATE}(T{_TIME})?"))
INSTANT = Primitive("instant", "a date and time with zone", pattern=re.compile(rf"\d{{4}}-\d\d-\d\dT{_TIME}"))


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A code whose values have names of their own in the hub."""

    names: dict[str, str]
    type_name: str = "code"

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the hub's name of the code, or ``None`` with an issue where the code is not in the table."""
        found = self.names.get(value) if isinstance(value, str) else None
        if found is None:
            reading.wrong_type(path, "one of " + ", ".join(sorted(self.names)), value)
        return found

    def write(self, value: Any, writing: Writing) -> Any:
        """Return the code of the hub's name."""
        return next(code for code, name in self.names.items() if name == value)


@dataclass(frozen=True, slots=True)
class Choice:
    """An element of several types (``value[x]``); a hub value is written in the first form that *fits* says yes to."""

    options: tuple[tuple[Form, Callable[[Any], bool]], ...]

    @property
    def type_name(self) -> str:
        """The type names of all options, for the documentation."""
        return " | ".join(form.type_name for form, _ in self.options)

    def form_for(self, value: Any) -> Form:
        """Return the form that *value* is written in."""
        return next(form for form, fits in self.options if fits(value))

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Never called: a choice is read through the form that its element's suffix names."""
        raise AssertionError("a choice is read by the suffix of its element")

    def write(self, value: Any, writing: Writing) -> Any:
        """Return *value* in the form that fits it."""
        return self.form_for(value).write(value, writing)


def choice(*options: tuple[Form, Callable[[Any], bool]]) -> Choice:
    """Return a choice of *options*, each a form and the test that says whether a hub value takes it."""
    return Choice(options)


@dataclass(frozen=True, slots=True, eq=False)
class Wrapped:
    """An object of which only one element matters: the hub holds that element's value alone.

    ``empty`` is what the hub holds where the element is absent. ``beside`` are fixed elements that go with it.
    """

    element: str | Extension
    form: Form
    empty: Any = None
    beside: tuple[Fixed, ...] = ()
    type_name: str = "BackboneElement"

    @property
    def _table(self) -> Table:
        return _wrapping(self.element, self.form, self.beside)

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the value of the element."""
        box = self._table.read(value, path, reading)
        return self.empty if box is None or box.content is None else box.content

    def write(self, value: Any, writing: Writing) -> Json:
        """Return the object around *value*."""
        return self._table.write(_Box(value if value != self.empty else None), writing)


@dataclass(frozen=True, slots=True)
class _Box:
    content: Any = None


@dataclass(frozen=True, slots=True)
class Extension:
    """The address of an extension's value; ``url`` is the bare name inside a complex extension."""

    url: str
    modifier: bool = False

    @property
    def list_name(self) -> str:
        """The element that holds it."""
        return "modifierExtension" if self.modifier else "extension"


@dataclass(frozen=True, slots=True)
class Row:
    """One field and the element that it lives in.

    ``element`` is a name, a choice (``serviced[x]``), an `Extension`, or a path of these: dotted names
    (``repeat.count``, ``payload[0].content[x]``) or a tuple where an extension is on the way. ``absent`` is written where the field is empty and the guide makes the element mandatory.
    """

    field: str
    element: str | Extension | tuple[str | Extension, ...]
    form: Form
    cardinality: Cardinality = ONE
    required: bool = False
    only: str | None = None
    since: str | None = None
    absent: Any = None

    @property
    def steps(self) -> tuple[str | Extension, ...]:
        """The path to the element, step by step."""
        parts = self.element if isinstance(self.element, tuple) else (self.element,)
        return tuple(step for part in parts for step in (part.split(".") if isinstance(part, str) else (part,)))


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """An element with one legal value, which the hub does not hold. A reading notes any other value as an issue."""

    element: str
    value: Any
    checked: bool = False


@dataclass(slots=True)
class _Node:
    """The compiled readers of one level of elements. Extensions are keyed by their list and url."""

    elements: dict[str, tuple[str, Form, Cardinality]] = field(default_factory=dict)
    extensions: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    children: dict[str, tuple[_Node, bool]] = field(default_factory=dict)
    inside_extensions: dict[tuple[str, str], _Node] = field(default_factory=dict)

    def child(self, step: str | Extension) -> _Node:
        """Return the node one step down."""
        if isinstance(step, Extension):
            return self.inside_extensions.setdefault((step.list_name, step.url), _Node())
        name = step.removesuffix("[0]")
        return self.children.setdefault(name, (_Node(), name != step))[0]


class Table:
    """The mapping of one FHIR type, or of one element with children, to one dataclass."""

    def __init__(
        self,
        kind: Callable[..., Any],
        *rows: Row | Fixed,
        type_name: str = "BackboneElement",
        profile: str | None = None,
    ) -> None:
        self.kind = kind
        self.rows: tuple[Row, ...] = tuple(row for row in rows if isinstance(row, Row))
        self.fixed: tuple[Fixed, ...] = tuple(row for row in rows if isinstance(row, Fixed))
        self.type_name = type_name
        self.profile = profile
        self._compiled: dict[str, tuple[_Node, tuple[Row, ...], tuple[Row, ...]]] = {}

    def for_label(self, label: str) -> tuple[_Node, tuple[Row, ...], tuple[Row, ...]]:
        """Return the compiled readers, the required rows and the rows to write for the release *label*."""
        if label not in self._compiled:
            legible = [row for row in self.rows if row.only in (None, label)]
            required = tuple(row for row in legible if row.required)
            written = tuple(row for row in legible if row.since is None or row.since <= label)
            self._compiled[label] = (_compile(legible), required, written)
        return self._compiled[label]

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the dataclass that the object *value* tells of; problems become issues of *reading*."""
        if type(value) is not dict:
            reading.wrong_type(path, "an object", value)
            return None
        node, required, _ = self.for_label(reading.label)
        fields: Json = {}
        _collect(value, node, path, reading, fields)
        for row in required:
            if fields.get(row.field) in (None, ()):
                fields.setdefault(row.field, None)
                if not _reported(reading, _address(path, row)):
                    reading.missing(_address(path, row))
        for fixed in self.fixed:
            if fixed.checked:
                _check_fixed(value, fixed, path, reading)
        return self.kind(**fields)

    def write(self, value: Any, writing: Writing) -> Json:
        """Return the FHIR object of the dataclass *value*; empty fields leave no element."""
        _, _, rows = self.for_label(writing.label)
        node: Json = {}
        for row in rows:
            content = getattr(value, row.field)
            if content is None or content == ():
                if row.absent is not None and isinstance(row.element, str):
                    node[row.element] = row.absent
            else:
                _write_row(node, row, content, writing)
        for fixed in self.fixed:
            node[fixed.element] = fixed.value
        return node


@cache
def _wrapping(element: str | Extension, form: Form, beside: tuple[Fixed, ...]) -> Table:
    return Table(_Box, Row("content", element, form), *beside)


def _compile(rows: Iterable[Row]) -> _Node:
    root = _Node()
    for row in rows:
        *parents, last = row.steps
        node = root
        for parent in parents:
            node = node.child(parent)
        if isinstance(last, Extension):
            node.extensions.setdefault((last.list_name, last.url), []).append(row)
            continue
        for key, form in _keys(last, row.form):
            node.elements[key] = (row.field, form, row.cardinality)
    return root


@cache
def _keys(name: str, form: Form) -> tuple[tuple[str, Form], ...]:
    if not name.endswith("[x]"):
        return ((name, form),)
    stem = name[:-3]
    options = [option for option, _ in form.options] if isinstance(form, Choice) else [form]
    return tuple((stem + _capital(option.type_name), option) for option in options)


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _collect(value: Json, node: _Node, path: str, reading: Reading, fields: Json) -> None:
    elements, children = node.elements, node.children
    for key, content in value.items():
        if key in elements:
            name, form, cardinality = elements[key]
            fields[name] = _read_element(content, form, cardinality, f"{path}.{key}", reading)
        elif key in children:
            _collect_child(content, *children[key], f"{path}.{key}", reading, fields)
        elif key == "extension" or key == "modifierExtension":
            if node.extensions or node.inside_extensions:
                _collect_extensions(key, content, node, path, reading, fields)


def _collect_child(content: Any, node: _Node, repeats: bool, path: str, reading: Reading, fields: Json) -> None:
    if repeats:
        if type(content) is not list:
            reading.wrong_type(path, "a list", content)
            return
        if not content:
            return
        content, path = content[0], f"{path}[0]"
    if type(content) is dict:
        _collect(content, node, path, reading, fields)
    else:
        reading.wrong_type(path, "an object", content)


def _read_element(content: Any, form: Form, cardinality: Cardinality, path: str, reading: Reading) -> Any:
    if cardinality is ONE:
        return form.read(content, path, reading)
    if type(content) is not list:
        reading.wrong_type(path, "a list", content)
        return ()
    if cardinality is FIRST:
        return form.read(content[0], f"{path}[0]", reading) if content else None
    read = form.read
    found = (read(each, f"{path}[{number}]", reading) for number, each in enumerate(content) if each is not None)
    return tuple(each for each in found if each is not None)


def _collect_extensions(key: str, content: Any, node: _Node, path: str, reading: Reading, fields: Json) -> None:
    if type(content) is not list:
        reading.wrong_type(f"{path}.{key}", "a list", content)
        return
    for number, extension in enumerate(content):
        where = f"{path}.{key}[{number}]"
        if type(extension) is not dict:
            reading.wrong_type(where, "an object", extension)
            continue
        url = extension.get("url")
        if type(url) is not str:
            continue
        if (key, url) in node.extensions:
            _read_extension(extension, node.extensions[key, url], where, reading, fields)
        if (key, url) in node.inside_extensions:
            _collect(extension, node.inside_extensions[key, url], where, reading, fields)


def _read_extension(extension: Json, rows: list[Row], path: str, reading: Reading, fields: Json) -> None:
    expected: list[str] = []
    for row in rows:
        if isinstance(row.form, Table) and row.form.type_name == "Extension":
            _keep(row, row.form.read(extension, path, reading), fields)
            return
        for key, form in _keys("value[x]", row.form):
            if key in extension:
                _keep(row, form.read(extension[key], f"{path}.value", reading), fields)
                return
            expected.append(key)
    found = next((key for key in extension if key.startswith("value")), None)
    if found is not None:
        text, mend = f"{path} holds {found}.", f"Send {' or '.join(expected)} here."
        reading.issues.append(Issue("fhir-type", text, mend, f"{path}.value", code="structure"))


def _keep(row: Row, found: Any, fields: Json) -> None:
    if found is None:
        return
    if row.cardinality is MANY:
        fields[row.field] = (*fields.get(row.field, ()), found)
    else:
        fields.setdefault(row.field, found)


def _address(path: str, row: Row) -> str:
    for step in row.steps:
        if isinstance(step, Extension):
            path = f"{path}.{step.list_name}('{step.url}')"
        else:
            path = f"{path}.{step.removesuffix('[x]')}"
    return path


def _reported(reading: Reading, address: str) -> bool:
    return any(issue.expression is not None and issue.expression.startswith(address) for issue in reading.issues)


def _check_fixed(value: Json, fixed: Fixed, path: str, reading: Reading) -> None:
    found = value.get(fixed.element)
    where = f"{path}.{fixed.element}"
    if found is None:
        reading.missing(where)
    elif found != fixed.value:
        reading.issues.append(
            Issue("fixed-value", f"{where} has another value.", f"Send {fixed.value!r} here.", where, code="value")
        )


def _write_row(node: Json, row: Row, content: Any, writing: Writing) -> None:
    *parents, last = row.steps
    for parent in parents:
        node = _step_into(node, parent)
    many = row.cardinality is MANY
    if isinstance(last, Extension):
        extensions = node.setdefault(last.list_name, [])
        extensions.extend(
            _write_extension(last.url, row.form, each, writing) for each in (content if many else (content,))
        )
        return
    form = row.form.form_for(content) if isinstance(row.form, Choice) else row.form
    written: Any = [form.write(each, writing) for each in content] if many else form.write(content, writing)
    name = last[:-3] + _capital(form.type_name) if last.endswith("[x]") else last
    node[name] = [written] if row.cardinality is FIRST else written


def _step_into(node: Json, step: str | Extension) -> Json:
    if isinstance(step, Extension):
        extensions: list[Json] = node.setdefault(step.list_name, [])
        found = next((each for each in extensions if each["url"] == step.url), None)
        if found is None:
            extensions.append(found := {"url": step.url})
        return found
    name = step.removesuffix("[0]")
    child: Any = node.setdefault(name, {} if name == step else [{}])
    inside: Json = child if name == step else child[0]
    return inside


def _write_extension(url: str, form: Form, content: Any, writing: Writing) -> Json:
    if isinstance(form, Choice):
        form = form.form_for(content)
    written = form.write(content, writing)
    if isinstance(form, Table) and form.type_name == "Extension":
        return {"url": url, **written}
    return {"url": url, "value" + _capital(form.type_name): written}


def paths_of(table: Table, label: str, prefix: str) -> Sequence[tuple[str, str]]:
    """Return each field of *table* with the FHIRPath of its element, for the documentation of a mapping."""
    _, _, rows = table.for_label(label)
    return [(row.field, _address(prefix, row)) for row in rows]
