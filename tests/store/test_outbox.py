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


def test_only_an_operator_empties_the_outbox(waiting: Database) -> None:
    for empty in ("lease", "delivered", "failed"):
        arguments = {"lease": (NOW, MINUTE, 1), "delivered": (1, NOW), "failed": (1, "x", NOW)}[empty]
        with waiting.write(ALICE) as unit, pytest.raises(NotAllowed):
            getattr(unit.outbox, empty)(*arguments)
