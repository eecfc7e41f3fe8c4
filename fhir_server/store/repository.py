"""What all repositories share: the unit that they belong to, and the lists that it may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, Select, bindparam

from fhir_server.store.statements import Parameters, Statement

if TYPE_CHECKING:
    from fhir_server.store.unit import UnitOfWork


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

    def _run(self, statement: Statement, parameters: Parameters) -> int:
        return statement.run(self._unit.connection, parameters)

    def _rows(self, query: Statement, parameters: Parameters) -> Sequence[Sequence[Any]]:
        return query.rows(self._unit.connection, parameters)

    def _row(self, query: Statement, parameters: Parameters) -> Sequence[Any] | None:
        return next(iter(query.rows(self._unit.connection, parameters)), None)

    def _listed(self, query: Listing, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """Return the rows of *query* that the caller may see."""
        unit = self._unit
        if unit.sees_all:
            return self._rows(query.of_all, parameters)
        return self._rows(query.of_owner, {**parameters, "only_owner": unit.caller.client})
