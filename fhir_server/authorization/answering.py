"""What a requester is told: the answer composed from the request and its determination, the same for every channel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fhir_server.authorization.codes import (
    ATTACHMENT_CONTROL_NUMBERS,
    PAS_TEMPORARY,
    PAYERS_QUESTIONNAIRE,
    QUESTIONNAIRE_CONTEXTS,
    RESPONSE_NUMBERS,
    dismissal_code,
    review_action,
)
from fhir_server.authorization.determination import Determination, LineDetermination
from fhir_server.authorization.parties import Provider
from fhir_server.authorization.request import (
    AuthorizationRequest,
    CareTeamMember,
    ServiceLine,
    TransmissionIdentifiers,
)
from fhir_server.authorization.response import (
    AddedLine,
    AnsweredRequest,
    AuthorizationResponse,
    AuthorizedProvider,
    InformationRequest,
    Note,
    Outcome,
    RequestError,
    ResponseLine,
    ReviewAction,
    Reviewer,
    ServiceDetail,
)
from fhir_server.authorization.values import Code, Concept, Identifier, Origin

ATTACHMENT_MEDIUM = Concept((Code(PAS_TEMPORARY, "CDEX"),))
# X12 005010X217 carries so many providers (loops 2010EA and 2010F); the first ones count (PAS, Repeating Fields).
MOST_OVERALL_PROVIDERS, MOST_LINE_PROVIDERS = 14, 10
DECIDED = frozenset({"affirmed", "modified", "non-affirmed"})


@dataclass(slots=True)
class _Notes:
    """The remarks of an answer, each told once and numbered from 1."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers) + 1)

    def all(self) -> tuple[Note, ...]:
        return tuple(Note(number, text) for text, number in self.numbers.items())


def compose(
    request: AuthorizationRequest,
    determination: Determination,
    *,
    case: str,
    response: str,
    disposition: str | None = None,
) -> AuthorizationResponse:
    """Return the answer to *request*. *case* is our case number, *response* the number of this answer.

    The same arguments give the same answer. Parties, types and sequences are those of the request (PAS-040, PAS-041);
    sender and receiver change places.
    """
    notes = _Notes()
    errors = tuple(_error(each, determination, notes) for each in determination.errors)
    lines = _lines(request, determination, case, notes)
    added = tuple(_added(each, determination) for line in determination.lines for each in line.added)
    for text in determination.explanations:
        notes.number(text)
    affirmed = any(line.outcome in ("affirmed", "modified") for line in determination.lines)
    return AuthorizationResponse(
        origin=Origin(resource_id=response),
        transaction_identifier=request.transaction.identifier,
        created=determination.decided_at,
        identifiers=(*_numbers(request), Identifier(RESPONSE_NUMBERS, response)),
        transmission=_returned(request.transmission),
        type=request.type,
        beneficiary=request.beneficiary,
        payer=request.payer,
        requester=request.requester,
        request=_answered(request),
        outcome=_outcome(bool(errors), bool(lines)),
        disposition=disposition,
        authorization_number=determination.authorization_number if affirmed else None,
        authorization_period=determination.valid if affirmed else None,
        reviewer=_reviewer(determination),
        lines=lines,
        added_lines=added,
        notes=notes.all(),
        information_requests=_information_requests(request, determination, case),
        errors=errors,
        documents=request.documents,
    )


def _outcome(has_errors: bool, has_lines: bool) -> Outcome:
    """Errors alone stop the processing; items and errors together are a partial answer (PAS, Handling Errors)."""
    if not has_errors:
        return "complete"
    return "partial" if has_lines else "error"


def _answered(request: AuthorizationRequest) -> AnsweredRequest:
    """Point at the request by its address; by its identifier where it has none that lasts."""
    full_url = request.origin.full_url
    identifier = next(iter(_numbers(request)), None)
    key = full_url if full_url and not full_url.startswith("urn:") else None
    return AnsweredRequest(key, identifier, None if key or identifier else "unknown")


def _numbers(request: AuthorizationRequest) -> tuple[Identifier, ...]:
    """Return the request's identifiers that say something: an answer's must have a system and a value."""
    return tuple(each for each in request.identifiers if each.system and each.value)


def _returned(sent: TransmissionIdentifiers | None) -> TransmissionIdentifiers | None:
    return sent and TransmissionIdentifiers(
        application_sender=sent.application_receiver,
        application_receiver=sent.application_sender,
        interchange_sender=sent.interchange_receiver,
        interchange_receiver=sent.interchange_sender,
    )


def _reviewer(determination: Determination) -> Reviewer | None:
    if not any(line.outcome in DECIDED for line in determination.lines):
        return None
    decider = determination.decider
    human = decider.kind != "software"
    specialty = Concept(text=decider.specialty) if human and decider.specialty else None
    return Reviewer(human, decider.npi if human else None, specialty)


