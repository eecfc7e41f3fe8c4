"""Whoever writes letters: the packs say who we are and what codes are called, the hub says what happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import LetterKind, Reclassified
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.letters.compose import compose_letter
from fhir_server.letters.content import CaseMatter, ExemptionMatter, GivenNumber, LetterContent, Sender
from fhir_server.letters.render import as_html, as_text
from fhir_server.letters.senders import SANDBOX, contractor_of, labels_of, sender_of
from fhir_server.policy.facts import facts_of
from fhir_server.policy.pack import Pack


@dataclass(frozen=True, slots=True)
class WrittenLetter:
    """A letter, ready to be kept: its subject, who sent it, and both of its readable forms."""

    subject: str
    sender: str
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LetterOffice:
    """Writes the letters of one server.

    ``served`` are the states that it reviews, ``statements`` the texts of review reason codes that the operator loaded,
    ``time_zone`` the one where neither the case nor a contractor names one.
    """

    packs: Sequence[Pack]
    served: Collection[str]
    sandbox: bool = False
    statements: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"

    def about_case(
        self,
        kind: LetterKind,
        *,
        number: str,
        at: datetime,
        case: str,
        request: AuthorizationRequest,
        determination: Determination,
        tracking_number: tuple[str, bool] | None = None,
        earlier_letter: str | None = None,
        resubmission: bool = False,
        reclassified: Reclassified | None = None,
    ) -> WrittenLetter:
        """Return the letter *number* about a case; *tracking_number* is the number and whether it is simulated.

        Raises `LetterIncomplete` where a fact that the letter must hold is not known.
        """
        matter = CaseMatter(
            case=case,
            request=request,
            determination=determination,
            tracking_number=GivenNumber(*tracking_number) if tracking_number else None,
            earlier_letter=earlier_letter,
            resubmission=resubmission,
            reclassified=reclassified,
            labels=labels_of(self.packs, request),
            statements=self.statements,
        )
        zone = determination.clock.time_zone if determination.clock else None
        state = state_of(request, determination)
        sender = sender_of(self.packs, determination.policy.pack, state, self.served)
        return self._written(kind, number, at, zone, sender, state, matter)

    def about_exemption(
        self, kind: LetterKind, *, number: str, at: datetime, matter: ExemptionMatter, state: str | None = None
    ) -> WrittenLetter:
        """Return the letter *number* about an exemption, which is for *state* or for all that this server reviews.

        Raises `LetterIncomplete` where a fact that the letter must hold is not known, or the notice comes too late.
        """
        sender = sender_of(self.packs, "", state, self.served)
        return self._written(kind, number, at, None, sender, state, matter)

    def _written(
        self,
        kind: LetterKind,
        number: str,
        at: datetime,
        zone: str | None,
        sender: Sender,
        state: str | None,
        matter: CaseMatter | ExemptionMatter,
    ) -> WrittenLetter:
        contractor = contractor_of(self.packs, state)
        zone = zone or (contractor.time_zone if contractor else self.time_zone)
        content = LetterContent(
            number=number,
            dated=at.astimezone(ZoneInfo(zone)).date(),
            sender=sender,
            matter=matter,
            contractor=None if sender is SANDBOX else contractor,
            time_zone=zone,
            sandbox=self.sandbox,
        )
        letter = compose_letter(kind, content)
        return WrittenLetter(letter.subject, content.sender.name, as_text(letter), as_html(letter))


def state_of(request: AuthorizationRequest, determination: Determination) -> str | None:
    """Return the state in which the services are given: that of the review, else the first that a line tells."""
    if determination.routing and determination.routing.state:
        return determination.routing.state
    return next((line.state for line in facts_of(request).lines if line.state), None)
