"""Expressions have the results here that they have with the HL7 validator (a table of its answers)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.fhirpath import ExpressionError, Node, compile_expression
from tests.fhir.fhirpath.support import r4, surroundings, table

ANSWERS = [
    (block["resource"], expression, answer)
    for block in table("official_answers.yaml")
    for expression, answer in block["answers"].items()
]


def told(node: Node) -> list[Any]:
    value = node.value
    return [node.type.fhir_name, Decimal(value) if type(value) is int else value]


def as_told(answer: list[Any]) -> list[Any]:
    return [answer[0], Decimal(answer[1]) if type(answer[1]) is int else answer[1]]


def case(answers: str) -> pytest.MarkDecorator:
    """Those of the answers that are of a kind: ``refused``, ``failed``, or results."""
    chosen = [each for each in ANSWERS if (each[2] if isinstance(each[2], str) else "results") == answers]
    return pytest.mark.parametrize(("resource", "expression", "answer"), chosen, ids=[each[1] for each in chosen])


@case("results")
def test_the_results_are_those_of_the_validator(resource: Any, expression: str, answer: Any, shared: Path) -> None:
    type_name = resource["resourceType"]
    compiled = compile_expression(expression, type_name, r4(shared))
    nodes = compiled.nodes(resource, surroundings(type_name, resource))
    assert [told(node) for node in nodes] == [as_told(each) for each in answer]


@case("failed")
def test_a_failure_has_no_result_and_does_not_hold(resource: Any, expression: str, answer: Any, shared: Path) -> None:
    type_name = resource["resourceType"]
    compiled = compile_expression(expression, type_name, r4(shared))
    assert compiled.evaluate(resource, surroundings(type_name, resource)) == []
    assert not compiled.holds(resource, surroundings(type_name, resource))


@case("refused")
def test_what_is_no_expression_is_refused(resource: Any, expression: str, answer: Any, shared: Path) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_expression(expression, resource["resourceType"], r4(shared))
    assert 0 <= refused.value.position <= len(expression)