def _lines(
    request: AuthorizationRequest, determination: Determination, case: str, notes: _Notes
) -> tuple[ResponseLine, ...]:
    decided = {line.sequence: line for line in determination.lines}
    team = {member.sequence: member for member in request.care_team}
    overall = tuple(member for member in request.care_team if member.covers_whole_request)[:MOST_OVERALL_PROVIDERS]
    return tuple(
        _line(line, decided[line.sequence], determination, case, notes, _members(line, team) or overall)
        for line in request.lines
        if line.sequence in decided and decided[line.sequence].outcome != "unanswered"
    )


def _members(line: ServiceLine, team: dict[int, CareTeamMember]) -> tuple[CareTeamMember, ...]:
    return tuple(team[number] for number in line.care_team if number in team)[:MOST_LINE_PROVIDERS]


def _line(
    line: ServiceLine,
    decided: LineDetermination,
    determination: Determination,
    case: str,
    notes: _Notes,
    members: tuple[CareTeamMember, ...],
) -> ResponseLine:
    """Return the answer to *line*, whose care team (its own, else that of the whole request) is *members*."""
    affirmed = decided.outcome in ("affirmed", "modified")
    return ResponseLine(
        sequence=line.sequence,
        actions=(_action(decided, determination),),
        trace_numbers=(*line.trace_numbers, *_questionnaire_context(decided, determination, case)),
        authorization_issued=_issued(determination) if affirmed else None,
        authorization_period=determination.valid if affirmed else None,
        previous_authorization_number=line.authorization_number,
        administrative_reference_number=_reference_number(decided, determination, case),
        requested_service_date=line.serviced,
        authorized_providers=_authorized_providers(members) if affirmed else (),
        detail=_requested(line) if affirmed else None,
        notes=(notes.number(decided.reason),) if decided.reason else (),
    )


def _questionnaire_context(
    decided: LineDetermination, determination: Determination, case: str
) -> tuple[Identifier, ...]:
    """The trace number under which the payer's questionnaire is fetched, where it is asked for (PAS-085)."""
    asked = any(each.code == PAYERS_QUESTIONNAIRE for each in determination.information_requests)
    return (Identifier(QUESTIONNAIRE_CONTEXTS, case),) if asked and decided.outcome == "in-review" else ()


def _issued(determination: Determination) -> str:
    """Return the day of the decision where the contractor is: the first day of what is valid."""
    valid = determination.valid
    return valid.start if valid and valid.start else determination.decided_at[:10]


def _action(decided: LineDetermination, determination: Determination) -> ReviewAction:
    beside = (dismissal_code(decided.dismissal),) if decided.dismissal else ()
    affirmed = decided.outcome in ("affirmed", "modified")
    return ReviewAction(
        action=review_action(decided.outcome, *beside),
        number=determination.authorization_number if affirmed else None,
        reasons=decided.reason_codes,
    )


def _reference_number(decided: LineDetermination, determination: Determination, case: str) -> str | None:
    """REF*NT: the case number while no UTN is there, a non-affirmed line's UTN afterwards (S-10, S-11)."""
    if decided.outcome == "non-affirmed":
        return determination.authorization_number or case
    waiting = decided.outcome in ("affirmed", "modified") and determination.authorization_number is None
    return case if waiting or decided.outcome == "in-review" else None


def _requested(line: ServiceLine) -> ServiceDetail:
    """Return what was asked for. Parts whose extensions may not stand here are left out (trap T-1)."""
    return ServiceDetail(
        service=line.service, modifiers=line.modifiers, unit_price=line.unit_price, quantity=line.quantity
    )


def _authorized_providers(members: tuple[CareTeamMember, ...]) -> tuple[AuthorizedProvider, ...]:
    """Return each of *members* as a person or an organization."""
    return tuple(each for each in map(_authorized_provider, members) if each is not None)


def _authorized_provider(member: CareTeamMember) -> AuthorizedProvider | None:
    provider = member.provider
    if provider is None:
        return None
    person = Provider(practitioner=provider.practitioner) if provider.practitioner else Provider(provider.organization)
    return AuthorizedProvider(person, type=member.role)


def _added(line: AddedLine, determination: Determination) -> AddedLine:
    return replace(
        line,
        actions=(ReviewAction(review_action("affirmed"), determination.authorization_number),),
        authorization_issued=_issued(determination),
        authorization_period=determination.valid,
    )


def _error(error: RequestError, determination: Determination, notes: _Notes) -> RequestError:
    text = determination.explanations[error.note - 1] if error.note else None
    return replace(error, note=notes.number(text) if text else None)


def _information_requests(
    request: AuthorizationRequest, determination: Determination, case: str
) -> tuple[InformationRequest, ...]:
    """Number each request for a record, so that the attachment which answers it finds its case.

    Only an organization is asked to send (PAS 2.2.1, profile CommunicationRequest): that of the requester.
    """
    organization = request.requester.organization
    return tuple(
        replace(
            each,
            origin=Origin(loop="2000E", control_number=f"{case}-{number}"),
            identifier=Identifier(ATTACHMENT_CONTROL_NUMBERS, f"{case}-{number}"),
            medium=each.medium or ATTACHMENT_MEDIUM,
            requester=request.payer,
            sender=Provider(organization) if organization else None,
        )
        for number, each in enumerate(determination.information_requests, 1)
    )
