"""Codes against the value sets they are bound to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation.codings import SERVED, fault_of, is_member, named, remembered_by
from fhir_server.fhir.validation.mending import listed
from fhir_server.fhir.validation.report import Place

if TYPE_CHECKING:
    from fhir_server.fhir.definitions import CodeSystemNames, Definitions, ValueSet
    from fhir_server.fhir.validation.run import Run

Check = Callable[[Any, Place, "Run"], None]
Json = dict[str, Any]

# Which bindings are checked for which types; codes in other types are not (R4, terminologies.html).
CODED = frozenset(("code", "string", "uri", "url", "canonical", "Coding", "CodeableConcept"))
# Identifiers that a country issues have codes made of NN and the country, which the code system does not list.
_IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_MOST_KEPT = 1000
_LONGEST_KEPT = 200
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
        first = _made(type_name, _Lazy(self._definitions, canonical, source), severity) if severity else None
        last = _made(type_name, _Lazy(self._definitions, limit, source), "error") if limit else None
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

    def code_system(self, canonical: str) -> CodeSystemNames | None:
        """Return the code system that a canonical means where the value set names it."""
        found = self.get()
        return self._definitions.code_system(canonical, found.package if found else self._source)


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
            run.report.add(severity, "binding-extensible", place, *_told(canonical, found, code, run), "code-invalid")

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
            run.report.add(severity, "binding-extensible", place, *_nothing_told(canonical, found), "code-invalid")
        elif _any(found, codings) is False:
            code = next((each["code"] for each in codings if isinstance(each, dict) and "code" in each), "")
            run.report.add(severity, "binding-extensible", place, *_told(canonical, found, code, run), "code-invalid")

    return check


class _Required:
    """Codings against a value set of which all codes are known, judged as the official validator judges them.

    One coding has to be in the value set, and each has to be right by its own code system, in code and display (source:
    `ValueSetValidator.validateCode` of the validator, and its answers). Good codings are remembered.
    """

    __slots__ = ("_good", "_lazy")

    def __init__(self, lazy: _Lazy) -> None:
        self._lazy = lazy
        self._good: dict[tuple[str, str, str | None], bool] = {}

    def is_good(self, codings: list[Any]) -> bool:
        """Return whether all codings were found right before, and one of them in the value set."""
        inside = False
        for coding in codings:
            key = remembered_by(coding)
            found = self._good.get(key) if key else None
            if found is None:
                return False
            inside = inside or found
        return inside

    def judge(self, found: ValueSet, codings: list[Any], place: Place, places: list[Place], run: Run) -> None:
        """Report what is wrong with codings, which are in *places*, at the *place* of the element that is bound."""
        given = [(coding, at) for coding, at in zip(codings, places, strict=True) if isinstance(coding, dict)]
        if any(self._is_elsewhere(coding) for coding, _ in given):
            return
        if wrong := [at for coding, at in given if self._is_of_other_version(found, coding)]:
            for at in wrong:
                told = f"The value set {self._lazy.canonical} takes another version of the code system."
                run.report.add("error", "binding-version", (at, "version", -1), told, "Leave the version out.")
            return
        if any(self._is_undecided(found, coding) for coding, _ in given):
            return
        inside, fault = self._judged(found, [coding for coding, _ in given])
        if not inside:
            code = next((coding["code"] for coding, _ in given if "code" in coding), "")
            fault = _told(self._lazy.canonical, found, code, run)
        if fault:
            run.report.add("error", "binding-required", place, *fault, "code-invalid")

    def _is_elsewhere(self, coding: Json) -> bool:
        """Return whether the codes of the code system are elsewhere, for which the official validator lets all pass."""
        system = coding.get("system")
        if not isinstance(system, str) or system in SERVED:
            return isinstance(system, str)
        names = self._lazy.code_system(system)
        return names is not None and names.content == "example"

    def _is_of_other_version(self, found: ValueSet, coding: Json) -> bool:
        system, version = coding.get("system"), coding.get("version")
        if not (isinstance(system, str) and isinstance(version, str) and isinstance(coding.get("code"), str)):
            return False
        wanted = found.versions.get(system)
        if wanted is None or version in ("", wanted):
            return False
        names = self._lazy.code_system(f"{system}|{wanted}")
        return names is None or names.version != version

    def _is_undecided(self, found: ValueSet, coding: Json) -> bool:
        """Return whether a coding names what is not here, for which the official validator lets a concept pass."""
        system, version = coding.get("system"), coding.get("version")
        if not isinstance(system, str):
            return False
        if system in found.unknown or (system in found.versions and "code" not in coding):
            return True
        if not isinstance(version, str) or not version or self._lazy.code_system(f"{system}|{version}") is not None:
            return False
        return self._lazy.code_system(system) is not None

    def _judged(self, found: ValueSet, codings: list[Json]) -> tuple[bool, tuple[str, str] | None]:
        inside, fault = False, None
        for coding in codings:
            names = self._names(found, coding)
            wrong = fault_of(found, names, coding) if names else None
            member = is_member(found, coding)
            if wrong is None and (names or (member and "display" not in coding)):
                self._keep(coding, member)
            inside, fault = inside or member, fault or wrong
        return inside, fault

    def _names(self, found: ValueSet, coding: Json) -> CodeSystemNames | None:
        """Return the code system of a coding that can be held against it."""
        system, code = coding.get("system"), coding.get("code")
        if not isinstance(system, str) or not isinstance(code, str):
            return None
        if system == _IDENTIFIER_TYPES and code.startswith("NN") and len(code) > 3:
            return None
        version = coding.get("version") or found.versions.get(system)
        names = self._lazy.code_system(f"{system}|{version}" if isinstance(version, str) else system)
        return names if names is not None and names.complete else None

    def _keep(self, coding: Json, inside: bool) -> None:
        key = remembered_by(coding)
        if key and len(self._good) < _MOST_KEPT and all(len(each or "") <= _LONGEST_KEPT for each in key):
            self._good[key] = inside


def _required_coding(value_set: _Lazy) -> Check:
    required = _Required(value_set)

    def check(value: Any, place: Place, run: Run) -> None:
        if not isinstance(value, dict) or required.is_good([value]):
            return
        if not isinstance(value.get("code"), str) or not isinstance(value.get("system"), str):
            return
        found = value_set.get()
        if found is not None and found.complete:
            required.judge(found, [value], place, [place], run)

    return check


def _required_concept(value_set: _Lazy) -> Check:
    canonical = value_set.canonical
    required = _Required(value_set)

    def check(value: Any, place: Place, run: Run) -> None:
        if not isinstance(value, dict):
            return
        codings = value.get("coding")
        if isinstance(codings, list) and codings and required.is_good(codings):
            return
        found = value_set.get()
        if found is None or not found.complete:
            return
        if not isinstance(codings, list) or not codings:
            run.report.add("error", "binding-required", place, *_nothing_told(canonical, found), "code-invalid")
        else:
            places: list[Place] = [(place, "coding", index) for index in range(len(codings))]
            required.judge(found, codings, place, places, run)

    return check


_REQUIRED = {"Coding": _required_coding, "CodeableConcept": _required_concept}
_OTHERS = {"Coding": _coding, "CodeableConcept": _concept}


def _made(type_name: str, value_set: _Lazy, severity: str) -> Check:
    required = _REQUIRED.get(type_name) if severity == "error" else None
    return required(value_set) if required else _OTHERS.get(type_name, _code)(value_set, severity)


def _strength(severity: str) -> str:
    return "required" if severity == "error" else "extensible"


def _told(canonical: str, value_set: ValueSet, code: Any, run: Run) -> tuple[str, str]:
    codes = list(value_set.codes())
    meant = run.nearest(code, codes)
    mend = f"Did you mean {meant!r}?" if meant else _allowed(value_set)
    return f"{named(code)} is not in the value set {canonical}.", mend


def _nothing_told(canonical: str, value_set: ValueSet) -> tuple[str, str]:
    return f"No code is given, and one of the value set {canonical} is expected.", _allowed(value_set)


def _allowed(value_set: ValueSet) -> str:
    codes = list(value_set.codes())
    return f"Allowed: {listed(codes)}." if codes else "Use a code of the value set."
