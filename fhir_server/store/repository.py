"""What all repositories share: the unit that they belong to, and the lists that it may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, Row, Select, bindparam

if TYPE_CHECKING:
    from fhir_server.store.unit import UnitOfWork


class Listing(NamedTuple):
    """A query for a list, in two forms: the rows of every owner, and those of one."""

    of_all: Select[Any]
    of_owner: Select[Any]


def listing(query: Select[Any], owner: Column[str]) -> Listing:
    """Return *query* as a `Listing` by the column that holds the owner."""
    return Listing(query, query.where(owner == bindparam("only_owner")))


class Repository:
    """Rows of one kind, as one unit of work sees them."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def _listed(self, query: Listing, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Return the rows of *query* that the caller may see."""
        unit = self._unit
        if unit.sees_all:
            return unit.connection.execute(query.of_all, parameters).all()
        return unit.connection.execute(query.of_owner, {**parameters, "only_owner": unit.caller.client}).all()
