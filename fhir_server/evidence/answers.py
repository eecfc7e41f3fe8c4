"""Questionnaire answers: the linkId is the element of the checklist, or the element, a dot and the field (S-27)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.authorization.evidence import EvidenceFact, EvidencePointer, FactValue, UnreadableAnswer
from fhir_server.evidence.checklist_index import ChecklistIndex
from fhir_server.evidence.members import Json, object_in, objects_in, text_in
from fhir_server.evidence.records import Record
from fhir_server.evidence.values import MOST_VALUES, asked, read_value

QUESTIONNAIRE_RESPONSE = "QuestionnaireResponse"
# R4, questionnaire-answers-status: what the author stands by. A form in progress says nothing yet.
STATUSES_THAT_COUNT = frozenset({"completed", "amended"})
RECORD_VALUES = frozenset({"valueAttachment", "valueReference"})


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a form with answers: its linkId, the element that it or an item around it belongs to, its answers."""

    link_id: str
    element: str | None
    answers: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment or a reference that was given as an answer, and the element that it was given for."""

    record: Record
    place: str
    element: str | None
    attachment: Json
    reference: str | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What one form says."""

    facts: tuple[EvidenceFact, ...]
    unreadable: tuple[UnreadableAnswer, ...]
    attached: tuple[Attached, ...]


def is_answered(record: Record) -> bool:
    """Return whether the record is a form that its author has finished."""
    return record.kind == QUESTIONNAIRE_RESPONSE and text_in(record.resource, "status") in STATUSES_THAT_COUNT


def read_answers(record: Record, index: ChecklistIndex) -> Answers:
    """Return the answers of the form that stand under a linkId of the checklists, and all that is attached to it.

    An answer given twice counts once. Several answers to a field of type ``choices`` are one fact; to any other field
    each is a fact of its own, so that it shows where they differ.
    """
    told: dict[str, dict[FactValue, None]] = {}
    unreadable: dict[str, None] = {}
    attached: list[Attached] = []
    for item in items_of(record, index.elements):
        attached += attached_to(record, item)
        question = index.questions.get(item.link_id)
        if question is None:
            continue
        for name, value in _values(item):
            read = read_value(question.field, name, value)
            if read is None:
                unreadable[item.link_id] = None
            else:
                _add(told.setdefault(item.link_id, {}), read)
    return Answers(
        tuple(fact for link_id, values in told.items() for fact in _facts(record, index, link_id, tuple(values))),
        tuple(_unreadable(record, index, link_id) for link_id in unreadable),
        tuple(attached),
    )


def _add(values: dict[FactValue, None], value: FactValue) -> None:
    if len(values) < MOST_VALUES:
        values[value] = None


def _facts(
    record: Record, index: ChecklistIndex, link_id: str, values: tuple[FactValue, ...]
) -> Iterator[EvidenceFact]:
    question, pointer = index.questions[link_id], _pointer(record, link_id)
    if question.field.type == "choices":
        words = tuple(each for each in values if isinstance(each, str))
        yield EvidenceFact(question.element, question.field.name, words, pointer)
    else:
        for value in values:
            yield EvidenceFact(question.element, question.field.name, value, pointer)


def _unreadable(record: Record, index: ChecklistIndex, link_id: str) -> UnreadableAnswer:
    question = index.questions[link_id]
    return UnreadableAnswer(question.element, question.field.name, asked(question.field), _pointer(record, link_id))


def _pointer(record: Record, link_id: str) -> EvidencePointer:
    return EvidencePointer("answer", record.document, record.place(link_id))


def items_of(record: Record, elements: frozenset[str]) -> Iterator[Item]:
    """Yield each item of the form that has answers, in the order of the form, nested ones after their parents."""
    waiting: list[tuple[Json, str | None]] = [(item, None) for item in reversed(objects_in(record.resource, "item"))]
    while waiting:
        item, around = waiting.pop()
        link_id = text_in(item, "linkId") or ""
        head = link_id.partition(".")[0]
        element = head if head in elements else around
        answers = objects_in(item, "answer")
        if link_id and answers:
            yield Item(link_id, element, tuple(answers))
        inside = [each for answer in answers for each in objects_in(answer, "item")]
        waiting += [(each, element) for each in reversed([*objects_in(item, "item"), *inside])]


def attached_to(record: Record, item: Item) -> Iterator[Attached]:
    """Yield the attachments and references among the answers of an item."""
    for number, answer in enumerate(item.answers):
        attachment = object_in(answer, "valueAttachment")
        reference = text_in(object_in(answer, "valueReference"), "reference") or text_in(attachment, "url")
        if attachment or reference:
            place = f"{item.link_id}[{number}]" if number else item.link_id
            yield Attached(record, place, item.element, attachment, reference)


def _values(item: Item) -> Iterator[tuple[str, Any]]:
    """Yield the name and content of each answer that is no record; one without a value is not yielded."""
    for answer in item.answers:
        for name, value in answer.items():
            if name.startswith("value") and name not in RECORD_VALUES and not _is_blank(value):
                yield name, value


def _is_blank(value: Any) -> bool:
    return type(value) is str and not value.strip()
