"""Decisions as reports count them: a row beside each event that decided, and the sums that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any

from sqlalchemy import bindparam, case, func, insert, select

from fhir_server.authorization.caller import Role
from fhir_server.authorization.determination import DeciderKind, Determination
from fhir_server.authorization.events import Determined, Event
from fhir_server.authorization.states import DECISIONS, State
from fhir_server.store.repository import Repository, listing
from fhir_server.store.review_tables import case_decision
from fhir_server.store.statements import Statement
from fhir_server.store.values import indexed, utc_text

NOT_AFFIRMED = frozenset({"non-affirmed", "modified"})
"""Outcomes of a line that are a no, wholly or in part."""


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """What is counted of a decision."""

    case: str
    event_number: int
    owner: str
    decided_at: str
    received_at: str
    decided_by: str
    decider_kind: DeciderKind
    outcome: State
    category: str | None
    state_of_service: str | None
    dismissal: str | None
    expedited: bool
    channel: str
    resubmission: bool
    provider_npi: str | None
    lines_affirmed: int
    lines_not: int

    @property
    def taken(self) -> timedelta:
        """The time from receipt to decision."""
        return datetime.fromisoformat(self.decided_at) - datetime.fromisoformat(self.received_at)


@dataclass(frozen=True, slots=True)
class DecisionSummary:
    """How many decisions of one kind there were, and how long they took."""

    category: str | None
    state_of_service: str | None
    decided_by: str
    decider_kind: DeciderKind
    outcome: State
    count: int
    expedited: int
    resubmissions: int
    lines_affirmed: int
    lines_not: int
    median_hours: float
    longest_hours: float


@dataclass(frozen=True, slots=True)
class ProviderCount:
    """How many requests of a provider were decided on the merits, and how many of them were affirmed as a whole."""

    npi: str
    requests: int
    affirmed: int


_columns = case_decision.c
_KEEP = Statement(insert(case_decision))
_READ = select(
    _columns.case_number,
    _columns.event_number,
    _columns.owner,
    _columns.decided_at,
    _columns.received_at,
    _columns.decided_by,
    _columns.decider_kind,
    _columns.outcome,
    _columns.category,
    _columns.state_of_service,
    _columns.dismissal,
    _columns.expedited,
    _columns.channel,
    _columns.resubmission,
    _columns.provider_npi,
    _columns.lines_affirmed,
    _columns.lines_not,
)
_IN_TIME = (_columns.decided_at >= bindparam("since"), _columns.decided_at < bindparam("until"))
_OF_CASE = Statement(_READ.where(_columns.case_number == bindparam("case")).order_by(_columns.event_number))
_BETWEEN = listing(
    _READ.where(*_IN_TIME).order_by(_columns.decided_at, _columns.case_number, _columns.event_number), _columns.owner
)
_BY_PROVIDER = (
    select(_columns.provider_npi, func.count(), func.sum(case((_columns.outcome == State.AFFIRMED.value, 1), else_=0)))
    .where(
        *_IN_TIME,
        _columns.provider_npi.is_not(None),
        _columns.decided_by == "own",
        _columns.outcome.in_(sorted(state.value for state in DECISIONS)),
    )
    .group_by(_columns.provider_npi)
    .order_by(_columns.provider_npi)
)


class Decisions(Repository):
    """The decisions of the store. They are added with their event and never changed."""

    __slots__ = ()

    def keep(
        self,
        event: Event,
        *,
        received_at: datetime,
        category: str | None = None,
        state_of_service: str | None = None,
        expedited: bool = False,
        resubmission: bool = False,
        provider_npi: str | None = None,
    ) -> None:
        """Count the decision of *event*, which `Events.append` returned in this transaction.

        Where they are not given, category and state are those of the routing, else the category of the first line.
        """
        if not isinstance(event.data, Determined):
            raise ValueError("Only an event that decided is counted as a decision.")
        head, determination = self._unit.heads.of(event.case), event.data.determination
        routing = determination.routing
        self._run(
            _KEEP,
            {
                "case_number": event.case,
                "event_number": event.number,
                "owner": head.owner,
                "decided_at": event.at,
                "received_at": utc_text(received_at),
                "decided_by": determination.decider.decided_by,
                "decider_kind": determination.decider.kind,
                "outcome": event.state,
                "category": category or _category(determination),
                "state_of_service": state_of_service or (routing.state if routing else None),
                "dismissal": determination.dismissal.code if determination.dismissal else None,
                "expedited": expedited,
                "channel": head.channel,
                "resubmission": resubmission,
                "provider_npi": indexed(provider_npi) if provider_npi else None,
                "lines_affirmed": sum(line.outcome == "affirmed" for line in determination.lines),
                "lines_not": sum(line.outcome in NOT_AFFIRMED for line in determination.lines),
            },
        )

    def of(self, case: str) -> tuple[CaseDecision, ...]:
        """Return the decisions of *case* in their order."""
        self._unit.heads.of(case)
        return _read(self._rows(_OF_CASE, {"case": case}))

    def between(self, since: datetime, until: datetime) -> tuple[CaseDecision, ...]:
        """Return what was decided from *since* on and before *until*, of what the caller may see."""
        return _read(self._listed(_BETWEEN, {"since": utc_text(since), "until": utc_text(until)}))

    def summary(self, since: datetime, until: datetime) -> tuple[DecisionSummary, ...]:
        """Return counts and times of what `between` gives, by category, state of service, decider and outcome."""
        found = sorted(self.between(since, until), key=_kind)
        return tuple(_summed(list(alike)) for _, alike in groupby(found, key=_kind))

    def by_provider(self, since: datetime, until: datetime) -> tuple[ProviderCount, ...]:
        """Return the counts of each provider, by NPI: own decisions on the merits. For operators."""
        self._unit.caller.require(Role.OPERATOR)
        times = {"since": utc_text(since), "until": utc_text(until)}
        return tuple(
            ProviderCount(npi, requests, int(affirmed))
            for npi, requests, affirmed in self._unit.connection.execute(_BY_PROVIDER, times)
        )


def _category(determination: Determination) -> str | None:
    if determination.routing and determination.routing.categories:
        return determination.routing.categories[0]
    return next((line.category for line in determination.lines if line.category), None)


def _read(rows: Iterable[Sequence[Any]]) -> tuple[CaseDecision, ...]:
    return tuple(map(_decision, rows))


def _decision(row: Sequence[Any]) -> CaseDecision:
    """Return the decision that *row* tells; SQLite gives truth values as numbers."""
    *before, outcome, category, state, dismissal, expedited, channel, resubmission, npi, affirmed, denied = row
    case, number, owner, decided_at, received_at, decided_by, kind = before
    return CaseDecision(
        case,
        number,
        owner,
        decided_at,
        received_at,
        decided_by,
        kind,
        State(outcome),
        category,
        state,
        dismissal,
        bool(expedited),
        channel,
        bool(resubmission),
        npi,
        affirmed,
        denied,
    )


def _kind(decision: CaseDecision) -> tuple[str, str, str, str, str]:
    where = decision.category or "", decision.state_of_service or ""
    return *where, decision.decided_by, decision.decider_kind, decision.outcome


def _summed(alike: Sequence[CaseDecision]) -> DecisionSummary:
    first, hours = alike[0], [each.taken / timedelta(hours=1) for each in alike]
    return DecisionSummary(
        category=first.category,
        state_of_service=first.state_of_service,
        decided_by=first.decided_by,
        decider_kind=first.decider_kind,
        outcome=first.outcome,
        count=len(alike),
        expedited=sum(each.expedited for each in alike),
        resubmissions=sum(each.resubmission for each in alike),
        lines_affirmed=sum(each.lines_affirmed for each in alike),
        lines_not=sum(each.lines_not for each in alike),
        median_hours=median(hours),
        longest_hours=max(hours),
    )
