"""Invariants: the FHIRPath of a profile, compiled once, or the native code of one that every resource has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.fhirpath import Expression, ExpressionError, compile_expression
from fhir_server.fhir.validation.invariant_words import words_of
from fhir_server.fhir.validation.narrative import html_checks, html_content
from fhir_server.fhir.validation.native_invariants import NATIVE
from fhir_server.fhir.validation.report import Place
from fhir_server.fhir.validation.tree import Definition

if TYPE_CHECKING:
    from fhir_server.fhir.validation.run import Run
    from fhir_server.fhir.validation.types import Types

Check = Callable[[Any, Place, "Run"], None]

# Checked in code: an empty element (ele-1), the value of an extension (ext-1), contained resources (dom-3, ref-1).
ELSEWHERE = frozenset(("ele-1", "ext-1", "dom-3", "ref-1"))


def _of_text(check: Callable[[str], bool]) -> Callable[[Any, Any, Any], bool]:
    return lambda value, run, extra: type(value) is not str or check(value)


def _never(value: Any, run: Any, extra: Any) -> bool:
    return False


# Both have the same text, and mean different things.
_NARRATIVE = {"txt-1": _of_text(html_checks), "txt-2": _of_text(html_content)}


class Invariants:
    """Makes checks of constraints. An expression is compiled once for each type it is used on."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._expressions: dict[tuple[str, str, str], Expression] = {}
        self._made: dict[tuple[str, str, str, str], Check] = {}
        self._inherited: dict[str, frozenset[str]] = {}

    def expression(self, text: str, type_name: str, key: str = "") -> Expression:
        """Return the compiled form of a FHIRPath expression on values of a type; *key* is that of the invariant."""
        made = (text, type_name, key)
        if made not in self._expressions:
            self._expressions[made] = compile_expression(text, type_name, self._types, key)
        return self._expressions[made]

    def checks(self, constraints: Iterable[Definition], type_name: str, inherited: str = "") -> Iterable[Check]:
        """Yield the check of each constraint that is not checked elsewhere; those of the type *inherited* are."""
        skipped = self._of(inherited) if inherited else frozenset()
        for constraint in constraints:
            text = constraint.get("expression")
            if text and constraint["key"] not in ELSEWHERE and text not in skipped:
                # A best practice is never more than advice, whatever its severity.
                severity = "warning" if constraint.get("bestPractice") else constraint["severity"]
                yield self._check(constraint["key"], text, severity, type_name)

    def _of(self, type_name: str) -> frozenset[str]:
        if type_name not in self._inherited:
            constraints = self._types.constraints(type_name)
            self._inherited[type_name] = frozenset(each.get("expression", "") for each in constraints)
        return self._inherited[type_name]

    def _check(self, key: str, text: str, severity: Any, type_name: str) -> Check:
        made = (key, text, severity, type_name)
        if made not in self._made:
            self._made[made] = self._make(*made)
        return self._made[made]

    def _make(self, key: str, text: str, severity: Any, type_name: str) -> Check:
        try:
            holds = _NARRATIVE.get(key) or NATIVE.get(text) or self.expression(text, type_name, key).holds
            found, mend = words_of(key, text)
        except ExpressionError as problem:  # as in the HL7 validator, nothing meets what cannot be read
            holds, found, mend = _never, f"The invariant {key} cannot be evaluated: {problem}", "Tell its publisher."

        def check(value: Any, place: Place, run: Run) -> None:
            if not holds(value, run, run.beside):
                run.report.add(severity, key, place, found, mend, "invariant", key)

        return check
