"""A waiting case is alerted once at each level, whoever looks, and never when it is closed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.authorization.caller import Caller, operator
from fhir_server.authorization.events import Aged
from fhir_server.errors import NotAllowed
from fhir_server.store.database import Database
from fhir_server.workflow.ageing import SOON, note_ageing
from tests.store.conftest import database
from tests.store.reviews import CLOCK, wait
from tests.store.submissions import NOW

__all__ = ["database"]
CASE = "WP-0001"
WORKER = operator("worker")
LEVELS = ["due-soon", "overdue", "late"]
_numbers = iter(range(100_000))


def alerts(database: Database, case: str = CASE) -> list[str]:
    with database.read(WORKER) as unit:
        return [each.data.alert for each in unit.events.of(case) if isinstance(each.data, Aged)]


def test_each_level_is_told_once(database: Database) -> None:
    wait(database)
    due = NOW + timedelta(hours=72)
    for moment in (NOW, due - SOON, due - SOON, due, due + timedelta(days=3), due + timedelta(days=9)):
        note_ageing(database, WORKER, moment)

    assert CLOCK.due.startswith("2026-03-04T15:00")
    assert alerts(database) == LEVELS


def test_what_is_told_about_a_case(database: Database) -> None:
    wait(database)

    (aged,) = note_ageing(database, WORKER, NOW + timedelta(days=30))

    assert (aged.case, aged.alert, aged.expedited) == (CASE, "late", False)
    assert alerts(database) == ["late"]


def test_a_closed_case_waits_for_nobody(database: Database) -> None:
    wait(database)
    with database.write(WORKER) as unit:
        unit.worklist.close(CASE)

    assert note_ageing(database, WORKER, NOW + timedelta(days=30)) == ()


def test_more_than_a_batch_is_told(database: Database) -> None:
    for number in range(5):
        wait(database, f"WP-{number}")

    assert len(note_ageing(database, WORKER, NOW + timedelta(days=30), most=2)) == 5


def test_only_operators_and_reviewers_may_ask(database: Database) -> None:
    with pytest.raises(NotAllowed):
        note_ageing(database, Caller("clinic"), NOW)


@given(st.lists(st.integers(0, 24 * 8), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_levels_only_go_up(database: Database, hours: list[int]) -> None:
    case = f"WP-{next(_numbers)}"
    wait(database, case)
    for hour in hours:
        note_ageing(database, WORKER, NOW + timedelta(hours=hour))

    told = alerts(database, case)
    assert told == sorted(set(told), key=LEVELS.index)
