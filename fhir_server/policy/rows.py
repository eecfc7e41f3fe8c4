"""Reading rows from YAML strictly: every row that is wrong is named, none is guessed at."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from fhir_server.errors import PolicyInvalid

T = TypeVar("T")

_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


DEEPEST = 50


class _StrictLoader(_SafeLoader):  # type: ignore[misc,valid-type]
    """The safe loader, which also refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping of *node*; raise `ConstructorError` at the key that stands twice."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key} stands twice", key_node.start_mark)
            seen.add(key)
        return dict(super().construct_mapping(node, deep))

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of *node*; raise `ConstructorError` at one that is none of its type (30 February)."""
        try:
            return super().construct_object(node, deep)
        except (AttributeError, KeyError, ValueError):
            found = "the value is not of its type, or out of range"
            raise yaml.constructor.ConstructorError(None, None, found, node.start_mark) from None


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row of a policy file. Unknown keys, missing keys and values of another type are refused."""


class Problems:
    """What is wrong with a pack: gathered first, raised together."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, what: str) -> None:
        """Note that *what* is wrong at *place*."""
        self.found.append(f"{place}: {what}")

    def raise_if_any(self) -> None:
        """Raise `PolicyInvalid` naming every problem found so far."""
        if self.found:
            raise PolicyInvalid("\n".join(self.found))


def read_mapping(text: str, place: str, problems: Problems) -> dict[str, Any]:
    """Return the mapping that the YAML (or JSON) *text* holds; note a problem and return an empty one otherwise."""
    try:
        _check_depth(text)
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        problems.add(place, _said(error))
        return {}
    if not isinstance(content, dict):
        problems.add(place, "a mapping is expected")
        return {}
    return content


def _check_depth(text: str) -> None:
    """Raise `ConstructorError` for lists and mappings too deep in each other: the loader would recurse into them."""
    depth = 0
    for event in yaml.parse(text, Loader=_SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            found = f"lists and mappings stand more than {DEEPEST} deep in each other"
            raise yaml.constructor.ConstructorError(None, None, found, event.start_mark)  # type: ignore[arg-type]


def read_file(path: Path, problems: Problems) -> dict[str, Any]:
    """Return the mapping that the file holds; note a problem and return an empty one if there is none."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        problems.add(path.name, "the file cannot be read")
        return {}
    return read_mapping(text, path.name, problems)


def take(content: dict[str, Any], key: str, row_type: type[T], place: str, problems: Problems) -> tuple[T, ...]:
    """Remove the list under *key* and return its rows; each row that is wrong is noted and left out."""
    rows = content.pop(key, None) or ()
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        problems.add(f"{place} {key}", "a list of rows is expected")
        return ()
    read = (take_one(each, row_type, f"{place} {key}[{index}]", problems) for index, each in enumerate(rows))
    return tuple(each for each in read if each is not None)


def take_one(content: object, row_type: type[T], place: str, problems: Problems) -> T | None:
    """Return *content* as one row; note a problem and return ``None`` if it is wrong."""
    try:
        return msgspec.convert(content, row_type)
    except msgspec.ValidationError as error:
        problems.add(place, str(error))
        return None


def unique(rows: Sequence[T], key: Callable[[T], Hashable], place: str, problems: Problems) -> None:
    """Note each row whose *key* another row has."""
    seen: set[Hashable] = set()
    for row in rows:
        if key(row) in seen:
            problems.add(place, f"{key(row)} stands twice")
        seen.add(key(row))


def _said(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 1})" if mark else ""
    return f"{getattr(error, 'problem', None) or 'no readable YAML'}{where}"
