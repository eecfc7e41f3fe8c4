"""The answers of a questionnaire response: of the type that is asked for, and one of those that are offered.

Rules of R4 (https://hl7.org/fhir/R4/questionnaire.html) and of its extensions for questionnaires, as the HL7 validator
tells them. An answer is told by its place only: what a person answered stands in no message.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from fhir_server.fhir.validation.answer_limits import check_limits, told
from fhir_server.fhir.validation.questionnaires import LONGEST_TOLD, Item, Json, objects, value_of
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule

_CORE = "http://hl7.org/fhir/StructureDefinition/"
EXCLUSIVE = _CORE + "questionnaire-optionExclusive"
UNIT_OPTION = _CORE + "questionnaire-unitOption"
UNIT_VALUE_SET = _CORE + "questionnaire-unitValueSet"

# The types of value that an item of each type takes, as in `valueInteger`.
TYPES: Mapping[str, tuple[str, ...]] = {
    "boolean": ("Boolean",),
    "decimal": ("Decimal",),
    "integer": ("Integer",),
    "date": ("Date",),
    "dateTime": ("DateTime",),
    "time": ("Time",),
    "string": ("String",),
    "text": ("String",),
    "url": ("Uri",),
    "choice": ("Coding", "Date", "Time", "Integer", "String"),
    "open-choice": ("Coding", "Date", "Time", "Integer", "String"),
    "attachment": ("Attachment",),
    "reference": ("Reference",),
    "quantity": ("Quantity",),
}
_MOST_IMPORTS = 50  # value sets that one in a response includes
_CHOICES = frozenset(("choice", "open-choice"))
# Items that are no choice, and whose options bind all the same: with the type of the options (R4 has no others).
_OPTIONS = {
    "decimal": "Integer",
    "integer": "Integer",
    "date": "Date",
    "dateTime": "Date",
    "time": "Time",
    "string": "String",
}

WRONG_TYPE = Rule(
    "questionnaire-answer-type",
    "Questionnaire_QR_Item_WrongType",
    "The item {!r} asks for {}; this answer is of another type.",
    "Answer in the element that is named for the type.",
)
NOT_OFFERED = Rule(
    "questionnaire-answer-option",
    "Questionnaire_QR_Item_NoCoding",
    "The answer is none of the options of the item {!r}.",
    "Answer with one of the options; a code needs the option's system too.",
)
EXCLUSIVE_ANSWER = Rule(
    "questionnaire-answer-exclusive",
    "QUESTIONNAIRE_QR_ITEM_EXCLUSIVE",
    "This option of the item {!r} excludes all others, and there are other answers.",
    "Leave out either this answer or the others.",
)
WORDS_OF_OPTION = Rule(
    "questionnaire-answer-words",
    "QUESTIONNAIRE_QR_ITEM_STRING_IN_CODING",
    "The answer to the item {!r} is text that says what one of its options says.",
    "Answer with that option's code.",
    "warning",
)
NOT_IN_VALUE_SET = Rule(
    "questionnaire-answer-value-set",
    "Questionnaire_QR_Item_BadOption",
    "The answer to the item {!r} is not in the value set {}.",
    "Answer with a code of that value set, and with its code system.",
)
TEXT_NOT_IN_VALUE_SET = replace(NOT_IN_VALUE_SET, source="QUESTIONNAIRE_QR_ITEM_VS_FAIL")
OF_UNKNOWN_SYSTEM = replace(NOT_IN_VALUE_SET, source="QUESTIONNAIRE_QR_ITEM_BADOPTION_CS", severity="warning")
NOT_CHECKED = Rule(
    "questionnaire-answer-not-checked",
    "",
    "Whether the answer to the item {!r} is in the value set {} cannot be told here.",
    severity="information",
)
WRONG_UNIT = Rule(
    "questionnaire-answer-unit",
    "QUESTIONNAIRE_QR_ITEM_DECIMAL_INVALID_UNITS",
    "The unit of the answer is none of those that the item {!r} offers.",
    "Give the quantity in one of them, with the same system, code and unit.",
)
UNIT_NOT_IN_VALUE_SET = Rule(
    "questionnaire-answer-unit",
    "QUESTIONNAIRE_QR_ITEM_DECIMAL_UNIT_FAIL_VS",
    "The unit of the answer to the item {!r} is not in the value set {}.",
    "Give the quantity in a unit of that value set, with system and code.",
)


class ValueSetLike(Protocol):
    """What is asked of a value set. ``systems`` are the code systems of which it lists codes."""

    @property
    def systems(self) -> Container[str]: ...

    def contains(self, system: str | None, code: str) -> bool | None:
        """Return whether a code is in it, ``None`` if that is not known; without a system, a code of any."""


ResolveValueSet = Callable[[str], ValueSetLike | None]


class Answers:
    """The checks of single answers, for one response: ``contained`` are the resources that ``#id`` names in it."""

    def __init__(
        self, resolve_value_set: ResolveValueSet, knows_system: Callable[[str], bool], contained: Mapping[str, Json]
    ) -> None:
        self._resolve = resolve_value_set
        self._knows_system = knows_system
        self._contained = contained
        self._offers: dict[int, Offer] = {}
        self._value_sets: dict[str, ValueSetLike | None] = {}

    def check(self, item: Item, answer: Json, place: Place, count: int, report: Report) -> None:
        """Report what is wrong with the value of one of the *count* answers to *item*."""
        types, found = TYPES.get(item.type), value_of(answer)
        if types is None or found is None:
            return
        kind, value = found
        value_place = (place, f"value{kind}", -1)
        if kind not in types:
            WRONG_TYPE.note(value_place, report, told(item), " or ".join(f"value{each}" for each in types))
        elif value is None:
            return
        elif item.type in _CHOICES:
            self._choice(item, kind, value, place, count, report)
        else:
            check_limits(item, value, place, value_place, report)
            self._offered(item, value, value_place, report)

    def _choice(self, item: Item, kind: str, value: Any, place: Place, count: int, report: Report) -> None:
        offer = self._offer(item)
        if not offer.given:
            url = item.definition.get("answerValueSet")
            if kind == "Coding" and isinstance(value, dict) and isinstance(url, str):
                self._of_value_set(item, value, url, place, report)
        elif kind == "String" and item.type == "open-choice":
            if isinstance(value, str) and value.casefold() in offer.words:
                WORDS_OF_OPTION.note(place, report, told(item))
        elif not offer.holds(kind, value):
            NOT_OFFERED.note(place, report, told(item))
        elif count > 1 and _key(value) in offer.exclusive:
            EXCLUSIVE_ANSWER.note(place, report, told(item))

    def _offered(self, item: Item, value: Any, place: Place, report: Report) -> None:
        kind = _OPTIONS.get(item.type)
        if kind is not None:
            offer = self._offer(item)
            if offer.given and not offer.holds(kind, value):
                NOT_OFFERED.note(place, report, told(item))
        url = item.definition.get("answerValueSet")
        if item.type == "string" and isinstance(url, str) and isinstance(value, str):
            self._note(item, self._in(url, None, value), url, place, report, TEXT_NOT_IN_VALUE_SET)
        if item.type == "quantity" and isinstance(value, dict):
            self._unit(item, value, place, report)

    def _of_value_set(self, item: Item, coding: Json, url: str, place: Place, report: Report) -> None:
        system, code = coding.get("system"), coding.get("code")
        rule = NOT_IN_VALUE_SET
        inside: bool | None = False
        if isinstance(system, str) and isinstance(code, str):
            inside = self._in(url, system, code)
            if inside is False and self._lists_unknown(url, system):
                rule = OF_UNKNOWN_SYSTEM
        elif self._value_set(url) is None:
            inside = None
        self._note(item, inside, url, place, report, rule)

    def _unit(self, item: Item, quantity: Json, place: Place, report: Report) -> None:
        units = [each for _, each in item.extensions.get(UNIT_OPTION, ()) if isinstance(each, dict)]
        if units and not any(_has_unit(quantity, each) for each in units):
            WRONG_UNIT.note(place, report, told(item))
        for _, url in item.extensions.get(UNIT_VALUE_SET, ())[:1]:
            system, code = quantity.get("system"), quantity.get("code")
            if isinstance(url, str) and isinstance(system, str) and isinstance(code, str):
                self._note(item, self._in(url, system, code), url, place, report, UNIT_NOT_IN_VALUE_SET)

    def _note(self, item: Item, inside: bool | None, url: str, place: Place, report: Report, rule: Rule) -> None:
        if inside is None:
            NOT_CHECKED.note(place, report, told(item), url[:LONGEST_TOLD])
        elif not inside:
            rule.note(place, report, told(item), url[:LONGEST_TOLD])

    def _in(self, url: str, system: str | None, code: str) -> bool | None:
        value_set = self._value_set(url)
        return None if value_set is None else value_set.contains(system, code)

    def _lists_unknown(self, url: str, system: str) -> bool:
        value_set = self._value_set(url)
        return value_set is not None and system in value_set.systems and not self._knows_system(system)

    def _value_set(self, url: str) -> ValueSetLike | None:
        if url not in self._value_sets:
            contained = self._contained.get(url[1:]) if url.startswith("#") else None
            self._value_sets[url] = ContainedValueSet(contained, self._resolve) if contained else self._resolve(url)
        return self._value_sets[url]

    def _offer(self, item: Item) -> Offer:
        offer = self._offers.get(id(item))
        if offer is None:
            self._offers[id(item)] = offer = Offer(item)
        return offer


