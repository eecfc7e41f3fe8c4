"""Where answers to the checklists at hand can stand: by linkId, by code, by label, by type of document.

An index is made once for the same checklists and kept, since a policy pack lives as long as its process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from fhir_server.evidence.code_systems import code_name, system_name
from fhir_server.policy.criteria import Checklist, CodedSource, Criterion, Field, TextSource

ALONE = "value"
"""The name of a field whose answer stands under the linkId of its element."""
KEPT = 64
CodeName: TypeAlias = tuple[str, str]
"""A system and a code of it, as `fhir_server.evidence.code_systems` names them."""


@dataclass(frozen=True, slots=True)
class Question:
    """A field of an element."""

    element: str
    field: Field


# What any form may answer beside the elements: why the request cannot wait (level of service or priority asks for it).
BESIDE = (Question("expedited", Field(name="reason", type="text", label="Why the request cannot wait")),)


@dataclass(frozen=True, slots=True)
class CodedQuestion:
    """A field and the codes that answer it."""

    question: Question
    source: CodedSource


@dataclass(frozen=True, slots=True)
class TextQuestion:
    """A field and the words before its value in a text."""

    question: Question
    source: TextSource


@dataclass(frozen=True, slots=True)
class ChecklistIndex:
    """The checklists, turned round. ``labels`` are in small letters.

    ``exact`` and ``beginnings`` lead from codes, in the form of `code_name`, to positions in ``coded``.
    """

    elements: frozenset[str]
    questions: Mapping[str, Question]
    coded: tuple[CodedQuestion, ...]
    exact: Mapping[CodeName, tuple[int, ...]]
    beginnings: Mapping[str, tuple[tuple[str, int], ...]]
    labels: Mapping[str, tuple[TextQuestion, ...]]
    document_types: Mapping[str, tuple[str, ...]]

    def coded_questions(self, codes: Iterable[CodeName]) -> list[int]:
        """Return the positions of the coded questions that one of *codes* answers, in order, each once."""
        found: set[int] = set()
        for system, code in codes:
            found.update(self.exact.get((system, code), ()))
            found.update(each for beginning, each in self.beginnings.get(system, ()) if code.startswith(beginning))
        return sorted(found)


class _Same:
    """A checklist compared by identity: to hash all its rows would cost more than to read an answer."""

    __slots__ = ("checklist",)

    def __init__(self, checklist: Checklist) -> None:
        self.checklist = checklist

    def __hash__(self) -> int:
        return id(self.checklist)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.checklist is self.checklist


def index_of(checklists: Sequence[Checklist]) -> ChecklistIndex:
    """Return the index of *checklists*; of an element that several of them hold, the first counts."""
    return _index(tuple(_Same(each) for each in checklists))


@lru_cache(maxsize=KEPT)
def _index(checklists: tuple[_Same, ...]) -> ChecklistIndex:
    elements: dict[str, Criterion] = {}
    for each in checklists:
        for element in each.checklist.elements:
            elements.setdefault(element.id, element)
    questions = [Question(element.id, field) for element in elements.values() for field in element.fields]
    coded = tuple(CodedQuestion(each, source) for each in questions for source in each.field.resources)
    return ChecklistIndex(
        frozenset(elements),
        dict(_by_link_id([*questions, *BESIDE])),
        coded,
        *_by_code(coded),
        _by_label(questions),
        _by_document_type(elements.values()),
    )


def _by_link_id(questions: Iterable[Question]) -> Iterable[tuple[str, Question]]:
    """Yield each question with its linkIds (S-27)."""
    for each in questions:
        if each.field.name == ALONE:
            yield each.element, each
        yield f"{each.element}.{each.field.name}", each


def _by_code(
    coded: Sequence[CodedQuestion],
) -> tuple[dict[CodeName, tuple[int, ...]], dict[str, tuple[tuple[str, int], ...]]]:
    """Return where whole codes lead, and where codes lead that begin in a certain way (those that end in a dash)."""
    exact: dict[CodeName, tuple[int, ...]] = {}
    beginnings: dict[str, tuple[tuple[str, int], ...]] = {}
    for number, question in enumerate(coded):
        system = system_name(question.source.system)
        for code in (code_name(system, each) for each in question.source.codes):
            if code.endswith("-"):
                beginnings[system] = (*beginnings.get(system, ()), (code.removesuffix("-"), number))
            else:
                exact[system, code] = (*exact.get((system, code), ()), number)
    return exact, beginnings


def _by_label(questions: Iterable[Question]) -> dict[str, tuple[TextQuestion, ...]]:
    found: dict[str, tuple[TextQuestion, ...]] = {}
    for each in questions:
        for source in each.field.texts:
            for label in source.labels:
                words = " ".join(label.lower().split())
                found[words] = (*found.get(words, ()), TextQuestion(each, source))
    return found


def _by_document_type(elements: Iterable[Criterion]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for element in elements:
        for each in element.document_types:
            found[each.loinc] = (*found.get(each.loinc, ()), element.id)
    return found
