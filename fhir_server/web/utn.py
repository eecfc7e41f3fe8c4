"""Tracking numbers for claim systems and operators: check a claim line, record claims, see and enter numbers.

Plain JSON. Refusals hold every problem found, as ``issues``. A beneficiary is named in a body, never in an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError

from fhir_server.authorization.caller import Caller
from fhir_server.errors import ContentTypeUnknown
from fhir_server.fhir import json
from fhir_server.fhir.limits import Limits
from fhir_server.policy.pack import Pack
from fhir_server.security.clients import Identification
from fhir_server.store.database import Database
from fhir_server.store.tracking import TrackingRecord
from fhir_server.store.unit import UnitOfWork
from fhir_server.web.exchange import known_caller, sent_body
from fhir_server.web.problems import JSON, invalid, json_response, register_problems
from fhir_server.web.utn_schemas import (
    ClaimCheckSchema,
    ClaimLineSchema,
    ClaimOutcomesSchema,
    FailureSchema,
    NumberSchema,
    RecordedClaimsSchema,
    RetrySchema,
    TrackingNumbersSchema,
)
from fhir_server.workflow.claims import check_claim, record_claims
from fhir_server.workflow.tracking_numbers import TellAnew, enter_failure, enter_number, retry

PREFIX = "/api/utn"


@dataclass(frozen=True, slots=True)
class TrackingService:
    """What the routes work with."""

    database: Database
    packs: Sequence[Pack]
    identification: Identification
    limits: Limits
    tell: TellAnew
    clock: Callable[[], datetime]


def utn_blueprint(service: TrackingService) -> Blueprint:
    """Return the routes under `/api/utn`."""
    blueprint = Blueprint("utn", __name__, url_prefix=PREFIX)
    register_problems(blueprint)

    @blueprint.post("/check")
    def check() -> Response:
        caller, sent = _caller(service), _sent(ClaimLineSchema(), service.limits)
        return _told(ClaimCheckSchema(), asdict(check_claim(service.database, caller, sent, service.packs)))

    @blueprint.post("/claims")
    def claims() -> Response:
        caller, sent = _caller(service), _sent(ClaimOutcomesSchema(), service.limits)
        recorded = record_claims(service.database, caller, sent["claims"], service.clock())
        return _told(RecordedClaimsSchema(), {"recorded": [asdict(each) for each in recorded]})

    @blueprint.get("/<case>")
    def numbers(case: str) -> Response:
        with service.database.read(_caller(service)) as unit:
            return _told(TrackingNumbersSchema(), tracking_of(unit, case))

    @blueprint.post("/<case>/number")
    def number(case: str) -> Response:
        caller, sent = _caller(service), _sent(NumberSchema(), service.limits)
        with service.database.write(caller) as unit:
            enter_number(unit, case, sent["number"], service.tell, service.clock(), sent["decision"])
            return _told(TrackingNumbersSchema(), tracking_of(unit, case))

    @blueprint.post("/<case>/failure")
    def failure(case: str) -> Response:
        caller, (failed, decision) = _caller(service), _sent(FailureSchema(), service.limits)
        with service.database.write(caller) as unit:
            enter_failure(unit, case, failed, service.tell, service.clock(), decision)
            return _told(TrackingNumbersSchema(), tracking_of(unit, case))

    @blueprint.post("/<case>/retry")
    def again(case: str) -> Response:
        caller, sent = _caller(service), _sent(RetrySchema(), service.limits)
        with service.database.write(caller) as unit:
            retry(unit, case, service.clock(), sent["decision"])
            return _told(TrackingNumbersSchema(), tracking_of(unit, case))

    return blueprint


def tracking_of(unit: UnitOfWork, case: str) -> dict[str, Any]:
    """Return the numbers of *case* as `TrackingNumbersSchema` tells them."""
    state = unit.cases.get(case).state
    return {"case": case, "state": state.value, "numbers": [_number(unit, each) for each in unit.tracking.of(case)]}


def _number(unit: UnitOfWork, record: TrackingRecord) -> dict[str, Any]:
    used = unit.tracking.units_used(record.case, record.decision)
    lines = unit.tracking.lines(record.case, record.decision)
    told = [{**asdict(line), "units_used": used.get(line.service_code, 0)} for line in lines]
    return {**asdict(record), "lines": told}


def _caller(service: TrackingService) -> Caller:
    return known_caller(service.identification)


def _sent(schema: Schema, limits: Limits) -> Any:
    """Return what the body holds. Raises `ContentInvalid` with every field at fault, and never its content."""
    if request.mimetype != JSON:
        raise ContentTypeUnknown.because("The body is not JSON by its Content-Type.", f"Send {JSON}.")
    body = json.loads(sent_body(("json",), limits.max_bytes), limits)
    try:
        return schema.load(body)
    except ValidationError as error:
        raise invalid(error.normalized_messages()) from None  # type: ignore[no-untyped-call]


def _told(schema: Schema, content: Mapping[str, Any]) -> Response:
    return json_response(schema.dump(content))
