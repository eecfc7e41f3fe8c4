"""JSON Patch (RFC 6902), as far as mutants need it."""

from __future__ import annotations

import pytest

from tests.verdicts.packages import Json
from tests.verdicts.patches import add, copy, move, patched, pointer, put, remove, replace, resolved

RESOURCE: Json = {"a": 1, "list": [1, 2, 3], "deep": {"x/y": {"~": True}}}


def test_each_change() -> None:
    assert patched(RESOURCE, [add(("b",), 2)])["b"] == 2
    assert patched(RESOURCE, [add(("list", 1), 9)])["list"] == [1, 9, 2, 3]
    assert patched(RESOURCE, [add(("list", "-"), 9)])["list"] == [1, 2, 3, 9]
    assert patched(RESOURCE, [replace(("list", 0), 9)])["list"] == [9, 2, 3]
    assert patched(RESOURCE, [remove(("list", 0))])["list"] == [2, 3]
    assert patched(RESOURCE, [move(("list", 2), ("list", 0))])["list"] == [3, 1, 2]
    assert patched(RESOURCE, [copy(("list", 0), ("list", "-"))])["list"] == [1, 2, 3, 1]
    assert "a" not in patched(RESOURCE, [move(("a",), ("b",))])


def test_the_whole_can_be_replaced() -> None:
    assert patched(RESOURCE, [replace((), {"b": 1})]) == {"b": 1}


def test_the_original_stays_as_it_is() -> None:
    before = repr(RESOURCE)
    patched(RESOURCE, [remove(("deep", "x/y")), add(("list", 0), 0)])
    assert repr(RESOURCE) == before


def test_names_are_escaped() -> None:
    assert pointer(("deep", "x/y", "~")) == "/deep/x~1y/~0"
    assert resolved(RESOURCE, "/deep/x~1y/~0") is True


def test_put_replaces_what_is_there() -> None:
    assert put(("a",), 2, RESOURCE)["op"] == "replace"
    assert put(("b",), 2, RESOURCE)["op"] == "add"


@pytest.mark.parametrize("change", [remove(("b",)), replace(("b",), 1), remove(("list", 7)), copy(("b",), ("c",))])
def test_a_path_to_nothing_is_an_error(change: Json) -> None:
    with pytest.raises(LookupError):
        patched(RESOURCE, [change])
