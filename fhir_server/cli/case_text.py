"""A case in words, for a nurse or a technician: what was asked, what was found, what was decided and answered.

The beneficiary is named by the end of the member number alone, and records by what they are: a screen is no place for
more. ``wiser-pas show --json`` has the whole request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from fhir_server.authorization.determination import CriterionFinding, Decider, Determination, Finding
from fhir_server.authorization.events import Answered, Determined, Event, Received
from fhir_server.authorization.parties import Provider
from fhir_server.authorization.request import AuthorizationRequest, Diagnosis, ServiceLine
from fhir_server.authorization.submission import Observation
from fhir_server.authorization.values import DateOrPeriod, Quantity
from fhir_server.cli.event_text import event_details, event_title
from fhir_server.policy.extraction import member_id
from fhir_server.workflow.show import CaseLog, DocumentEntry

SHOWN_OF_MEMBER = 4
DECIDERS = {
    "software": "our software",
    "clinician": "a clinician of ours",
    "simulated": "a simulated reviewer (sandbox)",
}
RESULTS = ("not met", "unknown", "met")


def case_lines(log: CaseLog) -> Iterator[str]:
    """Yield the log of a case, line by line."""
    yield f"Case {log.number}: {words(log.state)}"
    yield f"  opened {moment(log.created_at)} by {log.owner} over {log.channel}, last changed {moment(log.changed_at)}"
    for event in log.events:
        yield ""
        yield from event_lines(event, log)


def event_lines(event: Event, log: CaseLog) -> Iterator[str]:
    """Yield one entry of the log."""
    match event.data:
        case Received():
            yield f"{event.number}. {moment(event.at)}  received from {event.actor}"
            documents = [each for each in log.documents if each.event == event.number]
            yield from _indented(received_lines(event.data, documents))
        case Determined(determination):
            who = decider_words(determination.decider)
            yield f"{event.number}. {moment(event.at)}  {words(event.state.value)}, decided by {who}"
            yield from _indented(determination_lines(determination))
        case Answered():
            yield f"{event.number}. {moment(event.at)}  answered to {event.actor}"
            yield from _indented(answered_lines(event.data, log))
        case other:
            yield f"{event.number}. {moment(event.at)}  {event_title(other)}"
            yield from _indented(event_details(other))


def received_lines(received: Received, documents: list[DocumentEntry]) -> Iterator[str]:
    """Yield what came: the request, its records, and what the reader noticed."""
    if received.resubmission_of:
        yield f"again       case {received.resubmission_of}"
    yield from request_lines(received.request)
    yield from (f"record      {document_words(each)}" for each in documents)
    yield from (f"noted       {each}" for each in noted(received.observations))


def noted(observations: Iterable[Observation]) -> Iterator[str]:
    """Yield each thing that was noticed once, with where, or how often."""
    places: dict[tuple[str, str], list[str]] = {}
    for each in observations:
        places.setdefault((each.rule, each.found), []).append(each.expression or "")
    for (rule, found), where in places.items():
        yield f"{found} [{rule}]" + (f" ({len(where)} times)" if len(where) > 1 else f" {where[0]}" if where[0] else "")


def request_lines(request: AuthorizationRequest) -> Iterator[str]:
    """Yield what is asked, by whom, for what; of the beneficiary only the end of the member number."""
    yield f"requester   {provider_words(request.requester)}"
    member = member_id(request)
    yield f"member      …{member[-SHOWN_OF_MEMBER:]}" if member else "member      no number"
    for line in request.lines:
        yield f"line {line.sequence:<6} {line_words(line)}"
    if request.diagnoses:
        yield f"diagnoses   {', '.join(map(diagnosis_words, request.diagnoses))}"


def request_words(request: AuthorizationRequest) -> str:
    """Return in one sentence who asks for what, with how many records."""
    lines = "; ".join(map(line_words, request.lines))
    diagnoses = ", ".join(map(diagnosis_words, request.diagnoses)) or "no diagnosis"
    count = len(request.documents)
    records = f"{count} record{'' if count == 1 else 's'}"
    return f"{provider_words(request.requester)} asks for {lines}. Diagnoses: {diagnoses}. With {records}."


def determination_lines(determination: Determination) -> Iterator[str]:
    """Yield a decision: line by line, then why, what is missing, and by which policy."""
    for line in determination.lines:
        category = f" ({line.category})" if line.category else ""
        yield f"line {line.sequence:<6} {words(line.outcome)}{category}{': ' + line.reason if line.reason else ''}"
    if dismissal := determination.dismissal:
        yield f"dismissed   {dismissal.code}: {dismissal.reason}"
        yield f"to mend     {dismissal.mend}"
    yield from (f"because     {each}" for each in determination.explanations if each not in _told(determination))
    yield from (f"missing     {each}" for each in determination.missing)
    if determination.authorization_number:
        yield f"number      {determination.authorization_number}"
    if determination.valid:
        yield f"valid       {date_words(determination.valid)}"
    yield from routing_lines(determination)
    for each in determination.criteria:
        if each.result != "not applicable":
            yield f"{each.gap or each.result:<11} {criterion_words(each)}"
    for hit in determination.code_rules:
        yield f"rule {hit.rule:<6} ({hit.severity}) line {hit.line}: {hit.words} [{hit.source}]"
    for result in RESULTS:
        yield from (f"{result:<11} {finding_words(each)}" for each in determination.findings if each.result == result)
    policy = determination.policy
    yield f"policy      {policy.pack} {policy.version}"
    yield from (f"source      {each}" for each in policy.sources)


def routing_lines(determination: Determination) -> Iterator[str]:
    """Yield who has to look at it, and until when."""
    if routing := determination.routing:
        yield f"goes to     {' or '.join(routing.specialties)}; {routing.tier}; {', '.join(routing.reasons)}"
        if clock := determination.clock:
            pace = "expedited" if clock.expedited else "standard"
            yield f"due         {moment(clock.due)}, latest {moment(clock.latest)}, {pace}"


def criterion_words(finding: CriterionFinding) -> str:
    """Return an element of a checklist by what it asks for, never by what was found about the beneficiary."""
    lines = ", ".join(map(str, finding.lines))
    return f"{finding.element} {finding.label} (lines {lines}) [{finding.source}]"


def _told(determination: Determination) -> set[str | None]:
    """Return the explanations that stand with a line or with the dismissal already."""
    told = {line.reason for line in determination.lines}
    if dismissal := determination.dismissal:
        told.add(f"{dismissal.reason} {dismissal.mend}")
    return told


def answered_lines(answered: Answered, log: CaseLog) -> Iterator[str]:
    """Yield which answer was sent, and which bytes these were."""
    yield f"answer      {answered.response_identifier} over {answered.channel}"
    for message in log.messages:
        if message.direction == "sent" and message.sha256 == answered.content_sha256:
            yield f"sent        HTTP {message.status}, {message.size:,} bytes, SHA-256 {message.sha256[:16]}…"
            return


def decider_words(decider: Decider) -> str:
    """Return who decided."""
    if decider.decided_by == "partner":
        return f"a partner (interchange {decider.interchange})"
    name = ", ".join(each for each in (decider.reviewer, decider.licence, decider.specialty) if each)
    return DECIDERS[decider.kind] + (f": {name}" if name else "")


def finding_words(finding: Finding) -> str:
    """Return a finding: the line and the rule that it is about, what was found, and the rule's source."""
    line = f"line {finding.line}, " if finding.line is not None else ""
    return f"{line}{words(finding.rule)}: {finding.found} [{finding.source}]"


