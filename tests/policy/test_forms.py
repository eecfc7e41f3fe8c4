"""Written forms of codes and numbers, and days."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization.values import Period
from fhir_server.policy import forms
from fhir_server.policy.spans import Span, span_of


@pytest.mark.parametrize("npi", ["1234567893", "1999999901", "8189991234"])
def test_npi_check_digit(npi: str) -> None:
    assert forms.is_npi(npi)
    last = (int(npi[-1]) + 1) % 10
    assert not forms.is_npi(f"{npi[:-1]}{last}")


@given(st.text(max_size=12))
def test_no_text_breaks_a_form(text: str) -> None:
    """Whatever is sent, a form is recognised or not, and what is recognised is recognised again."""
    forms.is_npi(text)
    forms.is_medicare_number(forms.member_number(text))
    for read in (forms.procedure_code, forms.diagnosis_code, forms.modifier, forms.state, forms.place_of_service):
        found = read(text)
        assert found is None or read(found) == found
        assert found is None or found.isascii()
    for read in (forms.bill_type, forms.revenue_code):
        found = read(text)
        assert found is None or read(found) == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("G40211", "G40.211"),
        ("g40.211", "G40.211"),
        ("M80.08XA", "M80.08XA"),
        ("Z006", "Z00.6"),
        ("R32", "R32"),
        ("QA00101", "QA0.0101"),
    ],
)
def test_diagnoses_get_their_dot(text: str, code: str) -> None:
    assert forms.diagnosis_code(text) == code


def test_a_chapter_of_diagnoses_that_began_in_2025_has_a_letter_in_second_place() -> None:
    assert forms.diagnosis_code("QA00101") == "QA0.0101"


@pytest.mark.parametrize("text", ["", "G4", "40.211", "G40.21111", "Smith", "Sands", "G40..1"])
def test_what_is_no_diagnosis(text: str) -> None:
    assert forms.diagnosis_code(text) is None


@pytest.mark.parametrize("text", ["13", "13X", "13x", "131", "0131", "013X"])
def test_types_of_bill_of_the_outpatient_department(text: str) -> None:
    assert forms.bill_type(text) == "13x"


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("2026-06-15", Span(date(2026, 6, 15), date(2026, 6, 15))),
        ("2026-06-15T23:30:00-05:00", Span(date(2026, 6, 15), date(2026, 6, 15))),
        ("2026-02", Span(date(2026, 2, 1), date(2026, 2, 28))),
        ("2026", Span(date(2026, 1, 1), date(2026, 12, 31))),
        (Period("2026-06-15", "2026-06-17"), Span(date(2026, 6, 15), date(2026, 6, 17))),
        (Period("2026-06-15"), Span(date(2026, 6, 15), date(2026, 6, 15))),
        (Period(None, "2026-06-17"), Span(None, date(2026, 6, 17))),
        (Period(), None),
        (Period("2026-06-17", "2026-06-15"), None),
        (Period("soon", "2026-06-15"), None),
        ("soon", None),
        ("2026-13-01", None),
        ("2026-00", None),
        ("0000", None),
    ],
)
def test_days(value: str | Period, span: Span | None) -> None:
    assert span_of(value) == span


@pytest.mark.parametrize(
    ("span", "result"),
    [
        (Span(date(2026, 1, 1), date(2026, 1, 31)), "met"),
        (Span(date(2025, 12, 31), date(2026, 1, 1)), "unknown"),
        (Span(date(2026, 1, 31), date(2026, 2, 1)), "unknown"),
        (Span(date(2025, 1, 1), date(2025, 12, 31)), "not met"),
        (Span(date(2026, 2, 1), None), "not met"),
        (Span(date(2026, 1, 1), None), "unknown"),
        (Span(None, date(2025, 12, 31)), "not met"),
        (Span(None, date(2026, 1, 31)), "unknown"),
        (Span(), "unknown"),
    ],
)
def test_within_january(span: Span, result: str) -> None:
    assert span.within(date(2026, 1, 1), date(2026, 1, 31)) == result


def test_an_open_end_takes_in_all_that_follows() -> None:
    assert Span(date(2026, 1, 1), None).within(date(2026, 1, 1), None) == "met"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(date(2026, 1, 1), date(2026, 1, 1)), "2026-01-01"),
        (Span(date(2026, 1, 1), date(2026, 1, 2)), "2026-01-01 to 2026-01-02"),
        (Span(date(2026, 1, 1), None), "2026-01-01 or later"),
        (Span(None, date(2026, 1, 1)), "2026-01-01 or earlier"),
        (Span(), "any day"),
    ],
)
def test_days_in_words(span: Span, words: str) -> None:
    assert str(span) == words
