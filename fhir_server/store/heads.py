"""Where the cases of one transaction stand: read once, moved by events, written back once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from fhir_server.authorization.states import State
from fhir_server.errors import NotFound, Unavailable
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.tables import authorization_case

if TYPE_CHECKING:
    from fhir_server.store.unit import UnitOfWork

_READ_BARE = select(
    authorization_case.c.owner,
    authorization_case.c.channel,
    authorization_case.c.state,
    authorization_case.c.last_event,
    authorization_case.c.answer_sha256,
    authorization_case.c.changed_at,
).where(authorization_case.c.number == bindparam("case_number"))
_READ = Statement(_READ_BARE)
_READ_LOCKED = Statement(_READ_BARE.with_for_update())
_MOVE = Statement(
    update(authorization_case).where(
        authorization_case.c.number == bindparam("case_number"),
        authorization_case.c.last_event == bindparam("last_event_before"),
    )
)


@dataclass(slots=True)
class Head:
    """Where a case stands within the transaction. ``stored_event`` is the last event that its row knows of."""

    number: str
    owner: str
    channel: str
    state: State | None
    last_event: int
    answer_sha256: str | None
    changed_at: str
    stored_event: int

    @property
    def is_new(self) -> bool:
        """Whether this transaction makes the case, and has not written it again since: nothing else knows of it."""
        return self.stored_event == 0


class Heads(Repository):
    """The cases that this transaction has met."""

    __slots__ = ("_heads",)

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._heads: dict[str, Head] = {}

    def of(self, case: str) -> Head:
        """Return where *case* stands, guarded; a unit that writes has locked the case from here to its end.

        Raises `NotFound` where there is no such case.
        """
        head = self._heads.get(case)
        if head is None:
            head = self._heads[case] = self._read(case)
        self._unit.guard(head.owner)
        return head

    def begin(self, head: Head) -> None:
        """Take note of a case that this transaction makes."""
        self._heads[head.number] = head

    def write(self) -> None:
        """Write where each changed case stands: before cases are read, and before the commit."""
        for head in self._heads.values():
            if head.last_event != head.stored_event:
                self._move(head)

    def _read(self, case: str) -> Head:
        query = _READ_LOCKED if self._unit.writing else _READ
        row = self._row(query, {"case_number": case})
        if row is None:
            raise NotFound.because("There is no case of this number.", "Check the case number.")
        owner, channel, state, last_event, answer_sha256, changed_at = row
        return Head(case, owner, channel, State(state), last_event, answer_sha256, changed_at, last_event)

    def _move(self, head: Head) -> None:
        moved = self._run(
            _MOVE,
            {
                "case_number": head.number,
                "last_event_before": head.stored_event,
                "state": head.state,
                "last_event": head.last_event,
                "changed_at": head.changed_at,
                "answer_sha256": head.answer_sha256,
            },
        )
        if moved != 1:
            raise Unavailable.because("The case was changed at the same moment.", "Send the same request again.")
        head.stored_event = head.last_event
