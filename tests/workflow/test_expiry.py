"""Affirmations end when their last day of service is over where the contractor is, and not a moment before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.events import Expired
from fhir_server.authorization.states import State
from fhir_server.store.database import Database
from fhir_server.workflow.expiry import expire
from fhir_server.workflow.tracking_numbers import begin
from tests.letters.contents import AFFIRMED, CASE, IN_REVIEW, NON_AFFIRMED, PARTIAL, RECEIVED
from tests.workflow.decided import AT, WORKER, decide, take_back

OVER = datetime(2026, 9, 29, 0, 0, tzinfo=ZoneInfo("America/Chicago"))
"""The end of the last day, September 28, in Texas."""


@pytest.fixture
def store(store_url: str) -> Iterator[Database]:
    opened = Database(store_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


def state(store: Database, case: str = CASE) -> State:
    with store.read(WORKER) as unit:
        return unit.cases.get(case).state


def decided(store: Database, determination: object = AFFIRMED, case: str = CASE) -> int:
    decision = decide(store, determination, case=case)  # type: ignore[arg-type]
    with store.write(WORKER) as unit:
        begin(unit, case, decision, AT)
    return decision


@pytest.mark.parametrize("determination", [AFFIRMED, PARTIAL], ids=lambda each: each.state)
def test_it_ends_with_the_last_day_of_the_contractor(store: Database, determination: object) -> None:
    decided(store, determination)

    assert expire(store, WORKER, OVER - timedelta(seconds=1)) == 0
    assert expire(store, WORKER, OVER) == 1
    assert expire(store, WORKER, OVER) == 0

    assert state(store) is State.EXPIRED
    with store.read(WORKER) as unit:
        (*_, last) = unit.events.of(CASE)
    assert last.data == Expired("2026-09-28")


def test_a_case_in_the_east_ends_before_one_in_the_west(store: Database) -> None:
    east, west = (
        replace(AFFIRMED, clock=clock_of(RECEIVED, zone)) for zone in ("America/New_York", "America/Los_Angeles")
    )
    decided(store, west, "W-WEST")
    decided(store, east, "W-EAST")

    assert expire(store, WORKER, OVER) == 1
    assert (state(store, "W-EAST"), state(store, "W-WEST")) == (State.EXPIRED, State.AFFIRMED)
    assert expire(store, WORKER, OVER + timedelta(hours=2)) == 1


def test_what_is_not_affirmed_does_not_end(store: Database) -> None:
    decided(store, NON_AFFIRMED, "W-NO")
    decided(store, IN_REVIEW, "W-OPEN")
    take_back(store, decided(store))

    assert expire(store, WORKER, OVER + timedelta(days=100)) == 0


def test_more_than_a_batch_ends_too(store: Database) -> None:
    for number in range(7):
        decided(store, AFFIRMED, f"W-{number}")

    assert expire(store, WORKER, OVER, most=3) == 7
