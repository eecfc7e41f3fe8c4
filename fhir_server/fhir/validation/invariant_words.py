"""What invariants say in words: definitions carry an expression only. ``profiles/invariants.yaml`` is the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from fhir_server.fhir.validation.tables import read_table, rows
from fhir_server.installed import data_folder

LONGEST_EXPRESSION = 200


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row: for the invariants of a key whose expression starts with ``expression``."""

    key: str
    found: str
    mend: str
    expression: str = ""


def words_of(key: str, expression: str) -> tuple[str, str]:
    """Return what is wrong where an invariant does not hold, and how to mend it.

    Of one that the table does not name, the expression tells what is wrong, and nothing how to mend it.
    """
    for row in _table().get(key, ()):
        if expression.startswith(row.expression):
            return row.found, row.mend
    shown = expression if len(expression) <= LONGEST_EXPRESSION else f"{expression[:LONGEST_EXPRESSION]} …"
    return f"The invariant {key} does not hold: {shown}", ""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Sequence[Words]]:
    table: dict[str, list[Words]] = {}
    for row in rows(read_table(data_folder("profiles") / "invariants.yaml"), "invariants", Words):
        table.setdefault(row.key, []).append(row)
    return table
