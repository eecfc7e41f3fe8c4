"""What a client of a PAS server has to reckon with.

PasError
   . PasRefused             the server answered, and did not take the request; its issues say why
   . PasUnavailable         no answer, or only "come back later", however often it was tried
   . PasAnswerUnreadable    an answer of success that is no PAS response Bundle
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.errors import ContentMalformed, ContentTooLarge, Issue, Severity
from fhir_server.fhir import json
from fhir_server.fhir.mapping import Json

_SEVERITIES: dict[str, Severity] = {
    "fatal": "fatal",
    "error": "error",
    "warning": "warning",
    "information": "information",
}


class PasError(Exception):
    """Something went wrong between the client and the server."""


class PasRefused(PasError):
    """The server did not take the request. Sending the same again gets the same refusal.

    ``status`` is the HTTP status. ``issues`` are those of the OperationOutcome, in its order: ``found`` is the server's
    text (with what to do about it), ``expression`` the first FHIRPath. An answer without an OperationOutcome, as a
    proxy gives one, has a single issue that says so.
    """

    def __init__(self, status: int, issues: Sequence[Issue]) -> None:
        self.status = status
        self.issues = tuple(issues)
        super().__init__(f"HTTP {status}: " + "; ".join(issue.found for issue in self.issues))


class PasUnavailable(PasError):
    """The server could not be reached, or said each time that it cannot serve now; ``attempts`` counts the tries.

    Whether a request arrived whose answer was lost is not known. A server that answers the same content once, as
    wiser-pas does, may be sent the same bytes again.
    """

    def __init__(self, reason: str, attempts: int) -> None:
        self.attempts = attempts
        super().__init__(f"{reason} (tried {attempts} times)" if attempts > 1 else reason)


class PasAnswerUnreadable(PasError):
    """The server said that all is well, with content that is no Bundle with a ClaimResponse in front."""


def refusal(status: int, body: bytes) -> PasRefused:
    """Return what *body*, the content of an answer of *status*, says."""
    try:
        content = json.loads(body)
    except (ContentMalformed, ContentTooLarge):
        content = {}
    rows = content.get("issue") if content.get("resourceType") == "OperationOutcome" else None
    issues = [_issue(each) for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []
    return PasRefused(status, issues or [Issue("no-outcome", "The answer holds no OperationOutcome.", "")])


def _issue(row: Json) -> Issue:
    details = row.get("details")
    details = details if isinstance(details, dict) else {}
    rules = [each.get("code") for each in details.get("coding") or () if isinstance(each, dict)]
    found = details.get("text") or row.get("diagnostics") or "The server gave no reason."
    expressions = row.get("expression")
    return Issue(
        rule=str(rules[0]) if rules else "",
        found=str(found),
        mend="",
        expression=str(expressions[0]) if isinstance(expressions, list) and expressions else None,
        severity=_SEVERITIES.get(str(row.get("severity")), "error"),
        code=str(row.get("code", "")),
        diagnostics=str(row["diagnostics"]) if "diagnostics" in row else None,
    )
