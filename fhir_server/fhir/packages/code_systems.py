"""Code systems as value sets draw on them: codes, who is above whom, properties, and how filters pick."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Json = dict[str, Any]
Codes = dict[str, None]

PARENT_PROPERTY = "http://hl7.org/fhir/concept-properties#parent"
LONGEST_WORD = 64


class FilterUnknown(Exception):
    """A filter that is not defined for the property, so that its codes cannot be known."""


def code_system_facts(definition: Mapping[str, Any]) -> Json:
    """Return the facts of a CodeSystem: a concept a row, with its names, the codes directly above it, its properties.

    Properties with a text that is no single word are prose, and left out.
    """
    declared = definition.get("property", ())
    parent = next((each["code"] for each in declared if each.get("uri") == PARENT_PROPERTY), None)
    concepts = list(_flat(definition.get("concept", ()), None))
    used = [each for concept, _ in concepts for each in concept.get("property", ())]
    prose = {each["code"] for each in used if _is_prose(each)}
    facts = {key: definition[key] for key in ("url", "version") if key in definition}
    facts |= {"content": definition["content"], "caseSensitive": definition.get("caseSensitive", False)}
    facts["properties"] = sorted({each["code"] for each in (*declared, *used)} - prose - {parent})
    facts["concepts"] = [_concept(concept, above, parent, prose) for concept, above in concepts]
    return facts


def _flat(concepts: Iterable[Json], above: str | None) -> Iterator[tuple[Json, str | None]]:
    for concept in concepts:
        yield concept, above
        yield from _flat(concept.get("concept", ()), concept["code"])


def _concept(concept: Json, above: str | None, parent: str | None, prose: set[str]) -> Json:
    parents = [] if above is None else [above]
    properties: dict[str, list[Any]] = {}
    for each in concept.get("property", ()):
        value = _property_value(each)
        if each["code"] == parent:
            parents += [value] if value not in parents else []
        elif value is not None and each["code"] not in prose:
            properties.setdefault(each["code"], []).append(value)
    facts: Json = {"code": concept["code"]} | names_of(concept)
    facts |= {"parents": parents} if parents else {}
    return facts | ({"properties": {key: properties[key] for key in sorted(properties)}} if properties else {})


def names_of(concept: Mapping[str, Any]) -> Json:
    """Return the display of a concept and its other names, each once, whatever its case."""
    display = concept.get("display")
    others = {each["value"].casefold(): each["value"] for each in reversed(concept.get("designation", ()))}
    others.pop(display.casefold() if display else None, None)
    facts: Json = {"display": display} if display else {}
    return facts | ({"designations": sorted(others.values())} if others else {})


def _property_value(given: Mapping[str, Any]) -> Any:
    value = next((value for key, value in given.items() if key.startswith("value")), None)
    return value.get("code") if isinstance(value, dict) else value


def _is_prose(given: Mapping[str, Any]) -> bool:
    text = given.get("valueString")
    return isinstance(text, str) and (len(text) > LONGEST_WORD or bool(re.search(r"\s", text)))


@dataclass(frozen=True)
class CodeSystem:
    """The concepts of a code system, as its facts list them."""

    url: str
    content: str
    case_sensitive: bool
    concepts: Mapping[str, Json]
    properties: frozenset[str]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> CodeSystem:
        """Return the code system that a file of facts holds."""
        concepts: dict[str, Json] = {}
        for each in facts["concepts"]:
            known = concepts.setdefault(each["code"], each)
            if known is not each:
                concepts[each["code"]] = known | {"parents": [*known.get("parents", ()), *each.get("parents", ())]}
        properties = frozenset(("code", "concept", "parent", "child", *facts["properties"]))
        return cls(facts["url"], facts["content"], facts["caseSensitive"], concepts, properties)

    @property
    def complete(self) -> bool:
        """Whether all codes of the code system are here."""
        return self.content == "complete"

    def lacks(self, code: str, names: Iterable[str]) -> list[str]:
        """Return which of the *names* the code system itself does not have for a code of its own."""
        known = self.concepts.get(code, {})
        own = {each.casefold() for each in (known.get("display", ""), *known.get("designations", ()))}
        return [each for each in names if each.casefold() not in own]

    def select(self, property_name: str, operation: str, value: str) -> Codes:
        """Return the codes that a filter of a value set picks. Raises `FilterUnknown` for one that is not defined."""
        by_hierarchy = HIERARCHY.get(operation)
        if by_hierarchy and property_name == "concept":
            return by_hierarchy(self, value)
        matches = MATCHES.get(operation)
        if matches is None or property_name not in self.properties:
            raise FilterUnknown(f"{property_name} {operation}")
        return {code: None for code in self.concepts if matches(self._values(property_name, code), value)}

    def _values(self, property_name: str, code: str) -> list[str]:
        if property_name in ("code", "concept"):
            return [code]
        if property_name in ("parent", "child"):
            related = (
                self.concepts[code].get("parents", ()) if property_name == "parent" else self.children.get(code, ())
            )
            return list(related)
        return [_text(each) for each in self.concepts[code].get("properties", {}).get(property_name, ())]

    @cached_property
    def children(self) -> Mapping[str, list[str]]:
        """The codes directly below each code."""
        found: dict[str, list[str]] = {}
        for code, concept in self.concepts.items():
            for parent in concept.get("parents", ()):
                found.setdefault(parent, []).append(code)
        return found

    def below(self, code: str) -> Codes:
        """Return all codes below one, without it."""
        found: Codes = {}
        level = [code]
        while level:
            level = [child for each in level for child in self.children.get(each, ()) if child not in found]
            found.update(dict.fromkeys(level))
        return {each: None for each in found if each != code}

    def above(self, code: str) -> Codes:
        """Return all codes above one, without it."""
        found: Codes = {}
        level = [code]
        while level:
            level = [up for each in level for up in self.concepts.get(each, {}).get("parents", ()) if up not in found]
            found.update(dict.fromkeys(level))
        return {each: None for each in found if each != code and each in self.concepts}

    def itself(self, code: str) -> Codes:
        """Return the code, if there is such a one."""
        return {code: None} if code in self.concepts else {}


def _is_not_a(system: CodeSystem, code: str) -> Codes:
    inside = system.itself(code) | system.below(code)
    return {each: None for each in system.concepts if each not in inside}


def _leaves(system: CodeSystem, code: str) -> Codes:
    return {each: None for each in system.below(code) if each not in system.children}


# How a filter on the place in the hierarchy picks (R4 value set filter-operator; child-of and descendent-leaf: R5).
HIERARCHY: Mapping[str, Callable[[CodeSystem, str], Codes]] = {
    "is-a": lambda system, code: system.itself(code) | system.below(code),
    "descendent-of": lambda system, code: system.below(code),
    "is-not-a": _is_not_a,
    "generalizes": lambda system, code: system.itself(code) | system.above(code),
    "child-of": lambda system, code: dict.fromkeys(system.children.get(code, ())),
    "descendent-leaf": _leaves,
}

# How a filter on a property picks, by the values that a concept has for it.
MATCHES: Mapping[str, Callable[[list[str], str], bool]] = {
    "=": lambda values, wanted: wanted in values,
    "in": lambda values, wanted: not _listed(wanted).isdisjoint(values),
    "not-in": lambda values, wanted: _listed(wanted).isdisjoint(values),
    "exists": lambda values, wanted: bool(values) == (wanted == "true"),
    "regex": lambda values, wanted: any(re.fullmatch(wanted, each) for each in values),
}


def _listed(wanted: str) -> set[str]:
    return {each.strip() for each in wanted.split(",")}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
