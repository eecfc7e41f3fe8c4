"""The rules that a line of a claim is held to under a tracking number, each told with what was found (rule V44)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from fhir_server.authorization.states import State
from fhir_server.policy.forms import member_number
from fhir_server.store.tracking import TrackingLine, TrackingRecord

ReasonResult = Literal["met", "not met", "warning"]


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A line of a claim that carries a tracking number. ``member_id`` may be written with dashes and blanks."""

    utn: str
    member_id: str = field(repr=False)
    service_code: str
    date_of_service: date
    units: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule held against the line: what came out and was found, and where the rule stands."""

    rule: str
    result: ReasonResult
    found: str
    source: str


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line of a claim and all that it is held against."""

    sent: ClaimLine
    record: TrackingRecord
    state: State
    taken_back: bool
    lines: tuple[TrackingLine, ...]
    primaries: tuple[TrackingLine, ...]
    used: Mapping[str, int]

    @property
    def own(self) -> tuple[TrackingLine, ...]:
        """The lines of the decision that ask for the code itself."""
        return tuple(line for line in self.lines if line.service_code == self.sent.service_code)

    @property
    def standing(self) -> tuple[TrackingLine, ...]:
        """The lines that decide about the code: its own, else those that it follows; affirmed ones first."""
        return tuple(sorted(self.own or self.primaries, key=lambda line: (not line.affirmed, line.sequence)))


Rule = tuple[str, str]
"""A rule's key, and its source."""

FORM: Final[Rule] = ("UTN-FORM", "G6 7.1")
EXISTS: Final[Rule] = ("UTN-EXISTS", "G6 4, 7.1")
STANDS: Final[Rule] = ("UTN-STANDS", "design decision")
BENEFICIARY: Final[Rule] = ("UTN-BENEFICIARY", "G6 4.3")
CODE: Final[Rule] = ("UTN-CODE", "G6 4.3, 7")
FOLLOWS: Final[Rule] = ("UTN-FOLLOWS", "G6 7.3, Appendix C")
FROM: Final[Rule] = ("UTN-FROM", "design decision (the guide does not say that service may go before the decision)")
TO: Final[Rule] = ("UTN-TO", "G6 4.3; rule V44")
UNITS: Final[Rule] = ("UTN-UNITS", "G6 3.2, 4.3; rule V44")


def reason(rule: Rule, result: ReasonResult, found: str) -> Reason:
    return Reason(rule[0], result, found, rule[1])


def reasons(held: HeldLine) -> Iterator[Reason]:
    """Yield every rule that is asked of a number that exists, in the order in which a person would ask."""
    for rule in RULES:
        yield from rule(held)


def _stands(held: HeldLine) -> Iterator[Reason]:
    if held.taken_back:
        yield reason(STANDS, "not met", "the decision was taken back and is under review again")
    elif held.state is State.CANCELLED:
        yield reason(STANDS, "not met", "the request was cancelled")
    else:
        yield reason(STANDS, "met", "the decision stands")


def _beneficiary(held: HeldLine) -> Iterator[Reason]:
    same = member_number(held.sent.member_id) == held.record.member_id
    yield reason(BENEFICIARY, "met" if same else "not met", "compared with the request")


def _code(held: HeldLine) -> Iterator[Reason]:
    """The code is on the request and affirmed; an associated one follows a line that is (4.9)."""
    line, code = next(iter(held.standing), None), held.sent.service_code
    if line is None:
        yield reason(CODE, "not met", f"{code} is not on the request, and follows none of its lines")
        return
    decided = "affirmed" if line.affirmed else "not affirmed"
    result: ReasonResult = "met" if line.affirmed else "not met"
    if held.own:
        yield reason(CODE, result, f"{code} is {decided} on line {line.sequence}")
    else:
        yield reason(FOLLOWS, result, f"{code} follows line {line.sequence}, {line.service_code}, which is {decided}")


def _from_day(held: HeldLine) -> Iterator[Reason]:
    first = held.record.valid_from
    if first is not None:
        early = held.sent.date_of_service.isoformat() < first
        yield reason(FROM, "not met" if early else "met", f"decided on {first}")


def _to_day(held: HeldLine) -> Iterator[Reason]:
    """The last day is the decision's and 119 days; one passage of the guide may be read as one day more."""
    if held.record.valid_to is None:
        return
    last, day = date.fromisoformat(held.record.valid_to), held.sent.date_of_service
    yield reason(TO, "met" if day <= last else "not met", f"last day of service {last.isoformat()}")
    if day == last + timedelta(days=1):
        yield reason(
            TO, "warning", "the guide's sentence on skin substitutes may be read as one day more: ask the contractor"
        )


def _units(held: HeldLine) -> Iterator[Reason]:
    """What was paid and the line together are no more than was affirmed; what follows has no units of its own."""
    affirmed = [line.units for line in held.own if line.affirmed]
    if not affirmed:
        return
    if None in affirmed:
        yield reason(UNITS, "warning", "the request names no number of units")
        return
    most, used = sum(each for each in affirmed if each), held.used.get(held.sent.service_code, 0)
    enough = used + held.sent.units <= most
    yield reason(UNITS, "met" if enough else "not met", f"{held.sent.units} asked, {used} of {most} used")


RULES: Final[tuple[Callable[[HeldLine], Iterator[Reason]], ...]] = (
    _stands,
    _beneficiary,
    _code,
    _from_day,
    _to_day,
    _units,
)
