"""The states of an authorization and the ways between them, as one table (docs/tour.md)."""

from __future__ import annotations

from enum import StrEnum

from fhir_server.errors import Issue, Refusal


class State(StrEnum):
    """Where a case stands. It is read from the events and never set by itself."""

    RECEIVED = "received"
    DISMISSED = "dismissed"
    FORWARDED = "forwarded"
    IN_REVIEW = "in-review"
    INFORMATION_REQUESTED = "information-requested"
    AFFIRMED = "affirmed"
    PARTIAL = "partial"
    NON_AFFIRMED = "non-affirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


DECISIONS = frozenset({State.AFFIRMED, State.PARTIAL, State.NON_AFFIRMED})
OPEN = frozenset({State.RECEIVED, State.FORWARDED, State.IN_REVIEW, State.INFORMATION_REQUESTED})

_AFTER_INTAKE = frozenset({State.DISMISSED, State.FORWARDED, State.IN_REVIEW}) | DECISIONS

TRANSITIONS: dict[State | None, frozenset[State]] = {
    None: frozenset({State.RECEIVED}),
    State.RECEIVED: _AFTER_INTAKE | {State.CANCELLED},
    State.FORWARDED: DECISIONS | {State.IN_REVIEW, State.DISMISSED, State.CANCELLED, State.RECEIVED},
    State.IN_REVIEW: DECISIONS | {State.INFORMATION_REQUESTED, State.DISMISSED, State.CANCELLED, State.RECEIVED},
    State.INFORMATION_REQUESTED: frozenset({State.IN_REVIEW, State.CANCELLED, State.RECEIVED}) | DECISIONS,
    # A decision made in error goes back into review; it is never turned into another one by itself.
    State.AFFIRMED: frozenset({State.EXPIRED, State.CANCELLED, State.RECEIVED, State.IN_REVIEW}),
    State.PARTIAL: frozenset({State.EXPIRED, State.CANCELLED, State.RECEIVED, State.IN_REVIEW}),
    State.NON_AFFIRMED: frozenset({State.IN_REVIEW}),
    State.DISMISSED: frozenset(),
    State.CANCELLED: frozenset({State.CANCELLED, State.RECEIVED}),
    State.EXPIRED: frozenset(),
}


class TransitionRefused(Refusal):
    """The case cannot go from the state it is in to the one asked for."""

    status, issue_code, rule, aaa_code = 409, "conflict", "case-state", "AA"


def check_transition(current: State | None, following: State) -> State:
    """Return *following*; raise `TransitionRefused` where the table knows no way from *current* to it."""
    if following in TRANSITIONS[current]:
        return following
    raise TransitionRefused(
        [
            Issue(
                TransitionRefused.rule,
                f"A case that is {current.value if current else 'new'} cannot become {following.value}.",
                "Ask for the present state of the case first.",
                code=TransitionRefused.issue_code,
            )
        ]
    )
