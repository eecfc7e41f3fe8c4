"""What a client reads in an answer, in the shapes of both releases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization import codes
from fhir_server.client import AnswerError, LineAction, PasAnswerUnreadable, SubmitAnswer
from fhir_server.client import answer as module
from tests.client.answers import adjudication, answer, error_2_0, error_2_2


def test_actions_come_for_the_whole_for_lines_and_for_added_lines() -> None:
    notes = [{"number": 1, "text": "First."}, {"number": 2, "text": "Second."}]
    told = SubmitAnswer(
        200,
        answer(
            adjudication=[adjudication("A2")],
            item=[
                {"itemSequence": 3, "noteNumber": [2, 1, 9], "adjudication": [adjudication("NA", dismissal="D02")]},
                {"itemSequence": 4, "adjudication": [adjudication("A3", reason="0F", number="REF-1")]},
            ],
            addItem=[
                {
                    "itemSequence": [3],
                    "productOrService": {"text": "x"},
                    "adjudication": [adjudication("A1", number="U")],
                }
            ],
            processNote=notes,
        ),
    )

    assert told.actions() == (
        LineAction(None, "A2", "label of A2"),
        LineAction(3, "NA", "label of NA", beside=("D02",), notes=("Second.", "First.")),
        LineAction(4, "A3", "label of A3", reasons=("0F",), number="REF-1"),
        LineAction(3, "A1", "label of A1", number="U", added=True),
    )
    assert told.notes() == ("First.", "Second.")
    assert told.errors() == ()


def test_errors_are_read_in_the_shape_of_each_release() -> None:
    told = SubmitAnswer(
        200,
        answer(
            outcome="error",
            error=[error_2_2("72", 1), error_2_0("79")],
            processNote=[{"number": 1, "text": "Say why."}],
        ),
    )

    assert told.outcome == "error"
    assert told.errors() == (
        AnswerError("72", beside=("D04",), follow_up="C", position="2010A-NM103", words="Say why."),
        AnswerError("79", position="2010A-NM103"),
    )


def test_an_answer_of_another_server_has_no_case_number() -> None:
    own = answer(identifier=[{"system": "urn:x", "value": "1"}, {"system": codes.RESPONSE_NUMBERS, "value": "W1-AB-2"}])

    assert SubmitAnswer(200, own).case == "W1-AB"
    assert SubmitAnswer(200, answer()).case is None


def test_the_systems_are_those_of_the_server() -> None:
    assert module.RESPONSE_NUMBERS == codes.RESPONSE_NUMBERS
    assert module.REVIEW_ACTIONS == codes.REVIEW_ACTIONS


def test_objects_are_those_of_fhir_resources() -> None:
    told = SubmitAnswer(200, answer(disposition="fine"))

    assert type(told.bundle).__module__.startswith("fhir.resources.R4B.")
    assert told.claim_response.disposition == "fine"
    assert told.bundle is told.bundle


def test_content_keeps_decimals_that_objects_normalize() -> None:
    body = answer(total=[]).replace(b'"total": []', b'"total": [{"category":{"text":"t"},"amount":{"value":1.00}}]')
    told = SubmitAnswer(200, body)

    amount = told.content["entry"][0]["resource"]["total"][0]["amount"]["value"]
    assert (type(amount), str(amount)) == (Decimal, "1.00")
    assert told.raw == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"resourceType":"Bundle","entry":[]}',
        b'{"resourceType":"Bundle","entry":["x"]}',
        b'{"resourceType":"Bundle","entry":{"0":1}}',
        b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"OperationOutcome"}}]}',
    ],
)
def test_anything_else_is_unreadable(body: bytes) -> None:
    with pytest.raises(PasAnswerUnreadable):
        _ = SubmitAnswer(200, body).content


@given(st.binary(max_size=200))
def test_no_content_raises_anything_else(body: bytes) -> None:
    with pytest.raises(PasAnswerUnreadable):
        _ = SubmitAnswer(200, body).content
