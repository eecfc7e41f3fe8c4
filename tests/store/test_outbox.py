"""What has to leave is delivered by one worker at a time, and tried again until it is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.errors import NotAllowed, NotFound
from fhir_server.store.database import Database
from fhir_server.store.outbox import Delivery
from tests.store.submissions import ALICE, NOW, Submission, submit

WORKER = operator("worker")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def waiting(database: Database) -> Database:
    for position in range(3):
        with database.write(ALICE) as unit:
            submit(unit, Submission(case=f"WP-{position}", body=str(position).encode()))
    return database


def test_a_delivery_is_leased_to_one_worker(waiting: Database) -> None:
    with waiting.write(WORKER) as unit:
        first = unit.outbox.lease(NOW, MINUTE, 2)
    assert [(each.case, each.event_number, each.topic, each.attempts) for each in first] == [
        ("WP-0", 3, "decision", 1),
        ("WP-1", 3, "decision", 1),
    ]
    with waiting.write(WORKER) as unit:
        assert [each.case for each in unit.outbox.lease(NOW, MINUTE, 9)] == ["WP-2"]
        assert unit.outbox.lease(NOW, MINUTE, 9) == ()
    with waiting.write(WORKER) as unit:
        assert [each.attempts for each in unit.outbox.lease(NOW + MINUTE, MINUTE, 9)] == [2, 2, 2]


def test_two_workers_at_once_never_get_the_same(waiting: Database) -> None:
    leased: list[Delivery] = []

    def work(name: str) -> None:
        while True:
            with waiting.write(operator(name)) as unit:
                got = unit.outbox.lease(NOW, MINUTE, 1)
            if not got:
                return
            leased.extend(got)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, "abcd"))
    assert sorted(each.case for each in leased) == ["WP-0", "WP-1", "WP-2"]


def test_postgresql_lets_two_workers_lease_at_the_same_moment(postgresql_url: str) -> None:
    database = Database(postgresql_url, sandbox=False)
    database.upgrade()
    for position in range(2):
        with database.write(ALICE) as unit:
            submit(unit, Submission(case=f"WP-{position}", body=str(position).encode()))
    with database.write(WORKER) as one, database.write(operator("other")) as two:
        first, second = one.outbox.lease(NOW, MINUTE, 1), two.outbox.lease(NOW, MINUTE, 1)
    assert [each.case for each in first + second] == ["WP-0", "WP-1"]
    database.close()


def test_what_is_delivered_is_done_and_what_failed_comes_again(waiting: Database) -> None:
    with waiting.write(WORKER) as unit:
        done, failed, _ = unit.outbox.lease(NOW, MINUTE, 9)
        unit.outbox.delivered(done.id, NOW)
        unit.outbox.failed(failed.id, "connection refused", NOW + 5 * MINUTE)
    with waiting.write(WORKER) as unit:
        assert [each.case for each in unit.outbox.lease(NOW + MINUTE, MINUTE, 9)] == ["WP-2"]
        assert {each.case for each in unit.outbox.lease(NOW + 5 * MINUTE, MINUTE, 9)} == {"WP-1", "WP-2"}
        with pytest.raises(NotFound):
            unit.outbox.delivered(done.id, NOW)


def test_the_same_event_leaves_once_under_a_topic(waiting: Database) -> None:
    with waiting.write(ALICE) as unit:
        unit.outbox.put("WP-0", "decision", NOW)
        unit.outbox.put("WP-0", "letter", NOW, not_before=NOW + 2 * MINUTE)
        unit.outbox.put("WP-0", "decision", NOW, event_number=2)
    with waiting.write(WORKER) as unit:
        found = {(each.case, each.event_number, each.topic) for each in unit.outbox.lease(NOW, MINUTE, 9)}
        assert found == {(f"WP-{number}", 3, "decision") for number in range(3)} | {("WP-0", 2, "decision")}
        assert "letter" in {each.topic for each in unit.outbox.lease(NOW + 2 * MINUTE, MINUTE, 9)}


def test_what_was_given_up_waits_for_an_operator(waiting: Database) -> None:
    with waiting.write(WORKER) as unit:
        first, second, _ = unit.outbox.lease(NOW, MINUTE, 9)
        unit.outbox.dead(first.id, "refused", NOW + MINUTE)
        for settle in (unit.outbox.delivered, unit.outbox.revive):
            with pytest.raises(NotFound):
                settle(first.id if settle == unit.outbox.delivered else second.id, NOW)
        with pytest.raises(NotFound):
            unit.outbox.failed(first.id, "x", NOW)
        (dead,) = unit.outbox.dead_letters()
        assert (dead.id, dead.case, dead.topic, dead.attempts) == (first.id, "WP-0", "decision", 1)
        assert (dead.last_error, dead.dead_at) == ("refused", "2026-03-01T15:01:00.000Z")
        assert first.id not in {each.id for each in unit.outbox.lease(NOW + 9 * MINUTE, MINUTE, 9)}
        unit.outbox.revive(first.id, NOW + 10 * MINUTE)
        assert unit.outbox.dead_letters() == ()
        assert first.id in {each.id for each in unit.outbox.lease(NOW + 10 * MINUTE, MINUTE, 9)}


def test_only_an_operator_empties_the_outbox(waiting: Database) -> None:
    calls: dict[str, tuple[object, ...]] = {
        "lease": (NOW, MINUTE, 1),
        "delivered": (1, NOW),
        "failed": (1, "x", NOW),
        "dead": (1, "x", NOW),
        "dead_letters": (),
        "revive": (1, NOW),
    }
    for empty, arguments in calls.items():
        with waiting.write(ALICE) as unit, pytest.raises(NotAllowed):
            getattr(unit.outbox, empty)(*arguments)
