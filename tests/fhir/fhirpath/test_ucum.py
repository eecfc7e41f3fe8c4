"""Units of one kind become each other; units of different kinds do not, and what is no unit is unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.fhirpath import ucum


# Conversions of the UCUM tables.
@pytest.mark.parametrize(
    ("one", "factor", "other"),
    [
        ("kg", "1000", "g"),
        ("mg/dL", "0.01", "g/L"),
        ("[lb_av]", "453.59237", "g"),
        ("[in_i]", "2.54", "cm"),
        ("h", "60", "min"),
        ("wk", "7", "d"),
        ("a", "12", "mo"),
        ("m3", "1000", "L"),
        ("kPa", "1000", "Pa"),
        ("N", "1", "kg.m/s2"),
        ("%", "0.01", "1"),
        ("10*9/L", "1", "10^9/L"),
        ("mL/{total}", "0.001", "L"),
        ("ug/(24.h)", "1", "ug/d"),
        ("[Cal]", "1000", "cal"),
        ("mm[Hg]", "133.322", "Pa"),
    ],
)
def test_a_unit_becomes_another(one: str, factor: str, other: str) -> None:
    mine, its = ucum.canonical(one), ucum.canonical(other)
    assert mine is not None
    assert its is not None
    assert mine[1] == its[1]
    assert abs(mine[0] - Decimal(factor) * its[0]) <= mine[0] * Decimal("1e-20")


@pytest.mark.parametrize(("one", "other"), [("kg", "m"), ("g", "g/L"), ("Cel", "K"), ("[IU]", "U"), ("m", "m2")])
def test_units_of_different_kinds_stay_apart(one: str, other: str) -> None:
    mine, its = ucum.canonical(one), ucum.canonical(other)
    assert mine is not None
    assert its is not None
    assert mine[1] != its[1]


@pytest.mark.parametrize("code", ["xyz", "k", "(m", "m//s", "m.", "1.2.3.", "kk", "{", "9" * 500 + "m99", "m" * 300])
def test_what_is_no_unit_is_unknown(code: str) -> None:
    assert ucum.canonical(code) is None


@given(st.text(alphabet="kmglLs123.()/-+*^%[]{} uHU", max_size=12))
def test_any_text_has_an_answer(code: str) -> None:
    found = ucum.canonical(code)
    assert found is None or found[0].is_finite()
