"""The log: gapless, append-only, read back as it was written, and closed to a machine's no."""

from __future__ import annotations

import dataclasses
import itertools
import types
import typing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from fhir_server.authorization.events import DATA_OF_KIND, Answered, Determined, EventData, EventKind, Received
from fhir_server.authorization.request import AuthorizationRequest, Document
from fhir_server.authorization.states import State, TransitionRefused
from fhir_server.authorization.submission import Observation
from fhir_server.errors import NotFound
from fhir_server.policy.extraction import member_id
from fhir_server.store.cases import CaseRecord
from fhir_server.store.database import Database
from fhir_server.store.events import LogContradictory
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.unit import UnitOfWork
from tests.store.submissions import ALICE, CLINICIAN, NOW, Submission, determination, submit

SIMULATED = dataclasses.replace(CLINICIAN, kind="simulated")
KIND_OF: dict[type[EventData], EventKind] = {
    Received: EventKind.RECEIVED,
    Determined: EventKind.DETERMINED,
    Answered: EventKind.ANSWERED,
}


def append(unit: UnitOfWork, data: EventData, state: State, case: str = "WP-0001") -> None:
    unit.events.append(case, "someone", KIND_OF[type(data)], data, state, NOW)


def test_the_message_of_a_broken_constraint_holds_no_content(database: Database) -> None:
    sent = Submission(state=State.NON_AFFIRMED)
    with pytest.raises(ConstraintBroken) as broken, database.write(ALICE) as unit:
        submit(unit, sent)
    assert (member := member_id(sent.request))
    assert member not in str(broken.value)
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


@pytest.mark.parametrize("table", ["event", "message", "document"])
@pytest.mark.parametrize("change", ["UPDATE {} SET owner = 'bob'", "DELETE FROM {}"])
def test_what_was_written_cannot_be_changed(database: Database, table: str, change: str) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission(request=with_document(b"record")))
    with pytest.raises(ConstraintBroken, match="append-only"), database.write(ALICE) as unit:
        unit.connection.execute(text(change.format(table)))


def test_the_mode_of_a_store_cannot_be_changed(database: Database) -> None:
    with pytest.raises(ConstraintBroken, match="append-only"), database.write(ALICE) as unit:
        unit.connection.execute(text("UPDATE store_information SET mode = 'sandbox'"))


INSERT = """INSERT INTO event (case_number, number, owner, at, actor, kind, state, state_before, denies_line, data)
            VALUES ('WP-0001', :number, :owner, 'now', 'x', 'answered', 'in-review', :before, :no, '{}')"""


@pytest.mark.parametrize(
    ("number", "owner", "before"),
    [
        (5, "alice", "in-review"),
        (4, "bob", "in-review"),
        (4, "alice", "received"),
        (4, "alice", None),
        (3, "alice", "in-review"),
    ],
)
def test_an_event_out_of_line_is_refused(database: Database, number: int, owner: str, before: str | None) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    row = {"number": number, "owner": owner, "before": before, "no": False}
    with pytest.raises(ConstraintBroken), database.write(ALICE) as unit:
        unit.connection.execute(text(INSERT), row)


