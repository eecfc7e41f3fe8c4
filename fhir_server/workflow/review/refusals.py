"""What a step of review is refused with, beside the refusals that every part has (`fhir_server.errors`)."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_server.errors import Issue, Refusal


class CaseConflict(Refusal):
    """The case does not stand where the step needs it."""

    status, issue_code, rule = 409, "conflict", "case-conflict"


class CaseChanged(Refusal):
    """Something happened to the case since the caller looked at it."""

    status, issue_code, rule = 412, "conflict", "case-changed"


class VersionMissing(Refusal):
    """The step needs to know which version of the case the caller looked at."""

    status, issue_code, rule = 428, "required", "case-version"


def issue(rule: str, found: str, mend: str, field: str | None = None) -> Issue:
    """Return a problem of a step; *field* is the member of what was sent that is at fault."""
    return Issue(rule, found, mend, field, code="business-rule")


def raise_if_any(refusal: type[Refusal], issues: Iterable[Issue]) -> None:
    """Raise *refusal* with all of *issues*, if there are any."""
    if problems := tuple(issues):
        raise refusal(problems)
