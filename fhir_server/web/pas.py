"""The PAS operations of one release: read the request, call the use case, write the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Blueprint, Response

from fhir_server.authorization.caller import Role
from fhir_server.fhir.limits import Limits
from fhir_server.fhir.validation import Validator
from fhir_server.pas.precheck import precheck_parameters
from fhir_server.pas.read import FHIR_JSON, read_submission
from fhir_server.pas.versions import Version
from fhir_server.security.clients import Identification
from fhir_server.store.database import Database
from fhir_server.web.exchange import agreed_format, known_caller, resource_response, sent_body
from fhir_server.web.renderers import renderer
from fhir_server.workflow.circumstances import Review
from fhir_server.workflow.precheck import precheck
from fhir_server.workflow.submit import Submission, submit

JSON_ONLY = ("json",)  # PAS-018: the operations take and give JSON


@dataclass(frozen=True, slots=True)
class Service:
    """What the PAS routes work with."""

    database: Database
    review: Review
    identification: Identification
    limits: Limits
    validators: Mapping[str, Validator]
    clock: Callable[[], datetime]


def pas_blueprint(version: Version, service: Service) -> Blueprint:
    """Return the routes of *version* under its base address."""
    blueprint = Blueprint(f"pas_{version.label.replace('.', '_')}", __name__, url_prefix=f"/{version.base}/fhir")
    render = renderer(version, sandbox=service.review.sandbox)

    @blueprint.post("/Claim/$submit")
    def submit_claim() -> Response:
        caller = known_caller(service.identification)
        agreed_format(JSON_ONLY)
        body = sent_body(JSON_ONLY, service.limits.max_bytes)
        received_at = service.clock()
        intake = read_submission(body, version, service.limits, service.validators[version.label])
        submission = Submission(caller, version.channel, received_at, FHIR_JSON, body, intake)
        answer = submit(submission, service.database, service.review, render, FHIR_JSON)
        structlog.contextvars.bind_contextvars(case=answer.case, replayed=answer.replayed)
        return _answer_response(answer.body, answer.status, answer.content_type, answer.replayed)

    @blueprint.post("/Claim/$precheck")
    def precheck_claim() -> Response:
        caller = known_caller(service.identification)
        agreed_format(JSON_ONLY)
        body = sent_body(JSON_ONLY, service.limits.max_bytes)
        intake = read_submission(body, version, service.limits, service.validators[version.label])
        caller.require(Role.SUBMITTER)
        determination = precheck(intake.request, caller, service.database, service.review, service.clock())
        return resource_response(precheck_parameters(determination))

    return blueprint


def _answer_response(body: bytes, status: int, content_type: str, replayed: bool) -> Response:
    response = Response(body, status, content_type=f"{content_type}; charset=utf-8")
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
