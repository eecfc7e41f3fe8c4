"""How the JSON API refuses: one list of all problems, each with its rule, what was found, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from fhir_server.errors import ContentInvalid, ContentMalformed, ContentTooLarge, Issue, Refusal

JSON = "application/json"
UNKNOWN = ["Unknown field."]
"""What marshmallow says of a member that no schema has."""


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return *content* as JSON."""
    response = Response(msgspec.json.encode(content), status, content_type=JSON)
    response.headers.update(headers or {})
    return response


def problem_response(refusal: Refusal) -> Response:
    """Return the problems of *refusal* with its status."""
    structlog.contextvars.bind_contextvars(rules=sorted({issue.rule for issue in refusal.issues})[:20])
    issues = [
        {"rule": each.rule, "found": each.found, "mend": each.mend, "field": each.expression} for each in refusal.issues
    ]
    return json_response({"issues": issues}, refusal.status, refusal.headers)


def register_problems(blueprint: Blueprint) -> None:
    """Let every refusal of the blueprint's routes leave as a list of problems."""
    blueprint.register_error_handler(Refusal, problem_response)
    blueprint.register_error_handler(HTTPException, _http_problem)


def invalid(messages: Mapping[Any, Any] | Sequence[Any]) -> ContentInvalid:
    """Return the refusal for what a marshmallow schema says about a body or a query."""
    return ContentInvalid(
        Issue("json-field", found, "See /openapi.json for what is expected.", field or None)
        for field, found in _flat(messages)
    )


def _flat(messages: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each problem with its place; names that the sender chose are not repeated."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if inner == UNKNOWN:
                yield place, "A member is not known here."
            elif isinstance(inner, Mapping) and "key" in inner:
                yield from _flat(inner["key"], place)
            else:
                yield from _flat(inner, _joined(place, key))
    elif isinstance(messages, Iterable) and not isinstance(messages, str):
        for each in messages:
            yield from _flat(each, place)
    else:
        yield place, str(messages)


def _joined(place: str, key: object) -> str:
    if isinstance(key, int):
        return f"{place}[{key}]"
    if key in ("_schema", "value"):
        return place
    return f"{place}.{key}" if place else str(key)


def _http_problem(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return problem_response(ContentTooLarge.because("The body is too large.", "Send less."))
    return problem_response(ContentMalformed.because(f"The request cannot be read: {error.name}.", "Mend the request."))
