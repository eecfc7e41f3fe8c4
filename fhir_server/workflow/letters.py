"""Letters: what is written about an event, kept once, and noted in the log of its case.

    gather     read off the log which letter the event calls for, and what it has to tell
    write      the letter, its PDF and its DocumentReference are made outside any transaction
    keep       the letter and its event, in one transaction; a letter that is there already stays as it is

Writers are handed in: what a letter says and how it looks is no matter of the workflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.clocks import utc_text
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import (
    Determined,
    Event,
    EventKind,
    LetterKind,
    LetterMade,
    Received,
    Reclassified,
    Reopened,
    TrackingNumber,
)
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.states import State
from fhir_server.policy.facts import facts_of
from fhir_server.store.database import Database
from fhir_server.store.exemptions import ExemptionNotice
from fhir_server.store.letters import Letter
from fhir_server.store.unit import UnitOfWork

LETTER_OF_STATE: dict[State, LetterKind] = {
    State.AFFIRMED: "affirmation",
    State.NON_AFFIRMED: "non-affirmation",
    State.PARTIAL: "partial",
    State.DISMISSED: "dismissal",
}
"""Which letter tells a decision; one that leaves the case open is told by none."""

NO_REASON = "No reason for an expedited review came with the request."


class Written(Protocol):
    """A letter as its writer returns it."""

    @property
    def subject(self) -> str:
        """What the letter is about, in a line."""

    @property
    def sender(self) -> str:
        """The name of who writes."""

    @property
    def text(self) -> str:
        """The letter as plain text."""

    @property
    def html(self) -> str:
        """The letter as an HTML page that needs nothing beside it."""


class Writer(Protocol):
    """Writes the letter of a kind about a case."""

    def __call__(
        self,
        kind: LetterKind,
        *,
        number: str,
        at: datetime,
        case: str,
        request: AuthorizationRequest,
        determination: Determination,
        tracking_number: tuple[str, bool] | None,
        earlier_letter: str | None,
        resubmission: bool,
        reclassified: Reclassified | None,
    ) -> Written:
        """Return the letter; *tracking_number* is the number and whether it is simulated."""


class Referrer(Protocol):
    """Tells a letter in FHIR."""

    def __call__(
        self,
        *,
        number: str,
        title: str,
        made_at: str,
        sender: str,
        case: str,
        request: AuthorizationRequest,
        forms: Mapping[str, bytes],
        sandbox: bool,
    ) -> bytes:
        """Return the DocumentReference of the letter *number* as bytes."""


@dataclass(frozen=True, slots=True)
class Correspondence:
    """How this server writes letters. ``make_pdf`` is ``None`` where PDFs cannot be made here."""

    write: Writer
    refer: Referrer
    make_pdf: Callable[[str], bytes] | None = None
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Occasion:
    """What calls for a letter: its kind, and what the log says about it up to now.

    ``number`` is the next one of the case.
    """

    kind: LetterKind
    case: str
    about: int
    number: str
    request: AuthorizationRequest
    determination: Determination
    tracking_number: tuple[str, bool] | None = None
    earlier_letter: str | None = None
    resubmission: bool = False
    reclassified: Reclassified | None = None


def write_letter(
    database: Database, caller: Caller, case: str, about: int, correspondence: Correspondence, at: datetime
) -> LetterMade | None:
    """Write the letter that the event *about* of *case* calls for; return it, also where it was written before.

    ``None`` where the event calls for no letter: the case goes on, or the requester was told all of it already.
    """
    while True:
        with database.read(caller) as unit:
            occasion = occasion_of(unit, case, about)
        if occasion is None or isinstance(occasion, LetterMade):
            return occasion
        letter, pdf = _written(occasion, correspondence, at)
        with database.write(caller) as unit:
            made = keep_letter(unit, occasion, letter, pdf, at)
        if made is not None:
            return made


def make_missing_pdfs(
    database: Database, caller: Caller, make_pdf: Callable[[str], bytes], at: datetime, most: int = 100
) -> int:
    """Make the PDF of up to *most* letters that were kept without one; return how many were made."""
    with database.read(caller) as unit:
        pages = [(number, unit.letters.get(number).html) for number in unit.letters.without_pdf(most)]
    made = 0
    for number, page in pages:
        pdf = make_pdf(page)
        with database.write(caller) as unit:
            made += unit.letters.keep_pdf(number, pdf, at)
    return made


def occasion_of(unit: UnitOfWork, case: str, about: int) -> Occasion | LetterMade | None:
    """Return what the event *about* calls for, or the letter that was written about it, or ``None``."""
    events = unit.events.of(case)
    event = next((each for each in events if each.number == about), None)
    if event is None:
        raise LookupError(f"The case has no event {about}.")
    if (made := _letter_about(events, about)) is not None:
        return made
    decision = _decision_of(events, event)
    if decision is None or not isinstance(decision.data, Determined) or _is_told(events, event, decision):
        return None
    determination = decision.data.determination
    reclassified = _reclassified(event, determination)
    kind = "expedited-to-standard" if reclassified else LETTER_OF_STATE.get(determination.state)
    if kind is None:
        return None
    received = _received_before(events, decision)
    earlier = _letter_about(events, decision.number)
    return Occasion(
        kind=kind,
        case=case,
        about=about,
        number=unit.letters.next_number(case),
        request=received.request,
        determination=determination,
        tracking_number=_tracking_number(events, decision.number, determination),
        earlier_letter=earlier.letter if earlier and not reclassified else None,
        resubmission=_is_resubmission(received),
        reclassified=reclassified,
    )


def keep_letter(
    unit: UnitOfWork, occasion: Occasion, letter: Letter, pdf: bytes | None, at: datetime
) -> LetterMade | None:
    """Keep the *letter* of *occasion* with its event, and return it; that which was kept before it, if any.

    ``None`` where something happened to the case meanwhile that the letter has to tell: it has to be written anew.
    """
    unit.letters.next_number(occasion.case)  # nothing more happens to the case from here on
    now = occasion_of(unit, occasion.case, occasion.about)
    if isinstance(now, LetterMade):
        return now
    if now != occasion:
        return None
    unit.letters.keep(letter)
    if pdf is not None:
        unit.letters.keep_pdf(letter.number, pdf, at)
    made = LetterMade(letter.number, letter.kind, occasion.about)
    state = unit.cases.get(occasion.case).state
    unit.events.append(occasion.case, unit.caller.client, EventKind.LETTER, made, state, at)
    return made


def notice_number(notice: ExemptionNotice) -> str:
    """Return the number of the letter that tells *notice*, which was kept."""
    return f"E{notice.id}-L1"


def keep_notice(unit: UnitOfWork, notice: ExemptionNotice, written: Written, at: datetime) -> str:
    """Keep the letter that tells a provider's exemption or its end, and return its number; once for each notice.

    It is about no beneficiary, so it is in no case, and is told in no DocumentReference.
    """
    if notice.letter is not None:
        return notice.letter
    number = notice_number(notice)
    kind: LetterKind = "exemption-granted" if notice.kind == "granted" else "exemption-removed"
    letter = Letter(number, kind, utc_text(at), written.text, written.html, document_reference="")
    unit.letters.keep(letter)
    unit.exemptions_log.letter_made(notice.id, number)
    return number


def _written(occasion: Occasion, correspondence: Correspondence, at: datetime) -> tuple[Letter, bytes | None]:
    written = correspondence.write(
        occasion.kind,
        number=occasion.number,
        at=at,
        case=occasion.case,
        request=occasion.request,
        determination=occasion.determination,
        tracking_number=occasion.tracking_number,
        earlier_letter=occasion.earlier_letter,
        resubmission=occasion.resubmission,
        reclassified=occasion.reclassified,
    )
    pdf = correspondence.make_pdf(written.html) if correspondence.make_pdf else None
    forms = {"text/plain": written.text.encode(), "text/html": written.html.encode()}
    reference = correspondence.refer(
        number=occasion.number,
        title=written.subject,
        made_at=utc_text(at),
        sender=written.sender,
        case=occasion.case,
        request=occasion.request,
        forms=forms if pdf is None else {**forms, "application/pdf": pdf},
        sandbox=correspondence.sandbox,
    )
    letter = Letter(
        number=occasion.number,
        kind=occasion.kind,
        created_at=utc_text(at),
        text=written.text,
        html=written.html,
        document_reference=reference.decode(),
        case=occasion.case,
        about=occasion.about,
    )
    return letter, pdf


def _letter_about(events: Sequence[Event], about: int) -> LetterMade | None:
    made = (each.data for each in events if isinstance(each.data, LetterMade))
    return next((each for each in made if each.about == about), None)


def _decision_of(events: Sequence[Event], event: Event) -> Event | None:
    """Return the decision that a letter about *event* has to tell, if it calls for a letter."""
    match event.data:
        case Determined():
            return event
        case TrackingNumber(step="issued", decision=decision):
            return next((each for each in events if each.number == decision), None)
        case Reclassified():
            before = [each for each in events if isinstance(each.data, Determined) and each.number < event.number]
            return before[-1] if before else None
        case _:
            return None


def _reclassified(event: Event, determination: Determination) -> Reclassified | None:
    """Return that expedited review was not granted: by a reviewer, or at once because no reason came for it."""
    if isinstance(event.data, Reclassified):
        return event.data
    clock = determination.clock
    if clock is None or not clock.downgraded or determination.state is not State.IN_REVIEW:
        return None
    return Reclassified(NO_REASON, clock.due, clock.latest)


def _is_told(events: Sequence[Event], event: Event, decision: Event) -> bool:
    """Tell whether the requester needs no letter: it was taken back, or another letter says the same, or will.

    The letter about a decision has its tracking number, if it is written after the number came; a number that comes
    when the decision no longer stands is told by none. A request is reclassified once.
    """
    if isinstance(event.data, TrackingNumber):
        first = next((each for each in events if _is_letter_about(each, decision.number)), None)
        return first is None or first.number > event.number or event.state is not decision.state
    if decision.state is State.IN_REVIEW:
        return any(isinstance(each.data, LetterMade) and each.data.kind == "expedited-to-standard" for each in events)
    return _is_taken_back(events, decision)


def _is_letter_about(event: Event, about: int) -> bool:
    return isinstance(event.data, LetterMade) and event.data.about == about


def _is_taken_back(events: Sequence[Event], decision: Event) -> bool:
    return any(isinstance(each.data, Reopened) and each.data.decision == decision.number for each in events)


def _received_before(events: Sequence[Event], decision: Event) -> Received:
    received = [each.data for each in events if isinstance(each.data, Received) and each.number < decision.number]
    return received[-1]


def _is_resubmission(received: Received) -> bool:
    """Tell whether a request was sent as one; a dismissed one took up no earlier case, whatever it asked for."""
    facts = facts_of(received.request)
    return received.resubmission_of is not None or facts.resubmission or facts.prior_number is not None


def _tracking_number(events: Sequence[Event], decision: int, determination: Determination) -> tuple[str, bool] | None:
    """Return the decision's number and whether it is simulated; a script's own number always is."""
    for event in reversed(events):
        match event.data:
            case TrackingNumber(step="issued", decision=of, number=str(number), simulated=simulated) if of == decision:
                return number, simulated
    return (determination.authorization_number, True) if determination.authorization_number else None
