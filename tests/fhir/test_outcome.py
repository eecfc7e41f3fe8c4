"""One OperationOutcome for all that is wrong."""

from __future__ import annotations

from fhir_server.errors import Issue
from fhir_server.fhir.outcome import RULE_SYSTEM, operation_outcome


def test_an_issue_is_told_with_its_rule_text_place_and_expression() -> None:
    issue = Issue(
        "PAS-021",
        "The fullUrl is repeated.",
        "Send it once.",
        "Bundle.entry[2]",
        code="duplicate",
        diagnostics="line 2",
    )
    assert operation_outcome([issue]) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "duplicate",
                "details": {
                    "coding": [{"system": RULE_SYSTEM, "code": "PAS-021"}],
                    "text": "The fullUrl is repeated. Send it once.",
                },
                "diagnostics": "line 2",
                "expression": ["Bundle.entry[2]"],
            }
        ],
    }


def test_empty_parts_are_left_out() -> None:
    [issue] = operation_outcome([Issue("a", "b", "c")])["issue"]
    assert set(issue) == {"severity", "code", "details"}


def test_the_same_issue_comes_once_and_order_is_kept() -> None:
    issues = [Issue("b", "x", "y"), Issue("a", "x", "y"), Issue("b", "x", "y"), Issue("b", "x", "y", "Claim")]
    outcome = operation_outcome(issues)
    assert [each["details"]["coding"][0]["code"] for each in outcome["issue"]] == ["b", "a", "b"]


def test_more_than_two_hundred_are_counted() -> None:
    outcome = operation_outcome([Issue("a", str(number), "") for number in range(205)])
    assert len(outcome["issue"]) == 201
    last = outcome["issue"][-1]
    assert last["severity"] == "information"
    assert "5 more" in last["details"]["text"]
    assert len(operation_outcome([Issue("a", str(number), "") for number in range(200)])["issue"]) == 200


def test_no_issue_says_that_all_is_well() -> None:
    [issue] = operation_outcome([])["issue"]
    assert (issue["severity"], issue["code"]) == ("information", "informational")
