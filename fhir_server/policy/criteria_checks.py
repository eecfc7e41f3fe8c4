"""What must hold within the checklists of a pack: tests that can be read, names that exist, examples that come true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from fhir_server.policy.categories import Category
from fhir_server.policy.criteria import Criterion, Example, Field
from fhir_server.policy.expressions import REQUEST_PARTS, Expression, ExpressionInvalid, Name, compile_expression
from fhir_server.policy.request_facts import REQUEST_FACTS
from fhir_server.policy.rows import Problems, unique

RESULTS = {True: "met", False: "not met", None: "unknown"}


def check_checklists(categories: Iterable[Category], problems: Problems) -> None:
    """Note everything in which the checklists of *categories* contradict themselves or each other."""
    rows = [(category, row) for category in categories if category.criteria for row in category.criteria.elements]
    unique([row for _, row in rows], lambda row: (row.id, row.effective_from), "criteria", problems)
    fields = {(row.id, each.name): each for _, row in rows for each in row.fields}
    for category, row in rows:
        _check_element(row, fields, f"categories {category.id} {row.id}", problems)


def _check_element(row: Criterion, fields: Mapping[Name, Field], place: str, problems: Problems) -> None:
    unique(row.fields, lambda each: each.name, place, problems)
    if row.effective_to and row.effective_to < row.effective_from:
        problems.add(place, "the row ends before it begins")
    if not (row.test or row.document or row.kind == "I"):
        problems.add(place, "a test or a document is expected")
    for each in row.fields:
        _check_field(each, f"{place}.{each.name}", problems)
    test = _compiled(row, row.test, fields, place, problems)
    _compiled(row, row.applies_if, fields, place, problems)
    for number, example in enumerate(row.examples, start=1):
        _check_example(row, test, example, fields, f"{place} example {number}", problems)


def _check_field(field: Field, place: str, problems: Problems) -> None:
    if (field.type in ("choice", "choices")) != bool(field.values):
        problems.add(place, "values belong to choices, and to nothing else")
    unique(field.values, lambda each: each.value, place, problems)
    if field.from_request and _name(field.from_request) not in REQUEST_FACTS:
        problems.add(place, f"the fact {field.from_request} does not exist")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        problems.add(place, "the minimum is above the maximum")


def _compiled(
    row: Criterion, text: str | None, fields: Mapping[Name, Field], place: str, problems: Problems
) -> Expression | None:
    if text is None:
        return None
    try:
        expression = compile_expression(text, row.id)
    except ExpressionInvalid as error:
        problems.add(place, str(error))
        return None
    for name in expression.names:
        known = name in REQUEST_FACTS if name[0] in REQUEST_PARTS else name in fields
        if not known:
            problems.add(place, f"the name {'.'.join(name)} does not exist")
    return expression


def _check_example(
    row: Criterion,
    test: Expression | None,
    example: Example,
    fields: Mapping[Name, Field],
    place: str,
    problems: Problems,
) -> None:
    if test is None:
        return
    scope = dict(_scope(row, example.answer))
    for name in scope:
        if name not in fields and name not in REQUEST_FACTS:
            problems.add(place, f"the name {'.'.join(name)} does not exist")
    found = RESULTS[test(scope)]
    if found != example.result:
        problems.add(place, f"comes out as {found}, not as {example.result}")


def _scope(row: Criterion, answer: Mapping[str, Any]) -> Iterator[tuple[Name, Any]]:
    """Yield the values of an example, in the types in which a test reads them, with the defaults of the element."""
    own = {each.name: each for each in row.fields}
    told = {_name(key) if "." in key else (row.id, key): value for key, value in answer.items()}
    for each in row.fields:
        if each.default is not None and any(name[0] == row.id for name in told):
            yield (row.id, each.name), each.default
    for name, value in told.items():
        field = own.get(name[1]) if name[0] == row.id else None
        yield name, _typed(value, field)


def _typed(value: Any, field: Field | None) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if field and field.type == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _name(text: str) -> Name:
    part, _, field = text.partition(".")
    return part, field
