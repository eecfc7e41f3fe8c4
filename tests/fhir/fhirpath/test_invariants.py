"""Every constraint of the official packages compiles, holds where it should and fails where it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.fhirpath import Expression, compile_expression
from tests.fhir.fhirpath.support import R4, Constraint, expressions, r4, surroundings, table

TABLES = ("invariants/core.yaml", "invariants/guides.yaml")
ROWS = [row for name in TABLES for row in table(name)]
ASKED = [row for row in ROWS if "not_asked" not in row]
REASONS = ("not_asked", "never_holds", "never_fails")


def name_of(row: dict[str, Any]) -> str:
    return f"{row['keys'][0]}: {row['expression'][:40]}"


def compiled(row: dict[str, Any], model: R4) -> Expression:
    return compile_expression(row["expression"], row["type"], model, row["keys"][0])


@pytest.fixture(scope="module")
def model(shared: Path) -> R4:
    return r4(shared)


def test_every_expression_of_the_packages_compiles(shared: Path, model: R4) -> None:
    found = {(each.key, each.expression) for each in expressions(shared)}
    for key, expression in found:
        compile_expression(expression, "Observation", model, key)
    assert len(found) > 400


def test_every_constraint_has_a_row(shared: Path) -> None:
    constraints: set[Constraint] = {each for each in expressions(shared) if each.key}
    rows = {row["expression"]: set(row["keys"]) for row in ROWS}
    assert {each.expression for each in constraints} == set(rows)
    assert {(each.expression, each.key) for each in constraints} == {(text, key) for text in rows for key in rows[text]}


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_every_row_has_both_sides_or_a_reason(row: dict[str, Any]) -> None:
    assert ("holds" in row and "fails" in row) or any(reason in row for reason in REASONS)


@pytest.mark.parametrize("row", [row for row in ASKED if "holds" in row], ids=name_of)
def test_it_holds(row: dict[str, Any], model: R4) -> None:
    scope = surroundings(row["type"], row["holds"], row.get("resource"), row.get("value_sets"))
    assert compiled(row, model).holds(row["holds"], scope)


@pytest.mark.parametrize("row", [row for row in ASKED if "fails" in row], ids=name_of)
def test_it_fails(row: dict[str, Any], model: R4) -> None:
    resource = row.get("fails_in", row.get("resource"))
    scope = surroundings(row["type"], row["fails"], resource, row.get("value_sets"))
    assert not compiled(row, model).holds(row["fails"], scope)


ANY_SCALAR = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=5)
NAMES = """
    url value valueString valueQuantity _value code coding system extension item entry resource type status contained id
    text div reference identifier name low high start _start end resourceType
"""
KEYS = st.sampled_from(NAMES.split()) | st.text(max_size=3)
ANYTHING = st.recursive(
    ANY_SCALAR | st.sampled_from(("2020-13-99", "2020-01-01", "http://a.example", "#a", "#")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(value=ANYTHING, extra=ANYTHING)
def test_no_json_makes_any_of_them_fail_to_answer(every_expression: list[Expression], value: Any, extra: Any) -> None:
    for expression in every_expression:
        assert expression.holds(value, surroundings("", value, value), extra) in (True, False)
        assert isinstance(expression.evaluate(value, surroundings("", value, value), extra), list)


@pytest.fixture(scope="module")
def every_expression(model: R4) -> list[Expression]:
    return [compiled(row, model) for row in ASKED]
