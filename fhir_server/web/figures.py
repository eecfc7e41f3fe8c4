"""Figures of decisions for `/metrics`: read from the store when they are asked for, at most twice a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from fhir_server.authorization.caller import operator
from fhir_server.errors import Refusal
from fhir_server.store.database import Database
from fhir_server.store.decisions import DecisionSummary

PERIOD = timedelta(days=30)
KEPT_SECONDS = 30.0
LABELS = ("category", "state", "outcome", "decided_by", "decider")


@dataclass(eq=False)
class DecisionFigures(Collector):
    """The decisions of the last 30 days by category, state of service, outcome and who decided.

    A store that does not answer gives no figures. The same figures are given for 30 seconds.
    """

    database: Database
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    _read_at: float | None = None
    _summaries: Sequence[DecisionSummary] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        summaries = self._current()
        count = GaugeMetricFamily("wiser_pas_decisions", "Decisions of the last 30 days.", labels=LABELS)
        hours = GaugeMetricFamily(
            "wiser_pas_decision_hours_median", "Median hours from receipt to the decision.", labels=LABELS
        )
        longest = GaugeMetricFamily(
            "wiser_pas_decision_hours_longest", "Longest hours from receipt to the decision.", labels=LABELS
        )
        for each in summaries:
            labels = (
                each.category or "none",
                each.state_of_service or "none",
                each.outcome.value,
                each.decided_by,
                each.decider_kind,
            )
            count.add_metric(labels, each.count)
            hours.add_metric(labels, each.median_hours)
            longest.add_metric(labels, each.longest_hours)
        yield from (count, hours, longest)

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: what there is is known when it was read, and a registry need not read the store to ask."""
        return iter(())

    def _current(self) -> Sequence[DecisionSummary]:
        with self._lock:
            now = self.monotonic()
            if self._read_at is None or now - self._read_at >= KEPT_SECONDS:
                self._summaries, self._read_at = self._read(), now
            return self._summaries

    def _read(self) -> Sequence[DecisionSummary]:
        until = self.clock()
        try:
            with self.database.read(operator("metrics")) as unit:
                return unit.decisions.summary(until - PERIOD, until)
        except Refusal:
            return ()


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def decision_figures(database: Database, clock: Callable[[], datetime] = utc_now) -> Collector:
    """Return what collects the figures of decisions from *database*, for a registry of `/metrics`."""
    return DecisionFigures(database, clock)
