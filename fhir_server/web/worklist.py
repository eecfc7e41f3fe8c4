"""The clinicians' worklist as a JSON API: read the request, take the step, write the answer.

A case has a version, told as ``ETag``. A step that names it in ``If-Match`` is refused where something else happened to
the case meanwhile; whoever decides has to name it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from flask import Blueprint, Response, request
from marshmallow import ValidationError

from fhir_server.authorization.caller import Caller, Role
from fhir_server.authorization.evidence import EvidencePointer
from fhir_server.errors import ContentTypeUnknown
from fhir_server.fhir import json
from fhir_server.fhir.limits import Limits
from fhir_server.security.clients import Identification
from fhir_server.store.worklist_items import Filter
from fhir_server.web.exchange import known_caller, sent_body
from fhir_server.web.openapi import Operation
from fhir_server.web.problems import JSON, invalid, json_response, register_problems
from fhir_server.web.worklist_operations import OPERATIONS
from fhir_server.workflow.review.asking import Talk, peer_to_peer, reclassify, request_information
from fhir_server.workflow.review.assignment import claim, reassign, release
from fhir_server.workflow.review.correction import reopen, second_look
from fhir_server.workflow.review.decision import Decision, LineDecision, decide
from fhir_server.workflow.review.desk import Desk
from fhir_server.workflow.review.finding import NewFinding, confirm_met, record_finding
from fhir_server.workflow.review.listing import listed
from fhir_server.workflow.review.refusals import VersionMissing
from fhir_server.workflow.review.showing import record, shown
from fhir_server.workflow.reviewers import known_reviewers

LISTS = ("specialty", "state", "tier", "status")
NO_VERSION = -1
"""Matches no case: what an ``If-Match`` that this server never gave comes to."""
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")
CASE_NUMBER = re.compile(r"W\d{8}-[0-9A-Z]{8}")
_ETAG = re.compile(r'"(\d{1,9})"')


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes work with."""

    desk: Desk
    identification: Identification
    limits: Limits
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who asks, when, about which case, and what he sent. ``expected`` is the version that he saw."""

    desk: Desk
    caller: Caller
    at: datetime
    case: str
    number: int
    body: Mapping[str, Any]
    query: Mapping[str, Any]
    expected: int | None


def worklist_blueprint(service: Service) -> Blueprint:
    """Return the routes of the worklist, one for each operation."""
    blueprint = Blueprint("worklist", __name__)
    for operation in OPERATIONS:
        view = _view(operation, HANDLERS[operation.name], service)
        blueprint.add_url_rule(operation.route, operation.name, view, methods=[operation.method])
    register_problems(blueprint)
    return blueprint


def _view(operation: Operation, handle: Callable[[Call], Any], service: Service) -> Callable[..., Response]:
    def view(case: str = "", number: int = 0) -> Response:
        caller = known_caller(service.identification)
        # Whatever else stands in the address might name a person.
        structlog.contextvars.bind_contextvars(case=case if CASE_NUMBER.fullmatch(case) else None)
        body = _body(operation, service.limits)
        query = _query(operation)
        call = Call(service.desk, caller, service.clock(), case, number, body, query, _expected(operation))
        return _answer(operation, handle(call))

    return view


def _body(operation: Operation, limits: Limits) -> Mapping[str, Any]:
    if operation.body is None:
        return {}
    if request.mimetype != JSON:
        raise ContentTypeUnknown.because("The body is not JSON by its Content-Type.", f"Send {JSON}.")
    sent = json.loads(sent_body(("json",), limits.max_bytes), limits)
    try:
        loaded = operation.body().load(sent)
    except ValidationError as error:
        raise invalid(error.messages) from None
    return dict(loaded)


def _query(operation: Operation) -> Mapping[str, Any]:
    if operation.query is None:
        return {}
    sent: dict[str, Any] = {
        name: request.args.getlist(name) if name in LISTS else request.args[name] for name in request.args
    }
    try:
        return dict(operation.query().load(sent))
    except ValidationError as error:
        raise invalid(error.messages) from None


def _expected(operation: Operation) -> int | None:
    sent = request.headers.get("If-Match")
    if operation.if_match == "no" or sent == "*" or (sent is None and operation.if_match == "may"):
        return None
    if sent is None:
        raise VersionMissing.because(
            "The version of the case that was looked at is not named.", "Send its ETag as If-Match."
        )
    found = _ETAG.fullmatch(sent.strip())
    return int(found[1]) if found else NO_VERSION


def _answer(operation: Operation, result: Any) -> Response:
    if operation.answer is None:
        return _bytes(result.content, result.media_type)
    version = getattr(result, "version", None)
    headers = {"ETag": f'"{version}"'} if version is not None else {}
    return json_response(operation.answer().dump(result), headers={**headers, "Cache-Control": "no-store"})


def _bytes(content: bytes, media_type: str) -> Response:
    """Return a record as it came, to be kept and not to be run: whoever sent it may have put anything in it."""
    known = _MEDIA_TYPE.fullmatch(media_type)
    response = Response(content, content_type=media_type if known else "application/octet-stream")
    response.headers["Content-Disposition"] = "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response


def _list(call: Call) -> Mapping[str, Any]:
    asked = call.query
    after = (asked["after_due_at"], asked["after_case"]) if {"after_due_at", "after_case"} <= asked.keys() else None
    wanted = Filter(
        specialties=tuple(asked["specialty"]),
        states=tuple(asked["state"]),
        category=asked.get("category"),
        assigned_to=call.caller.client if asked["mine"] else asked.get("assigned_to"),
        unassigned=asked["unassigned"],
        overdue_at=call.at if asked["overdue"] else None,
        statuses=tuple(asked["status"]),
        tiers=tuple(asked["tier"]),
        expedited=asked.get("expedited"),
        most=asked["most"],
        after=after,
    )
    rows = listed(call.desk, call.caller, call.at, wanted, fitting=asked["fitting"])
    last = rows[-1].item if len(rows) == asked["most"] else None
    return {"items": rows, "next": {"after_due_at": last.due_at, "after_case": last.case} if last else None}


def _finding(call: Call) -> Any:
    evidence = tuple(EvidencePointer(**each) for each in call.body["evidence"])
    finding = NewFinding(**{**call.body, "evidence": evidence})
    return record_finding(call.desk, call.caller, call.case, finding, call.at, expected=call.expected)


def _decide(call: Call) -> Any:
    lines = {
        sequence: LineDecision(each["outcome"], each["units"], tuple(each["reason_codes"]))
        for sequence, each in call.body["lines"].items()
    }
    decision = Decision(lines, call.body["rationale"])
    return decide(call.desk, call.caller, call.case, decision, call.at, expected=call.expected)


def _reviewers(call: Call) -> Mapping[str, Any]:
    return {"reviewers": known_reviewers(call.desk.database, call.caller)}


def _reason_codes(call: Call) -> Mapping[str, Any]:
    if not call.caller.sees_all:
        call.caller.require(Role.REVIEWER)
    return {"reason_codes": tuple(call.desk.reason_codes.values())}


def _step(take: Callable[..., Any]) -> Callable[[Call], Any]:
    """Return the handler of a step that takes the members of its body by their names."""

    def handle(call: Call) -> Any:
        return take(call.desk, call.caller, call.case, at=call.at, expected=call.expected, **call.body)

    return handle


HANDLERS: Mapping[str, Callable[[Call], Any]] = {
    "list_cases": _list,
    "show_case": lambda call: shown(call.desk, call.caller, call.case, call.at),
    "show_record": lambda call: record(call.desk, call.caller, call.case, call.number),
    "claim_case": _step(claim),
    "release_case": _step(release),
    "reassign_case": _step(reassign),
    "record_finding": _finding,
    "confirm_met": _step(confirm_met),
    "decide_case": _decide,
    "request_information": _step(request_information),
    "ask_second_look": _step(second_look),
    "note_talk": lambda call: peer_to_peer(
        call.desk, call.caller, call.case, Talk(**call.body), call.at, expected=call.expected
    ),
    "reclassify_case": _step(reclassify),
    "reopen_case": _step(reopen),
    "list_reviewers": _reviewers,
    "list_reason_codes": _reason_codes,
}
"""What each operation does."""
