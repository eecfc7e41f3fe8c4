"""Tables that map FHIR elements to fields of plain dataclasses, and the engine that runs them both ways.

A `Table` holds one `Row` for each field: its name, the element it lives in, and the `Form` of its value. Reading walks
the elements that are present and looks each one up; writing walks the rows. A value of the wrong type becomes an issue
with its FHIRPath; the reading goes on, so that all problems are told at once.

A row may belong to one release of a guide only (``only``), or be written from a release on (``since``); the reader and
the writer carry the release's label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fhir_server.errors import Issue
from fhir_server.fhir.expressions import step as expression_step
from fhir_server.fhir.primitives import Primitive
from fhir_server.fhir.reading import MANY, ONE, Cardinality, Node, Reader, Reading, collect
from fhir_server.fhir.reading import Json as Json


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


class Wrapped:
    """An object of which only one element matters: the hub holds that element's value alone.

    ``empty`` is what the hub holds where the element is absent. ``beside`` are fixed elements that go with it.
    ``since`` is as in `Row`.
    """

    type_name = "BackboneElement"

    def __init__(
        self,
        element: str | Extension,
        form: Form,
        empty: Any = None,
        beside: tuple[Fixed, ...] = (),
        since: str | None = None,
    ) -> None:
        self.element = element
        self.form = form
        self.empty = empty
        self._table = Table(_Box, Row("content", element, form, since=since), *beside)

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        """Return the value of the element."""
        box = self._table.read(value, path, reading)
        return self.empty if box is None or box.content is None else box.content

    def write(self, value: Any, writing: Writing) -> Json:
        """Return the object around *value*."""
        return self._table.write(_Box(value if value != self.empty else None), writing)


@dataclass(slots=True)
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

    @property
    def address(self) -> tuple[str, str]:
        """The list that holds it, and its url."""
        return self.list_name, self.url


@dataclass(frozen=True, slots=True)
class Row:
    """One field and the element that it lives in.

    ``element`` is a name, a choice (``serviced[x]``), an `Extension`, or a path of these: dotted names
    (``repeat.count``, ``payload[0].content[x]``), or a tuple where an extension is on the way. ``absent`` is written
    where the field is empty and the guide makes the element mandatory.
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


@dataclass(frozen=True, slots=True)
class _Writer:
    """How one field is written. ``plain`` is the name of an element that takes the field's value as it is.

    ``absent`` is the name under which an empty field is told: what is said about a primitive stands under its name with
    an underscore.
    """

    row: Row
    parents: tuple[str | Extension, ...]
    last: str | Extension
    plain: str | None
    absent: str

    def write(self, node: Json, content: Any, writing: Writing) -> None:
        """Put *content* into *node*. What would be an object without elements is left out (ele-1)."""
        form, cardinality = self.row.form, self.row.cardinality
        if isinstance(form, Choice):
            form = form.form_for(content)
        contents = [form.write(each, writing) for each in (content if cardinality is MANY else (content,))]
        if {} in contents:
            contents = [each for each in contents if each != {}]
        if not contents:
            return
        for parent in self.parents:
            node = _step_into(node, parent)
        if isinstance(self.last, Extension):
            node.setdefault(self.last.list_name, []).extend(_extension(self.last.url, form, each) for each in contents)
            return
        name = self.last[:-3] + _capital(form.type_name) if self.last.endswith("[x]") else self.last
        node[name] = contents[0] if cardinality is ONE else contents


