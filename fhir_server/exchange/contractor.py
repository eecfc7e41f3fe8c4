"""The port to the Medicare contractor, which gives a tracking number (UTN) to each decision (guide 6.0, 4.2.2, 4.3).

No specification of the exchange between participants and contractors is public. An adapter is given all that is known
about a decision and makes of it whatever its contractor takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.store.tracking import TrackingLine

NUMBER_FORM: Final = re.compile(r"[A-Z0-9]{14}", re.ASCII)
"""Fourteen capital letters and digits (G6 7.1). What the places mean is the contractor's affair."""


@dataclass(frozen=True, slots=True)
class TrackingRequest:
    """A decision that needs a number: the same ``case`` and ``decision`` get the same one, however often they ask.

    ``attempt`` counts from 1; it goes up when an operator asks again after a failure.
    """

    case: str
    decision: int
    attempt: int
    member_id: str | None = field(repr=False)
    lines: tuple[TrackingLine, ...]
    request: AuthorizationRequest = field(repr=False)
    determination: Determination = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """The number. A ``simulated`` one is not a contractor's and must not be billed with."""

    number: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The contractor gives no number: its code, its words, and what has to be mended before it is asked again."""

    code: str
    text: str
    mend: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The contractor was told and answers later, by whatever way it has."""


Reply: TypeAlias = Issued | Failed | Pending


class Contractor(Protocol):
    """Gives tracking numbers."""

    def request(self, asked: TrackingRequest) -> Reply:
        """Return the number of a decision, or why there is none. May be called again for the same decision."""


class ManualContractor:
    """A contractor that is told by people: each number stays pending until somebody enters it."""

    def request(self, asked: TrackingRequest) -> Reply:
        """Return that the number is pending."""
        return Pending()


def is_tracking_number(text: str) -> bool:
    """Return whether *text* has the form of a tracking number."""
    return NUMBER_FORM.fullmatch(text) is not None
