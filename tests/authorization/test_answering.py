"""The answer composed from a request and its determination, without any channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.authorization.answering import compose
from fhir_server.authorization.codes import ACTIONS, ATTACHMENT_CONTROL_NUMBERS, RESPONSE_NUMBERS, REVIEW_ACTIONS
from fhir_server.authorization.determination import Decider, Determination, LineDetermination, PolicyEdition
from fhir_server.authorization.parties import Organization, Person, Practitioner, Provider
from fhir_server.authorization.request import AuthorizationRequest, CareTeamMember, ServiceLine, Transaction
from fhir_server.authorization.response import (
    AddedLine,
    AuthorizationResponse,
    InformationRequest,
    RequestError,
)
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept, Identifier, Origin, Period

NOW = "2026-03-02T15:04:05Z"
POLICY = PolicyEdition("pack", "1")
SURGEON, HOSPITAL = Practitioner(Origin("urn:uuid:1")), Organization(Origin("urn:uuid:2"), name="Hospital")
REQUEST = AuthorizationRequest(
    origin=Origin("http://ehr.example/fhir/Claim/1", "1"),
    transaction=Transaction(Identifier("urn:trnorg:1", "T1")),
    identifiers=(Identifier("urn:trnorg:1", "C1"),),
    type=Concept((Code("t", "professional"),)),
    beneficiary=Person(Origin("urn:uuid:3")),
    payer=Organization(Origin("urn:uuid:4"), name="Payer"),
    requester=Provider(HOSPITAL, SURGEON),
    care_team=(
        CareTeamMember(1, Provider(HOSPITAL, SURGEON), covers_whole_request=True, role=Concept(text="surgeon")),
        CareTeamMember(2, Provider(HOSPITAL), covers_whole_request=False),
    ),
    lines=(
        ServiceLine(1, Concept(text="one"), care_team=(2,), trace_numbers=(Identifier("t", "L1"),)),
        ServiceLine(2, Concept(text="two"), serviced="2026-04-01", authorization_number="OLD"),
    ),
)


def answer(*lines: LineDetermination, request: AuthorizationRequest = REQUEST, **told: object) -> AuthorizationResponse:
    decided = Determination(State.IN_REVIEW, NOW, Decider(), POLICY, lines)
    return compose(request, replace(decided, **told), case="W1", response="W1-1")  # type: ignore[arg-type]


def test_an_answer_names_itself_and_the_request() -> None:
    response = answer(LineDetermination(1, "in-review"), LineDetermination(2, "in-review"))
    assert response.transaction_identifier == REQUEST.transaction.identifier
    assert response.identifiers == (*REQUEST.identifiers, Identifier(RESPONSE_NUMBERS, "W1-1"))
    assert response.request.key == REQUEST.origin.full_url
    assert (response.type, response.beneficiary, response.payer) == (REQUEST.type, REQUEST.beneficiary, REQUEST.payer)
    assert response.created == NOW
    assert response.origin.resource_id == "W1-1"


@pytest.mark.parametrize("outcome", ACTIONS)
def test_each_outcome_has_its_action(outcome: str) -> None:
    [line] = answer(LineDetermination(1, outcome)).lines  # type: ignore[arg-type]
    [action] = line.actions
    assert action.action is not None
    assert action.action.code_in(REVIEW_ACTIONS) == ACTIONS[outcome][0]  # type: ignore[index]


def test_lines_come_in_the_order_of_the_request() -> None:
    response = answer(LineDetermination(2, "in-review"), LineDetermination(1, "affirmed"))
    assert [line.sequence for line in response.lines] == [1, 2]
    assert [line.trace_numbers for line in response.lines] == [REQUEST.lines[0].trace_numbers, ()]
    assert response.lines[1].requested_service_date == "2026-04-01"
    assert response.lines[1].previous_authorization_number == "OLD"


def test_an_affirmation_holds_for_a_time_and_for_whom_was_asked() -> None:
    valid = Period("2026-03-02", "2026-06-29")
    told = (LineDetermination(1, "affirmed"), LineDetermination(2, "affirmed"))
    response = answer(*told, valid=valid, authorization_number="UTN")
    assert (response.authorization_number, response.authorization_period) == ("UTN", valid)
    first, second = response.lines
    assert (first.authorization_issued, first.authorization_period) == ("2026-03-02", valid)
    assert [each.provider for each in first.authorized_providers] == [Provider(HOSPITAL)]
    assert [each.provider for each in second.authorized_providers] == [Provider(practitioner=SURGEON)]
    assert second.authorized_providers[0].type == Concept(text="surgeon")
    assert response.reviewer is not None
    assert not response.reviewer.human


def test_a_pend_says_nothing_of_authorization() -> None:
    response = answer(LineDetermination(1, "in-review"), valid=Period("2026-03-02"), authorization_number="UTN")
    [line] = response.lines
    assert (response.authorization_number, response.authorization_period, response.reviewer) == (None, None, None)
    assert (line.authorization_issued, line.detail, line.authorized_providers) == (None, None, ())
    assert line.administrative_reference_number == "W1"
    assert line.actions[0].number is None


def test_a_clinician_s_denial_names_the_clinician_and_the_number() -> None:
    clinician = Decider(kind="clinician", reviewer="r", specialty="pain", npi=Identifier("npi", "1"))
    told = LineDetermination(1, "non-affirmed", "Why.", reason_codes=(Concept(text="0F"),))
    response = answer(told, decider=clinician, authorization_number="UTN")
    [line] = response.lines
    assert response.reviewer is not None
    assert (response.reviewer.human, response.reviewer.npi) == (True, clinician.npi)
    assert line.administrative_reference_number == "UTN"
    assert response.authorization_number is None
    assert line.actions[0].reasons == (Concept(text="0F"),)


def test_the_same_remark_is_made_once() -> None:
    response = answer(
        LineDetermination(1, "in-review", "Same."), LineDetermination(2, "in-review", "Same."), explanations=("Other.",)
    )
    assert [(note.number, note.text) for note in response.notes] == [(1, "Same."), (2, "Other.")]
    assert [line.notes for line in response.lines] == [(1,), (1,)]


def test_errors_alone_stop_the_processing_and_beside_lines_it_is_partial() -> None:
    error = RequestError(Concept(text="33"), note=1)
    words = ("What is wrong.",)
    alone = answer(LineDetermination(1, "unanswered"), errors=(error,), explanations=words)
    assert (alone.outcome, alone.lines) == ("error", ())
    assert alone.notes[0].text == "What is wrong."
    assert alone.errors[0].note == 1
    assert answer(LineDetermination(1, "affirmed"), errors=(error,), explanations=words).outcome == "partial"


def test_a_line_more_is_authorized_with_the_same_number() -> None:
    added = AddedLine(3, Concept(text="three"))
    response = answer(LineDetermination(1, "affirmed", added=(added,)), authorization_number="UTN")
    [line] = response.added_lines
    assert (line.sequence, line.actions[0].number, line.authorization_issued) == (3, "UTN", "2026-03-02")


def test_records_are_asked_for_by_number() -> None:
    asked = (InformationRequest(line=1, code="18776-5"), InformationRequest(code="11506-3"))
    response = answer(LineDetermination(1, "in-review"), information_requests=asked)
    numbers = [each.identifier for each in response.information_requests]
    assert numbers == [Identifier(ATTACHMENT_CONTROL_NUMBERS, f"W1-{number}") for number in (1, 2)]
    assert {each.sender for each in response.information_requests} == {Provider(HOSPITAL)}
    assert {each.requester for each in response.information_requests} == {REQUEST.payer}


def test_no_one_is_asked_to_send_where_no_organization_is_known() -> None:
    alone = replace(REQUEST, requester=Provider(practitioner=SURGEON))
    [asked] = answer(request=alone, information_requests=(InformationRequest(code="x"),)).information_requests
    assert asked.sender is None


def test_many_lines_take_no_more_than_their_number() -> None:
    crowd = tuple(CareTeamMember(number, Provider(HOSPITAL)) for number in range(1, 20_001))
    lines = tuple(ServiceLine(number, care_team=(number,)) for number in range(1, 20_001))
    told = tuple(LineDetermination(number, "affirmed", f"Reason {number}.") for number in range(1, 20_001))
    response = answer(*told, request=replace(REQUEST, care_team=crowd, lines=lines))
    assert len(response.notes) == len(response.lines) == 20_000
