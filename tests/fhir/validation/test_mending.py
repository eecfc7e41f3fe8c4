"""Words that help to mend a fault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.validation.mending import MOST_CANDIDATES, cardinality, listed, nearest
from tests.work import calls

NAMES = """
    id meta implicitRules language text contained extension modifierExtension identifier status type subType use patient
    billablePeriod created enterer insurer provider priority fundsReserve related prescription originalPrescription
    payee referral facility careTeam supportingInfo diagnosis procedure insurance accident item total
"""
CLAIM = NAMES.split()


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("Patient", "patient"),
        ("care_team", "careTeam"),
        ("patinet", "patient"),
        ("insurence", "insurance"),
        ("tpye", "type"),
        ("itme", "item"),
        ("itm", "item"),
        ("statuss", "status"),
        ("supportingInformation", "supportingInfo"),
        ("providerReference", "provider"),
        ("prio", "priority"),
    ],
)
def test_a_slip_is_seen_through(sent: str, meant: str) -> None:
    assert nearest(sent, CLAIM) == meant


@pytest.mark.parametrize("sent", ["", "x", "xyzzy", "pre", "medication", "payr", "i" * 65, "{}", "us", "usee"])
def test_nothing_is_guessed(sent: str) -> None:
    assert nearest(sent, CLAIM) is None


def test_of_several_the_nearest_and_then_the_first() -> None:
    assert nearest("active-", ["actives", "active", "Active"]) == "active"
    assert nearest("goat", ["boat", "moat"]) == "boat"
    assert nearest("revoked", ["evoke", "revoke"]) == "revoke"
    assert nearest("abcd", ["abcdefgh1", "abcdefgh2"]) is None


def test_a_name_that_is_known_is_not_its_own_mend() -> None:
    assert nearest("code", ["code", "node"]) == "node"


@given(st.text(max_size=100), st.lists(st.text(max_size=80), max_size=20))
def test_only_what_is_known_is_ever_told(sent: str, known: list[str]) -> None:
    found = nearest(sent, known)

    assert found is None or (found in known and found != sent)


@given(st.text("abcdefghij", min_size=5, max_size=40), st.data())
def test_one_slip_in_a_name_is_always_seen_through(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 2))
    slips = [
        name[:place] + name[place + 1 :],
        name[:place] + "z" + name[place:],
        name[:place] + "z" + name[place + 1 :],
        name[:place] + name[place + 1] + name[place] + name[place + 2 :],
    ]

    for slip in slips:
        assert slip == name or nearest(slip, ["zzzzz", name, "q"]) == name


def test_a_long_list_costs_no_more_than_what_is_looked_at_of_it() -> None:
    def looking_up(count: int) -> int:
        known = [f"code-{number:06}" for number in range(count)]
        return calls(lambda: nearest("code-099x99", known))

    assert looking_up(100_000) < 2 * looking_up(MOST_CANDIDATES)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "no value"),
        (1, "1"),
        (3, "one of 1, 2, 3"),
        (9, "one of 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        (10, "one of 1, 2, 3, 4, 5, 6, 7, 8 … (2 more)"),
    ],
)
def test_allowed_values_are_listed_shortly(count: int, words: str) -> None:
    assert listed(map(str, range(1, count + 1))) == words


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0, "0", "not at all"),
        (0, "1", "at most once"),
        (1, "1", "exactly once"),
        (2, "2", "exactly 2 times"),
        (0, "3", "at most 3 times"),
        (1, "3", "1 to 3 times"),
        (1, "*", "at least once"),
        (0, "*", "any number of times"),
    ],
)
def test_how_often_an_element_has_to_come(least: int, most: str, words: str) -> None:
    assert cardinality(least, most) == words
