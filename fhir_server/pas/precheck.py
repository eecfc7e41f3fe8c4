"""The answer to our own operation `Claim/$precheck`: a determination that was not stored, as FHIR Parameters.

The parameters are named in the OperationDefinition that this module holds too; every word is one that the answer to a
submission would use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.authorization.codes import NAMESPACE
from fhir_server.authorization.determination import CodeRuleHit, CriterionFinding, Determination, LineDetermination
from fhir_server.fhir.reading import Json

PRECHECK_DEFINITION = f"{NAMESPACE}/OperationDefinition/Claim-precheck"


def precheck_parameters(determination: Determination) -> Json:
    """Return *determination* as Parameters: ``outcome``, and each ``line``, ``element``, ``code-rule``, ``note``."""
    parameters = [
        {"name": "outcome", "valueCode": determination.state.value},
        {"name": "policy", "valueString": f"{determination.policy.pack} {determination.policy.version}"},
        *_dismissal(determination),
        *(_part("line", _line(each)) for each in determination.lines),
        *(_part("element", _element(each)) for each in determination.criteria),
        *(_part("code-rule", _code_rule(each)) for each in determination.code_rules),
        *({"name": "missing", "valueString": each} for each in determination.missing),
        *({"name": "note", "valueString": each} for each in determination.explanations),
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def _dismissal(determination: Determination) -> Iterator[Json]:
    told = determination.dismissal
    if told:
        yield _part("dismissal", {"code": told.code, "reason": told.reason, "mend": told.mend})


def _line(line: LineDetermination) -> Mapping[str, Any]:
    return {
        "sequence": line.sequence,
        "outcome": line.outcome,
        "category": line.category,
        "dismissal": line.dismissal,
        "reason": line.reason,
    }


def _element(finding: CriterionFinding) -> Mapping[str, Any]:
    return {
        "id": finding.element,
        "label": finding.label,
        "category": finding.category,
        "kind": finding.kind,
        "result": finding.result,
        "gap": finding.gap,
        "found": finding.found,
        "source": finding.source,
        "line": finding.lines,
    }


def _code_rule(hit: CodeRuleHit) -> Mapping[str, Any]:
    return {
        "rule": hit.rule,
        "severity": hit.severity,
        "line": hit.line,
        "found": hit.found,
        "words": hit.words,
        "source": hit.source,
    }


def _part(name: str, values: Mapping[str, Any]) -> Json:
    parts = [
        {"name": key, **_value(each)}
        for key, value in values.items()
        if value is not None
        for each in (value if isinstance(value, tuple) else (value,))
    ]
    return {"name": name, "part": parts}


def _value(value: str | int) -> dict[str, str | int]:
    return {"valueInteger": value} if isinstance(value, int) else {"valueString": value}
