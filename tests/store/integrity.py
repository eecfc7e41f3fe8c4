"""What must be true of every store, whatever happened to it."""

from __future__ import annotations

from sqlalchemy import text

from fhir_server.authorization.caller import operator
from fhir_server.authorization.events import Answered, Received
from fhir_server.store.database import Database
from fhir_server.store.values import sha256

EVERYTHING = operator()


def cases_of(database: Database) -> list[str]:
    """Return the numbers of all cases, and check that each is whole."""
    with database.engines.reading() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        numbers = list(connection.execute(text("SELECT number FROM authorization_case ORDER BY number")).scalars())
        whole = "SELECT count(*) FROM replay WHERE message_id IS NOT NULL AND case_number IS NOT NULL"
        assert connection.execute(text(whole)).scalar_one() == len(numbers)
        assert connection.execute(text("SELECT count(*) FROM replay")).scalar_one() == len(numbers)
        assert connection.execute(text("SELECT count(*) FROM outbox")).scalar_one() == len(numbers)
        assert connection.execute(text("SELECT count(*) FROM message")).scalar_one() == 2 * len(numbers)
    for number in numbers:
        _check_case(database, number)
    return numbers


def _check_case(database: Database, number: str) -> None:
    with database.read(EVERYTHING) as unit:
        case, events = unit.cases.get(number), unit.events.of(number, with_documents=True)
        received, sent = unit.messages.of(number)
    assert [each.number for each in events] == list(range(1, len(events) + 1))
    assert (case.last_event, case.state) == (len(events), events[-1].state)
    first, last = events[0].data, events[-1].data
    assert isinstance(first, Received)
    assert isinstance(last, Answered)
    assert first.content_sha256 == received.sha256 == sha256(received.content)
    assert last.content_sha256 == case.answer_sha256 == sent.sha256 == sha256(sent.content)
