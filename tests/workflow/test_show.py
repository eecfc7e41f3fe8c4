"""The log of a case, for those who may read it."""

from __future__ import annotations

import hashlib

import pytest

from fhir_server.authorization.caller import Caller, Role, operator
from fhir_server.errors import NotAllowed, NotFound
from fhir_server.fhir import json
from fhir_server.installed import data_folder
from fhir_server.security.clients import DEVELOPMENT
from fhir_server.workflow.show import show
from tests.web.served import Served, case_of

BODY = (data_folder("examples") / "wiser" / "01-knee-arthroscopy.json").read_bytes()


def test_a_log_tells_events_messages_and_records_without_their_content(served: Served) -> None:
    answer = served.submit(BODY)
    log = show(served.database, operator(), case_of(answer))

    assert (log.number, log.owner, log.channel, log.state) == (case_of(answer), DEVELOPMENT, "pas-2.2.1", "in-review")
    assert [event.kind.value for event in log.events] == ["received", "determined", "answered"]
    received, sent = log.messages
    assert (received.direction, received.size) == ("received", len(BODY))
    assert received.sha256 == hashlib.sha256(BODY).hexdigest()
    assert (sent.direction, sent.status, sent.sha256) == ("sent", 200, hashlib.sha256(answer.data).hexdigest())
    assert all(not each.content for each in log.events[0].data.request.documents)  # type: ignore[union-attr]


def test_each_record_is_told_by_what_it_is(served: Served) -> None:
    sent = {
        entry["fullUrl"]: entry["resource"]
        for entry in json.loads(BODY)["entry"]
        if entry["resource"]["resourceType"] == "DocumentReference"
    }

    log = show(served.database, operator(), case_of(served.submit(BODY)))

    assert {each.key for each in log.documents} == set(sent)
    for each in log.documents:
        content = json.dumps(sent[each.key])
        assert (each.event, each.kind, each.media_type) == (1, "DocumentReference", "application/fhir+json")
        assert (each.size, each.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert each.type == sent[each.key]["type"]["text"]


def test_a_client_reads_its_own_cases_only(served: Served) -> None:
    case = case_of(served.submit(BODY))

    assert show(served.database, Caller(DEVELOPMENT), case).number == case
    assert show(served.database, Caller("nurse", roles=frozenset({Role.REVIEWER})), case).number == case
    with pytest.raises(NotAllowed):
        show(served.database, Caller("other"), case)


def test_a_case_that_is_not_there_is_not_found(served: Served) -> None:
    with pytest.raises(NotFound):
        show(served.database, operator(), "W20260101-00000000")
