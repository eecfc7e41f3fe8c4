"""Items of the worklist as they are read: which ones, and all that belongs to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, literal_column, or_, select, tuple_

from fhir_server.authorization.determination import Tier
from fhir_server.store.review_tables import worklist_category, worklist_item, worklist_specialty
from fhir_server.store.values import utc_text

ItemStatus = Literal["waiting", "information-requested", "closed"]
Alert = Literal["due-soon", "overdue", "late"]


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """A case that waits for a person, or did.

    ``category`` is the first of ``categories``. Any one of ``specialties`` may decide; none means that all may.
    """

    case: str
    owner: str
    round: int
    category: str | None
    state_of_service: str | None
    tier: Tier
    expedited: bool
    received_at: str
    due_at: str
    latest_at: str
    status: ItemStatus
    assigned_to: str | None
    assigned_at: str | None
    alert: Alert | None
    second_look: bool
    categories: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items to list; what is left empty lets all through.

    An item that asks for no specialty, or knows no state of service, fits every reviewer. ``overdue_at`` lets those
    through that were due before that moment; ``after`` is the (due_at, case) of the last item that was seen.
    """

    specialties: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    category: str | None = None
    assigned_to: str | None = None
    unassigned: bool = False
    overdue_at: datetime | None = None
    statuses: tuple[ItemStatus, ...] = ("waiting", "information-requested")
    tiers: tuple[Tier, ...] = ()
    expedited: bool | None = None
    most: int = 100
    after: tuple[str, str] | None = None


ALL_OPEN = Filter()
_columns = worklist_item.c
IS_OPEN = _columns.status != literal_column("'closed'")
"""The condition of the indexes, in words that SQLite finds again: it takes no parameter for the same."""
Conditions = Sequence[ColumnElement[bool]]


def chosen(wanted: Filter) -> Conditions:
    """Return what an item must be to be let through."""
    met: list[ColumnElement[bool]] = [_columns.status.in_(wanted.statuses)]
    if "closed" not in wanted.statuses:
        met.append(IS_OPEN)
    if wanted.specialties:
        met.append(_fits(wanted.specialties))
    if wanted.states:
        met.append(or_(_columns.state_of_service.is_(None), _columns.state_of_service.in_(wanted.states)))
    if wanted.category is not None:
        met.append(_has(worklist_category, worklist_category.c.category == wanted.category))
    if wanted.assigned_to is not None:
        met.append(_columns.assigned_to == wanted.assigned_to)
    if wanted.unassigned:
        met.append(_columns.assigned_to.is_(None))
    if wanted.overdue_at is not None:
        met.append(_columns.due_at < utc_text(wanted.overdue_at))
    if wanted.tiers:
        met.append(_columns.tier.in_(wanted.tiers))
    if wanted.expedited is not None:
        met.append(_columns.expedited.is_(wanted.expedited))
    if wanted.after is not None:
        met.append(tuple_(_columns.due_at, _columns.case_number) > tuple_(*wanted.after))
    return met


def _fits(specialties: Sequence[str]) -> ColumnElement[bool]:
    any_one = worklist_specialty.c.specialty.in_(specialties)
    return or_(_has(worklist_specialty, any_one), ~_has(worklist_specialty))


def _has(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(table.c.case_number).where(table.c.case_number == _columns.case_number, *conditions).exists()


_READ = select(
    _columns.case_number.label("case"),
    _columns.owner,
    _columns.round,
    _columns.category,
    _columns.state_of_service,
    _columns.tier,
    _columns.expedited,
    _columns.received_at,
    _columns.due_at,
    _columns.latest_at,
    _columns.status,
    _columns.assigned_to,
    _columns.assigned_at,
    _columns.alert,
    _columns.second_look,
).order_by(_columns.due_at, _columns.case_number)


def with_details(
    connection: Connection, conditions: Conditions, parameters: Mapping[str, Any], most: int
) -> tuple[WorklistItem, ...]:
    """Return up to *most* of the items that meet *conditions*, those that are due first at the head."""
    rows = connection.execute(_READ.where(*conditions).limit(most), dict(parameters)).all()
    cases = [row.case for row in rows]
    categories, specialties = (_of(connection, table, cases) for table in (worklist_category, worklist_specialty))
    return tuple(
        WorklistItem(
            **row._mapping,
            categories=tuple(categories.get(row.case, ())),
            specialties=tuple(specialties.get(row.case, ())),
        )
        for row in rows
    )


def _of(connection: Connection, table: Table, cases: Sequence[str]) -> dict[str, list[str]]:
    """Return the words that *table* holds of each of *cases*."""
    case, word, _owner = table.c
    found: dict[str, list[str]] = {}
    for number, value in connection.execute(select(case, word).where(case.in_(cases)).order_by(case, word)):
        found.setdefault(number, []).append(value)
    return found
