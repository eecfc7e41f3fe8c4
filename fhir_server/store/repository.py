"""What all repositories share: the unit that they belong to, and the lists that it may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import BigInteger, Column, Select, bindparam, func, select

from fhir_server.authorization.caller import Role
from fhir_server.store.statements import Parameters, Statement
from fhir_server.store.values import lock_number

if TYPE_CHECKING:
    from fhir_server.store.unit import UnitOfWork


_LOCK = Statement(select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger))))


class Listing(NamedTuple):
    """A query for a list, in two forms: the rows of every owner, and those of one."""

    of_all: Statement
    of_owner: Statement


def listing(query: Select[Any], owner: Column[str]) -> Listing:
    """Return *query* as a `Listing` by the column that holds the owner."""
    return Listing(Statement(query), Statement(query.where(owner == bindparam("only_owner"))))


class Repository:
    """Rows of one kind, as one unit of work sees them."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def _require_review(self) -> None:
        """Raise `NotAllowed` unless the caller reviews or operates."""
        if Role.OPERATOR not in self._unit.caller.roles:
            self._unit.caller.require(Role.REVIEWER)

    def _run(self, statement: Statement, parameters: Parameters) -> int:
        return statement.run(self._unit.connection, parameters)

    def _rows(self, query: Statement, parameters: Parameters) -> Sequence[Sequence[Any]]:
        return query.rows(self._unit.connection, parameters)

    def _row(self, query: Statement, parameters: Parameters) -> Sequence[Any] | None:
        return next(iter(query.rows(self._unit.connection, parameters)), None)

    def _one_at_a_time(self, names: Iterable[str]) -> None:
        """Have transactions that name the same things take turns from here to their ends.

        On SQLite writers do anyway. The locks are taken in the same order by all, so that none waits for another in a
        circle.
        """
        if self._unit.engine == "postgresql" and self._unit.writing:
            numbers = sorted({lock_number(name) for name in names})
            _LOCK.run_for_each(self._unit.connection, [{"number": number} for number in numbers])

    def _listed(self, query: Listing, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """Return the rows of *query* that the caller may see."""
        unit = self._unit
        if unit.sees_all:
            return self._rows(query.of_all, parameters)
        return self._rows(query.of_owner, {**parameters, "only_owner": unit.caller.client})
