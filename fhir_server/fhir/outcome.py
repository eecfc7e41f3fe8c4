"""OperationOutcome: how every refusal and every report on a FHIR path looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.errors import Issue

RULE_SYSTEM = "http://wiser-pas.org/fhir/CodeSystem/rule"
MOST_ISSUES = 200


def operation_outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """Return one OperationOutcome with each different issue once, in their order.

    The rule key is in ``details.coding``, what was found and how to mend it in ``details.text``. Beyond 200 issues a
    last one, ``information``, says how many more there are. Without any issue it says that all is well.
    """
    distinct = list(dict.fromkeys(issues)) or [_ALL_OK]
    listed = distinct[:MOST_ISSUES]
    if len(distinct) > MOST_ISSUES:
        listed.append(_more(len(distinct) - MOST_ISSUES))
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in listed]}


_ALL_OK = Issue("all-ok", "No problem was found.", "", severity="information", code="informational")


def _more(count: int) -> Issue:
    found = f"{count} more issues are not listed."
    return Issue("more-issues", found, "Mend these first.", severity="information", code="informational")


def _issue(issue: Issue) -> dict[str, Any]:
    content: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "details": {
            "coding": [{"system": RULE_SYSTEM, "code": issue.rule}],
            "text": f"{issue.found} {issue.mend}".strip(),
        },
    }
    if issue.diagnostics:
        content["diagnostics"] = issue.diagnostics
    if issue.expression:
        content["expression"] = [issue.expression]
    return content
