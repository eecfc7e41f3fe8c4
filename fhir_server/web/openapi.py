"""The operations of the JSON API as one table, and the OpenAPI 3.1 document that is made from it.

A row of the table gives its route and its part of the document, so neither can say what the other does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response
from marshmallow import Schema, fields

from fhir_server import __version__
from fhir_server.web.problems import JSON

PATH_PARAMETERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "case": ("string", {"description": "The case number.", "schema": {"type": "string"}}),
    "number": (
        "int",
        {"description": "The number of the record, from 1.", "schema": {"type": "integer", "minimum": 1}},
    ),
}
"""Parts of an address: how a route reads them, and how the document tells them."""
REFUSALS: Mapping[int, str] = {
    400: "Something is wrong with what was sent; all of it is told.",
    401: "Nobody that this server knows sent the request.",
    403: "The caller may not do this.",
    404: "There is no such case or record.",
    409: "The case does not stand where the step needs it.",
    412: "The case changed since the version that If-Match names.",
    415: "The body is not JSON.",
    428: "If-Match is needed, with the version of the case that was looked at.",
}


TAG_OF_MODULE: Mapping[str, str] = {"fhir_server.web.utn_schemas": "Utn"}
"""What stands before the names of a module's schemas in the document."""


class ProblemSchema(Schema):
    """One thing that is wrong."""

    rule = fields.String(required=True, metadata={"description": "A stable key."})
    found = fields.String(required=True)
    mend = fields.String(required=True, metadata={"description": "How to mend it."})
    field = fields.String(required=True, allow_none=True, metadata={"description": "The member that is at fault."})


class ProblemsSchema(Schema):
    """Why a request was refused."""

    issues = fields.List(fields.Nested(ProblemSchema), required=True)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its name, route, schemas, and whether it heeds ``If-Match``.

    ``answer`` is ``None`` where the answer is bytes of any type.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    answer: type[Schema] | None
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    if_match: Literal["no", "may", "must"] = "no"
    tag: str = "worklist"

    @property
    def route(self) -> str:
        """The rule of the route, as Flask writes it."""
        rule = self.path
        for name, (kind, _) in PATH_PARAMETERS.items():
            rule = rule.replace(f"{{{name}}}", f"<{kind}:{name}>")
        return rule

    @property
    def refusals(self) -> tuple[int, ...]:
        """The statuses that it refuses with."""
        found = [401, 403]
        found += [400] if self.body or self.query else []
        found += [404] if "{" in self.path else []
        found += [415] if self.body else []
        found += [409] if self.if_match != "no" else []
        found += [412] if self.if_match != "no" else []
        return tuple(sorted([*found, 428] if self.if_match == "must" else found))


def openapi_document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the OpenAPI document of *operations*."""
    spec = APISpec(
        title="wiser-pas",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": "The JSON API for reviewers and claim systems.", "license": {"name": "Apache-2.0"}},
        plugins=[MarshmallowPlugin(schema_name_resolver=_schema_name)],
        security=[{"token": []}],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Problems", schema=ProblemsSchema)
    for each in operations:
        spec.path(path=each.path, operations={each.method.lower(): _operation(each)})
    document: dict[str, Any] = spec.to_dict()
    return document


def openapi_blueprint(operations: Iterable[Operation]) -> Blueprint:
    """Return the route of ``/openapi.json``."""
    blueprint = Blueprint("openapi", __name__)
    told = tuple(operations)

    @cache
    def body() -> bytes:
        return msgspec.json.encode(openapi_document(told))

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return Response(body(), content_type=JSON)

    return blueprint


def _operation(each: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.summary,
        "tags": [each.tag],
        "parameters": list(_parameters(each)),
        "responses": {"200": _answer(each), **{str(status): _refusal(status) for status in each.refusals}},
    }
    if each.body is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": each.body}}}
    return told


def _parameters(each: Operation) -> Iterable[Any]:
    for name, (_, told) in PATH_PARAMETERS.items():
        if f"{{{name}}}" in each.path:
            yield {"name": name, "in": "path", "required": True, **told}
    if each.if_match != "no":
        yield {
            "name": "If-Match",
            "in": "header",
            "required": each.if_match == "must",
            "description": "The ETag of the case as it was looked at.",
            "schema": {"type": "string"},
        }
    if each.query is not None:
        yield {"in": "query", "schema": each.query}


def _answer(each: Operation) -> dict[str, Any]:
    if each.answer is None:
        return {"description": "The bytes.", "content": {"*/*": {"schema": {}}}}
    told: dict[str, Any] = {"description": "Done.", "content": {JSON: {"schema": each.answer}}}
    if "{case}" in each.path:
        told["headers"] = {"ETag": {"description": "The version of the case.", "schema": {"type": "string"}}}
    return told


def _refusal(status: int) -> dict[str, Any]:
    return {"description": REFUSALS[status], "content": {JSON: {"schema": ProblemsSchema}}}


def _schema_name(schema: Any) -> str:
    """Return the name of a schema in the document; those of claim systems and of reviewers have names of their own."""
    made = schema if isinstance(schema, type) else type(schema)
    name = str(made.__name__).removesuffix("Schema").lstrip("_")
    return f"{TAG_OF_MODULE.get(made.__module__, '')}{name}"
