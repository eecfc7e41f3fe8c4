"""`/openapi.json`: it says what the routes do, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_server.web.openapi import Operation, openapi_document
from fhir_server.web.utn_operations import OPERATIONS as UTN_OPERATIONS
from fhir_server.web.worklist import HANDLERS
from fhir_server.web.worklist_operations import OPERATIONS
from tests.web.reviewing import Desktop
from tests.web.served import Serve
from tests.workflow.review.bench import ADAMS

EVERY = (*OPERATIONS, *UTN_OPERATIONS)
DOCUMENT = openapi_document(EVERY)
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


@pytest.fixture
def desktop(serve_sqlite: Serve, tmp_path: Path) -> Desktop:
    """A server with reviewers."""
    return Desktop(serve_sqlite, tmp_path)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference of the document leads to."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].removeprefix("#/components/schemas/")
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name]
    return found


def faults(schema: dict[str, Any], content: Any, place: str = "") -> Iterator[str]:
    """Yield where *content* is not what *schema* says."""
    choices = schema.get("anyOf") or [schema]
    if len(choices) > 1:
        if all(list(faults(each, content, place)) for each in choices):
            yield f"{place}: none of the choices fits"
        return
    schema = resolved(choices[0])
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if kinds and not any(isinstance(content, TYPES[kind]) for kind in kinds):
        yield f"{place}: {type(content).__name__} is none of {kinds}"
    if isinstance(content, dict):
        known = schema.get("properties", {})
        yield from (f"{place}.{name}: unknown" for name in content if name not in known)
        yield from (
            f for name, each in content.items() if name in known for f in faults(known[name], each, f"{place}.{name}")
        )
    if isinstance(content, list):
        yield from (fault for each in content for fault in faults(schema["items"], each, f"{place}[]"))


def answer_schema(operation: str) -> dict[str, Any]:
    """Return the schema of the answer of an operation."""
    for methods in DOCUMENT["paths"].values():
        for each in methods.values():
            if each["operationId"] == operation:
                found: dict[str, Any] = each["responses"]["200"]["content"]["application/json"]["schema"]
                return found
    raise AssertionError(operation)


def routes(app: Flask, prefix: str) -> set[tuple[str, str]]:
    """Return method and address of every route under *prefix*, as the document writes addresses."""
    return {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(prefix)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_is_told_and_every_one_that_is_told_exists(desktop: Desktop) -> None:
    assert routes(desktop.served.app, "/api/") == {(each.method, each.path) for each in EVERY}


def test_the_document_that_is_served_is_that_of_the_operations(desktop: Desktop) -> None:
    assert desktop.served.get("/openapi.json").get_json() == DOCUMENT
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_operation_has_one_handler_and_a_name_of_its_own() -> None:
    names = [each.name for each in EVERY]
    assert len(set(names)) == len(names)
    assert set(HANDLERS) == {each.name for each in OPERATIONS}


def test_every_reference_of_the_document_leads_somewhere() -> None:
    names = set(re.findall(r"#/components/schemas/([\w-]+)", str(DOCUMENT)))
    assert names <= set(DOCUMENT["components"]["schemas"])
    assert "UtnReason" in names
    assert "Reason" in names


@pytest.mark.parametrize("operation", EVERY, ids=[each.name for each in EVERY])
def test_a_step_that_heeds_versions_says_so(operation: Operation) -> None:
    told = DOCUMENT["paths"][operation.path][operation.method.lower()]
    required = {each["name"]: each["required"] for each in told["parameters"] if each["in"] == "header"}
    assert required == ({"If-Match": operation.if_match == "must"} if operation.if_match != "no" else {})
    assert ("428" in told["responses"]) == (operation.if_match == "must")


def test_answers_are_what_the_document_says(desktop: Desktop) -> None:
    case = desktop.submit()
    etag = desktop.settle(case, KN1="not met")
    decided = desktop.decide(case, etag, outcome="non-affirmed").get_json()
    answers = {
        "decide_case": decided,
        "show_case": desktop.case(case)[0],
        "list_cases": desktop.get(ADAMS, "/worklist", status=["closed"]).get_json(),
        "list_reviewers": desktop.get(ADAMS, "/reviewers").get_json(),
    }
    for operation, content in answers.items():
        assert list(faults(answer_schema(operation), content)) == [], operation
    refused = desktop.decide(case, "*").get_json()
    assert list(faults({"$ref": "#/components/schemas/Problems"}, refused)) == []
