"""A line of a request as the code rules see it, and what they ask of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec

from fhir_server.authorization.evidence import FactValue
from fhir_server.policy.articles import Article, Articles
from fhir_server.policy.diagnosis_details import DiagnosisDetails
from fhir_server.policy.facts import LineFacts, RequestFacts
from fhir_server.policy.forms import units
from fhir_server.policy.spans import Span

AnswerName = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}[A-Z]?[0-9]{1,2}\.[a-z][a-z0-9_]*$")]
"""An element of a checklist and its field: ``ES9.levels``."""
AnswerRead = FactValue | date | None
AnswersRead = Callable[[str, str], AnswerRead]
"""What was answered to a field of an element, and ``None`` where nothing was, or where sources differ."""


@dataclass(frozen=True, slots=True)
class LineRuleContext:
    """A line and all that a code rule may look at. Made by `fhir_server.policy.code_rules.context_of`.

    ``category`` is that of the line, ``reviewed`` whether the line is in scope. ``contractor`` pays claims in the state
    of service; by ``today`` the edition of an article is chosen (S-08). ``lists`` are those of Appendix B;
    ``associated`` are the categories that each associated code may follow; ``sex`` is the one on record.
    ``missing`` are the elements of the checklist that count for the line and were not answered.
    """

    facts: RequestFacts
    line: LineFacts
    days: Span
    category: str | None
    reviewed: bool
    contractor: str | None
    today: date
    articles: Articles
    details: DiagnosisDetails
    lists: Mapping[str, Mapping[str, tuple[date, date | None]]]
    associated: Mapping[str, frozenset[str]]
    answers: AnswersRead
    missing: frozenset[str] = frozenset()
    sex: str | None = None

    def article(self, category: str | None = None) -> Article | None:
        """Return the contractor's article for *category*, or for that of the line."""
        return self.articles.decides(self.contractor, category or self.category, self.today)

    def answer(self, name: str | None) -> AnswerRead:
        """Return the answer of that name; ``None`` where there is none."""
        element, _, field = (name or "").partition(".")
        return self.answers(element, field) if element else None

    def number(self, name: str | None) -> int | float | None:
        """Return the answer of that name if it is a finite number."""
        found = self.answer(name)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return None
        return found if math.isfinite(found) else None

    def same_session(self) -> Iterator[LineFacts]:
        """Yield the lines that were not withdrawn and may be of the same days as this one, itself among them."""
        for other in self.facts.lines:
            if not other.cancelled and not _apart(self.line, other):
                yield other

    def products(self, category: str) -> tuple[str, ...]:
        """Return the product codes of *category* in the session, each once: HCPCS codes that follow a service of it."""
        codes = (other.code for other in self.same_session() if other.code and self.is_product(other.code, category))
        return tuple(dict.fromkeys(codes))

    def is_product(self, code: str, category: str) -> bool:
        """Return whether *code* is a product of *category*: an associated code of HCPCS, not of CPT."""
        return code[:1].isalpha() and category in self.associated.get(code, ())


def units_of(line: LineFacts) -> int:
    """Return the units of *line*; one where none that are whole were sent."""
    return units(line.units) or 1


def _apart(one: LineFacts, other: LineFacts) -> bool:
    """Return whether both lines have days of service, and none of them can be the same."""
    if one.serviced is None or other.serviced is None:
        return False
    return one.serviced.within(other.serviced.first, other.serviced.last) == "not met"
