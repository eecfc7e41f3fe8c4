"""Each rule that the engine tells of is met by a case: an instance that it is told of, and one that it is not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import fhir_server.fhir.validation as engine
from tests.fhir.validation import (
    test_bindings,
    test_extensions,
    test_references,
    test_resources,
    test_slices,
    test_structure,
    test_values,
)
from tests.fhir.validation.guide import told
from tests.fhir.validation.guide.instances import (
    bundle,
    claiming,
    extension,
    observation,
    organization,
    patient,
    reference,
)

FOLDER = Path(engine.__file__).parent
FILES = (
    "validator",
    "compiler",
    "content",
    "members",
    "besides",
    "value_limits",
    "worlds",
    "primitive_elements",
    "slices",
    "discriminators",
    "extensions",
    "references",
    "resources",
    "bindings",
    "invariants",
    "run",
)
# Rules that have their key from a variable: of bindings by their strength, of values by how exact they are. Those of
# invariants are the guides' own.
NAMED_BY_A_VARIABLE = {
    "bindings": {"binding-required", "binding-extensible"},
    "compiler": {"value-fixed", "value-pattern"},
    "invariants": set[str](),
}
CASES = (
    *test_structure.CASES,
    *test_values.CASES,
    *test_slices.CASES,
    *test_extensions.CONTEXTS,
    *test_extensions.CONTENTS,
    *test_references.CASES,
    *test_bindings.CASES,
    *test_resources.CASES,
)


def calls(file: str) -> Iterator[ast.expr]:
    """Yield what stands for the key wherever a file of the engine tells of a fault."""
    for node in ast.walk(ast.parse((FOLDER / f"{file}.py").read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        holder = node.func.value
        name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
        if name == "report" and node.func.attr in ("error", "warning", "information"):
            yield node.args[0]
        elif name == "report" and node.func.attr == "add":
            yield node.args[1]


def keys() -> set[str]:
    """Return the rules of the engine."""
    found: set[str] = set()
    for file in FILES:
        variable = False
        for key in calls(file):
            if isinstance(key, ast.Constant):
                found.add(str(key.value))
            else:
                variable = True
        assert variable is (file in NAMED_BY_A_VARIABLE), file
        found |= NAMED_BY_A_VARIABLE.get(file, set())
    return found


def told_elsewhere() -> Iterator[str]:
    """Yield the rules of what is no single change: too deep, ambiguous, told only where asked for."""
    deep = extension("http://x.org/a")
    for _ in range(5000):
        deep = {"url": "http://x.org/a", "extension": [deep]}
    yield from (rule for rule, _ in told(patient(extension=[deep])))
    yield from (rule for rule, _ in told(patient(), "supported", must_support=True))
    twice = bundle(observation(id="x", subject=reference("Patient/p")), patient(id="p"), patient(id="p"))
    yield from (rule for rule, _ in told(twice))
    yield from (rule for rule, _ in told(organization(meta=claiming("named-patient"))))
    other_version = test_bindings.LISTED | {"version": "9"}
    yield from (rule for rule, _ in test_bindings.binding_errors(test_bindings.task(other_version)))


def test_every_rule_of_the_engine_has_a_case() -> None:
    by_cases = (rule for case in CASES for rule, _ in case.expected)
    told_of = {rule.lstrip("~?") for rule in (*by_cases, *told_elsewhere())}
    assert {"element-missing", "slice-several", "reference-aggregation", "dom-3", "value-pattern"} <= keys()
    assert keys() - told_of == set()
