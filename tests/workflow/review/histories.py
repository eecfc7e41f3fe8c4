"""Histories of cases: what several actors do to them in any order, and what has to hold whatever they did.

An actor who may not do a step is refused; nothing else may come of it. Some of the actors cheat: they call the store
with deciders that they made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from sqlalchemy import text

from fhir_server.authorization.caller import operator
from fhir_server.authorization.determination import Decider, Determination
from fhir_server.authorization.events import (
    Answered,
    Determined,
    Event,
    EventKind,
    Expired,
    FindingRecorded,
    Received,
    Reopened,
    SecondLook,
)
from fhir_server.authorization.states import State
from fhir_server.errors import Refusal
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.unit import UnitOfWork
from fhir_server.workflow.answers import standing
from fhir_server.workflow.review.asking import Talk, peer_to_peer, reclassify, request_information
from fhir_server.workflow.review.assignment import claim, reassign, release
from fhir_server.workflow.review.correction import reopen, second_look
from fhir_server.workflow.review.decision import Decision, LineDecision, decide
from fhir_server.workflow.review.finding import NewFinding, confirm_met, record_finding
from fhir_server.workflow.review.ruling import determination_of, read_grounds
from tests.workflow.review.bench import (
    ADAMS,
    BAKER,
    CLARK,
    COORDINATOR,
    IN_THE_REQUEST,
    KNEE,
    LATE,
    REVIEWERS,
    Bench,
    of_another,
    reviewer,
)

WHO_HAS_IT = "who has it"
ACTORS = (ADAMS, BAKER, WHO_HAS_IT, WHO_HAS_IT, WHO_HAS_IT, CLARK, LATE, COORDINATOR, "nobody")
RESULTS = ("met", "met", "not met", "unknown", "not applicable")
OUTCOMES = ("affirmed", "non-affirmed")
BY_ID = {each.id: each for each in REVIEWERS}
MADE_UP = (
    Decider(),
    Decider(kind="simulated", reviewer=ADAMS, licence="35.000001", specialty="orthopedic-surgery"),
    Decider(kind="clinician", reviewer="dr-nobody", licence="1", specialty="orthopedic-surgery"),
    Decider(kind="clinician", reviewer=ADAMS, licence="made up", specialty="orthopedic-surgery"),
    Decider(kind="clinician", reviewer=ADAMS, licence="35.000001", specialty="urology"),
    Decider(kind="clinician", reviewer=LATE, licence="35.000003", specialty="orthopedic-surgery"),
    Decider(kind="clinician", reviewer=COORDINATOR, licence="35.000001", specialty="orthopedic-surgery"),
    Decider(decided_by="partner", kind="clinician", interchange="ISA-1"),
)
"""Deciders that nobody may be."""


@dataclass(frozen=True, slots=True)
class Move:
    """One step: what, by whom, on the newest case or the one before, and a number that picks details."""

    step: str
    actor: str
    earlier: bool
    pick: int


@dataclass
class History:
    """The cases of one history, on a store that many histories share."""

    bench: Bench
    seed: str
    cases: list[str] = field(default_factory=list)

    def play(self, moves: Sequence[Move]) -> None:
        """Take each step; a refusal is an answer like any other, a broken constraint is one only for who cheats."""
        self.cases = [self.bench.submit(of_another(self.seed, state="OH"))]
        for move in moves:
            cheats = move.step in CHEATS
            try:
                STEPS[move.step](self, replace(move, actor=self.actor(move)))
            except Refusal:
                continue
            except ConstraintBroken:
                assert cheats, f"the use case let {move} through to the store"

    def case(self, move: Move) -> str:
        """Return the case that a step is about."""
        return self.cases[-2] if move.earlier and len(self.cases) > 1 else self.cases[-1]

    def actor(self, move: Move) -> str:
        """Return who takes a step."""
        if move.actor != WHO_HAS_IT:
            return move.actor
        with self.bench.database.read(operator()) as unit:
            return unit.worklist.get(self.case(move)).assigned_to or BAKER

    def criteria(self, case: str) -> tuple[tuple[str, str], ...]:
        """Return what has to be settled in the present round."""
        with self.bench.database.read(operator()) as unit:
            return unit.worklist.criteria(case)


def _find(history: History, move: Move) -> None:
    criteria = history.criteria(history.case(move)) or ((KNEE, "KN1"),)
    category, element = criteria[move.pick % len(criteria)]
    result: Any = RESULTS[move.pick % len(RESULTS)]
    told = NewFinding(category, element, result, "Because.", IN_THE_REQUEST)
    record_finding(history.bench.desk, reviewer(move.actor), history.case(move), told, history.bench.tick())


def _settle(history: History, move: Move) -> None:
    """Settle everything, all met or one thing not, and mostly go on to decide."""
    case = history.case(move)
    criteria = history.criteria(case)
    open_one = move.pick % 2 * (len(criteria) + 1) + move.pick % (len(criteria) or 1)
    for place, (category, element) in enumerate(criteria):
        result: Any = "not met" if place == open_one else "met"
        told = NewFinding(category, element, result, "Because.", IN_THE_REQUEST)
        record_finding(history.bench.desk, reviewer(move.actor), case, told, history.bench.tick())
    if move.pick % 5:
        _decide(history, replace(move, pick=0 if open_one > len(criteria) else 1))


def _decide(history: History, move: Move) -> None:
    told = Decision({1: LineDecision(OUTCOMES[move.pick % 2])}, "Because.")  # type: ignore[arg-type]
    decide(history.bench.desk, reviewer(move.actor), history.case(move), told, history.bench.tick())


def _reassign(history: History, move: Move) -> None:
    target: dict[str, str] = (
        {"to_reviewer": ACTORS[move.pick % len(ACTORS)]} if move.pick % 2 else {"specialty": "sports-medicine"}
    )
    desk, at = history.bench.desk, history.bench.tick()
    reassign(
        desk,
        reviewer(move.actor),
        history.case(move),
        at,
        reason="So.",
        specialty=target.get("specialty"),
        to_reviewer=target.get("to_reviewer"),
    )


def _resubmit(history: History, move: Move) -> None:
    case = history.case(move)
    if history.bench.state(case) in (State.NON_AFFIRMED, State.PARTIAL) and f"{case}-again" not in history.cases:
        history.cases.append(history.bench.open_resubmission(case))


def _expire(history: History, move: Move) -> None:
    """Let the case end, as the daily job does with one whose last day is over."""
    with history.bench.database.write(operator()) as unit:
        case = history.case(move)
        unit.events.append(
            case, "worker", EventKind.EXPIRED, Expired("2026-09-29"), State.EXPIRED, history.bench.tick()
        )


def _forge(history: History, move: Move) -> None:
    """Write a denial with a decider that nobody may be, right into the store."""
    case, at = history.case(move), history.bench.tick()
    forged_state = (State.NON_AFFIRMED, State.PARTIAL, State.AFFIRMED, State.IN_REVIEW)[move.pick % 4]
    with history.bench.database.write(operator()) as unit:
        forged = denial(standing(unit.events.of(case)), MADE_UP[move.pick % len(MADE_UP)], forged_state)
        unit.events.append(case, "cheat", EventKind.DETERMINED, Determined(forged), forged_state, at)


def _rewrite(history: History, move: Move) -> None:
    """Change by hand what is in the store."""
    statements = (
        "UPDATE event SET state = 'non-affirmed' WHERE case_number = :case",
        "UPDATE event SET denies_line = TRUE WHERE case_number = :case",
        "UPDATE authorization_case SET state = 'non-affirmed' WHERE number = :case AND state <> 'non-affirmed'",
        "DELETE FROM case_criterion WHERE case_number = :case",
        "UPDATE review_finding SET result = 'not met' WHERE case_number = :case",
        "DELETE FROM event WHERE case_number = :case",
    )
    with history.bench.database.write(operator()) as unit:
        unit.connection.execute(text(statements[move.pick % len(statements)]), {"case": history.case(move)})


def denial(determination: Determination, decider: Decider, state: State) -> Determination:
    """Return a determination of *state* that denies every line, in the name of *decider*."""
    lines = tuple(replace(each, outcome="non-affirmed") for each in determination.lines)
    return replace(determination, state=state, decider=decider, lines=lines)


def _plain(step: Callable[..., Any], *arguments: Any, **named: Any) -> Callable[[History, Move], None]:
    def take(history: History, move: Move) -> None:
        bench = history.bench
        step(bench.desk, reviewer(move.actor), history.case(move), *arguments, at=bench.tick(), **named)

    return take


STEPS: dict[str, Callable[[History, Move], None]] = {
    "claim": _plain(claim),
    "release": _plain(release),
    "reassign": _reassign,
    "find": _find,
    "confirm": _plain(confirm_met, "As found."),
    "settle": _settle,
    "decide": _decide,
    "ask": _plain(request_information, ["KN1"], "Please."),
    "second look": _plain(second_look, "Not sure."),
    "talk": _plain(peer_to_peer, Talk("requested")),
    "reclassify": _plain(reclassify, "No danger."),
    "reopen": _plain(reopen, "In error."),
    "resubmit": _resubmit,
    "expire": _expire,
    "forge": _forge,
    "rewrite": _rewrite,
}
CHEATS = ("forge", "rewrite", "expire")
_PICKS = st.integers(min_value=0, max_value=40)
_ANY = st.builds(Move, st.sampled_from(tuple(STEPS)), st.sampled_from(ACTORS), st.booleans(), _PICKS)


def _decided(actor: str, pick: int) -> tuple[Move, ...]:
    return Move("claim", actor, earlier=False, pick=0), Move("settle", actor, earlier=False, pick=pick)


def _corrected(actor: str, pick: int) -> tuple[Move, ...]:
    return Move("reopen", actor, earlier=False, pick=0), *_decided(actor, pick)


def _hasty(actor: str, pick: int) -> tuple[Move, ...]:
    return tuple(Move(step, actor, earlier=False, pick=pick) for step in ("claim", "find", "decide"))


def _doubting(actor: str, pick: int) -> tuple[Move, ...]:
    doubt = Move("claim", actor, earlier=False, pick=0), Move("second look", actor, earlier=False, pick=0)
    return *doubt, *_decided(actor if pick % 2 else ADAMS, pick)


def _sent_again(actor: str, pick: int) -> tuple[Move, ...]:
    return Move("resubmit", actor, earlier=False, pick=0), *_decided(actor, pick)


SCENES = (_decided, _hasty, _corrected, _doubting, _sent_again)
_SCENES = st.one_of(
    _ANY.map(lambda move: (move,)),
    _ANY.map(lambda move: (move,)),
    *(st.builds(scene, st.sampled_from((ADAMS, BAKER)), _PICKS) for scene in SCENES),
)
MOVES = st.lists(_SCENES, min_size=3, max_size=9).map(lambda scenes: [move for scene in scenes for move in scene])
"""Steps in any order, and among them such as belong together, so that cases come to decisions at all."""


def broken(bench: Bench, case: str) -> Iterator[str]:
    """Yield what of the rules that always hold does not hold for *case*."""
    with bench.database.read(operator()) as unit:
        events = unit.events.of(case)
        yield from _broken_log(unit, case, events)
        for place, event in enumerate(events):
            if isinstance(event.data, Determined) and _denies(event):
                yield from _broken_denial(unit, case, events, place)
            if isinstance(event.data, Determined):
                yield from _broken_explanation(events, place)


def _broken_log(unit: UnitOfWork, case: str, events: Sequence[Event]) -> Iterator[str]:
    if [each.number for each in events] != list(range(1, len(events) + 1)):
        yield "the log has gaps"
    waits = events[-1].state in (State.IN_REVIEW, State.INFORMATION_REQUESTED)
    if waits == (unit.worklist.get(case).status == "closed"):
        yield f"the case is {events[-1].state} and its item {unit.worklist.get(case).status}"
    if unit.cases.get(case).state is not events[-1].state:
        yield "the case does not stand where its log says"
    answered = [each.data for each in events if isinstance(each.data, Answered)]
    if len({each.response_identifier for each in answered}) != len(answered):
        yield "two answers have one number"


def _denies(event: Event) -> bool:
    assert isinstance(event.data, Determined)
    lines = event.data.determination.lines
    denied = any(each.outcome in ("non-affirmed", "modified") for each in lines)
    return denied or event.state in (State.NON_AFFIRMED, State.PARTIAL)


def _broken_denial(unit: UnitOfWork, case: str, events: Sequence[Event], place: int) -> Iterator[str]:
    event = events[place]
    assert isinstance(event.data, Determined)
    decider = event.data.determination.decider
    known = BY_ID.get(decider.reviewer or "")
    day = datetime.fromisoformat(event.at).astimezone(UTC).date().isoformat()
    if known is None or known.kind != "clinician" or not known.active or decider.kind != "clinician":
        yield f"{decider.kind} {decider.reviewer} denied"
        return
    if not any(
        each.number == decider.licence and each.state == "OH" and each.valid_from <= day <= (each.valid_to or day)
        for each in known.licences
    ):
        yield "a denial without a licence"
    if decider.specialty not in known.specialties:
        yield "a denial without a specialty"
    yield from _unsettled(unit, case, events[:place], decider.reviewer or "")


def _unsettled(unit: UnitOfWork, case: str, before: Sequence[Event], name: str) -> Iterator[str]:
    present = 1 + sum(isinstance(each.data, Reopened) for each in before)
    begins = max((each.number for each in before if isinstance(each.data, Reopened)), default=0)
    own = {
        (each.data.finding.category, each.data.finding.element): each.data.finding
        for each in before
        if isinstance(each.data, FindingRecorded) and each.data.reviewer == name and each.number > begins
    }
    rows = unit.connection.execute(
        text("SELECT category, element FROM case_criterion WHERE case_number = :case AND round = :round"),
        {"case": case, "round": present},
    )
    for category, element in rows:
        finding = own.get((category, element))
        if finding is None or finding.result == "unknown" or not finding.evidence or not finding.rationale:
            yield f"a denial without a finding about {element}"


def _decided_alone(before: Sequence[Event], name: str) -> Iterator[str]:
    begins = max((each.number for each in before if isinstance(each.data, Determined | Reopened)), default=0)
    if any(isinstance(each.data, SecondLook) and each.data.reviewer == name for each in before[begins:]):
        yield "who asked for a second look decided"


def _broken_explanation(events: Sequence[Event], place: int) -> Iterator[str]:
    data = events[place].data
    assert isinstance(data, Determined)
    determination = data.determination
    if not determination.policy.version:
        yield "a decision without the edition of its policy"
    if determination.decider.kind == "software" and determination.state not in (State.IN_REVIEW, State.AFFIRMED):
        yield "software decided more than it may"
    if determination.decider.kind == "clinician":
        yield from _decided_alone(events[:place], determination.decider.reviewer or "")
        received = next(each.data for each in events if isinstance(each.data, Received))
        ruling, goes_on_from = read_grounds(data.grounds)
        again = determination_of(received.request, standing(events[:goes_on_from]), ruling)
        if msgspec.json.encode(again) != msgspec.json.encode(determination):
            yield "a decision that does not come out again"
