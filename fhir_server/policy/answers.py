"""The evidence as the tests of the checklists read it: one typed value a field, and where the sources differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from fhir_server.authorization.evidence import Evidence, EvidenceFact, EvidencePointer, EvidenceRecord, FactValue
from fhir_server.policy.criteria import Field
from fhir_server.policy.expressions import Name, Value


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known for each field of each element.

    ``conflicting`` are fields on which two sources differ, ``unreadable`` those that were answered in a form that does
    not count; neither has a value. ``pointers`` lead to everything that was found for an element. ``records`` are those
    tied to an element.
    """

    values: Mapping[Name, Value] = field(default_factory=dict)
    conflicting: frozenset[Name] = frozenset()
    unreadable: frozenset[Name] = frozenset()
    pointers: Mapping[str, tuple[EvidencePointer, ...]] = field(default_factory=dict)
    records: Mapping[str, tuple[EvidenceRecord, ...]] = field(default_factory=dict)
    clinical: bool = False

    def value(self, element: str, name: str = "value") -> Value:
        """Return the value of a field, ``None`` where nobody said."""
        return self.values.get((element, name))

    def touches(self, prefix: str) -> bool:
        """Return whether an element whose id begins with *prefix* was answered at all."""
        return any(element.startswith(prefix) for element, _ in self.values)


def answers_of(evidence: Evidence, fields: Mapping[Name, Field]) -> Answers:
    """Return *evidence* by field. A fact for a field that no checklist asks is left out.

    What was read in a document that software could only read in part says nothing by itself; it may contradict (S-03).
    """
    found: dict[Name, list[Value]] = {}
    unreadable = {(each.element, each.field) for each in evidence.unreadable}
    for fact, alone in _in_order(evidence):
        name = (fact.element, fact.field)
        if name not in fields or not (alone or name in found):
            continue
        value = _typed(fact, fields[name])
        if value is None:
            unreadable.add(name)
        else:
            found.setdefault(name, []).append(value)
    several = ((name, values) for name, values in found.items() if len(values) > 1)
    conflicting = frozenset(name for name, values in several if not _agree(values, fields[name]))
    doubtful = conflicting | unreadable
    return Answers(
        values={name: _joined(values) for name, values in found.items() if name not in doubtful},
        conflicting=conflicting,
        unreadable=frozenset(unreadable),
        pointers=_pointers(evidence),
        records=_records(evidence.records),
        clinical=any(each.clinical for each in evidence.records),
    )


def _in_order(evidence: Evidence) -> Iterator[tuple[EvidenceFact, bool]]:
    """Yield each fact and whether it counts alone; those that do not come last."""
    half_read = {each.document for each in evidence.records if not each.readable}
    if not half_read:
        yield from ((fact, True) for fact in evidence.facts)
        return
    yield from ((fact, True) for fact in evidence.facts if not _is_of(fact.pointer, half_read))
    yield from ((fact, False) for fact in evidence.facts if _is_of(fact.pointer, half_read))


def _pointers(evidence: Evidence) -> dict[str, tuple[EvidencePointer, ...]]:
    """Return what leads to each element; choices of one answer follow each other and are led to once."""
    found: dict[str, list[EvidencePointer]] = {}
    told = [(each.element, each.pointer) for each in evidence.facts]
    told += [(each.element, each.pointer) for each in evidence.unreadable]
    for element, pointer in told:
        known = found.setdefault(element, [])
        if not known or known[-1] is not pointer:
            known.append(pointer)
    return {element: tuple(pointers) for element, pointers in found.items()}


def _is_of(pointer: EvidencePointer, documents: set[str]) -> bool:
    return pointer.source in ("text", "section") and pointer.document in documents


def _records(records: Iterable[EvidenceRecord]) -> dict[str, tuple[EvidenceRecord, ...]]:
    tied: dict[str, tuple[EvidenceRecord, ...]] = {}
    for record in records:
        for element in record.elements:
            tied[element] = (*tied.get(element, ()), record)
    return tied


def _typed(fact: EvidenceFact, asked: Field) -> Value:
    """Return the fact's value as its field means it, or ``None`` where it cannot be meant."""
    return _TYPES[asked.type](fact.value, asked)


def _number(value: FactValue, asked: Field) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    too_small = asked.minimum is not None and value < asked.minimum
    too_large = asked.maximum is not None and value > asked.maximum
    return None if too_small or too_large else value


def _date(value: FactValue, asked: Field) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _choice(value: FactValue, asked: Field) -> str | None:
    return value if isinstance(value, str) and any(value == each.value for each in asked.values) else None


def _choices(value: FactValue, asked: Field) -> tuple[str, ...] | None:
    known = {each.value for each in asked.values}
    chosen = (value,) if isinstance(value, str) else value
    if not isinstance(chosen, tuple) or not known.issuperset(chosen):
        return None
    return chosen


def _text(value: FactValue, asked: Field) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _truth(value: FactValue, asked: Field) -> bool | None:
    return value if isinstance(value, bool) else None


_TYPES: dict[str, Any] = {
    "bool": _truth,
    "num": _number,
    "date": _date,
    "choice": _choice,
    "choices": _choices,
    "text": _text,
    "code": _text,
}


def _agree(values: list[Value], asked: Field) -> bool:
    """Return whether the sources say the same: choices add up, words may differ, numbers agree as far as both go."""
    if asked.type in ("choices", "text"):
        return asked.type == "text" or not any("none" in each and set(values) != {each} for each in values)
    first = values[0]
    return all(_same(first, other) for other in values[1:])


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, bool) or not isinstance(one, int | float):
        return bool(one == other)
    precision = Decimal(1).scaleb(-min(_decimals(one), _decimals(other)))
    return abs(Decimal(str(one)) - Decimal(str(other))) * 2 <= precision


def _decimals(number: int | float) -> int:
    return len(repr(number).partition(".")[2].rstrip("0"))


def _joined(values: list[Value]) -> Value:
    if isinstance(values[0], tuple):
        return tuple(dict.fromkeys(each for value in values for each in value))
    return values[0]
