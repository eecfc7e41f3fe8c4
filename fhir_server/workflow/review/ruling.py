"""A reviewer's decision, from what he said to a determination. Pure: the same grounds give the same determination."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from fhir_server.authorization.answering import DECIDED
from fhir_server.authorization.clocks import last_day_of_service, utc_text
from fhir_server.authorization.determination import (
    CriterionFinding,
    Decider,
    Determination,
    LineDetermination,
)
from fhir_server.authorization.request import AuthorizationRequest, ServiceLine
from fhir_server.authorization.response import AddedLine
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Concept, Period, Quantity
from fhir_server.policy.facts import facts_of
from fhir_server.workflow.review import words

Key = tuple[str, str]
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class LineRuling:
    """What is decided about a line. ``units`` is how many are affirmed, where they are fewer than were asked for."""

    outcome: Literal["affirmed", "non-affirmed"]
    units: Decimal | int | None = None
    reason_codes: tuple[Concept, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a reviewer decides: each line, and why. ``findings`` are his in this round, the latest of each criterion."""

    lines: Mapping[int, LineRuling]
    rationale: str
    decider: Decider
    findings: tuple[CriterionFinding, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What is stored beside a reviewer's decision; ``decides`` is the number of the event that it goes on from."""

    ruling: Ruling
    decides: int


_DECODER = msgspec.json.Decoder(_Grounds)


def grounds_of(ruling: Ruling, decides: int) -> str:
    """Return the grounds of the decision as JSON, to be stored with it."""
    return _ENCODER.encode(_Grounds(ruling, decides)).decode()


def read_grounds(text: str) -> tuple[Ruling, int]:
    """Return the ruling that `grounds_of` wrote, and the event that it went on from."""
    grounds = _DECODER.decode(text)
    return grounds.ruling, grounds.decides


def determination_of(request: AuthorizationRequest, routed: Determination, ruling: Ruling) -> Determination:
    """Return the determination that *ruling* makes of the one that the request was *routed* with."""
    criteria = overlaid(routed.criteria, ruling.findings)
    decided = _Decided(request, routed, ruling, criteria)
    lines = tuple(decided.line(each) for each in routed.lines)
    state = state_of(lines)
    valid = validity(local_day(routed, ruling.at)) if state is not State.NON_AFFIRMED else None
    denied = state is not State.AFFIRMED
    return replace(
        routed,
        state=state,
        decided_at=utc_text(ruling.at),
        decider=ruling.decider,
        lines=lines,
        explanations=tuple(dict.fromkeys(words.explanations(ruling.rationale, valid, denied=denied, routed=routed))),
        missing=tuple(decided.missing()) if denied else (),
        information_requests=(),
        valid=valid,
        authorization_number=None,
        criteria=criteria,
    )


def overlaid(routed: Sequence[CriterionFinding], findings: Sequence[CriterionFinding]) -> tuple[CriterionFinding, ...]:
    """Return the criteria as the reviewer found them; what he said nothing about stays as software found it.

    Where one element of a group is met, its alternatives are no gaps.
    """
    own = {(each.category, each.element): each for each in findings}
    criteria = [_overlaid(each, own.get((each.category, each.element))) for each in routed]
    met = {(each.category, each.group, line) for each in criteria if each.result == "met" for line in each.lines}
    return tuple(
        replace(each, gap=None)
        if each.group and each.gap and all((each.category, each.group, line) in met for line in each.lines)
        else each
        for each in criteria
    )


def _overlaid(routed: CriterionFinding, own: CriterionFinding | None) -> CriterionFinding:
    if own is None or routed.result == "not applicable":
        return routed
    return replace(routed, result=own.result, gap=own.gap, rationale=own.rationale, evidence=own.evidence)


def gaps_of(criteria: Sequence[CriterionFinding], line: int) -> tuple[CriterionFinding, ...]:
    """Return the criteria that keep a line from affirmation."""
    return tuple(each for each in criteria if each.gap in words.TITLES and line in each.lines)


def local_day(routed: Determination, at: datetime) -> date:
    """Return the day of *at* where the contractor is."""
    return at.astimezone(ZoneInfo(routed.clock.time_zone if routed.clock else "UTC")).date()


def validity(decided_on: date) -> Period:
    """Return the days of service that an affirmation of *decided_on* holds for."""
    return Period(decided_on.isoformat(), last_day_of_service(decided_on).isoformat())


def state_of(lines: Sequence[LineDetermination]) -> State:
    """Return where the case comes: fewer units than were asked for are a part, as a line that is not affirmed is."""
    outcomes = {each.outcome for each in lines if each.outcome in DECIDED}
    if outcomes == {"affirmed"}:
        return State.AFFIRMED
    return State.NON_AFFIRMED if outcomes == {"non-affirmed"} else State.PARTIAL


def is_reduced(line: ServiceLine, ruling: LineRuling) -> bool:
    """Return whether fewer units are affirmed than were asked for."""
    asked = line.quantity.value if line.quantity else None
    return ruling.units is not None and ruling.units != asked


@dataclass(frozen=True, slots=True)
class _Decided:
    """The parts of one decision."""

    request: AuthorizationRequest
    routed: Determination
    ruling: Ruling
    criteria: tuple[CriterionFinding, ...]

    def line(self, line: LineDetermination) -> LineDetermination:
        """Return what is decided about a line; one that was not in review stays as it is."""
        ruled = self.ruling.lines.get(line.sequence)
        if ruled is None:
            return line
        asked = next(each for each in self.request.lines if each.sequence == line.sequence)
        code = next(str(each.service) for each in facts_of(self.request).lines if each.sequence == line.sequence)
        if ruled.outcome == "non-affirmed":
            told = self._why_not(line.sequence, code)
            return replace(line, outcome="non-affirmed", reason=told, reason_codes=ruled.reason_codes)
        if is_reduced(asked, ruled):
            told = words.modified(
                code, self.ruling.decider.kind, ruled.units, asked.quantity.value if asked.quantity else None
            )
            return replace(line, outcome="modified", reason=told, added=(_reduced(asked, ruled.units),))
        return replace(line, outcome="affirmed", reason=words.affirmed(code, self.ruling.decider.kind))

    def _why_not(self, sequence: int, code: str) -> str:
        hits = dict.fromkeys(each.words for each in words.hits_of(self.routed, sequence))
        return words.not_affirmed(
            code, self.ruling.decider.kind, gaps_of(self.criteria, sequence), hits, words.administrative(self.routed)
        )

    def missing(self) -> Iterator[str]:
        """Yield everything that a line which is not affirmed lacks, once."""
        denied = [number for number, each in self.ruling.lines.items() if each.outcome == "non-affirmed"]
        named = (words.named(each) for line in denied for each in gaps_of(self.criteria, line))
        yield from dict.fromkeys([*words.administrative(self.routed), *named])


def _reduced(line: ServiceLine, units: Decimal | int | None) -> AddedLine:
    """Return what is authorized in place of the line: the same service, fewer units (PAS 3.5)."""
    unit = line.quantity or Quantity()
    return AddedLine(
        line.sequence,
        line.service,
        category=line.category,
        modifiers=line.modifiers,
        serviced=line.serviced,
        location=line.location,
        quantity=Quantity(units, unit.unit, unit.system, unit.code),
        unit_price=line.unit_price,
    )
