"""kill -9 of the worker at a random instant: one decision, one letter about it and one tracking number a case."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import Answered, Determined, LetterMade, TrackingNumber
from fhir_server.store.database import Database
from tests.conftest import ROOT
from tests.letters.contents import AFFIRMED, NON_AFFIRMED, PARTIAL
from tests.soak.test_kills import durable_url
from tests.workflow.decided import WORKER, decide

__all__ = ["durable_url"]
DECISIONS: tuple[Determination, ...] = (AFFIRMED, PARTIAL, NON_AFFIRMED)
KINDS = ("affirmation", "partial", "non-affirmation")
LONGEST = pytest.mark.timeout(3600)
COUNTS = pytest.mark.parametrize(
    ("kills", "cases"), [(5, 50), pytest.param(100, 1000, marks=[pytest.mark.soak, LONGEST])]
)
DEADLINE_SECONDS = 60.0


@contextmanager
def worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker until the block ends, which kills it."""
    command = [sys.executable, "-m", "tests.soak.worker_process", url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def store(durable_url: str) -> Iterator[Database]:
    """A sandbox store, where a simulated reviewer may decide."""
    opened = Database(durable_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


@COUNTS
def test_whenever_the_worker_dies_everything_is_done_once(
    store: Database, durable_url: str, kills: int, cases: int
) -> None:
    chance, numbers = random.Random(kills), iter(range(cases))
    for _ in range(kills):
        for number in (next(numbers) for _ in range(cases // kills)):
            decide(store, DECISIONS[number % 3], case=f"W-{number:04}")
        with worker(durable_url) as process:
            wait_until_less(store, waiting(store), process)
            time.sleep(chance.uniform(0.0, 0.15))
    with worker(durable_url) as process:
        while left := waiting(store):
            wait_until_less(store, left, process)
    for number in range(cases):
        check(store, f"W-{number:04}", DECISIONS[number % 3], KINDS[number % 3])


def waiting(store: Database) -> int:
    """Return how much waits for its delivery, what follows from a decision counted before it is there."""
    query = text(
        "SELECT coalesce(sum(CASE topic WHEN 'determined' THEN 4 WHEN 'tracking-number' THEN 2 ELSE 1 END), 0) "
        "FROM outbox WHERE delivered_at IS NULL"
    )
    with store.read(WORKER) as unit:
        return int(unit.connection.execute(query).scalar_one())


def wait_until_less(store: Database, before: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while waiting(store) >= before:
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "nothing was delivered"
        time.sleep(0.005)


def check(store: Database, case: str, decided: Determination, kind: str) -> None:
    """Compare the log of *case* with what was kept beside it."""
    with store.read(WORKER) as unit:
        events = unit.events.of(case)
        told = [each.data for each in events]
        decisions = [each.number for each in events if isinstance(each.data, Determined)]
        numbers = [each for each in told if isinstance(each, TrackingNumber)]
        letters = [each for each in told if isinstance(each, LetterMade)]
        (record,) = unit.tracking.of(case)
        kept = unit.letters.of(case)
        assert len(decisions) == len(unit.decisions.of(case)) == 1
        assert [each.step for each in numbers] == ["requested", "issued"]
        assert (record.status, record.number, record.decision) == ("issued", numbers[1].number, decisions[0])
        assert unit.cases.identified_by("utn", record.number or "") == (case,)
        assert sum(isinstance(each, Answered) for each in told) == 1
        assert unit.cases.get(case).state is decided.state
        # A letter that was written before the number came is followed by one that tells it.
        issued = next(each.number for each in events if each.data is numbers[1])
        first = next(each.number for each in events if each.data is letters[0])
        assert [each.about for each in letters] == [*decisions, *([issued] if first < issued else [])]
        assert {each.kind for each in letters} == {kind}
        assert [each.number for each in kept] == [each.letter for each in letters]
        assert record.number is not None
        assert record.number in kept[-1].text
