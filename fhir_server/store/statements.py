"""Statements of the hot path: built once with SQLAlchemy, compiled once for each engine, then run by their text.

A submission runs some twenty statements, and what SQLAlchemy does around each costs more than SQLite takes to run it:
they go to the driver's own cursor, within the transaction and on the connection that SQLAlchemy keeps. Only text, whole
numbers, truth values and bytes go in and come out here: both drivers take them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

Parameters: TypeAlias = Mapping[str, Any]
_Text: TypeAlias = tuple[str, Callable[[Parameters], Any]]


class Statement:
    """One statement. Every run names the same parameters, as the first did."""

    __slots__ = ("_constructs", "_texts")

    def __init__(self, construct: ClauseElement | Mapping[str, ClauseElement]) -> None:
        """Take a construct that suits both engines, or one for each (INSERT … ON CONFLICT)."""
        self._constructs = construct
        self._texts: dict[str, _Text] = {}

    def rows(self, connection: Connection, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """Run the statement and return its rows, if it gives any."""
        text, ordered = self._text(connection, parameters)
        cursor = connection.connection.cursor()
        cursor.execute(text, ordered(parameters))
        found: Sequence[Sequence[Any]] = cursor.fetchall() if cursor.description else ()
        return found

    def run(self, connection: Connection, parameters: Parameters) -> int:
        """Run the statement and return how many rows it changed."""
        text, ordered = self._text(connection, parameters)
        cursor = connection.connection.cursor()
        cursor.execute(text, ordered(parameters))
        return int(cursor.rowcount)

    def run_for_each(self, connection: Connection, rows: Sequence[Parameters]) -> None:
        """Run the statement once for each of *rows*, which may be none."""
        if rows:
            text, ordered = self._text(connection, rows[0])
            connection.connection.cursor().executemany(text, [ordered(row) for row in rows])

    def _text(self, connection: Connection, parameters: Parameters) -> _Text:
        engine = connection.dialect.name
        return self._texts.get(engine) or self._texts.setdefault(engine, self._compile(connection, parameters))

    def _compile(self, connection: Connection, parameters: Parameters) -> _Text:
        dialect, constructs = connection.dialect, self._constructs
        construct = constructs[dialect.name] if isinstance(constructs, Mapping) else constructs
        compiled: Any = construct.compile(dialect=dialect, column_keys=list(parameters))
        constants = {name: value for name, value in compiled.params.items() if name not in parameters}
        names = compiled.positiontup
        if names is None:
            return str(compiled), lambda given: {**constants, **given}
        return str(compiled), lambda given: tuple(given[name] if name in given else constants[name] for name in names)


def upsert(table: Table, build: Callable[[Any], Any]) -> Statement:
    """Return what *build* makes of an INSERT into *table*: SQLAlchemy has one INSERT … ON CONFLICT for each engine."""
    return Statement({"postgresql": build(postgresql.insert(table)), "sqlite": build(sqlite.insert(table))})
