"""Codes against the value sets they are bound to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation.mending import listed
from fhir_server.fhir.validation.report import Place

if TYPE_CHECKING:
    from fhir_server.fhir.definitions import Definitions, ValueSet
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]

# Which bindings are checked for which types; codes in other types are not (R4, terminologies.html).
CODED = frozenset(("code", "string", "uri", "url", "canonical", "Coding", "CodeableConcept"))
_STRENGTHS = {"required": "error", "extensible": "warning"}


class Bindings:
    """Makes the checks of bound elements from the value sets of the definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def member_of(self, value: Any, canonical: str, source: str | None) -> bool | None:
        """Return whether a code, Coding or CodeableConcept is in a value set; ``None`` if that cannot be known."""
        value_set = self._definitions.value_set(canonical, source)
        if value_set is None:
            return None
        if isinstance(value, str):
            return value_set.contains(None, value)
        if not isinstance(value, dict):
            return False
        codings = value.get("coding") if "coding" in value else [value]
        return _any(value_set, codings if isinstance(codings, list) else [])

    def check(
        self, type_name: str, strength: str, canonical: str | None, limit: str | None, source: str
    ) -> Check | None:
        """Return the check of an element of a type against its binding; ``None`` where nothing is to be checked.

        *limit* is the value set that a code may not leave, whatever the strength (maxValueSet).
        """
        if type_name not in CODED or not canonical:
            return None
        severity = _STRENGTHS.get(strength)
        if severity is None and not limit:
            return None
        make = _MAKERS.get(type_name, _code)
        first = make(_Lazy(self._definitions, canonical, source), severity) if severity else None
        last = make(_Lazy(self._definitions, limit, source), "error") if limit else None
        if first is None or last is None:
            return first or last

        def both(value: Any, place: Place, run: Run) -> None:
            first(value, place, run)
            last(value, place, run)

        return both


class _Lazy:
    """A value set that is read when the first code is held against it."""

    __slots__ = ("_definitions", "_found", "_known", "_source", "canonical")

    def __init__(self, definitions: Definitions, canonical: str, source: str) -> None:
        self._definitions = definitions
        self.canonical = canonical
        self._source = source
        self._known = False
        self._found: ValueSet | None = None

    def get(self) -> ValueSet | None:
        if not self._known:
            self._found = self._definitions.value_set(self.canonical, self._source)
            self._known = True
        return self._found


def _any(value_set: ValueSet, codings: list[Any]) -> bool | None:
    unknown = False
    for coding in codings:
        if isinstance(coding, dict) and isinstance(coding.get("code"), str):
            system = coding.get("system")
            found = value_set.contains(system if isinstance(system, str) else "", coding["code"])
            if found:
                return True
            unknown = unknown or found is None
    return None if unknown else False


def _code(value_set: _Lazy, severity: Any) -> Check:
    canonical = value_set.canonical
    good: set[str] = set()

    def check(value: Any, place: Place, run: Run) -> None:
        if type(value) is not str or value in good or not value.strip():
            return  # of a blank text its form is told
        found = value_set.get()
        if found is None or not found.complete or found.contains(None, value) is not False:
            if len(good) < 1000:
                good.add(value)
            return
        run.report.add(
            severity, f"binding-{_strength(severity)}", place, *_told(canonical, found, value, run), "code-invalid"
        )

    return check


def _coding(value_set: _Lazy, severity: Any) -> Check:
    canonical = value_set.canonical

    def check(value: Any, place: Place, run: Run) -> None:
        if not isinstance(value, dict):
            return
        code, system = value.get("code"), value.get("system")
        if not isinstance(code, str) or not isinstance(system, str):
            return
        found = value_set.get()
        if found is not None and found.complete and found.contains(system, code) is False:
            run.report.add(
                severity, f"binding-{_strength(severity)}", place, *_told(canonical, found, code, run), "code-invalid"
            )

    return check


def _concept(value_set: _Lazy, severity: Any) -> Check:
    canonical = value_set.canonical

    def check(value: Any, place: Place, run: Run) -> None:
        if not isinstance(value, dict):
            return
        found = value_set.get()
        if found is None or not found.complete:
            return
        codings = value.get("coding")
        if not isinstance(codings, list) or not codings:
            told = f"No code is given, and one of the value set {canonical} is expected."
            run.report.add(severity, f"binding-{_strength(severity)}", place, told, _allowed(found), "code-invalid")
        elif _any(found, codings) is False:
            code = next((each["code"] for each in codings if isinstance(each, dict) and "code" in each), "")
            run.report.add(
                severity, f"binding-{_strength(severity)}", place, *_told(canonical, found, code, run), "code-invalid"
            )

    return check


_MAKERS = {"Coding": _coding, "CodeableConcept": _concept}


def _strength(severity: str) -> str:
    return "required" if severity == "error" else "extensible"


def _told(canonical: str, value_set: ValueSet, code: Any, run: Run) -> tuple[str, str]:
    codes = list(value_set.codes())
    meant = run.nearest(code, codes)
    named = f"The code {code!r}" if isinstance(code, str) and len(code) <= 64 else "The code"
    mend = f"Did you mean {meant!r}?" if meant else _allowed(value_set)
    return f"{named} is not in the value set {canonical}.", mend


def _allowed(value_set: ValueSet) -> str:
    codes = list(value_set.codes())
    return f"Allowed: {listed(codes)}." if codes else "Use a code of the value set."
