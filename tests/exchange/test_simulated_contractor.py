"""Numbers that are no contractor's: well formed, the same for the same decision, and plainly simulated."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.exchange.contractor import is_tracking_number
from fhir_server.exchange.simulated_contractor import is_simulated, simulated_number

DECISIONS = st.tuples(st.text(), st.integers(1))


@given(DECISIONS)
def test_a_number_is_well_formed_and_says_what_it_is(decision: tuple[str, int]) -> None:
    number = simulated_number(*decision)

    assert is_tracking_number(number)
    assert is_simulated(number)
    assert number == simulated_number(*decision)


@given(st.sets(DECISIONS, min_size=2, max_size=50))
def test_decisions_do_not_share_a_number(decisions: set[tuple[str, int]]) -> None:
    assert len({simulated_number(*each) for each in decisions}) == len(decisions)


def test_what_is_no_tracking_number() -> None:
    for text in (
        "",
        "JLB8626008003",
        "JLB862600800301",
        "jlb86260080030",
        "JLB8626008003 ",
        "JLB86260080030\n",
        "É" * 14,
    ):
        assert not is_tracking_number(text)
    assert is_tracking_number("JLB86260080030")
