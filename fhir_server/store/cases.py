"""Cases: what each is looked up by, and where it stands. What happened to a case is told by its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, insert, literal_column, select

from fhir_server.authorization.states import OPEN, State
from fhir_server.store.heads import Head
from fhir_server.store.repository import Repository, listing
from fhir_server.store.statements import Statement, upsert
from fhir_server.store.tables import authorization_case, case_identifier, case_line
from fhir_server.store.values import indexed, utc_text

IdentifierKind = Literal["utn", "administrative", "trace", "request", "transaction"]


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A service under review and the provider who would give it: what makes another request a duplicate (D08)."""

    sequence: int
    service_code: str
    provider_npi: str
    service_system: str = ""


@dataclass(frozen=True, slots=True)
class CaseIdentifier:
    """A number that a case is known by: ours (``utn``, ``administrative``) or the sender's."""

    kind: IdentifierKind
    value: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case as it is created. Its owner is the caller, its state comes with its first event."""

    number: str
    channel: str
    created_at: datetime
    member_id: str | None = None
    requester_npi: str | None = None
    lines: tuple[CaseLine, ...] = ()
    identifiers: tuple[CaseIdentifier, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as it stands. ``answer_sha256`` names the bytes that the requester was last told."""

    number: str
    owner: str
    channel: str
    state: State
    created_at: str
    changed_at: str
    member_id: str | None
    requester_npi: str | None
    last_event: int
    answer_sha256: str | None


_columns = authorization_case.c
_CREATE = Statement(insert(authorization_case))
_ADD_LINE = Statement(insert(case_line))
_ADD_IDENTIFIER = upsert(case_identifier, lambda statement: statement.on_conflict_do_nothing())
_GET = Statement(
    select(
        _columns.owner,
        _columns.channel,
        _columns.state,
        _columns.created_at,
        _columns.changed_at,
        _columns.member_id,
        _columns.requester_npi,
        _columns.last_event,
        _columns.answer_sha256,
    ).where(_columns.number == bindparam("case_number"))
)
_BY_IDENTIFIER = listing(
    select(_columns.number)
    .join(case_identifier, case_identifier.c.case_number == _columns.number)
    .where(case_identifier.c.value == bindparam("value"), case_identifier.c.kind == bindparam("kind"))
    .distinct()
    .add_columns(_columns.created_at)
    .order_by(_columns.created_at.desc(), _columns.number),
    _columns.owner,
)
_OWN_OPEN_LINES = Statement(
    select(_columns.number, case_line.c.service_code, case_line.c.provider_npi)
    .join(case_line, case_line.c.case_number == _columns.number)
    .where(
        _columns.member_id == bindparam("member_id"),
        _columns.owner == bindparam("only_owner"),
        _columns.state.in_([literal_column(f"'{state}'") for state in sorted(OPEN)]),
    )
    .order_by(_columns.created_at, _columns.number)
)


class Cases(Repository):
    """The cases of the store."""

    __slots__ = ()

    def create(self, case: CaseRecord) -> None:
        """Make a case that the caller owns. Its first event has to follow in the same transaction."""
        owner = self._unit.guard(self._unit.caller.client)
        at = utc_text(case.created_at)
        head = Head(case.number, owner, case.channel, None, 0, None, at, 0)
        self._run(
            _CREATE,
            {
                "number": case.number,
                "owner": owner,
                "channel": case.channel,
                "state": State.RECEIVED,
                "created_at": at,
                "changed_at": at,
                "member_id": indexed(case.member_id) if case.member_id else None,
                "requester_npi": indexed(case.requester_npi) if case.requester_npi else None,
                "last_event": 0,
            },
        )
        self._unit.heads.begin(head)
        self._add_lines(head, case.lines)
        self.identify(case.number, case.identifiers)

    def get(self, number: str) -> StoredCase:
        """Return the case; raise `NotFound` where there is none, `NotAllowed` where it is another client's."""
        self._unit.heads.write()
        self._unit.heads.of(number)
        ((owner, channel, state, *rest),) = self._rows(_GET, {"case_number": number})
        return StoredCase(number, owner, channel, State(state), *rest)

    def identify(self, number: str, identifiers: Iterable[CaseIdentifier]) -> None:
        """Let the case be found by *identifiers* too; those that it has are left as they are."""
        owner = self._unit.heads.of(number).owner
        rows = [
            {
                "case_number": number,
                "owner": owner,
                "kind": each.kind,
                "system": indexed(each.system),
                "value": indexed(each.value),
            }
            for each in identifiers
        ]
        _ADD_IDENTIFIER.run_for_each(self._unit.connection, rows)

    def identified_by(self, kind: IdentifierKind, value: str) -> tuple[str, ...]:
        """Return the numbers of the cases that *value* names, newest first, of those that the caller may see."""
        return tuple(number for number, _ in self._listed(_BY_IDENTIFIER, {"kind": kind, "value": indexed(value)}))

    def open_items(self, member_id: str, items: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return the oldest undecided case of the member for each of *items* that one asks for (D08).

        An item is a provider's NPI and a service code. Only cases of the caller's own count, whatever else he may see:
        a case that is named to him is his. Two submissions for one member take turns from here to their ends.
        """
        member, owner = indexed(member_id), self._unit.caller.client
        self._one_at_a_time([f"{owner}\x00{member}"])
        self._unit.heads.write()
        asked = {(indexed(npi), indexed(code)): (npi, code) for npi, code in items}
        found: dict[tuple[str, str], str] = {}
        for number, code, npi in self._rows(_OWN_OPEN_LINES, {"member_id": member, "only_owner": owner}):
            if (npi, code) in asked:
                found.setdefault(asked[npi, code], number)
        return found

    def _add_lines(self, head: Head, lines: Iterable[CaseLine]) -> None:
        rows = {
            (line.sequence, indexed(line.service_system), indexed(line.service_code), indexed(line.provider_npi))
            for line in lines
        }
        columns = ("sequence", "service_system", "service_code", "provider_npi")
        _ADD_LINE.run_for_each(
            self._unit.connection,
            [
                {"case_number": head.number, "owner": head.owner, **dict(zip(columns, row, strict=True))}
                for row in sorted(rows)
            ],
        )
