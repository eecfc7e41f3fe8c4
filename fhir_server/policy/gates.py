"""The gates that hold for every code: place, dates, setting, emergency. Silence is unknown and takes nothing out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.authorization.determination import FindingResult
from fhir_server.policy import causes
from fhir_server.policy.answers import Answers
from fhir_server.policy.categories import CodeRow, DatedRow
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import LineFacts, RequestFacts
from fhir_server.policy.findings import Held
from fhir_server.policy.forms import state_in_words
from fhir_server.policy.spans import Span

NOTHING_ANSWERED = Answers()


@dataclass(frozen=True, slots=True)
class LineContext:
    """A line of a request as the gates see it."""

    pack: CoveragePack
    facts: RequestFacts
    line: LineFacts
    circumstances: Circumstances
    days: Span
    answers: Answers = NOTHING_ANSWERED

    @property
    def dated(self) -> bool:
        """Whether a date of service was sent."""
        return self.line.serviced is not None

    def within(self, row: DatedRow) -> FindingResult:
        """Return whether *row* is in force on the days of service; without a date it is never ``not met``."""
        return self.unless_silent(self.days.within(row.effective_from, row.effective_to))

    def unless_silent(self, result: FindingResult) -> FindingResult:
        """Return *result* of a test by date; where no date was sent, nothing is dismissed for it."""
        return "unknown" if result == "not met" and not self.dated else result


def in_force(row: DatedRow, days: Span) -> bool:
    """Return whether *row* may be in force on *days*."""
    ended_before = days.last is not None and days.last < row.effective_from
    begins_after = row.effective_to is not None and days.first is not None and days.first > row.effective_to
    return not (ended_before or begins_after)


def state_gate(context: LineContext) -> Held:
    """The state of service is one of the model, and one that this server decides for (S-14)."""
    state, line = context.line.state, context.line.sequence
    if context.line.facility_source == "untied":
        return Held(causes.FACILITY_UNTIED, "unknown", "a facility that belongs to no line", line)
    if state is None:
        return Held(causes.WRONG_STATE, "unknown", line=line, sent=context.line.state_unreadable)
    rows = [row for row in context.pack.states if row.state == state]
    name = state_in_words(state)
    if not rows:
        return Held(causes.WRONG_STATE, "not met", state, line, name)
    if all(context.within(row) == "not met" for row in rows):
        return Held(causes.OUTSIDE_MODEL_DATES, "not met", days_found(context), line)
    if state not in context.circumstances.states:
        return Held(causes.OTHER_PARTICIPANT, "not met", state, line, name, where=_participant(context.pack, state))
    return Held(causes.WRONG_STATE, "met", state, line)


def intake_gate(context: LineContext) -> Held:
    """Requests are taken on the day of receipt: the model has begun, and no closure holds."""
    today, line = context.circumstances.today, context.line.sequence
    opening = context.pack.dates.requests_accepted_from
    if today < opening:
        return Held(causes.NOT_YET_OPEN, "not met", opening.isoformat(), line)
    for closure in context.pack.closures:
        if closure.state in ("all", context.line.state) and today >= closure.from_date:
            place = "the model" if closure.state == "all" else state_in_words(closure.state)
            return Held(causes.CLOSED, "not met", f"{place} is closed from {closure.from_date.isoformat()}", line)
    return Held(causes.CLOSED, "met", f"received on {today.isoformat()}", line)


def model_date_gate(context: LineContext) -> Held:
    """The days of service lie within the model. A request that comes after its end without a date is asked for one."""
    dates, line = context.pack.dates, context.line.sequence
    result = context.days.within(dates.first_date_of_service, dates.last_date_of_service)
    if result == "not met" and not context.dated:
        return Held(causes.MODEL_ENDED, "unknown", dates.last_date_of_service.isoformat(), line)
    return Held(causes.OUTSIDE_MODEL_DATES, result, days_found(context), line, sent=context.dated)


def setting_gate(context: LineContext) -> Held:
    """The setting is one that the model reviews."""
    site, line = context.line.site, context.line.sequence
    if site is None:
        return Held(causes.SETTING, "unknown", line=line, sent=context.line.site_unreadable)
    if context.line.other_site:
        return Held(causes.SETTING, "unknown", f"{site} and {context.line.other_site}", line, sent=True)
    rows = (row for row in context.pack.sites if (row.kind, row.code) == (site.kind, site.code))
    known = any(in_force(row, context.days) for row in rows)
    return Held(causes.SETTING, "met" if known else "not met", str(site), line)


def emergency_gate(context: LineContext) -> Held:
    """No modifier and no revenue code tells emergency care."""
    line = context.line
    for mark in context.pack.emergency:
        if not in_force(mark, context.days):
            continue
        if mark.modifier and mark.modifier in line.modifiers:
            return Held(causes.EMERGENCY, "not met", f"modifier {mark.modifier}", line.sequence)
        if mark.revenue_under and line.revenue and line.revenue.startswith(mark.revenue_under):
            return Held(causes.EMERGENCY, "not met", f"revenue code {line.revenue}", line.sequence)
    return Held(causes.EMERGENCY, "met", "no sign of emergency care", line.sequence)


MODEL_GATES: tuple[Callable[[LineContext], Held], ...] = (state_gate, intake_gate, model_date_gate)
"""The gates of every line, whatever its code: is this where and when the model is?"""

SERVICE_GATES: tuple[Callable[[LineContext], Held], ...] = (setting_gate, emergency_gate)
"""The gates of a line with a listed code, asked after the rules of the code."""


def code_gate(context: LineContext, row: CodeRow) -> Held:
    """The code is in force on the days of service."""
    found, line = days_found(context), context.line.sequence
    return Held(causes.CODE_NOT_IN_FORCE, context.within(row), found, line, sent=context.dated)


def days_found(context: LineContext) -> str:
    """Return the days of service in words; what was not sent is told as such."""
    return str(context.days) if context.dated else f"no date of service, received on {context.circumstances.today}"


def _participant(pack: CoveragePack, state: str) -> str:
    participant = pack.participant_in(state)
    if participant is None:
        return f"the participant for {state_in_words(state)}"
    contacts = (participant.portal, participant.phone, participant.email)
    return f"{participant.name} ({', '.join(each for each in contacts if each)})"
