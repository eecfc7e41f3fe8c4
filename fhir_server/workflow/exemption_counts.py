"""How many requests of each provider were decided in a period, and how many of them were affirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from fhir_server.authorization.events import Received
from fhir_server.authorization.states import DECISIONS, State
from fhir_server.store.decisions import CaseDecision
from fhir_server.store.unit import UnitOfWork

Grain: TypeAlias = Literal["npi", "npi+state", "npi+category"]
Counted: TypeAlias = Literal["initial", "after-resubmission"]
LEAST_REQUESTS: Final = 10
"""Across all WISeR services (G6 5)."""
PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What an exemption hangs on. The guide leaves these open (G6 5): each is ``None`` until an operator sets it.

    ``threshold``: percent of requests that have to be affirmed. ``quarters``: how many an assessment looks back on.
    ``counted``: whether a request that was affirmed after a resubmission counts as affirmed. ``grain``: what an
    exemption is given to.
    """

    threshold: Decimal | None = None
    quarters: int | None = None
    counted: Counted | None = None
    grain: Grain | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings without which nothing is assessed."""
        values = {
            "EXEMPTION_THRESHOLD": self.threshold,
            "EXEMPTION_PERIOD": self.quarters,
            "EXEMPTION_COUNTS": self.counted,
            "EXEMPTION_GRAIN": self.grain,
        }
        return tuple(name for name, value in values.items() if value is None)


@dataclass(frozen=True, slots=True, order=True)
class Grantee:
    """Whom an exemption is for; without a state or a category for all of them."""

    npi: str
    state: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted of a grantee. ``requests_of_provider`` are those across all services: the volume (G6 5)."""

    grantee: Grantee
    requests: int
    affirmed: int
    requests_of_provider: int
    last_case: str

    def reaches(self, threshold: Decimal) -> bool:
        """Return whether at least *threshold* percent were affirmed."""
        return self.affirmed * PERCENT >= threshold * self.requests

    @property
    def enough(self) -> bool:
        """Whether there were enough requests to be assessed by."""
        return self.requests > 0 and self.requests_of_provider >= LEAST_REQUESTS


def counts(decisions: Iterable[CaseDecision], affirmed_later: frozenset[str], grain: Grain) -> tuple[Count, ...]:
    """Return the counts of all grantees, by the last decision of each request that was no resubmission.

    *affirmed_later* are the cases that count as affirmed though they were not at first.
    """
    last = {each.case: each for each in decisions if each.provider_npi and _on_the_merits(each)}
    grouped: dict[Grantee, list[CaseDecision]] = {}
    volume: Counter[Grantee] = Counter()
    for each in last.values():
        if not each.resubmission and (grantee := _grantee(each, grain)):
            grouped.setdefault(grantee, []).append(each)
            volume[_across_services(grantee)] += 1
    return tuple(
        Count(
            grantee=grantee,
            requests=len(alike),
            affirmed=sum(each.outcome is State.AFFIRMED or each.case in affirmed_later for each in alike),
            requests_of_provider=volume[_across_services(grantee)],
            last_case=alike[-1].case,
        )
        for grantee, alike in sorted(grouped.items(), key=lambda item: _order(item[0]))
    )


def affirmed_later(unit: UnitOfWork, decisions: Iterable[CaseDecision]) -> frozenset[str]:
    """Return the first case of each row of resubmissions that ended with an affirmation."""
    affirmed = [each.case for each in decisions if each.resubmission and each.outcome is State.AFFIRMED]
    return frozenset(_first_of(unit, case) for case in affirmed)


def _first_of(unit: UnitOfWork, case: str) -> str:
    while (earlier := _resubmission_of(unit, case)) is not None:
        case = earlier
    return case


def _resubmission_of(unit: UnitOfWork, case: str) -> str | None:
    received = (each.data for each in unit.events.of(case) if isinstance(each.data, Received))
    return next((each.resubmission_of for each in received if each.resubmission_of), None)


def _on_the_merits(decision: CaseDecision) -> bool:
    return decision.decided_by == "own" and decision.outcome in DECISIONS


def _grantee(decision: CaseDecision, grain: Grain) -> Grantee | None:
    """Return whom the decision counts for; nobody where the state or category that matters is not known."""
    npi, state, category = decision.provider_npi or "", decision.state_of_service, decision.category
    match grain:
        case "npi":
            return Grantee(npi)
        case "npi+state":
            return Grantee(npi, state=state) if state else None
        case "npi+category":
            return Grantee(npi, category=category) if category else None


def _across_services(grantee: Grantee) -> Grantee:
    """Return whose requests make the volume: it is counted across all services, whatever the grain (G6 5)."""
    return Grantee(grantee.npi, grantee.state)


def _order(grantee: Grantee) -> tuple[str, str, str]:
    return grantee.npi, grantee.state or "", grantee.category or ""
