"""INSERT … ON CONFLICT, in the words of each engine.

SQLAlchemy has one such construct an engine; both are built once, and a repository picks by `UnitOfWork.engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

Upsert: TypeAlias = Mapping[str, Executable]


def for_each_engine(table: Table, build: Callable[[Any], Executable]) -> Upsert:
    """Return the statement that *build* makes of an INSERT into *table*, by the name of the engine."""
    return {"postgresql": build(postgresql.insert(table)), "sqlite": build(sqlite.insert(table))}


def insert_if_new(table: Table) -> Upsert:
    """Return an INSERT that leaves a row alone that is there already."""
    return for_each_engine(table, lambda statement: statement.on_conflict_do_nothing())