def test_the_same_event_in_line_is_taken(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    row = {"number": 4, "owner": "alice", "before": "in-review", "no": False}
    with database.write(ALICE) as unit:
        unit.connection.execute(text(INSERT), row)


def test_a_case_cannot_take_a_way_that_the_table_of_states_does_not_know(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission(state=State.DISMISSED))
        with pytest.raises(TransitionRefused):
            append(unit, Determined(determination(State.AFFIRMED)), State.AFFIRMED)


def test_data_have_to_fit_their_kind_and_state(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
        answered = Answered("c", "0" * 64, "a")
        with pytest.raises(ValueError, match="cannot hold Answered"):
            unit.events.append("WP-0001", "x", EventKind.DETERMINED, answered, State.IN_REVIEW, NOW)
        with pytest.raises(ValueError, match="its determination names"):
            append(unit, Determined(determination(State.AFFIRMED)), State.IN_REVIEW)
        with pytest.raises(ValueError, match="time zone"):
            unit.events.append("WP-0001", "x", EventKind.ANSWERED, answered, State.IN_REVIEW, NOW.replace(tzinfo=None))


def test_numbers_count_on_over_transactions_and_the_case_follows(database: Database) -> None:
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    for hours in (1, 2):
        with database.write(ALICE) as unit:
            answered = Answered("x12-278", str(hours) * 64, "again")
            at = NOW + timedelta(hours=hours)
            event = unit.events.append("WP-0001", "x", EventKind.ANSWERED, answered, State.IN_REVIEW, at)
            assert event.number == 3 + hours
            assert unit.cases.get("WP-0001").last_event == event.number
    with database.read(ALICE) as unit:
        events = unit.events.of("WP-0001")
        assert [each.number for each in events] == [1, 2, 3, 4, 5]
        case = unit.cases.get("WP-0001")
        assert (case.last_event, case.changed_at, case.answer_sha256) == (5, "2026-03-01T17:00:00.000Z", "2" * 64)
        assert events[4].at == case.changed_at


def with_document(content: bytes) -> AuthorizationRequest:
    document = Document("urn:uuid:d", "DocumentReference", "application/pdf", content)
    return dataclasses.replace(
        Submission().request, documents=(document, dataclasses.replace(document, key="second", content=content + b"2"))
    )


def test_documents_are_stored_beside_the_event(database: Database) -> None:
    content = bytes(range(256)) * 40_000
    sent = Submission(request=with_document(content))
    with database.write(ALICE) as unit:
        submit(unit, sent)
    with database.read(ALICE) as unit:
        bare, whole = (unit.events.of(sent.case, with_documents=each)[0].data for each in (False, True))
        assert isinstance(whole, Received)
        assert whole.request == sent.request
        assert isinstance(bare, Received)
        assert [each.content for each in bare.request.documents] == [b"", b""]
        assert [each.key for each in bare.request.documents] == ["urn:uuid:d", "second"]
        assert unit.documents.find(sent.case, "second").content == content + b"2"
        with pytest.raises(NotFound):
            unit.documents.find(sent.case, "third")
    with database.engines.reading() as connection:
        data = connection.execute(text("SELECT data FROM event WHERE number = 1")).scalar_one()
        assert len(data) < 20_000


class Filler:
    """Makes values in which every field is filled in; each dataclass has one value, drawn once, used everywhere."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        self.made: dict[type, Any] = {}

    def fill(self, kind: Any) -> Any:
        """Return a value of *kind*; ``None`` where a type holds itself."""
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            return self._dataclass(kind)
        if origin is tuple:
            return () if self._holds_itself(arguments[0]) else (self.fill(arguments[0]),)
        if origin in (typing.Union, types.UnionType):
            able = [each for each in arguments if each is not type(None) and not self._holds_itself(each)]
            return self.fill(self.draw(st.sampled_from(able))) if able else None
        if origin is typing.Literal:
            return self.draw(st.sampled_from(arguments))
        return self.draw(SIMPLE[kind])

    def _dataclass(self, kind: type) -> Any:
        if kind not in self.made:
            self.made[kind] = None
            hints = typing.get_type_hints(kind)
            values = {each.name: self.fill(hints[each.name]) for each in dataclasses.fields(kind)}
            self.made[kind] = kind(**values)
        return self.made[kind]

    def _holds_itself(self, kind: Any) -> bool:
        return kind in self.made and self.made[kind] is None


characters = st.characters(exclude_categories=["Cs"])
numbers = itertools.count()
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(characters, max_size=4),
    int: st.integers(-(2**62), 2**62),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False) | st.just(Decimal("1.00")),
    State: st.just(State.IN_REVIEW),
}


def test_a_decision_that_the_database_did_not_check_is_not_read(database: Database) -> None:
    """Columns that software may write, around data that it may not."""
    with database.write(ALICE) as unit:
        submit(unit, Submission())
    denied = Determined(determination(State.NON_AFFIRMED, CLINICIAN, "non-affirmed"))
    row = {"data": msgspec.json.encode(denied).decode(), "no": False}
    with database.write(ALICE) as unit:
        unit.connection.execute(
            text(
                "INSERT INTO event (case_number, number, owner, at, actor, kind, state, state_before, decided_by, "
                "decider_kind, denies_line, data) VALUES ('WP-0001', 4, 'alice', 'now', 'x', 'determined', "
                "'in-review', 'in-review', 'own', 'software', :no, :data)"
            ),
            row,
        )
    with database.read(ALICE) as unit, pytest.raises(LogContradictory, match="Event 4 of case WP-0001"):
        unit.events.of("WP-0001")


OTHER_KINDS = sorted(set(EventKind) - set(KIND_OF.values()) - {EventKind.FINDING})


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_event_is_read_back_as_it_was_written(sandbox: Database, data: st.DataObject) -> None:
    fill = Filler(data).fill
    received = dataclasses.replace(fill(Received), observations=(Observation("PAS-027", "orphan", "entry[3]"),))
    decided = Determined(dataclasses.replace(fill(Determined).determination, decider=SIMULATED))
    answered = dataclasses.replace(fill(Answered), content_sha256="0" * 64)
    others = {kind: fill(DATA_OF_KIND[kind]) for kind in OTHER_KINDS}
    case = f"WP-{next(numbers)}"
    with sandbox.write(ALICE) as unit:
        unit.cases.create(CaseRecord(case, "fhir-2.2.1", NOW))
        append(unit, received, State.RECEIVED, case)
        append(unit, decided, State.IN_REVIEW, case)
        append(unit, answered, State.IN_REVIEW, case)
        for kind, other in others.items():
            unit.events.append(case, "someone", kind, other, State.IN_REVIEW, NOW)
    with sandbox.read(ALICE) as unit:
        events = unit.events.of(case, with_documents=True)
    written = [received, decided, answered, *others.values()]
    assert [each.data for each in events] == written
    assert repr([each.data for each in events]) == repr(written)
