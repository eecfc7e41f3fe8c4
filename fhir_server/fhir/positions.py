"""Line and column of the elements at fault, in the text as it was sent.

A text is searched only when something is wrong with it, once for all issues, in time that grows with its length. The
places are those that `fhir_server.fhir.expressions` names: ``Claim.item[0].value.ofType(Quantity)``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from fhir_server.errors import Issue
from fhir_server.fhir.expressions import step

BYTE_ORDER_MARK = "\ufeff"

_STEP_END = re.compile(r"[.\[]")
_UNKNOWN = re.compile(r"There is no element '(.*)' here")
_TOLD = re.compile(r"line ([0-9]+)(?:, column ([0-9]+))?")
_TOKEN = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")([ \t\r\n]*+:)?|[{}\[\],]|[^\s{}\[\],:"]+')
_TAG = re.compile(
    r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(/?)([^\s/>]+)((?:[^"'>]++|"[^"]*+"|'[^']*+')*+)>""", re.DOTALL
)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text; lines and columns are counted from 1, columns in characters."""

    line: int
    column: int


def located(text: str, issues: Sequence[Issue]) -> list[tuple[Issue, Position | None]]:
    """Return each issue with its position in *text*, which is JSON or XML; ``None`` where it has none.

    What ``diagnostics`` tell counts first: a text that cannot be read has no elements. A missing element is placed at
    the nearest one above it that is there.
    """
    sought = [_sought(issue) for issue in issues]
    found = positions(text, filter(None, sought)) if any(sought) else {}
    return [
        (issue, _better(told_position(issue.diagnostics), found[place] if place else None))
        for issue, place in zip(issues, sought, strict=True)
    ]


def _better(told: Position | None, found: Position | None) -> Position | None:
    """Return what was told; of a line that was told without a column, the place that was found there."""
    only_line = told is not None and told.column == 1
    return found if told is None or (only_line and found is not None and found.line == told.line) else told


def _sought(issue: Issue) -> str | None:
    """Return the expression to look for; an unknown element, told of the one that has it, is looked for itself."""
    unknown = _UNKNOWN.match(issue.found) if issue.rule == "element-unknown" else None
    return f"{issue.expression}.{unknown[1]}" if issue.expression and unknown else issue.expression


def told_position(diagnostics: str | None) -> Position | None:
    """Return the position that *diagnostics* begin with (``line 3, column 5``, ``line 3``), ``None`` if they do not."""
    told = _TOLD.match(diagnostics or "")
    return Position(int(told[1]), int(told[2] or 1)) if told else None


def positions(text: str, expressions: Iterable[str]) -> dict[str, Position]:
    """Return the position of each of *expressions* in *text*, a resource in well-formed JSON or XML.

    An element of JSON is where its name begins (``_birthDate`` only where there is no ``birthDate``), an item of an
    array where its value begins, an element of XML where its tag begins; what is not there is where the nearest element
    above it is. A byte order mark takes no column.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    search = _Search(expressions)
    if text.lstrip()[:1] == "<":
        _search_xml(text, search)
    else:
        _search_json(text, search)
    return search.result(text)


class _Search:
    """The paths that are looked for, below the root and with all those above them, and where they were found."""

    def __init__(self, expressions: Iterable[str]) -> None:
        self.paths = {expression: list(_above(expression)) for expression in expressions}
        self.wanted = {path for paths in self.paths.values() for path in paths}
        self.found: dict[str, tuple[bool, int]] = {"": (True, 0)}

    def below(self, path: str | None, name: str) -> str | None:
        """Return the path of a member, ``None`` where nobody asks for it or for anything below it."""
        if path is None:
            return None
        for each in (step(name), name):
            if (wanted := f"{path}.{each}") in self.wanted:
                return wanted
        return None

    def item(self, path: str | None, index: int) -> str | None:
        """Return the path of an item, ``None`` where nobody asks for it or for anything below it."""
        wanted = f"{path}[{index}]"
        return wanted if path is not None and wanted in self.wanted else None

    def note(self, path: str | None, offset: int, *, instead: bool = False) -> None:
        """Keep where *path* was seen first; what stands there ``instead`` of it counts only where it never is."""
        if path is not None and (instead, offset) < self.found.get(path, (True, offset + 1)):
            self.found[path] = (instead, offset)

    def result(self, text: str) -> dict[str, Position]:
        """Return the position of each expression that was asked for."""
        offsets = {
            expression: next(self.found[path][1] for path in paths if path in self.found)
            for expression, paths in self.paths.items()
        }
        places = _places(text, sorted(set(offsets.values())))
        return {expression: places[offset] for expression, offset in offsets.items()}


