"""Each invariant that is written in Python says what its compiled expression says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.fhirpath import compile_expression, corrected
from fhir_server.fhir.validation.native_invariants import NATIVE
from tests.fhir.fhirpath.generated import Generator
from tests.fhir.fhirpath.support import R4, Surroundings, r4, surroundings, table

ROWS = {row["expression"]: row for name in ("core", "guides") for row in table(f"invariants/{name}.yaml")}
ELSEWHERE = {
    "hasValue() or (children().count() > id.count())": ("string", "Period", "Coding"),
    "$this.toString().length() = 10": ("date", "dateTime"),
    "where(use = 'home').empty()": ("Address", "ContactPoint"),
    "code.empty() or system.exists()": ("Quantity", "ValueSet.expansion.contains"),
}
CASES = [
    (expression, type_name)
    for expression in NATIVE
    for type_name in ELSEWHERE.get(expression, (ROWS[expression]["type"],))
]

MEMBERS = st.sampled_from(("value", "code", "entry", "extension", "type", "start", "end", "contained", "resource"))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
)


@pytest.fixture(scope="module")
def model(shared: Path) -> R4:
    return r4(shared)


@pytest.mark.parametrize("expression", NATIVE)
def test_it_is_an_expression_of_the_packages(expression: str) -> None:
    assert expression in ROWS


@pytest.mark.parametrize(("expression", "type_name"), CASES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_it_says_what_the_compiled_one_says(expression: str, type_name: str, model: R4, data: st.DataObject) -> None:
    generator = Generator(corrected(expression), model)
    value = data.draw(generator.values(type_name))
    scope = surroundings(type_name, value, data.draw(st.none() | generator.values("Claim", 2)))
    extra = data.draw(st.sampled_from((None, {"extension": [{"url": "urn:x"}]}, {"id": "a"})))
    compiled = compile_expression(expression, type_name, model)
    assert NATIVE[expression](value, scope, extra) is compiled.holds(value, scope, extra)


@pytest.mark.parametrize("expression", NATIVE)
@pytest.mark.parametrize("side", ["holds", "fails"])
def test_it_has_the_verdict_of_its_row(expression: str, side: str) -> None:
    row = ROWS[expression]
    value = row[side]
    scope: Surroundings = surroundings(row["type"], value, row.get("resource"))
    assert NATIVE[expression](value, scope, None) is (side == "holds")


@pytest.mark.parametrize("expression", NATIVE)
@settings(max_examples=30, deadline=None)
@given(value=ANYTHING)
def test_no_json_makes_it_fail_to_answer(expression: str, value: Any) -> None:
    assert NATIVE[expression](value, surroundings("", value, value), value) in (True, False)
