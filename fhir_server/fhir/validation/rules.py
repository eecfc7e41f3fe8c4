"""What a rule is that stands in code and not in a profile."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fhir_server.errors import Severity
from fhir_server.fhir.validation.report import Place, Report


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable ``key``, what is told when it is broken, and what to do then.

    ``source`` is the id of the message that the HL7 validator gives for it; empty for a rule of our own, which is a
    warning at most. ``found`` and ``mend`` name no value of the resource but those put in for ``{}``.
    """

    key: str
    source: str
    found: str
    mend: str = ""
    severity: Severity = "error"

    def note(self, place: Place, report: Report, *words: object) -> None:
        """Note that the rule is broken at *place*."""
        found = self.found.format(*words) if words else self.found
        report.add(self.severity, self.key, place, found, self.mend)


def kind(value: Any) -> str:
    """Return what a JSON value is, in words that can start a sentence; the value itself is never told."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), "An object")


_KINDS = {
    bool: "True or false",
    int: "A number",
    Decimal: "A number",
    str: "Text",
    list: "An array",
    dict: "An object",
}
