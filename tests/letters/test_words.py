"""Values as a letter writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization.parties import Organization, Person, Practitioner, Provider, Role
from fhir_server.authorization.values import Address, Code, Concept, ContactPoint, Period, PersonName, Quantity
from fhir_server.letters import words


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("  two\n words ", "two words"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("turned \u202eover\u202c", "turned over"),
        ("half\ud800", "half\ufffd"),
        ("no character\uffff", "no character\ufffd"),
        ("line\u2028break", "line break"),
        ("José Müller 李", "José Müller 李"),
    ],
)
def test_what_a_sender_wrote_is_made_harmless(sent: str, shown: str) -> None:
    assert words.clean(sent) == shown


@given(st.text(st.characters(codec=None), max_size=60))
def test_clean_text_is_one_line_of_unicode_and_stays_as_it_is(sent: str) -> None:
    shown = words.clean(sent)

    assert shown.splitlines() in ([], [shown])
    assert shown == shown.strip()
    assert shown.encode().decode() == shown
    assert words.clean(shown) == shown


def test_endless_words_are_cut() -> None:
    assert len(words.clean("x" * 10_000)) == words.LONGEST_WORDS + 1


def test_a_name_is_told_in_the_order_in_which_it_is_spoken() -> None:
    full = PersonName("Cutter", ("Ann", "B."), ("Dr.",), ("Jr.",))

    assert words.person_name([full]) == "Dr. Ann B. Cutter Jr."
    assert words.person_name([PersonName(), PersonName(text="Ann Cutter")]) == "Ann Cutter"
    assert words.person_name([PersonName(given=("\x00",))]) is None


def test_a_provider_without_anything_is_the_requester() -> None:
    assert words.provider_lines(Provider()) == ("The requester",)


def test_a_fax_is_found_wherever_it_is_told() -> None:
    fax = (ContactPoint("fax", "555-0101"),)

    for provider in (
        Provider(Organization(name="A", telecom=fax)),
        Provider(Organization(name="A"), Practitioner(telecom=fax)),
        Provider(Organization(name="A"), role=Role(telecom=fax)),
    ):
        assert words.provider_lines(provider) == ("A", "Fax 555-0101")


def test_an_address_may_be_words_only() -> None:
    told = (Address(), Address(text="1 Main St, Tulsa"))

    assert words.person_lines(Person(addresses=told)) == ("The beneficiary", "1 Main St, Tulsa")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (None, "not stated"),
        ("2026-06-15", "June 15, 2026"),
        ("2026-06-15T10:00:00-05:00", "June 15, 2026"),
        ("2026-06", "2026-06"),
        (Period("2026-06-15", "2026-06-15"), "June 15, 2026"),
        (Period("2026-06-15", "2026-06-20"), "June 15, 2026 to June 20, 2026"),
        (Period("2026-06-15"), "from June 15, 2026"),
        (Period(None, "2026-06-20"), "until June 20, 2026"),
        (Period(), "not stated"),
    ],
)
def test_days_are_written_as_in_the_united_states(sent: str | Period | None, shown: str) -> None:
    assert words.service_day(sent) == shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-06-01T05:00:00.000Z", "June 1, 2026, 12:00 a.m. CDT"),
        ("2026-06-01T17:05:00.000Z", "June 1, 2026, 12:05 p.m. CDT"),
        ("2026-12-01T02:30:00.000Z", "November 30, 2026, 8:30 p.m. CST"),
    ],
)
def test_moments_are_told_by_local_clocks(at: str, shown: str) -> None:
    assert words.moment(at, "America/Chicago") == shown


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [
        (None, "not stated"),
        (Quantity(), "not stated"),
        (Quantity(2), "2"),
        (Quantity(Decimal("2.00"), code="UN"), "2"),
        (Quantity(Decimal("1.50"), "mL"), "1.5 mL"),
        (Quantity(100), "100"),
        (Quantity(Decimal("1E+5000")), "not stated"),
    ],
)
def test_amounts_are_plain_numbers(quantity: Quantity | None, shown: str) -> None:
    assert words.amount(quantity) == shown


def test_a_code_is_told_with_its_modifiers() -> None:
    assert words.code_words(Concept((Code("cpt", "29877"),)), (Concept((Code("m", "RT"),)),)) == "29877-RT"
    assert words.code_words(Concept(text="a stay")) == "no code"


def test_words_are_listed_as_in_a_sentence() -> None:
    assert [words.joined(each) for each in (("a",), ("a", "b"), ("a", "b", "c"))] == ["a", "a and b", "a, b and c"]