def _writer(row: Row) -> _Writer:
    *parents, last = row.steps
    is_plain = isinstance(row.form, Primitive) and row.cardinality is ONE and row.element == last
    plain = last if is_plain and isinstance(last, str) and not last.endswith("[x]") else None
    absent = f"_{last}" if isinstance(row.form, Primitive) and isinstance(row.absent, dict) else str(last)
    return _Writer(row, tuple(parents), last, plain, absent)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A table as one release reads and writes it. ``gathered`` fields collect the repetitions of an extension."""

    node: Node
    required: tuple[Row, ...]
    written: tuple[_Writer, ...]
    gathered: tuple[str, ...]


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
        self._checked = tuple(fixed for fixed in self.fixed if fixed.checked)
        self._compiled: dict[str, _Compiled] = {}

    def for_label(self, label: str) -> _Compiled:
        """Return the table as the release *label* reads and writes it."""
        found = self._compiled.get(label)
        if found is None:
            found = self._compiled[label] = _compile([row for row in self.rows if row.only in (None, label)], label)
        return found

    def read(self, value: Any, path: str, reading: Reading, **fields: Any) -> Any:
        """Return the dataclass that the object *value* tells of, with *fields*; problems become issues of *reading*.

        An object that tells nothing of what the table knows, such as the reason why there is none, is ``None``.
        """
        if type(value) is not dict:
            reading.wrong_type(path, "an object", value)
            return None
        compiled = self.for_label(reading.label)
        collect(value, compiled.node, path, reading, fields)
        for name in compiled.gathered:
            if name in fields:
                fields[name] = tuple(fields[name])
        for row in compiled.required:
            if row.field not in fields:
                fields[row.field] = None
                reading.missing(_address(path, row))
        for fixed in self._checked:
            _check_fixed(value, fixed, path, reading)
        return self.kind(**fields) if fields else None

    def write(self, value: Any, writing: Writing) -> Json:
        """Return the FHIR object of the dataclass *value*; empty fields leave no element."""
        node: Json = {}
        for writer in self.for_label(writing.label).written:
            row = writer.row
            content = getattr(value, row.field)
            if content is None or content == ():
                if row.absent is not None:
                    node[writer.absent] = row.absent
            elif writer.plain is not None:
                node[writer.plain] = content
            else:
                writer.write(node, content, writing)
        for fixed in self.fixed:
            node[fixed.element] = fixed.value
        return node


def _compile(rows: Sequence[Row], label: str) -> _Compiled:
    root = Node()
    for row in rows:
        *parents, last = row.steps
        node = root
        for parent in parents:
            node = node.child(parent.address if isinstance(parent, Extension) else parent)
        _put(node, row, last)
    return _Compiled(
        root,
        required=tuple(row for row in rows if row.required),
        written=tuple(_writer(row) for row in rows if row.since is None or row.since <= label),
        gathered=tuple(row.field for row in rows if row.cardinality is MANY and isinstance(row.steps[-1], Extension)),
    )


def _put(node: Node, row: Row, last: str | Extension) -> None:
    if not isinstance(last, Extension):
        node.elements.update(_readers(row, last))
    elif _is_whole_extension(row.form):
        node.whole_extensions[last.address] = _reader(row, row.form, "")
    else:
        node.extensions.setdefault(last.address, {}).update(_readers(row, "value[x]"))


def _readers(row: Row, name: str) -> dict[str, Reader]:
    if not name.endswith("[x]"):
        return {name: _reader(row, row.form, expression_step(name))}
    forms = [form for form, _ in row.form.options] if isinstance(row.form, Choice) else [row.form]
    keys = [(name[:-3] + _capital(form.type_name), form) for form in forms]
    return {key: _reader(row, form, expression_step(key)) for key, form in keys}


def _reader(row: Row, form: Form, step: str) -> Reader:
    fits = form.fits if isinstance(form, Primitive) and row.cardinality is ONE else None
    return Reader(row.field, step, form, row.cardinality, fits)


def _is_whole_extension(form: Form) -> bool:
    return isinstance(form, Table) and form.type_name == "Extension"


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _address(path: str, row: Row) -> str:
    for step in row.steps:
        if isinstance(step, Extension):
            path = f"{path}.{step.list_name}('{step.url}')"
        else:
            path = f"{path}.{step.removesuffix('[x]')}"
    return path


def _check_fixed(value: Json, fixed: Fixed, path: str, reading: Reading) -> None:
    found = value.get(fixed.element)
    where = f"{path}.{fixed.element}"
    if found is None:
        reading.missing(where)
    elif found != fixed.value:
        reading.note(
            Issue("fixed-value", f"{where} has another value.", f"Send {fixed.value!r} here.", where, code="value")
        )


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


def _extension(url: str, form: Form, written: Any) -> Json:
    if _is_whole_extension(form):
        return {"url": url, **written}
    return {"url": url, "value" + _capital(form.type_name): written}
