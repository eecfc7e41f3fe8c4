"""The worker: delivers what waits in the outbox, and does what is due from time to time.

    lease      some deliveries that are due; no other worker gets them for a while
    handle     each by the handler of its topic, in transactions of its own
    settle     delivered; or tried again, later each time; or given up, to wait for an operator

A worker may be killed at any instant: a lease ends by itself, and the delivery is handled again. Handlers therefore do
nothing twice: whatever they make is made once for its event, and found there the next time.
"""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import structlog
from prometheus_client import Counter

from fhir_server.authorization.caller import Caller
from fhir_server.errors import NotFound, Refusal, Unavailable
from fhir_server.store.database import Database
from fhir_server.store.outbox import Delivery
from fhir_server.store.translating import ConstraintBroken

log = structlog.get_logger()

DELIVERIES = Counter("wiser_pas_deliveries", "Deliveries of the outbox that were tried.", ("topic", "outcome"))
LONGEST_REASON = 500

Handler: TypeAlias = Callable[[Delivery, datetime], None]
"""Delivers one thing; returns when nothing of it is left to do. Raises anything where it has to be tried again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker waits for what.

    ``lease``: a delivery that was begun and not settled is another worker's after so long. ``first`` and ``longest``:
    the waits after a failure, doubled each time. ``attempts``: after so many a delivery is given up. ``idle``: how
    long to wait where nothing is due. ``batch``: how many deliveries are leased at a time.
    """

    lease: timedelta = timedelta(seconds=60)
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(hours=1)
    attempts: int = 16
    idle: timedelta = timedelta(milliseconds=500)
    batch: int = 5

    def wait(self, attempts: int, chance: random.Random) -> timedelta:
        """Return how long to wait after so many attempts, half of it by chance, so that not all come back at once."""
        whole: timedelta = min(self.longest, self.first * 2 ** min(attempts - 1, 30))
        return whole * chance.uniform(0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do from time to time. ``run`` finds out by itself what is left to do, also beside other workers."""

    name: str
    every: timedelta
    run: Callable[[datetime], None]


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass
class Worker:
    """Delivers for *caller*, an operator, by the table of *handlers*; a topic without a handler is tried again.

    ``in_words`` are the kinds of error whose message holds no beneficiary's data and is told to operators.
    """

    database: Database
    caller: Caller
    handlers: Mapping[str, Handler]
    jobs: Sequence[Job] = ()
    in_words: tuple[type[Exception], ...] = ()
    patience: Patience = Patience()
    clock: Callable[[], datetime] = utc_now
    chance: random.Random = field(default_factory=random.SystemRandom)
    _next_run: dict[str, datetime] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Work until *stop* is set; what was begun is finished, what was leased and not begun is given back."""
        while not stop.is_set():
            if not self.turn(stop):
                stop.wait(self.patience.idle.total_seconds())

    def turn(self, stop: threading.Event | None = None) -> int:
        """Do the jobs that are due and one batch of deliveries; return how many deliveries there were."""
        try:
            self._do_jobs()
            return self._deliver(stop or threading.Event())
        except Unavailable as error:
            log.warning("store", kind=type(error).__name__)
            return 0

    def _do_jobs(self) -> None:
        now = self.clock()
        for job in self.jobs:
            if now >= self._next_run.get(job.name, now):
                self._next_run[job.name] = now + job.every
                self._do(job, now)

    def _do(self, job: Job, now: datetime) -> None:
        try:
            job.run(now)
        except Exception as error:  # noqa: BLE001 - one job must not keep the worker from its deliveries
            log.error("job", kind=job.name, rules=[reason_of(error, self.in_words)], at=places_of(error))

    def _deliver(self, stop: threading.Event) -> int:
        now = self.clock()
        with self.database.write(self.caller) as unit:
            leased = unit.outbox.lease(now, self.patience.lease, self.patience.batch)
        for each in leased:
            if stop.is_set():
                self._give_back(each)
            else:
                self._handle(each)
        return len(leased)

    def _handle(self, delivery: Delivery) -> None:
        started, reason = time.perf_counter(), None
        try:
            self._handler(delivery)(delivery, self.clock())
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the delivery is tried again
            reason = reason_of(error, self.in_words)
            log.warning("delivery", kind=delivery.topic, case=delivery.case, rules=[reason], at=places_of(error))
        outcome = self._settle(delivery, reason)
        DELIVERIES.labels(delivery.topic, outcome).inc()
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        log.info("delivery", kind=delivery.topic, case=delivery.case, status=outcome, milliseconds=milliseconds)

    def _handler(self, delivery: Delivery) -> Handler:
        handler = self.handlers.get(delivery.topic)
        if handler is None:
            raise NotFound.because(f"No handler is known for {delivery.topic}.", "Start a worker of this release.")
        return handler

    def _settle(self, delivery: Delivery, reason: str | None) -> str:
        """Note how the delivery went and return it in a word. One that another worker settled meanwhile stays so."""
        now, patience = self.clock(), self.patience
        given_up = delivery.attempts >= patience.attempts
        with suppress(NotFound), self.database.write(self.caller) as unit:
            if reason is None:
                unit.outbox.delivered(delivery.id, now)
            elif given_up:
                unit.outbox.dead(delivery.id, reason, now)
            else:
                unit.outbox.failed(delivery.id, reason, now + patience.wait(delivery.attempts, self.chance))
        return "delivered" if reason is None else "given up" if given_up else "tried again"

    def _give_back(self, delivery: Delivery) -> None:
        """Let another worker have at once what was leased and not begun."""
        with suppress(NotFound), self.database.write(self.caller) as unit:
            unit.outbox.failed(delivery.id, "given back", self.clock())


def reason_of(error: Exception, in_words: tuple[type[Exception], ...] = ()) -> str:
    """Return why something failed, without a beneficiary's data.

    The words of our own refusals, of the store's rules and of the kinds *in_words*; of others the kind alone.
    """
    if isinstance(error, Refusal):
        return "; ".join(f"{issue.rule}: {issue.found}" for issue in error.issues)[:LONGEST_REASON]
    kind = type(error).__name__
    return f"{kind}: {error}"[:LONGEST_REASON] if isinstance(error, (ConstraintBroken, *in_words)) else kind


def places_of(error: Exception) -> list[str]:
    """Return where it happened, without the values, which may hold a beneficiary's data."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames]
