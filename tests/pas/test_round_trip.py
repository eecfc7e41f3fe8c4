"""The hub into FHIR and back: whatever the hub can hold arrives as it was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.response import AuthorizationResponse
from fhir_server.fhir import json
from fhir_server.fhir.limits import Limits
from fhir_server.pas.read import read_inquiry, read_response, read_submission
from fhir_server.pas.versions import STU_2_0, STU_2_2, VERSIONS, Version
from fhir_server.pas.write import request_bundle, response_bundle
from tests.pas.hub import requests, responses, with_sorted_documents

LIMITS = Limits()
GENEROUS = settings(max_examples=150, deadline=None)
MOMENT = "2026-03-02T15:04:05Z"


def there_and_back(told: AuthorizationRequest, version: Version) -> AuthorizationRequest:
    body = json.dumps(request_bundle(told, version, seed="seed"))
    read = read_inquiry if told.purpose == "inquiry" else read_submission
    return with_sorted_documents(read(body, version, LIMITS).request)  # type: ignore[no-any-return]


def answered_and_back(told: AuthorizationResponse, version: Version) -> AuthorizationResponse:
    body = json.dumps(response_bundle(told, version, case="seed", moment=MOMENT))
    return with_sorted_documents(read_response(body, version, LIMITS))  # type: ignore[no-any-return]


@pytest.mark.rule("PAS-004", "PAS-011")
@given(requests())
@GENEROUS
def test_a_request_comes_back_as_it_was(told: AuthorizationRequest) -> None:
    assert there_and_back(told, STU_2_2) == told


@pytest.mark.rule("PAS-070", "PAS-074")
@given(requests("update"))
@GENEROUS
def test_an_update_comes_back_as_it_was(told: AuthorizationRequest) -> None:
    assert there_and_back(told, STU_2_2) == told


@given(requests("inquiry"))
@GENEROUS
def test_an_inquiry_comes_back_as_it_was(told: AuthorizationRequest) -> None:
    assert there_and_back(told, STU_2_2) == told


@pytest.mark.rule("PAS-006")
@given(responses())
@GENEROUS
def test_an_answer_comes_back_as_it_was(told: AuthorizationResponse) -> None:
    assert answered_and_back(told, STU_2_2) == told


@given(requests())
@GENEROUS
def test_what_2_0_can_carry_comes_back_from_it(told: AuthorizationRequest) -> None:
    once = there_and_back(told, STU_2_0)
    assert there_and_back(once, STU_2_0) == once


@given(responses())
@GENEROUS
def test_what_an_answer_in_2_0_can_carry_comes_back_from_it(told: AuthorizationResponse) -> None:
    once = answered_and_back(told, STU_2_0)
    assert answered_and_back(once, STU_2_0) == once


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
@given(told=responses())
@GENEROUS
def test_the_same_answer_makes_the_same_bundle(version: Version, told: AuthorizationResponse) -> None:
    first, second = (response_bundle(told, version, case="seed", moment=MOMENT) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def _stored(told: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(told), type=type(told))


@given(requests("update"))
@GENEROUS
def test_a_request_is_stored_as_it_was(told: AuthorizationRequest) -> None:
    assert _stored(told) == told


@given(responses())
@GENEROUS
def test_an_answer_is_stored_as_it_was(told: AuthorizationResponse) -> None:
    assert _stored(told) == told
