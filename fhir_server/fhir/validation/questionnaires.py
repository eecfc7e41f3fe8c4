"""Questionnaires: their items as responses are held against them, and the rules that no invariant states.

The rules are those of R4 for ``Questionnaire.item.enableWhen`` (https://hl7.org/fhir/R4/questionnaire.html), as the HL7
validator tells them. What its invariants que-1 to que-13 say is not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule

Json = dict[str, Any]

# R4 has the abstract type `question` beside `group`: neither takes an answer.
GROUPS = frozenset(("group", "question"))
LONGEST_TOLD = 64  # of a linkId, in a message
_MOST_VALUES = 200  # of one extension on an item; more are no limit that a person set

NO_QUESTION = Rule(
    "questionnaire-enable-when-question",
    "Questionnaire_Q_EnableWhen_NoLink",
    "A condition (enableWhen) names no question.",
    "Name the linkId of the question whose answer decides.",
)
INNER_QUESTION = Rule(
    "questionnaire-enable-when-inner",
    "Questionnaire_Q_EnableWhen_IsInner",
    "The item {!r} is enabled by the answer to {!r}, which is inside it and so never asked before it.",
    "Let a question outside the item decide.",
)
UNKNOWN_QUESTION = Rule(
    "questionnaire-enable-when-unknown",
    "Questionnaire_Q_EnableWhen_NoTarget",
    "The item {!r} is enabled by the answer to {!r}, and no item has that linkId.",
    "Name the linkId of an item of this questionnaire.",
)
OWN_QUESTION = Rule(
    "questionnaire-enable-when-self",
    "Questionnaire_Q_EnableWhen_Self",
    "The item {!r} is enabled by its own answer, and so never asked.",
    "Let another question decide.",
)
LATER_QUESTION = Rule(
    "questionnaire-enable-when-later",
    "Questionnaire_Q_EnableWhen_After",
    "The item {!r} is enabled by the answer to {!r}, which is asked after it.",
    "Put the deciding question first.",
    "warning",
)


@dataclass(slots=True, eq=False)
class Items:
    """The items on one level of a questionnaire: in order, and by their linkIds (the first of each)."""

    all: list[Item] = field(default_factory=list)
    position: dict[str, int] = field(default_factory=dict)
    required: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Put an item at the end."""
        self.position.setdefault(item.link_id, len(self.all))
        self.all.append(item)
        if item.required:
            self.required.append(item)


class Item:
    """An item of a questionnaire. Its ``link_id`` is empty where it has none, its ``type`` likewise."""

    def __init__(self, definition: Json, parent: Item | None, place: Place, order: int) -> None:
        self.definition = definition
        self.parent = parent
        self.place = place
        self.order = order  # in the document, over all levels
        self.link_id = _text(definition.get("linkId"))
        self.type = _text(definition.get("type"))
        self.required = definition.get("required") is True
        self.repeats = definition.get("repeats") is True
        self.items = Items()

    @property
    def line(self) -> Iterator[Item]:
        """The item itself, the item that it is in, and so on outwards."""
        each: Item | None = self
        while each is not None:
            yield each
            each = each.parent

    def holds(self, other: Item) -> bool:
        """Return whether *other* is this item or inside it."""
        return any(each is self for each in other.line)

    def shared_with(self, other: Item) -> Item | None:
        """Return the innermost item that holds both; ``None`` where only the questionnaire does."""
        outwards = {id(each) for each in other.line}
        return next((each for each in self.line if id(each) in outwards), None)

    @cached_property
    def extensions(self) -> Mapping[str, Sequence[tuple[str, Any]]]:
        """The values of the item's extensions by their urls: each with its type as in ``valueInteger``."""
        found: dict[str, list[tuple[str, Any]]] = {}
        for extension in objects(self.definition.get("extension")):
            value = value_of(extension)
            if value is not None and isinstance(extension.get("url"), str):
                found.setdefault(extension["url"], []).append(value)
        return {url: values for url, values in found.items() if len(values) <= _MOST_VALUES}


class Form:
    """A questionnaire read once, for any number of its responses."""

    def __init__(self, questionnaire: Json, place: Place = ("", "Questionnaire", -1)) -> None:
        self.questionnaire = questionnaire
        self.items = Items()
        self.by_link_id: dict[str, Item] = {}
        self.in_order: list[Item] = []
        self._read(questionnaire, None, self.items, place)

    def _read(self, holder: Json, parent: Item | None, level: Items, place: Place) -> None:
        for index, definition in indexed(holder.get("item")):
            item = Item(definition, parent, (place, "item", index), len(self.in_order))
            self.in_order.append(item)
            if item.link_id:
                self.by_link_id.setdefault(item.link_id, item)
            level.add(item)
            self._read(definition, item, item.items, item.place)


def check_questionnaire(questionnaire: Json, place: Place, report: Report) -> None:
    """Report what is wrong with the conditions (enableWhen) of a Questionnaire that stands at *place*.

    Not checked is what only the questionnaire that it is ``derivedFrom`` tells.
    """
    form = Form(questionnaire, place)
    for item in form.in_order:
        for condition in objects(item.definition.get("enableWhen")):
            question = condition.get("question")
            if isinstance(question, str) and question:
                _check_condition(item, question, form, report)
            else:
                NO_QUESTION.note(item.place, report)


def _check_condition(item: Item, question: str, form: Form, report: Report) -> None:
    target = form.by_link_id.get(question)
    own, other = item.link_id[:LONGEST_TOLD], question[:LONGEST_TOLD]
    if target is None:
        UNKNOWN_QUESTION.note(item.place, report, own, other)
    elif target is item:
        OWN_QUESTION.note(item.place, report, own)
    elif item.holds(target):
        INNER_QUESTION.note(item.place, report, own, other)
    elif target.order > item.order:
        LATER_QUESTION.note(item.place, report, own, other)


def value_of(holder: Json) -> tuple[str, Any] | None:
    """Return the ``value[x]`` of an answer, option or extension: its type as in ``valueInteger``, and the value.

    The value is ``None`` where only its extensions are there; without any, there is no pair.
    """
    bare = None
    for name, value in holder.items():
        if name.startswith("value") and len(name) > len("value"):
            return name[5:], value
        if name.startswith("_value"):
            bare = name[6:], None
    return bare


def objects(value: Any) -> Iterator[Json]:
    """Return the objects of an array; none of anything else."""
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def indexed(value: Any) -> Iterator[tuple[int, Json]]:
    """Return the objects of an array with their indexes; none of anything else."""
    return (
        ((i, each) for i, each in enumerate(value) if isinstance(each, dict)) if isinstance(value, list) else iter(())
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
