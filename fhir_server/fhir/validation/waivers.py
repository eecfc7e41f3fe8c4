"""Known faults of the guides: what a definition refuses though the guide means it is told, and refuses nothing.

``profiles/waivers.yaml`` is the table. A fault that no row is about costs a look-up, no fault nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from fhir_server.fhir.validation.report import Fault, Place
from fhir_server.fhir.validation.tables import read_table, rows
from fhir_server.fhir.validation.values import including

WAIVED = "guide-fault"
_WAIVABLE = ("error", "warning")


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row of the table: which fault, at which places, of which guides, and why it is none."""

    guides: tuple[str, ...]
    rule: str
    reason: str
    source: str
    about: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    when: Any = msgspec.UNSET
    unless: tuple[Any, ...] = ()

    def holds(self, path: str, value: Any) -> bool:
        """Return whether the row is about the element *value* at *path*."""
        if self.paths and not any(fnmatchcase(path, each) for each in self.paths):
            return False
        if self.when is not msgspec.UNSET and not including(self.when)(value):
            return False
        return not any(including(each)(value) for each in self.unless)


class Waivers:
    """The rows that count for the guides that are loaded."""

    def __init__(self, table: Iterable[Waiver] = ()) -> None:
        self._by_rule: dict[tuple[str, str], list[Waiver]] = {}
        for row in table:
            for about in row.about or ("",):
                self._by_rule.setdefault((row.rule, about), []).append(row)

    @classmethod
    def load(cls, path: Path, guides: Iterable[str]) -> Waivers:
        """Return the rows of the table at *path* for *guides*: names with versions, ``pas-2.2.1``."""
        loaded = frozenset(guides)
        return cls(row for row in rows(read_table(path), "waivers", Waiver) if loaded.intersection(row.guides))

    def waiver(self, fault: Fault, document: Any) -> Waiver | None:
        """Return the row that an error or a warning falls under; *document* is what was validated, from its root."""
        if fault.severity not in _WAIVABLE:
            return None
        about = fault.about.partition("|")[0]
        candidates = [*self._by_rule.get((fault.rule, about), ()), *self._by_rule.get((fault.rule, ""), ())]
        if not candidates:
            return None
        path, value = element_at(fault.place, document)
        return next((row for row in candidates if row.holds(path, value)), None)

    def failed(self, faults: Iterable[Fault], document: Any) -> bool:
        """Return whether there is an error among the faults that no row waives."""
        return any(fault.severity == "error" and self.waiver(fault, document) is None for fault in faults)

    def apply(self, faults: Iterable[Fault], document: Any) -> list[Fault]:
        """Return the faults; those that a row waives have become information with the reason."""
        return [self._told(fault, document) for fault in faults]

    def _told(self, fault: Fault, document: Any) -> Fault:
        row = self.waiver(fault, document)
        if row is None:
            return fault
        found = f"{fault.found} This is a fault of the guide ({fault.rule}): {row.reason}"
        return replace(
            fault, severity="information", rule=WAIVED, found=found, mend=f"Source: {row.source}.", code="informational"
        )


def element_at(place: Place, document: Any) -> tuple[str, Any]:
    """Return the path of a place from the resource it lies in (``Claim.item``), and what *document* has there."""
    steps = []
    while place[0]:
        steps.append(place)
        place = place[0]
    path, value = place[1], document
    for _, name, index in reversed(steps):
        value = value.get(name) if isinstance(value, dict) else None
        if index >= 0:
            value = value[index] if isinstance(value, list) and index < len(value) else None
        kind = value.get("resourceType") if isinstance(value, dict) else None
        path = kind if isinstance(kind, str) else f"{path}.{name}"
    return path, value
