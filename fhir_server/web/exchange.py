"""What every FHIR route does alike: know the caller, agree on formats, answer with a resource or with issues."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from fhir_server.authorization.caller import Caller
from fhir_server.errors import (
    ContentMalformed,
    ContentTooLarge,
    ContentTypeUnknown,
    Issue,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    Refusal,
)
from fhir_server.fhir import json
from fhir_server.fhir.negotiation import MIME, answer_format, content_format
from fhir_server.fhir.outcome import operation_outcome
from fhir_server.fhir.xml import dumps as xml_dumps
from fhir_server.security.clients import Identification
from fhir_server.web.problems import problem_response

log = structlog.get_logger()


def known_caller(identification: Identification) -> Caller:
    """Return who sent the present request; raise `NotAuthenticated`."""
    caller = identification.caller(request.headers.get("Authorization"), _sender_address())
    structlog.contextvars.bind_contextvars(client=caller.client)
    return caller


def _sender_address() -> str | None:
    """Return where the request came from; ``None`` where a proxy passed it on, whose word is not taken for it."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip"))
    return None if forwarded else request.remote_addr


def agreed_format(offered: Sequence[str]) -> str:
    """Return the format to answer in; raise `NotAcceptable`."""
    return answer_format(request.headers.get("Accept"), request.args.get("_format"), offered)


def sent_body(taken: Sequence[str], most_bytes: int) -> bytes:
    """Return the body of the present request, all of it.

    Raises `ContentTypeUnknown`, also for a compressed body; `ContentTooLarge` beyond *most_bytes*, in whatever pieces
    the body comes; `ContentMalformed` for one that does not come to its end.
    """
    content_format(request.headers.get("Content-Type"), taken)
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise ContentTypeUnknown.because("The body is compressed.", "Send it without Content-Encoding.")
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - what servers make of a broken chunk or line has no common class
        log.info("body", kind=type(error).__name__)
        raise ContentMalformed.because("The body did not arrive whole.", "Send it again.") from None
    if len(body) > most_bytes:
        raise ContentTooLarge.because("The body is too large.", f"Send at most {most_bytes} bytes.")
    return body


def resource_response(
    resource: Mapping[str, Any], name: str = "json", status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return *resource* in the format *name*."""
    body = xml_dumps(dict(resource)) if name == "xml" else json.dumps(resource)
    response = Response(body, status, content_type=f"{MIME[name]}; charset=utf-8")
    response.headers.update(headers or {})
    return response


def refusal_response(refusal: Refusal) -> Response:
    """Return *refusal* as the address tells it: JSON problems under `/api`, an OperationOutcome everywhere else.

    An OperationOutcome comes in the format that the caller asked for where there is a choice.
    """
    if request.path.startswith("/api/"):
        return problem_response(refusal)
    try:
        name = agreed_format(("json", "xml"))
    except NotAcceptable:
        name = "json"
    structlog.contextvars.bind_contextvars(rules=sorted({issue.rule for issue in refusal.issues})[:20])
    return resource_response(operation_outcome(refusal.issues), name, refusal.status, refusal.headers)


def register_refusals(app: Flask) -> None:
    """Let every refusal, and every fault of the HTTP layer, leave as one OperationOutcome."""
    app.register_error_handler(Refusal, refusal_response)
    app.register_error_handler(HTTPException, _http_refusal)
    app.register_error_handler(Exception, _fault)


def _http_refusal(error: HTTPException) -> Response:
    if error.code is None or error.code >= 500:
        return _fault(getattr(error, "original_exception", None) or error)
    return refusal_response(_as_refusal(error))


def _as_refusal(error: HTTPException) -> Refusal:
    match error.code:
        case 404:
            return NotFound.because("Nothing lives at this address.", "GET / lists the addresses of this server.")
        case 405:
            found, mend = "The address does not take this method.", "See the header Allow."
            issue = Issue(MethodNotAllowed.rule, found, mend, code=MethodNotAllowed.issue_code)
            return MethodNotAllowed([issue], getattr(error, "valid_methods", None) or ())
        case 413:
            most = current_app.config["MAX_CONTENT_LENGTH"] - 1
            return ContentTooLarge.because("The body is too large.", f"Send at most {most} bytes.")
        case 415:
            return ContentTypeUnknown.because("The body's format is not taken here.", "Send application/fhir+json.")
        case _:
            return ContentMalformed.because(f"The request cannot be read: {error.name}.", "Mend the request.")


class _Fault(Refusal):
    """A fault of ours. The caller learns nothing but that it is ours."""

    status, issue_code, rule, aaa_code = 500, "exception", "server-fault", "42"


def _fault(error: Exception) -> Response:
    # Where it happened, without the values: a message or a local may hold a beneficiary's data.
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames]
    log.error("fault", kind=type(error).__name__, at=places)
    return refusal_response(_Fault.because("The server has a fault.", "Send the request again later."))
