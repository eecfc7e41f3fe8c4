"""Whatever several actors do to cases in any order, what may never happen does not happen."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings
from sqlalchemy import text

from fhir_server.authorization.caller import operator
from fhir_server.authorization.states import State
from tests.workflow.review.bench import Bench, bench_on
from tests.workflow.review.conftest import opened
from tests.workflow.review.histories import MOVES, History, Move, broken

PART = 125
SHORT, FULL = range(8), range(8, 80)
PARTS = [*SHORT, *(pytest.param(each, marks=[pytest.mark.soak, pytest.mark.timeout(3600)]) for each in FULL)]


@pytest.fixture
def shared_bench(sqlite_url: str) -> Iterator[Bench]:
    """One store for all histories of a part: each has cases of its own."""
    with opened(sqlite_url) as database:
        yield bench_on(database)


@pytest.mark.parametrize("part", PARTS)
def test_no_history_breaks_a_rule(shared_bench: Bench, part: int) -> None:
    numbers = itertools.count()

    @seed(part)
    @settings(
        max_examples=PART, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    @given(MOVES)
    def play(moves: list[Move]) -> None:
        history = History(shared_bench, f"{part}-{next(numbers)}")
        history.play(moves)
        for case in history.cases:
            assert list(broken(shared_bench, case)) == []

    play()
    states = Counter(state for (state,) in rows(shared_bench, "SELECT state FROM event WHERE kind = 'determined'"))
    assert states[State.NON_AFFIRMED] > PART // 25  # the histories come to denials at all
    assert states[State.AFFIRMED] > PART // 25


def rows(bench: Bench, query: str) -> list[tuple[str, ...]]:
    with bench.database.read(operator()) as unit:
        return [tuple(row) for row in unit.connection.execute(text(query))]
