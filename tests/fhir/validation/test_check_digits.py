"""Check digits: a right number passes, and every slip of one digit or of two neighbours is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.validation.check_digits import luhn, luhn_with_issuer, verhoeff


@pytest.mark.parametrize("number", ["1234567893", "1245319599", "1063494177"])
def test_an_npi_has_its_check_digit(number: str) -> None:
    assert luhn_with_issuer(number)
    assert luhn(f"80840{number}")


@pytest.mark.parametrize("number", ["187765", "285700", "21063", "1016575"])
def test_a_loinc_code_has_its_check_digit(number: str) -> None:
    assert luhn(number)


@pytest.mark.parametrize("number", ["22298006", "73211009", "1006005", "102259006"])
def test_a_snomed_identifier_has_its_check_digit(number: str) -> None:
    assert verhoeff(number)


@given(st.integers(10**5, 10**17).map(str), st.data())
def test_a_wrong_digit_is_seen(body: str, data: st.DataObject) -> None:
    for right in (luhn, luhn_with_issuer, verhoeff):
        [number] = [body + digit for digit in "0123456789" if right(body + digit)]
        place = data.draw(st.integers(0, len(body)))
        other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
        assert not right(number[:place] + other + number[place + 1 :])


@given(st.integers(10**5, 10**17).map(str), st.data())
def test_verhoeff_sees_two_digits_that_changed_places(body: str, data: st.DataObject) -> None:
    [number] = [body + digit for digit in "0123456789" if verhoeff(body + digit)]
    place = data.draw(st.integers(0, len(body) - 1))
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert verhoeff(swapped) == (swapped == number)
