"""Values behind labels in readable text: ``AHI 32``, ``BMI is 31.2 kg/m2``, ``Date of study: 03/01/2026``.

What a sentence denies, aims at or demands is no finding (``goal AHI < 5``); so a value counts only where nothing but a
plain link stands between it and its label, and nothing that turns it around stands before or behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from fhir_server.authorization.evidence import EvidenceFact, EvidencePointer, FactValue
from fhir_server.evidence.checklist_index import ChecklistIndex, TextQuestion
from fhir_server.evidence.passages import Passage
from fhir_server.evidence.units import WRITTEN, unit_code
from fhir_server.evidence.values import MOST_VALUES, day_in, number_in
from fhir_server.policy.criteria import Field

# Between label and value: words in brackets, then a verb, then a sign. A line ends only after a sign.
_LINK = re.compile(
    r"(?: ?\([^()\n]{1,60}\))?(?: (?:score|value|index|level|rating))?"
    r"(?: (?:is|was|of|at|measured|measures|equals|today|now|currently))*+(?: ?[:=|] ?\n?| [-–—] | )"
)
_NUMBER = re.compile(r"(-)?(\d{1,3}(?:,\d{3})++|\d{1,9}+)(\.\d{1,9}+)?+(?![\d]|[.,]\d|/\d{1,2}/|:\d)", re.ASCII)
_UNIT = re.compile(
    r" ?(" + "|".join(re.escape(each) for each in sorted(WRITTEN, key=len, reverse=True)) + r")(?![\w^²/])",
    re.IGNORECASE,
)
_OUT_OF = re.compile(r" ?(?:/|out of) ?(\d{1,3})(?![\d./])", re.ASCII)

# Before the label, in the same clause.
_TURNED = re.compile(
    r"\b(?:no|not|never|without|denies|denied|goal|target|criteri(?:a|on)|threshold|cut-?off|limit|normal|reference|"
    r"history of|h/o|prior|previous(?:ly)?|former(?:ly)?|earlier|past|last year|residual|predicted|expected|desired|"
    r"if|unless|until|when|should|must|requires?|required|needs?|family|mother|father|brother|sister|patients with)\b",
    re.IGNORECASE,
)
_CLAUSE = 80
_CLAUSE_ENDS = (". ", ";", "!", "?", "\n")
# Behind the value: a range, a bound, or what makes it one.
_BOUND = re.compile(
    r"\s?(?:\+|(?:to|through|-|–|—)\s?[<>]?\d|(?:or|and)\s(?:less|more|fewer|greater|higher|lower|above|below|over|under)\b|"
    r"\(?(?:goal|target|threshold|cut-?off|criteri(?:a|on)|is required|required)\b)",
    re.IGNORECASE,
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
# Dates as they are written in the United States, and ISO 8601. Two digits of a year could mean two centuries.
_DATES = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)", re.ASCII), (1, 2, 3)),
    (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)", re.ASCII), (3, 1, 2)),
    (re.compile(rf"{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})(?!\d)", re.ASCII | re.IGNORECASE), (3, 1, 2)),
    (re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)? {_MONTH},? (\d{{4}})(?!\d)", re.ASCII | re.IGNORECASE), (3, 2, 1)),
)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A label in a text."""

    start: int
    end: int
    questions: tuple[TextQuestion, ...]


def find_in_text(index: ChecklistIndex, passage: Passage) -> Iterator[EvidenceFact]:
    """Yield what *passage* says behind the labels of the checklists, in the order of the text.

    The pointer of a fact spans from the label to the end of the value. Each different value of a field is told once.
    """
    told: dict[tuple[str, str], set[FactValue]] = {}
    for spot in _spots(index.labels, passage.text):
        for each in spot.questions:
            question = each.question
            values = told.setdefault((question.element, question.field.name), set())
            found = _value_at(passage.text, spot.end, each) if len(values) < MOST_VALUES else None
            if found is None or found[0] in values or _is_turned(passage.text, spot.start):
                continue
            values.add(found[0])
            pointer = EvidencePointer("text", passage.document, passage.place, spot.start, found[1])
            yield EvidenceFact(question.element, question.field.name, found[0], pointer)


def _spots(labels: Mapping[str, tuple[TextQuestion, ...]], text: str) -> list[_Spot]:
    """Return where labels stand as words of their own, in order; of two in one place the longer one counts."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter became two, and every place behind it another
        lowered = "".join(each if len(each.lower()) != 1 else each.lower() for each in text)
    found = [_Spot(start, start + len(label), labels[label]) for label in labels for start in _places(lowered, label)]
    found.sort(key=lambda spot: (spot.start, -spot.end))
    kept: list[_Spot] = []
    for spot in found:
        if not kept or spot.end > kept[-1].end:
            kept.append(spot)
    return kept


def _places(text: str, label: str) -> Iterator[int]:
    start = text.find(label)
    while start >= 0:
        end = start + len(label)
        if not _is_word(text[start - 1 : start]) and not _is_word(text[end : end + 1]):
            yield start
        start = text.find(label, end)


def _is_word(character: str) -> bool:
    return character.isalnum() or character in ("_", "-") if character else False


def _is_turned(text: str, start: int) -> bool:
    """Return whether the clause before a label denies what follows, aims at it or demands it."""
    before = text[max(0, start - _CLAUSE) : start]
    clause = before[max(before.rfind(each) for each in _CLAUSE_ENDS) + 1 :]
    return _TURNED.search(clause) is not None


def _value_at(text: str, position: int, asked_for: TextQuestion) -> tuple[FactValue, int] | None:
    """Return the value that the label ending at *position* has, and where that ends."""
    link = _LINK.match(text, position)
    if link is None:
        return None
    field = asked_for.question.field
    if field.type == "date":
        return _date_at(text, link.end())
    return _number_at(text, link.end(), field, asked_for.source.unit) if field.type == "num" else None


def _date_at(text: str, position: int) -> tuple[FactValue, int] | None:
    for pattern, (year, month, day) in _DATES:
        match = pattern.match(text, position)
        if match is not None:
            name = match[month].lower()
            number = _MONTHS.index(name) + 1 if name in _MONTHS else int(name)
            found = day_in(f"{match[year]}-{number:02}-{int(match[day]):02}")
            return (found, match.end()) if found is not None else None
    return None


def _number_at(text: str, position: int, field: Field, unit: str | None) -> tuple[FactValue, int] | None:
    match = _NUMBER.match(text, position)
    if match is None:
        return None
    value = Decimal(f"{match[1] or ''}{match[2].replace(',', '')}{match[3] or ''}")
    written = _UNIT.match(text, match.end())
    end = written.end() if written else match.end()
    out_of = _OUT_OF.match(text, end)
    if out_of is not None:
        if field.maximum != float(out_of[1]):  # of another scale than the one that is asked for
            return None
        end = out_of.end()
    if _BOUND.match(text, end):
        return None
    found = number_in(field, value, unit_code(written[1]) if written else unit)
    return (found, end) if found is not None else None
