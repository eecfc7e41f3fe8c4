"""Figures of decisions for `/metrics`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from fhir_server.store.database import Database
from fhir_server.web.figures import DecisionFigures, decision_figures
from tests.letters.contents import AFFIRMED, CASE, MEMBER
from tests.store.conftest import database
from tests.workflow.decided import AT, decide

__all__ = ["database"]
COUNT = (
    'wiser_pas_decisions{category="epidural-steroid-injection",decided_by="own",decider="software",'
    'outcome="affirmed",state="none"}'
)


def page(figures: DecisionFigures) -> str:
    registry = CollectorRegistry()
    registry.register(figures)
    return generate_latest(registry).decode()


def test_decisions_are_counted_and_nobody_is_named(database: Database) -> None:
    decide(database, AFFIRMED, received_at=AT - timedelta(hours=6))

    told = page(DecisionFigures(database, lambda: AT + timedelta(hours=1)))

    assert f"{COUNT} 1.0" in told
    assert COUNT.replace("decisions", "decision_hours_median") + " 6.0" in told
    assert MEMBER not in told
    assert CASE not in told


def test_older_decisions_are_not(database: Database) -> None:
    decide(database, AFFIRMED)

    assert COUNT not in page(DecisionFigures(database, lambda: AT + timedelta(days=31)))


def test_the_store_is_read_twice_a_minute_at_most(database: Database) -> None:
    seconds = [0.0]
    figures = DecisionFigures(database, lambda: AT + timedelta(hours=1), lambda: seconds[0])
    assert COUNT not in page(figures)
    decide(database, AFFIRMED)
    seconds[0] = 29.0
    assert COUNT not in page(figures)
    seconds[0] = 30.0
    assert COUNT in page(figures)


def test_a_store_that_is_gone_gives_no_figures(tmp_path: Path) -> None:
    gone = decision_figures(Database(f"sqlite:///{tmp_path / 'none' / 'store.sqlite'}", sandbox=False))

    registry = CollectorRegistry()
    registry.register(gone)
    assert b"wiser_pas_decisions{" not in generate_latest(registry)
