"""Slices: which of its values an element of a profile sorts where, and how many of each there must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation import content, members
from fhir_server.fhir.validation.besides import has_beside
from fhir_server.fhir.validation.discriminators import Test, UnsupportedError, extension_url, slice_test
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.tree import Definition, Node

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Snapshot
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]


@dataclass(slots=True, eq=False)
class Slice:
    """One slice: its place among its siblings, how often it must and may occur, and the check of a value in it."""

    name: str
    label: str
    order: int
    minimum: int
    maximum: float
    check: Check
    test: Test | None
    also_counted: tuple[Slice, ...] = ()  # itself, and what it was sliced from

    @property
    def is_counted(self) -> bool:
        """Whether there is a demand on how often it occurs."""
        return self.minimum > 0 or self.maximum != float("inf")

    def count(self, count: int, place: Place, run: Run, profile: str) -> None:
        """Note where it occurs too rarely or too often, at the object that has the sliced element."""
        if count < self.minimum:
            told = f"{self.label} stands here {count} times, {profile} demands at least {self.minimum}."
            run.report.error("slice-missing", place, told, "Add it.", "required", self.label)
        elif count > self.maximum:
            told = f"{self.label} stands here {count} times, {profile} allows at most {self.maximum:g}."
            run.report.error("slice-repeats", place, told, "Remove what is too much.", "structure", self.label)


Find = Callable[[Any, "Run"], Sequence[Slice]]


def sliced_member(snapshot: Snapshot, node: Node, item: Check, repeats: bool) -> members.Member:
    """Return the check of a member whose values are sorted into slices; *item* checks those that fit none."""
    slicing = node.definition.get("slicing", {})
    discriminators = slicing.get("discriminator", ())
    by_url = _by_url(snapshot, node, discriminators)
    if by_url is not None:
        return _Sorting(snapshot, node, item, list(by_url.values()), _finder_by_url(by_url), slicing).member(repeats)
    try:
        slices = [
            _slice(snapshot, each, order, _test(snapshot, node, each, discriminators))
            for order, each in enumerate(node.slices.values())
        ]
    except UnsupportedError:
        return members.plain(snapshot, node, item, repeats)
    return _Sorting(snapshot, node, item, slices, _finder(slices), slicing).member(repeats)


def _test(snapshot: Snapshot, sliced: Node, node: Node, discriminators: Sequence[Definition]) -> Test | None:
    """Return the test of a slice; of a part of a slice (``name/part``) what its slice tests too."""
    parent = sliced.slices.get(node.definition["sliceName"].rpartition("/")[0])
    if parent is None or "slicing" not in parent.definition:
        return slice_test(snapshot, node, discriminators)
    whole = _test(snapshot, sliced, parent, discriminators)
    part = slice_test(snapshot, node, parent.definition["slicing"].get("discriminator", ()))
    if whole is None or part is None:
        return None
    return lambda value, run: whole(value, run) and part(value, run)


class _Sorting:
    """How the values of one element are sorted and counted."""

    __slots__ = (
        "_also",
        "_closed",
        "_counted",
        "_find",
        "_is_primitive",
        "_item",
        "_maximum",
        "_minimum",
        "_name",
        "_ordered",
        "_profile",
    )

    def __init__(
        self, snapshot: Snapshot, node: Node, item: Check, slices: Sequence[Slice], find: Find, slicing: Definition
    ) -> None:
        self._name = node.name
        self._item = item
        self._find = find
        self._closed = slicing.get("rules") == "closed"
        self._ordered = bool(slicing.get("ordered"))
        self._minimum, self._maximum, self._profile = node.minimum, node.maximum, snapshot.structure.url
        self._is_primitive = snapshot.is_primitive(node)
        self._counted = [each for each in slices if each.is_counted]
        for each in slices:
            each.also_counted = tuple(one for one in slices if one is each or each.name.startswith(f"{one.name}/"))
        self._also = item if _says_more(node) else None

    def member(self, repeats: bool) -> members.Member:
        """Return the check of the member."""
        return self._several if repeats else self._single

    def _single(self, value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        self._sort([(value, (place, self._name, -1))], place, run)

    def _several(self, value: Any, owner: dict[str, Any], place: Place, run: Run) -> None:
        name = self._name
        if type(value) is not list:
            content.wrong_kind(value, (place, name, -1), run, "an array")
            return
        if not value:
            members.empty_array(name, place, run, self._is_primitive)
        beside = owner.get(f"_{name}") if self._is_primitive else None
        values = [(each, (place, name, index)) for index, each in enumerate(value)]
        if beside is not None:
            values = [each for each in values if each[0] is not None or not has_beside(beside, each[1][2])]
        self._sort(values, place, run)
        if len(value) > self._maximum:
            members.too_many(name, place, run, len(value), self._maximum)
        elif len(value) < self._minimum:
            members.too_few(name, place, run, len(value), self._minimum)

    def _sort(self, values: Sequence[tuple[Any, Place]], place: Place, run: Run) -> None:
        find, counts = self._find, dict.fromkeys(self._counted, 0)
        last: Slice | None = None
        for value, at in values:
            run.focus = at
            found = find(value, run)
            if not found:
                self._unsorted(value, at, run)
                continue
            chosen = found[0]
            chosen.check(value, at, run)
            if self._also is not None:
                self._also(value, at, run)
            for each in chosen.also_counted:
                if each in counts:
                    counts[each] += 1
            if len(found) > 1 or self._ordered:
                _check_order(found, last if self._ordered else None, at, run)
            last = chosen
        for each, count in counts.items():
            each.count(count, place, run, self._profile)

    def _unsorted(self, value: Any, place: Place, run: Run) -> None:
        if self._closed:
            told = f"The value fits none of the slices of {self._name} in {self._profile}, and others are not allowed."
            run.report.error("slice-unknown", place, told, "Remove it, or make it fit one.", "structure")
        self._item(value, place, run)


def _check_order(found: Sequence[Slice], last: Slice | None, place: Place, run: Run) -> None:
    if len(found) > 1:
        told = f"The value fits several slices: {', '.join(each.name for each in found)}."
        run.report.error("slice-several", place, told, "Make it fit one.", "structure")
    if last is not None and found[0].order < last.order:
        told = f"The slice {found[0].name} stands too late."
        run.report.error("slice-order", place, told, "Keep the order of the profile.", "structure")


def _says_more(node: Node) -> bool:
    """Return whether the sliced element says more than its type, so that a value in a slice is held against it too."""
    if any(entry["code"] == "Extension" for entry in node.types):
        return False
    return bool(node.children or node.value("fixed") or node.value("pattern"))


def _by_url(snapshot: Snapshot, node: Node, discriminators: Sequence[Definition]) -> dict[str, Slice] | None:
    """Return the slices of extensions by their url, ``None`` if the slices are told apart in another way."""
    if [(each["type"], each["path"]) for each in discriminators] != [("value", "url")]:
        return None
    found: dict[str, Slice] = {}
    for order, each in enumerate(node.slices.values()):
        url = extension_url(snapshot, each)
        if url is None or url in found:
            return None
        found[url] = _slice(snapshot, each, order, None)
    return found


def _finder_by_url(by_url: dict[str, Slice]) -> Find:
    alone = {url: (each,) for url, each in by_url.items()}

    def find(value: Any, run: Run) -> Sequence[Slice]:
        url = value.get("url") if type(value) is dict else None
        return alone.get(url, ()) if type(url) is str else ()

    return find


def _finder(slices: Sequence[Slice]) -> Find:
    def find(value: Any, run: Run) -> Sequence[Slice]:
        found = [each for each in slices if each.test is not None and each.test(value, run)]
        return found if len(found) < 2 else _most_special(found)

    return find


def _most_special(found: Sequence[Slice]) -> Sequence[Slice]:
    """Return the slices without those that are sliced again into another of them (``name`` and ``name/part``)."""
    return [each for each in found if not any(other.name.startswith(f"{each.name}/") for other in found)]


def _slice(snapshot: Snapshot, node: Node, order: int, test: Test | None) -> Slice:
    _, item = snapshot.item(node)
    name = node.definition["sliceName"]
    return Slice(name, f"{node.path}:{name}", order, node.minimum, node.maximum, item, test)
