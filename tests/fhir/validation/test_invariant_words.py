"""The words of invariants fit the invariants of the guides."""

from __future__ import annotations

import json
from functools import cache

from fhir_server.fhir.validation.invariant_words import Words, words_of
from fhir_server.fhir.validation.tables import read_table, rows
from fhir_server.installed import data_folder

PROFILES = data_folder("profiles")
ROWS = rows(read_table(PROFILES / "invariants.yaml"), "invariants", Words)


@cache
def expressions() -> dict[str, set[str]]:
    """Return the expressions of all invariants, by key."""
    found: dict[str, set[str]] = {}
    for file in PROFILES.glob("*/structures/*.json"):
        for element in json.loads(file.read_bytes())["elements"]:
            for constraint in element.get("constraint", ()):
                found.setdefault(constraint["key"], set()).add(constraint.get("expression", ""))
    return found


def test_each_row_is_about_an_invariant_that_is_there() -> None:
    unused = [
        row.key for row in ROWS if not any(each.startswith(row.expression) for each in expressions().get(row.key, ()))
    ]

    assert unused == []


def test_each_row_says_what_is_wrong_and_what_to_do_in_sentences() -> None:
    assert [row.key for row in ROWS if not (row.found.endswith(".") and row.mend.endswith("."))] == []


def test_no_row_hides_another() -> None:
    seen: set[tuple[str, str]] = set()
    for row in ROWS:
        assert not any(row.key == key and row.expression.startswith(start) for key, start in seen)
        seen.add((row.key, row.expression))


def test_a_known_invariant_is_told_in_words() -> None:
    assert words_of("dom-6", "text.`div`.exists()")[0] == "The resource has no narrative."
    assert "before" in words_of("inv-1", "lastModified.exists().not() or authoredOn.exists().not()")[0]
    assert "parameter" in words_of("inv-1", "(part.exists() and value.empty() and resource.empty())")[0]


def test_another_is_told_by_the_start_of_its_expression() -> None:
    assert words_of("new-1", "a = b") == ("The invariant new-1 does not hold: a = b", "")
    assert words_of("inv-1", "a = b")[0].startswith("The invariant inv-1 ")
    assert len(words_of("new-1", "x" * 5000)[0]) < 300
