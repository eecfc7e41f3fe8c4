"""`wiser-pas worker`: a store's decisions get their numbers and letters; deliveries that were given up are seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.events import Answered, LetterMade, TrackingNumber
from fhir_server.cli.worker import make_worker
from fhir_server.exchange.worker import Patience
from fhir_server.settings import load_settings
from fhir_server.store.database import Database
from tests.cli.conftest import Command
from tests.letters.contents import AFFIRMED, CASE, IN_REVIEW, PARTIAL
from tests.workflow.decided import AT, WORKER, decide


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


def work(store: Database, url: str, **settings: str) -> None:
    """Let a worker do all that there is to do."""
    made = make_worker(load_settings({"DATABASE_URL": url, "SANDBOX": "1", **settings}), store, Patience())
    while made.turn(threading.Event()):
        pass


def log(store: Database) -> list[object]:
    with store.read(WORKER) as unit:
        return [each.data for each in unit.events.of(CASE)]


def test_a_decision_gets_its_number_its_letter_and_its_answer(store: Database, sqlite_url: str) -> None:
    decision = decide(store, PARTIAL)

    work(store, sqlite_url)

    told = log(store)
    (letter,) = [each for each in told if isinstance(each, LetterMade)]
    (_, issued) = [each for each in told if isinstance(each, TrackingNumber)]
    assert (letter.kind, letter.about) == ("partial", decision)
    assert issued.simulated
    with store.read(WORKER) as unit:
        (answer,) = [each for each in unit.messages.of(CASE) if each.direction == "sent"]
        text = unit.letters.get(letter.letter).text
    assert [each.content_sha256 for each in told if isinstance(each, Answered)] == [answer.sha256]
    assert issued.number is not None
    assert issued.number.encode() in answer.content
    assert f"{issued.number} (simulated)" in text


def test_where_numbers_are_entered_by_hand_the_letter_does_not_wait(
    store: Database, sqlite_url: str, command: Command
) -> None:
    decide(store, AFFIRMED)
    work(store, sqlite_url, CONTRACTOR="manual")
    assert [each.kind for each in log(store) if isinstance(each, LetterMade)] == ["affirmation"]

    entered = command("utn", "issue", CASE, "JLB86260080030", DATABASE_URL=sqlite_url, SANDBOX="1")
    work(store, sqlite_url, CONTRACTOR="manual")

    assert entered.code == 0, entered.err
    first, second = [each for each in log(store) if isinstance(each, LetterMade)]
    with store.read(WORKER) as unit:
        assert "JLB86260080030" not in unit.letters.get(first.letter).text
        assert "JLB86260080030" in unit.letters.get(second.letter).text


def test_a_request_that_goes_on_as_a_standard_one_gets_its_notice(store: Database, sqlite_url: str) -> None:
    decide(store, replace(IN_REVIEW, clock=clock_of(AT, "America/Chicago", downgraded=True)))

    work(store, sqlite_url)

    assert [each.kind for each in log(store) if isinstance(each, LetterMade)] == ["expedited-to-standard"]


def test_deliveries_that_were_given_up_are_listed_and_revived(
    store: Database, sqlite_url: str, command: Command
) -> None:
    decide(store, AFFIRMED)
    with store.write(WORKER) as unit:
        (delivery,) = unit.outbox.lease(datetime.now(UTC), timedelta(0), 1)
        unit.outbox.dead(delivery.id, "LetterIncomplete: the day of the decision", AT)

    listed = command("worker", "dead", DATABASE_URL=sqlite_url)
    revived = command("worker", "revive", delivery.id, DATABASE_URL=sqlite_url)
    again = command("worker", "revive", delivery.id, DATABASE_URL=sqlite_url)

    assert CASE in listed.out
    assert "the day of the decision" in listed.out
    assert (revived.code, again.code) == (0, 1)
    work(store, sqlite_url)
    assert [each.kind for each in log(store) if isinstance(each, LetterMade)] == ["affirmation"]
