"""Whether a code is in a value set."""

from __future__ import annotations

import pytest

from fhir_server.fhir.definitions import ValueSet

FACTS = {
    "url": "http://example.org/v",
    "version": "1.0.0",
    "complete": True,
    "systems": {"a": ["x", "Y"], "b": ["x", "Z"], "s": ["1"]},
    "caseInsensitive": ["b"],
    "unknown": ["s"],
}
COMPLETE, OPEN = ValueSet.of(FACTS), ValueSet.of(FACTS | {"complete": False, "open": [{"system": "o"}]})


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("a", "x", True),
        ("a", "X", False),
        ("a", "y", False),
        ("b", "X", True),
        ("b", "z", True),
        ("b", "1", False),
        ("c", "x", False),
        ("", "x", False),
        ("s", "1", True),
        ("s", "2", None),
        (None, "x", True),
        (None, "Y", True),
        (None, "z", True),
        (None, "y", False),
        (None, "", False),
    ],
)
def test_a_complete_value_set_knows_but_for_codes_of_systems_that_are_not_here(
    system: str | None, code: str, expected: bool | None
) -> None:
    assert COMPLETE.contains(system, code) is expected
    assert OPEN.contains(system, code) is (True if expected else None)


def test_codes_are_listed_in_alphabetical_order() -> None:
    assert COMPLETE.codes() == ("1", "Y", "Z", "x")
    assert COMPLETE.codes("b") == ("Z", "x")
    assert COMPLETE.codes("c") == ()
    assert ValueSet.of({"url": "u", "complete": False, "systems": {}}).codes() == ()


def test_what_is_missing_is_named() -> None:
    assert OPEN.open == ({"system": "o"},)
    assert COMPLETE.open == ()
