"""The worker: each delivery once where all is well, again where it failed, and given up in the end."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from fhir_server.authorization.caller import operator
from fhir_server.errors import ContentInvalid, Unavailable
from fhir_server.exchange.worker import Job, Patience, Worker, reason_of
from fhir_server.store.database import Database
from fhir_server.store.outbox import Delivery
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.values import utc_text
from tests.store.submissions import ALICE, NOW, Submission, submit
from tests.web.served import Clock

PATIENCE = Patience(attempts=4, batch=3)


@dataclass
class Desk:
    """A handler that does what the test wants, and what was handed to it."""

    failures: list[Exception] = field(default_factory=list)
    handed: list[tuple[str, str]] = field(default_factory=list)

    def handle(self, delivery: Delivery, now: datetime) -> None:
        self.handed.append((delivery.case, delivery.topic))
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    opened = Database(store_url, sandbox=False)
    opened.upgrade()
    yield opened
    opened.close()


def put(database: Database, cases: int = 1) -> None:
    """Let so many cases wait in the outbox, each under the topic ``decision``."""
    for number in range(cases):
        with database.write(ALICE) as unit:
            submit(unit, Submission(case=f"WP-{number:04}", body=str(number).encode()))


def worker(database: Database, desk: Desk, clock: Clock, **changes: object) -> Worker:
    given = {"patience": PATIENCE, "clock": clock, "chance": random.Random(1), **changes}
    return Worker(database, operator("worker"), {"decision": desk.handle}, **given)  # type: ignore[arg-type]


def waiting(database: Database) -> tuple[Delivery, ...]:
    """Return all that is not settled, whenever it is due."""
    with database.write(operator()) as unit:
        return unit.outbox.lease(NOW + timedelta(days=365), timedelta(0), 100)


def test_everything_is_delivered_once_oldest_first(database: Database) -> None:
    put(database, 7)
    desk, clock = Desk(), Clock(NOW)
    working = worker(database, desk, clock)

    turns = [working.turn() for _ in range(4)]

    assert turns == [3, 3, 1, 0]
    assert desk.handed == [(f"WP-{number:04}", "decision") for number in range(7)]
    assert waiting(database) == ()


def test_what_failed_is_tried_again_later_each_time_and_given_up_in_the_end(database: Database) -> None:
    put(database)
    desk, clock = Desk([ValueError("1EG4TE5MK73")] * 4), Clock(NOW)
    working, waits = worker(database, desk, clock), []
    for _ in range(4):
        assert working.turn() == 1
        began = clock.now
        while len(desk.handed) < 4 and not _is_due(database, clock):
            clock.advance(0.1)
        waits.append((clock.now - began).total_seconds())

    assert len(desk.handed) == 4
    assert 1 <= waits[0] <= 2.2 <= waits[2]
    clock.advance(1_000_000)
    assert working.turn() == 0
    with database.read(operator()) as unit:
        (dead,) = unit.outbox.dead_letters()
    assert (dead.case, dead.attempts, dead.last_error) == ("WP-0000", 4, "ValueError")


def _is_due(database: Database, clock: Clock) -> bool:
    """Return whether something is due, without taking it."""
    with database.read(operator()) as unit:
        query = text("SELECT count(*) FROM outbox WHERE dead_at IS NULL AND available_at <= :now")
        return bool(unit.connection.execute(query, {"now": utc_text(clock.now)}).scalar_one())


def test_what_was_given_up_is_delivered_when_it_is_revived(database: Database) -> None:
    put(database)
    desk, clock = Desk([ValueError()] * 4), Clock(NOW)
    working = worker(database, desk, clock)
    for _ in range(4):
        working.turn()
        clock.advance(10_000)
    with database.write(operator()) as unit:
        (dead,) = unit.outbox.dead_letters()
        unit.outbox.revive(dead.id, clock.now)

    assert working.turn() == 1
    assert waiting(database) == ()


def test_one_that_fails_holds_up_no_other(database: Database) -> None:
    put(database, 3)
    desk, clock = Desk([ValueError()]), Clock(NOW)

    worker(database, desk, clock).turn()

    assert len(desk.handed) == 3
    assert [each.case for each in waiting(database)] == ["WP-0000"]


def test_a_worker_that_died_leaves_its_deliveries_to_the_next(database: Database) -> None:
    put(database, 2)
    clock = Clock(NOW)
    with database.write(operator("dead")) as unit:
        assert len(unit.outbox.lease(clock.now, PATIENCE.lease, 10)) == 2
    desk = Desk()
    working = worker(database, desk, clock)

    assert working.turn() == 0
    clock.advance(PATIENCE.lease.total_seconds() + 1)
    assert working.turn() == 2


def test_what_another_worker_has_settled_stays_settled(database: Database) -> None:
    put(database)
    clock = Clock(NOW)

    def slow(delivery: Delivery, now: datetime) -> None:
        with database.write(operator("other")) as unit:
            unit.outbox.delivered(delivery.id, now)

    Worker(database, operator(), {"decision": slow}, patience=PATIENCE, clock=clock).turn()

    assert waiting(database) == ()


def test_a_topic_that_nobody_handles_is_kept_with_the_reason(database: Database) -> None:
    put(database)
    clock = Clock(NOW)
    working = Worker(database, operator(), {}, patience=Patience(attempts=1), clock=clock)

    working.turn()

    with database.read(operator()) as unit:
        (dead,) = unit.outbox.dead_letters()
    assert dead.last_error == "not-found: No handler is known for decision."


def test_it_ends_when_it_is_asked_to_and_gives_back_what_it_has_not_begun(database: Database) -> None:
    put(database, 3)
    clock, stop = Clock(NOW), threading.Event()
    handed = []

    def last(delivery: Delivery, now: datetime) -> None:
        handed.append(delivery.case)
        stop.set()

    Worker(database, operator(), {"decision": last}, patience=PATIENCE, clock=clock).run(stop)

    assert handed == ["WP-0000"]
    desk = Desk()
    assert worker(database, desk, clock).turn() == 2


def test_jobs_are_done_when_they_are_due_and_one_that_fails_stops_nothing(database: Database) -> None:
    put(database)
    done: list[datetime] = []

    def broken(now: datetime) -> None:
        raise ValueError

    desk, clock = Desk(), Clock(NOW)
    jobs = (Job("broken", timedelta(minutes=1), broken), Job("hourly", timedelta(hours=1), done.append))
    working = worker(database, desk, clock, jobs=jobs)
    for _ in range(5):
        working.turn()
        clock.advance(1200)

    assert done == [NOW, NOW + timedelta(hours=1)]
    assert len(desk.handed) == 1


def test_a_store_that_is_gone_is_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    put(database)
    desk, clock = Desk(), Clock(NOW)
    working = worker(database, desk, clock)

    def gone(*_: object) -> None:
        raise Unavailable.because("The store is unavailable.", "Come back.")

    with monkeypatch.context() as broken:
        broken.setattr(database, "write", gone)
        assert working.turn() == 0
    assert working.turn() == 1


def test_reasons_hold_no_content() -> None:
    assert reason_of(ValueError("1EG4TE5MK73")) == "ValueError"
    assert reason_of(ContentInvalid.because("Wrong form.", "Mend it.")) == "content-invalid: Wrong form."
    assert reason_of(ConstraintBroken("a denial needs a reviewer")) == "ConstraintBroken: a denial needs a reviewer"
    assert reason_of(LookupError("told"), (LookupError,)) == "LookupError: told"


@given(st.integers(1, 200), st.randoms(use_true_random=False))
def test_waits_grow_up_to_the_longest(attempts: int, chance: random.Random) -> None:
    patience = Patience()
    wait = patience.wait(attempts, chance)

    assert patience.first / 2 <= wait <= patience.longest
    assert wait >= min(patience.longest, patience.first * 2 ** min(attempts - 1, 30)) / 2