def _above(expression: str) -> Iterator[str]:
    """Yield the path of *expression* below its root, then all those above it, the root (``""``) last."""
    ends = [found.start() for found in _STEP_END.finditer(expression)]
    start = ends[0] if ends else len(expression)
    for end in (len(expression), *reversed(ends)):
        yield expression[start:end]


def _places(text: str, offsets: Iterable[int]) -> dict[int, Position]:
    """Return the position of each of *offsets*, which ascend."""
    places, line, begin, before = {}, 1, 0, 0
    for offset in offsets:
        line += text.count("\n", before, offset)
        begin = text.rfind("\n", before, offset) + 1 or begin
        places[offset] = Position(line, offset - begin + 1)
        before = offset
    return places


@dataclass(slots=True)
class _Value:
    """An object or array whose end has not been seen yet: its path, and that of the member or item that comes next."""

    path: str | None
    is_object: bool
    instead: bool
    member: str | None = None
    member_instead: bool = False
    index: int = 0


def _search_json(text: str, search: _Search) -> None:
    opened: list[_Value] = [_Value(None, is_object=True, instead=False, member="")]
    for token in _TOKEN.finditer(text):
        mark, current = token[0][0], opened[-1]
        if mark in "}]":
            if len(opened) > 1:
                opened.pop()
        elif mark == ",":
            current.index += 1
        elif token[2]:
            _search_member(token, current, search)
        else:
            path, instead = current.member, current.member_instead
            if not current.is_object:
                path, instead = search.item(current.path, current.index), current.instead
            if not current.is_object or len(opened) == 1:
                search.note(path, token.start(), instead=instead)
            if mark in "{[":
                opened.append(_Value(path, mark == "{", instead))


def _search_member(token: re.Match[str], current: _Value, search: _Search) -> None:
    """Take in the name of the member that comes next; ``_name`` stands instead of ``name``."""
    if current.path is None:
        current.member = None
        return
    name = json.loads(token[1]) if "\\" in token[1] else token[1][1:-1]
    current.member = search.below(current.path, name)
    current.member_instead = current.instead or name.startswith("_")
    search.note(current.member, token.start(), instead=current.member_instead)


@dataclass(slots=True)
class _Element:
    """An element of XML whose end has not been seen yet: the paths that it may have, and its children so far."""

    paths: Sequence[str]
    seen: dict[str, int] = field(default_factory=dict)


def _search_xml(text: str, search: _Search) -> None:
    opened: list[_Element] = []
    for tag in _TAG.finditer(text):
        closing, name, rest = tag.groups()
        if name is None:
            continue
        if closing:
            if opened:
                opened.pop()
            continue
        paths = _xml_paths(name.rpartition(":")[2], opened[-1], search) if opened else [""]
        for path in paths:
            search.note(path, tag.start())
        if not rest.endswith("/"):
            opened.append(_Element(paths))


def _xml_paths(name: str, parent: _Element, search: _Search) -> Sequence[str]:
    """Return the paths of a child: XML does not tell a repeating element that comes once from a single one."""
    if not parent.paths or name[:1].isupper():
        return parent.paths  # a resource in `contained` or `resource` is no step of its own
    index = parent.seen.get(name, 0)
    parent.seen[name] = index + 1
    found = []
    for path in parent.paths:
        below = search.below(path, name)
        found += [below] if below is not None and index == 0 else []
        repeated = search.item(below, index)
        found += [repeated] if repeated is not None else []
    return found
