"""What was decided, how, and how fast: counts by service category and state of service.

A request is counted by what it was answered as it came, a decision by who made it. Nothing here names a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from statistics import mean, median

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.states import DECISIONS, State
from fhir_server.store.database import Database
from fhir_server.store.decisions import CaseDecision

STANDARD, EXPEDITED = timedelta(hours=72), timedelta(hours=48)
"""The due times (S-09)."""
NINETY = 0.9


@dataclass(frozen=True, slots=True)
class Times:
    """Hours from receipt to the decision on the merits. The shares are percents of such decisions."""

    decisions: int
    mean_hours: float
    median_hours: float
    p90_hours: float
    longest_hours: float
    within_72_hours: float
    within_48_hours: float


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one category in one state; ``None`` stands for those of which it is not known.

    ``received`` were answered for the first time in the period: ``affirmed_at_once`` by software as they came,
    ``routed`` to a person, or ``dismissed`` by reason. The other counts are decisions on the merits, at once or later;
    ``denied_by_software`` is 0, or something is broken. ``late`` were decided after their due time. ``touchless`` is
    the percent that software affirmed at once, of the requests that were not dismissed.
    """

    category: str | None
    state: str | None
    received: int
    resubmissions: int
    affirmed_at_once: int
    routed: int
    touchless: float | None
    dismissed: dict[str, int]
    affirmed: int
    partial: int
    non_affirmed: int
    by_software: int
    by_clinician: int
    denied_by_software: int
    lines_affirmed: int
    lines_not_affirmed: int
    late: int
    standard: Times | None
    expedited: Times | None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period, in all and by category and state."""

    since: str
    until: str
    total: Row
    rows: tuple[Row, ...] = field(default=())


def touchless_report(database: Database, caller: Caller, since: datetime, until: datetime) -> Report:
    """Return the figures of what was decided from *since* on and before *until*, of what *caller* may see."""
    with database.read(caller) as unit:
        decisions = unit.decisions.between(since, until)
    return report_of(decisions, since, until)


def report_of(decisions: Sequence[CaseDecision], since: datetime, until: datetime) -> Report:
    """Return the figures of *decisions*; pure."""
    grouped = groupby(sorted(decisions, key=_place), key=_place)
    rows = tuple(_row(list(alike)) for _, alike in grouped)
    return Report(since.isoformat(), until.isoformat(), _row(decisions, whole=True), rows)


def _place(decision: CaseDecision) -> tuple[str, str]:
    return decision.category or "", decision.state_of_service or ""


def _row(decisions: Sequence[CaseDecision], *, whole: bool = False) -> Row:
    first = [each for each in decisions if _is_first(each)]
    merits = [each for each in decisions if each.outcome in DECISIONS and each.decided_by == "own"]
    software = [each for each in merits if each.decider_kind == "software"]
    outcomes = Counter(each.outcome for each in merits)
    dismissed = Counter(each.dismissal or "other" for each in first if each.outcome is State.DISMISSED)
    at_once = sum(each.outcome is State.AFFIRMED and each.decider_kind == "software" for each in first)
    routed = sum(each.outcome is State.IN_REVIEW for each in first)
    return Row(
        category=None if whole else decisions[0].category,
        state=None if whole else decisions[0].state_of_service,
        received=len(first),
        resubmissions=sum(each.resubmission for each in first),
        affirmed_at_once=at_once,
        routed=routed,
        touchless=_percent(at_once, at_once + routed) if at_once + routed else None,
        dismissed=dict(sorted(dismissed.items())),
        affirmed=outcomes[State.AFFIRMED],
        partial=outcomes[State.PARTIAL],
        non_affirmed=outcomes[State.NON_AFFIRMED],
        by_software=len(software),
        by_clinician=sum(each.decider_kind == "clinician" for each in merits),
        denied_by_software=sum(each.outcome is not State.AFFIRMED for each in software),
        lines_affirmed=sum(each.lines_affirmed for each in merits),
        lines_not_affirmed=sum(each.lines_not for each in merits),
        late=sum(each.taken > (EXPEDITED if each.expedited else STANDARD) for each in merits),
        standard=_times(merits, lambda each: not each.expedited),
        expedited=_times(merits, lambda each: each.expedited),
    )


def _is_first(decision: CaseDecision) -> bool:
    """Return whether it is what the receipt was answered with: the same moment, in the same transaction."""
    return decision.decided_at == decision.received_at


def _times(decisions: Iterable[CaseDecision], wanted: Callable[[CaseDecision], bool]) -> Times | None:
    taken = sorted(each.taken for each in decisions if wanted(each))
    if not taken:
        return None
    hours = [each / timedelta(hours=1) for each in taken]
    return Times(
        decisions=len(taken),
        mean_hours=round(mean(hours), 2),
        median_hours=round(median(hours), 2),
        p90_hours=round(_at_share(hours, NINETY), 2),
        longest_hours=round(hours[-1], 2),
        within_72_hours=_percent(sum(each <= STANDARD for each in taken), len(taken)),
        within_48_hours=_percent(sum(each <= EXPEDITED for each in taken), len(taken)),
    )


def _at_share(ordered: Sequence[float], share: float) -> float:
    """Return the least of *ordered* that at least *share* of them do not exceed (nearest rank)."""
    return next(value for rank, value in enumerate(ordered, start=1) if rank >= share * len(ordered))


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1)
