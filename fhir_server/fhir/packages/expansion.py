"""Value sets expanded: which codes, and whether those are all.

Complete means what the official validator's offline judge takes for it: each part lists its codes, or is a whole code
system or a filter of one that is here as ``complete``, or includes value sets for which the same holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fhir_server.fhir.packages.code_systems import Codes, CodeSystem, FilterUnknown, names_of

Json = dict[str, Any]


@dataclass(slots=True)
class Expansion:
    """Codes by code system, in the order of the definition; what is missing is named in ``open``.

    ``unknown`` are code systems that are not here: their codes come from lists, and no one here can tell whether
    another code of them is right. ``versions`` are those that includes name, None where they disagree; codes of code
    systems in ``listed`` are taken without a system too; ``displays`` are names by code system and code that only the
    value set has.
    """

    complete: bool = True
    systems: dict[str, Codes] = field(default_factory=dict)
    open: list[Json] = field(default_factory=list)
    case_insensitive: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    versions: dict[str, str | None] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    displays: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Expansion:
        """Return the expansion that a file of facts holds."""
        systems = {system: dict.fromkeys(codes) for system, codes in facts["systems"].items()}
        found = cls(facts["complete"], systems, list(facts.get("open", ())))
        found.case_insensitive.update(facts.get("caseInsensitive", ()))
        found.unknown.update(facts.get("unknown", ()))
        found.versions.update(facts.get("versions", {}))
        found.listed.update(facts.get("listed", ()))
        found._name(facts.get("displays", {}))
        return found

    def facts(self, url: str, version: str | None) -> Json:
        """Return the facts of the value set, code systems and codes in alphabetical order."""
        found: Json = {"url": url} | ({"version": version} if version is not None else {})
        found["complete"] = self.complete
        found["systems"] = {system: sorted(self.systems[system]) for system in sorted(self.systems)}
        for name, marked in (
            ("caseInsensitive", self.case_insensitive),
            ("unknown", self.unknown),
            ("listed", self.listed),
        ):
            if marked := marked & self.systems.keys():
                found[name] = sorted(marked)
        if versions := {system: self.versions[system] for system in sorted(self.versions) if self.versions[system]}:
            found["versions"] = versions
        if displays := {
            system: self._displays(system) for system in sorted(self.displays.keys() & self.systems.keys())
        }:
            found["displays"] = {system: names for system, names in displays.items() if names}
        if self.open:
            found["open"] = self.open
        return found

    def add(self, other: Expansion) -> None:
        """Take in all codes of *other*."""
        for system, codes in other.systems.items():
            self.systems.setdefault(system, {}).update(codes)
        self._note(other)
        self.case_insensitive |= other.case_insensitive
        self.unknown |= other.unknown
        self.listed |= other.listed
        self._name(other.displays)
        for system, version in other.versions.items():
            self.demand(system, version)

    def remove(self, other: Expansion) -> None:
        """Take out all codes of *other*."""
        for system, codes in other.systems.items():
            if system in self.systems:
                self.systems[system] = {code: None for code in self.systems[system] if code not in codes}
        self._note(other)

    def intersect(self, other: Expansion) -> None:
        """Keep the codes that *other* has too."""
        self.systems = {
            system: {code: None for code in codes if code in other.systems[system]}
            for system, codes in self.systems.items()
            if system in other.systems
        }
        self._note(other)

    def lack(self, what: Json) -> None:
        """Note something whose codes are not here."""
        self.complete = False
        if what not in self.open:
            self.open.append(what)

    def demand(self, system: str, version: str | None) -> None:
        """Note that an include names a version of a code system."""
        self.versions[system] = version if self.versions.setdefault(system, version) == version else None

    def name(self, system: str, code: str, names: Sequence[str]) -> None:
        """Note names of a code that its code system does not have."""
        if names:
            known = self.displays.setdefault(system, {}).setdefault(code, [])
            known += [each for each in names if each not in known]

    def _name(self, displays: Mapping[str, Mapping[str, list[str]]]) -> None:
        for system, codes in displays.items():
            for code, names in codes.items():
                self.name(system, code, names)

    def _displays(self, system: str) -> dict[str, list[str]]:
        named = self.displays[system]
        return {code: sorted(named[code]) for code in sorted(named.keys() & self.systems[system].keys())}

    def _note(self, other: Expansion) -> None:
        for each in other.open:
            self.lack(each)
        self.complete = self.complete and other.complete


class Terminology(Protocol):
    """Where an expansion finds what it draws on: by canonical, as seen from the package of the value set."""

    def code_system(self, canonical: str) -> CodeSystem | None: ...
    def value_set(self, canonical: str) -> Expansion | None: ...


@dataclass(frozen=True, slots=True)
class Expander:
    """Expands the value sets of one package; codes of a system for which *withheld* holds are left out."""

    terminology: Terminology
    unions: bool
    withheld: Callable[[str], bool]

    def expand(self, definition: Mapping[str, Any]) -> Expansion:
        """Return the codes of a ValueSet.

        One that brings its expansion has the codes of that, as the official validator takes them; whether those are all
        is still read off its rules, if it has any.
        """
        compose = definition.get("compose")
        brought = definition.get("expansion", {}).get("contains", ())
        found = self._composed(compose) if compose else Expansion(complete=bool(brought))
        if brought:
            found.systems.clear()
            found.listed.clear()
            self._bring(found, brought)
        return found

    def _composed(self, compose: Mapping[str, Any]) -> Expansion:
        found = Expansion()
        included = compose.get("include", ())
        for part in included:
            found.add(self._part(part))
            if len(included) == 1 and "system" in part and "concept" in part:
                found.listed.add(part["system"])  # the official validator takes such codes without a system too
        for part in compose.get("exclude", ()):
            found.remove(self._part(part))
        found.systems = {system: codes for system, codes in found.systems.items() if codes}
        return found

    def _bring(self, found: Expansion, contains: Sequence[Mapping[str, Any]]) -> None:
        level = list(contains)
        while level:
            for each in level:
                if "code" in each and "system" in each:
                    self._take(found, each["system"], [each["code"]])
                    self._name(found, self.terminology.code_system(each["system"]), each["system"], [each])
            level = [below for each in level for below in each.get("contains", ())]

    def _part(self, part: Mapping[str, Any]) -> Expansion:
        imported = [self._imported(canonical) for canonical in part.get("valueSet", ())]
        parts = imported if self.unions or len(imported) < 2 else [_intersection(imported)]
        found = Expansion()
        for each in parts:
            found.add(each)
        if "system" not in part:
            return found
        own = self._of_system(part)
        if imported:
            own.intersect(found)
        return own

    def _imported(self, canonical: str) -> Expansion:
        known = self.terminology.value_set(canonical)
        if known is not None:
            return known
        missing = Expansion()
        missing.lack({"valueSet": canonical})
        return missing

    def _of_system(self, part: Mapping[str, Any]) -> Expansion:
        url, version = part["system"], part.get("version")
        system = self.terminology.code_system(f"{url}|{version}" if version else url)
        found = Expansion()
        if version:
            found.demand(url, version)
        if "concept" in part:
            self._list(found, part, system)
            return found
        filters = part.get("filter", ())
        if system is None or not system.complete:
            found.lack({"system": url} | ({"filter": list(filters)} if filters else {}))
        if system is not None:
            self._pick(found, system, filters)
        return found

    def _list(self, found: Expansion, part: Mapping[str, Any], system: CodeSystem | None) -> None:
        codes = [each["code"] for each in part["concept"]]
        if system is not None and system.complete:
            codes = [code for code in codes if code in system.concepts]  # others are no codes at all
        elif system is not None and system.content == "fragment":
            found.lack({"system": part["system"]})  # the official validator takes any code of a fragment
        else:
            found.unknown.add(part["system"])
        self._take(found, part["system"], codes)
        self._name(found, system, part["system"], part["concept"])

    def _name(
        self, found: Expansion, system: CodeSystem | None, url: str, concepts: Sequence[Mapping[str, Any]]
    ) -> None:
        """Note what a value set calls the codes of a code system whose own names are known, and so are judged."""
        if system is None or not system.complete or self.withheld(url):
            return
        for each in concepts:
            names = names_of(each)
            own = [*([names["display"]] if "display" in names else ()), *names.get("designations", ())]
            found.name(url, each["code"], system.lacks(each["code"], own))

    def _pick(self, found: Expansion, system: CodeSystem, filters: Sequence[Mapping[str, str]]) -> None:
        codes: Codes = dict.fromkeys(system.concepts)
        try:
            for each in filters:
                picked = system.select(each["property"], each["op"], each["value"])
                codes = {code: None for code in codes if code in picked}
        except (FilterUnknown, KeyError, re.error):
            found.lack({"system": system.url, "filter": list(filters)})
            return
        self._take(found, system.url, codes)
        if not system.case_sensitive:
            found.case_insensitive.add(system.url)

    def _take(self, found: Expansion, system: str, codes: Codes | list[str]) -> None:
        if self.withheld(system):
            found.lack({"system": system, "withheld": True})
        else:
            found.systems.setdefault(system, {}).update(dict.fromkeys(codes))


def _intersection(parts: Sequence[Expansion]) -> Expansion:
    found = Expansion()
    found.add(parts[0])
    for each in parts[1:]:
        found.intersect(each)
    return found