def document_words(document: DocumentEntry) -> str:
    """Return what a record is, never what it says."""
    kind = f"{document.kind} ({document.type})" if document.type else document.kind
    return f"{kind}, {document.media_type}, {document.size:,} bytes"


def provider_words(provider: Provider) -> str:
    """Return a provider's name and NPI."""
    people = provider.practitioner.names if provider.practitioner else ()
    person = next((each.text or " ".join((*each.given, each.family or "")).strip() for each in people), None)
    organization = provider.organization.name if provider.organization else None
    name = ", ".join(each for each in (person, organization) if each) or "unnamed"
    return f"{name} (NPI {provider.npi})" if provider.npi else name


def line_words(line: ServiceLine) -> str:
    """Return what a line asks for."""
    modifiers = "".join(f"-{each.value}" for each in line.modifiers if each.value)
    parts = [f"{line.service.value or line.service.text or 'no code'}{modifiers}"]
    if line.quantity and line.quantity.value is not None:
        parts.append(quantity_words(line.quantity))
    if line.serviced:
        parts.append(f"on {date_words(line.serviced)}")
    if line.location and line.location.value:
        parts.append(f"at place {line.location.value}")
    return ", ".join(parts)


def quantity_words(quantity: Quantity) -> str:
    """Return an amount with its unit."""
    unit = quantity.unit or quantity.code
    return f"{quantity.value} {unit}" if unit else f"{quantity.value}"


def diagnosis_words(diagnosis: Diagnosis) -> str:
    """Return a diagnosis by its code, or in the sender's words."""
    return diagnosis.code.value or diagnosis.code.text or "no code"


def date_words(when: DateOrPeriod) -> str:
    """Return a day or a span of days."""
    if isinstance(when, str):
        return when
    return f"{when.start or '…'} to {when.end or '…'}"


def moment(at: str) -> str:
    """Return a stored time for a reader: to the second, in UTC."""
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S} UTC"


def words(name: str) -> str:
    """Return the name of a state or an outcome as words; ``non-affirmed`` is one."""
    return name.replace("-", " ").replace("non affirm", "non-affirm")


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"   {line}" for line in lines)