class Offer:
    """The options (``answerOption``) of an item, to be looked up."""

    __slots__ = ("_keys", "exclusive", "given", "words")

    def __init__(self, item: Item) -> None:
        options = list(objects(item.definition.get("answerOption")))
        self.given = bool(options)
        self.exclusive: set[Any] = set()
        self.words: set[str] = set()
        self._keys: set[tuple[str, Any]] = set()
        for option in options:
            found = value_of(option)
            if found is None:
                continue
            self._keys.add((found[0], _key(found[1])))
            if found[0] == "Coding" and isinstance(found[1], dict):
                words = found[1].get("display"), found[1].get("code")
                self.words.update(each.casefold() for each in words if isinstance(each, str))
            if any(
                each.get("url") == EXCLUSIVE and each.get("valueBoolean") is True
                for each in objects(option.get("extension"))
            ):
                self.exclusive.add(_key(found[1]))

    def holds(self, kind: str, value: Any) -> bool:
        """Return whether a value is one of the options of its type."""
        key = _key(value)
        return key is not None and (kind, key) in self._keys


class ContainedValueSet:
    """A value set that travels with the questionnaire: its expansion if it has one, else the codes that it lists."""

    def __init__(self, value_set: Json, resolve: ResolveValueSet) -> None:
        self._resolve = resolve
        expansion, compose = value_set.get("expansion"), value_set.get("compose")
        self._systems: set[str] = set()
        self._codes: dict[str | None, set[str]] = {None: set()}  # by system, and of any system
        self._open = False  # whether it has codes that are not listed
        self._imported: list[str] = []
        self._excluded: set[tuple[str, str]] = set()
        if isinstance(expansion, dict):
            self._expand(expansion)
        elif isinstance(compose, dict):
            for part in objects(compose.get("include")):
                self._include(part)
            for part in objects(compose.get("exclude")):
                self._exclude(part)
        else:
            self._open = True

    @property
    def systems(self) -> Container[str]:
        """The code systems of which it lists codes."""
        return self._systems

    def contains(self, system: str | None, code: str) -> bool | None:
        """Return whether a code is in it; ``None`` if it has codes that are not listed and this may be one."""
        if code in self._codes.get(system, ()):
            return (system, code) not in self._excluded
        found: list[bool | None] = []
        for url in self._imported:
            value_set = self._resolve(url)
            found.append(None if value_set is None else value_set.contains(system, code))
        if (system, code) in self._excluded:
            return False
        if True in found:
            return True
        return None if self._open or None in found else False

    def _expand(self, expansion: Json) -> None:
        pending = list(objects(expansion.get("contains")))
        while pending:
            each = pending.pop()
            if each.get("abstract") is not True:
                self._list(each.get("system"), [each])
            pending.extend(objects(each.get("contains")))

    def _include(self, part: Json) -> None:
        concepts = list(objects(part.get("concept")))
        imported = part.get("valueSet")
        urls = [each for each in imported if isinstance(each, str)] if isinstance(imported, list) else []
        if concepts and not urls:
            self._list(part.get("system"), concepts)
        elif len(urls) == 1 and "system" not in part and len(self._imported) < _MOST_IMPORTS:
            self._imported.extend(urls)
        else:
            self._open = True  # a whole code system, a filter, or what several value sets share

    def _exclude(self, part: Json) -> None:
        concepts, system = list(objects(part.get("concept"))), part.get("system")
        self._excluded.update(
            (system, each["code"]) for each in concepts if isinstance(system, str) and isinstance(each.get("code"), str)
        )
        if not concepts:
            self._open = True

    def _list(self, system: Any, concepts: list[Json]) -> None:
        codes = {each["code"] for each in concepts if isinstance(each.get("code"), str)}
        if isinstance(system, str):
            self._systems.add(system)
            self._codes.setdefault(system, set()).update(codes)
            self._codes[None] |= codes


def _key(value: Any) -> Any:
    """Return what makes an option the same as an answer; ``None`` for values that no option has."""
    if isinstance(value, dict):
        system, code = value.get("system"), value.get("code")
        return (system, code) if isinstance(system, str | None) and isinstance(code, str | None) else None
    return value if isinstance(value, str | int | Decimal) else None


def _has_unit(quantity: Json, unit: Json) -> bool:
    return all(
        unit.get(name) in (None, quantity.get(other))
        for name, other in (("system", "system"), ("code", "code"), ("display", "unit"))
    )
