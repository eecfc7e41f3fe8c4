"""The answers and documents of a policy case as evidence, held to what the checklists ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from fhir_server.authorization.evidence import Evidence, EvidenceFact, EvidencePointer, EvidenceRecord, FactValue
from fhir_server.errors import ContentInvalid, Issue
from fhir_server.policy.cases import MEND, CaseDocument, PolicyCase
from fhir_server.policy.cases_request import document_key
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.criteria import Criterion, Field
from fhir_server.policy.rows import Problems

NO_TO_ALL = "none"
"""Answers every yes-or-no field of an element with no."""
ONLY_FIELD = "value"


def evidence_of(case: PolicyCase, pack: CoveragePack) -> Evidence:
    """Return what the records of *case* say; raise `ContentInvalid` naming every answer that *pack* does not know."""
    problems = Problems()
    elements = {row.id: row for each in pack.checklists.values() for row in each.checklist.elements}
    facts = tuple(_facts(case, elements, problems))
    records = tuple(_records(case, elements, problems))
    if problems.found:
        raise ContentInvalid(Issue("policy-case-answer", each, MEND) for each in problems.found)
    return Evidence(facts, records)


def _facts(case: PolicyCase, elements: Mapping[str, Criterion], problems: Problems) -> Iterator[EvidenceFact]:
    for element, told in case.answers.items():
        row = elements.get(element)
        if row is None:
            problems.add(case.place, f"answers: the element {element} is unknown; {_near(element, elements)}")
        elif told is not None:
            yield from _of_element(case, row, told, problems)


def _near(element: str, elements: Mapping[str, Criterion]) -> str:
    beside = [each for each in elements if each[:2] == str(element)[:2]]
    return f"known are {', '.join(beside or elements)}"


def _of_element(case: PolicyCase, row: Criterion, told: object, problems: Problems) -> Iterator[EvidenceFact]:
    fields = {each.name: each for each in row.fields}
    for name, value in _by_field(case, row, told, problems):
        if name not in fields:
            known = ", ".join(fields) or "none: it is a document"
            problems.add(case.place, f"answers {row.id}: the field {name} is unknown; known are {known}")
        elif value is not None:
            yield from _fact(case, row, fields[name], value, problems)


def _by_field(case: PolicyCase, row: Criterion, told: object, problems: Problems) -> list[tuple[str, object]]:
    if isinstance(told, dict):
        return list(told.items())
    truths = [each.name for each in row.fields if each.type == "bool"]
    if told == NO_TO_ALL and truths and all(each.type in ("bool", "text") for each in row.fields):
        return [(name, False) for name in truths]
    names = [each.name for each in row.fields]
    if len(names) == 1 or ONLY_FIELD in names:
        return [(names[0] if len(names) == 1 else ONLY_FIELD, told)]
    known = ", ".join(names) or "none: it is a document, and stands under documents"
    problems.add(case.place, f"answers {row.id}: an answer to each field is expected; the fields are {known}")
    return []


def _fact(case: PolicyCase, row: Criterion, field: Field, told: object, problems: Problems) -> Iterator[EvidenceFact]:
    value = _READ[field.type](told, field)
    if value is None:
        asked = _asked(field)
        problems.add(case.place, f"answers {row.id}.{field.name}: {asked} is expected")
    else:
        pointer = EvidencePointer("answer", document_key(1), f"{row.id}.{field.name}")
        yield EvidenceFact(row.id, field.name, value, pointer)


def _asked(field: Field) -> str:
    if field.type in ("choice", "choices"):
        return f"{'one' if field.type == 'choice' else 'a list'} of {', '.join(each.value for each in field.values)}"
    return {"bool": "true or false", "num": "a number", "date": "a date"}.get(field.type, "text")


def _truth(told: object, field: Field) -> FactValue | None:
    return told if isinstance(told, bool) else None


def _number(told: object, field: Field) -> FactValue | None:
    return told if isinstance(told, int | float) and not isinstance(told, bool) else None


def _date(told: object, field: Field) -> FactValue | None:
    if isinstance(told, date):
        return told.isoformat()[:10]
    try:
        return date.fromisoformat(str(told)).isoformat()
    except ValueError:
        return None


def _choice(told: object, field: Field) -> FactValue | None:
    return told if isinstance(told, str) and told in {each.value for each in field.values} else None


def _choices(told: object, field: Field) -> FactValue | None:
    chosen = [str(each) for each in (told if isinstance(told, list) else [told])]
    return tuple(chosen) if {each.value for each in field.values}.issuperset(chosen) else None


def _text(told: object, field: Field) -> FactValue | None:
    if isinstance(told, bool | dict | list):
        return None
    return str(told)


_READ: dict[str, Callable[[object, Field], FactValue | None]] = {
    "bool": _truth,
    "num": _number,
    "date": _date,
    "choice": _choice,
    "choices": _choices,
    "text": _text,
    "code": _text,
}


def _records(case: PolicyCase, elements: Mapping[str, Criterion], problems: Problems) -> Iterator[EvidenceRecord]:
    for number, document in enumerate(case.documents, start=1):
        for each in document.element:
            if each not in elements:
                problems.add(case.place, f"documents: the element {each} is unknown; {_near(each, elements)}")
        yield EvidenceRecord(
            document_key(number),
            readable=document.readable,
            elements=tuple(dict.fromkeys([*document.element, *_by_type(document, elements)])),
            types=(document.type,) if document.type else (),
        )


def _by_type(document: CaseDocument, elements: Mapping[str, Criterion]) -> list[str]:
    return [row.id for row in elements.values() if document.type in {each.loinc for each in row.document_types}]
