"""Clinical statements, of FHIR resources and C-CDA entries alike, held against the codes that a checklist asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fhir_server.authorization.evidence import (
    EvidenceFact,
    EvidencePointer,
    EvidenceSource,
    FactValue,
    UnreadableAnswer,
)
from fhir_server.evidence.checklist_index import ChecklistIndex, CodedQuestion, Question
from fhir_server.evidence.values import MOST_VALUES, asked, day_in, read_value
from fhir_server.policy.criteria import CodedSource, Field

Found = EvidenceFact | UnreadableAnswer


@dataclass(frozen=True, slots=True)
class ClinicalStatement:
    """What a record says with a code. ``kinds`` are the FHIR resource types that it counts as.

    ``codes`` are pairs of system and code in the form of `code_name`; ``value`` is the name and content of FHIR's
    ``value[x]``. The places are those of the code (``place``), the value and the date in ``document``.
    """

    kinds: tuple[str, ...]
    codes: tuple[tuple[str, str], ...]
    source: EvidenceSource
    document: str
    place: str
    date: str | None = None
    date_place: str = ""
    value: tuple[str, Any] | None = None
    value_place: str = ""

    def pointer(self, place: str) -> EvidencePointer:
        """Return where in the record something of the statement stands."""
        return EvidencePointer(self.source, self.document, place or self.place)


def find_facts(index: ChecklistIndex, statements: Iterable[ClinicalStatement]) -> Iterator[Found]:
    """Yield what *statements* answer, in the order of the checklists, the newest of each kind only.

    Where several of the newest bear the same moment and do not agree, each is told. A choice that one code stands for
    is told by itself, so that two codes of one field may tell two choices.
    """
    if not index.coded:
        return
    groups: dict[Group, list[Candidate]] = {}
    for statement in statements:
        for number in index.coded_questions(statement.codes):
            question = index.coded[number]
            if _answers(question.source, statement):
                groups.setdefault(_group(question), []).append((number, question, statement))
    for candidates in sorted(groups.values(), key=lambda each: min(number for number, *_ in each)):
        yield from _told(_newest(candidates))


Group = tuple[str, str, str, str | None]
Candidate = tuple[int, CodedQuestion, ClinicalStatement]


def _group(asked_for: CodedQuestion) -> Group:
    """Return what the newest is sought of: a field's value, its date, or the presence that means one choice."""
    question, source = asked_for.question, asked_for.source
    return question.element, question.field.name, source.take, source.as_value if source.take == "presence" else None


def _answers(source: CodedSource, statement: ClinicalStatement) -> bool:
    if (source.take == "value" and statement.value is None) or (source.take == "date" and statement.date is None):
        return False
    return any(kind in source.resources for kind in statement.kinds)


def _told(candidates: Iterable[Candidate]) -> Iterator[Found]:
    told: list[tuple[type, object]] = []
    for _, question, statement in candidates:
        found = _read(question.question, question.source, statement)
        key = (type(found), getattr(found, "value", None))
        if key not in told and len(told) < MOST_VALUES:
            told.append(key)
            yield found


def _newest(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return those of the newest day, and of the newest moment where all of that day tell one."""
    newest_day = max(_day(statement) for *_, statement in candidates)
    newest = [each for each in candidates if _day(each[2]) == newest_day]
    moments = [_moment(statement) for *_, statement in newest]
    known = [each for each in moments if each is not None]
    if len(known) < len(newest):
        return newest
    return [each for each, moment in zip(newest, moments, strict=True) if moment == max(known)]


def _day(statement: ClinicalStatement) -> str:
    return (statement.date or "")[:10]


def _moment(statement: ClinicalStatement) -> datetime | None:
    try:
        moment = datetime.fromisoformat(statement.date or "")
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _read(question: Question, source: CodedSource, statement: ClinicalStatement) -> Found:
    field, value, place = question.field, _value(question.field, source, statement), statement.place
    if source.take != "presence":
        place = statement.value_place if source.take == "value" else statement.date_place
    pointer = statement.pointer(place)
    if value is None:
        return UnreadableAnswer(question.element, field.name, asked(field), pointer)
    return EvidenceFact(question.element, field.name, value, pointer)


def _value(field: Field, source: CodedSource, statement: ClinicalStatement) -> FactValue | None:
    if source.take == "date":
        return day_in(statement.date or "")
    if source.take == "value":
        assert statement.value is not None, "a statement without a value does not answer"
        name, content = statement.value
        read = read_value(field, name, _with_unit(content, source.unit))
    else:
        read = _presence(field, source, statement)
    return (read,) if field.type == "choices" and isinstance(read, str) else read


def _presence(field: Field, source: CodedSource, statement: ClinicalStatement) -> FactValue | None:
    if field.type == "bool":
        return source.as_value != "false"
    if field.type == "code":
        return statement.codes[0][1]
    return source.as_value


def _with_unit(value: Any, unit: str | None) -> Any:
    """Return a quantity that came without a unit in the one that its code is measured in."""
    if unit is None or type(value) is not dict or "unit" in value or "code" in value:
        return value
    return {**value, "unit": unit}
