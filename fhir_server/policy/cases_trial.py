"""A policy case tried: decided as the server would, and held against what was expected. No server is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET

from fhir_server.authorization.clocks import last_day_of_service, utc_text
from fhir_server.authorization.determination import CriterionGap, Determination
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Period
from fhir_server.policy.answers import answers_of
from fhir_server.policy.cases import Expectation, PolicyCase
from fhir_server.policy.cases_circumstances import circumstances_of
from fhir_server.policy.cases_evidence import evidence_of
from fhir_server.policy.cases_request import request_of
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.engine import coverage_for, determine
from fhir_server.policy.facts import facts_of
from fhir_server.policy.merits import STOPPING
from fhir_server.policy.pack import Pack
from fhir_server.policy.scope import ScopedLine, scope_of

CASE_NUMBER = "policy-case"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a case: the determination, and where each line stands in the model's scope."""

    case: PolicyCase
    determination: Determination
    scope: tuple[ScopedLine, ...]

    @property
    def outcome(self) -> str:
        """The state that the request enters: affirmed, in-review, dismissed."""
        return self.determination.state.value

    @property
    def dismissal(self) -> str | None:
        """The code of the dismissal."""
        return self.determination.dismissal.code if self.determination.dismissal else None

    @property
    def open(self) -> tuple[str, ...]:
        """The elements that are not settled, for whatever reason."""
        return tuple(dict.fromkeys(each.element for each in self.determination.criteria if each.gap))

    def with_gap(self, gap: CriterionGap) -> tuple[str, ...]:
        """Return the elements that are not settled for that reason."""
        return tuple(dict.fromkeys(each.element for each in self.determination.criteria if each.gap == gap))

    @property
    def differences(self) -> tuple[str, ...]:
        """Where the outcome is not what the case expects."""
        return tuple(_differences(self.case.expect, self)) if self.case.expect else ()


def try_case(case: PolicyCase, packs: Sequence[Pack]) -> Tried:
    """Return what *packs* decide about *case*; raise `ContentInvalid` where an answer is not one that they know."""
    request = request_of(case)
    facts = facts_of(request)
    pack = coverage_for(packs, facts)
    evidence, circumstances = evidence_of(case, pack), circumstances_of(case, pack)
    decided = determine(request, facts, circumstances, packs, case_number=CASE_NUMBER, evidence=evidence)
    scope = scope_of(pack, facts, circumstances, answers_of(evidence, pack.fields))
    return Tried(case, _on_its_day(decided, case.decided_at, circumstances), scope)


def _on_its_day(determination: Determination, decided_at: datetime, circumstances: Circumstances) -> Determination:
    """Date the decision as the case tells; an affirmation holds from its day (guide 4.3)."""
    if decided_at == circumstances.now:
        return determination
    day = decided_at.astimezone(ZoneInfo(circumstances.time_zone)).date()
    valid = Period(day.isoformat(), last_day_of_service(day).isoformat())
    affirmed = determination.state is State.AFFIRMED
    return replace(determination, decided_at=utc_text(decided_at), valid=valid if affirmed else None)


# How each key of an expectation is read off what came out; what is left out of the expectation is not looked at.
_FOUND: dict[str, Callable[[Tried], Any]] = {
    "outcome": lambda tried: tried.outcome,
    "dismissal": lambda tried: tried.dismissal,
    "missing": lambda tried: set(tried.with_gap("missing")),
    "failing": lambda tried: set(tried.with_gap("failing")),
    "conflicting": lambda tried: set(tried.with_gap("conflicting")),
    "unreadable": lambda tried: set(tried.with_gap("unreadable")),
    "doubtful": lambda tried: set(tried.with_gap("doubtful")),
    "open": lambda tried: set(tried.open),
    "reasons": lambda tried: set(tried.determination.routing.reasons if tried.determination.routing else ()),
    "expedited": lambda tried: bool(tried.determination.clock and tried.determination.clock.expedited),
    "downgraded": lambda tried: bool(tried.determination.clock and tried.determination.clock.downgraded),
    "due": lambda tried: tried.determination.clock.due if tried.determination.clock else None,
    "last_day_of_service": lambda tried: tried.determination.valid.end if tried.determination.valid else None,
}


def _differences(expected: Expectation, tried: Tried) -> Iterator[str]:
    for key, read in _FOUND.items():
        wanted = getattr(expected, key)
        if wanted is not UNSET and (found := read(tried)) != (comparable := _comparable(wanted)):
            yield f"{key}: expected {_words(comparable)}, found {_words(found)}"
    yield from _lines(expected, tried)
    yield from _criteria(expected, tried)
    yield from _rules(expected, tried)
    yield from _asks(expected, tried)


def _comparable(wanted: object) -> object:
    if isinstance(wanted, datetime):
        return utc_text(wanted)
    if isinstance(wanted, tuple):
        return set(wanted)
    return wanted.isoformat() if hasattr(wanted, "isoformat") else wanted


def _words(value: object) -> str:
    if isinstance(value, set):
        return ", ".join(sorted(value)) or "none"
    return "none" if value is None else str(value)


def _lines(expected: Expectation, tried: Tried) -> Iterator[str]:
    if isinstance(expected.lines, dict):
        found = {each.sequence: each.outcome for each in tried.determination.lines}
        for number, outcome in expected.lines.items():
            if found.get(number) != outcome:
                yield f"line {number}: expected {outcome}, found {found.get(number, 'no such line')}"


def _criteria(expected: Expectation, tried: Tried) -> Iterator[str]:
    if isinstance(expected.criteria, dict):
        for element, result in expected.criteria.items():
            results = [each.result for each in tried.determination.criteria if each.element == element]
            if not results or any(each != result for each in results):
                yield f"{element}: expected {result}, found {' and '.join(results) or 'no such element'}"


def _rules(expected: Expectation, tried: Tried) -> Iterator[str]:
    if isinstance(expected.rules, tuple):
        hits = tried.determination.code_rules
        stopping = {each.rule for each in hits if each.severity in STOPPING}
        unexpected, absent = stopping.difference(expected.rules), set(expected.rules).difference(e.rule for e in hits)
        if unexpected or absent:
            found = {each.rule for each in hits}
            yield f"rules: expected {_words(set(expected.rules))}, found {_words(found)}"


def _asks(expected: Expectation, tried: Tried) -> Iterator[str]:
    if isinstance(expected.asks, tuple):
        asked = tried.determination.missing
        for words in expected.asks:
            if not any(words.casefold() in each.casefold() for each in asked):
                yield f"asks: expected {words}, found {'; '.join(asked) or 'none'}"
