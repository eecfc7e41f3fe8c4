"""All that is wrong with a resource by the guides of a release: by their profiles, and by their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from fhir_server.errors import Issue
from fhir_server.fhir.validation import Report, Validator
from fhir_server.pas.prose import check_prose
from fhir_server.pas.validation import REQUEST_BUNDLE
from fhir_server.pas.versions import Version


def findings(
    resource: dict[str, Any],
    version: Version,
    validator: Validator,
    profiles: Sequence[str] = (),
    *,
    strict: bool = False,
    now: datetime,
    must_support: bool = False,
) -> list[Issue]:
    """Return what *validator* says, then what the words of PAS *version* add.

    What `$submit` refuses beside that, for the words alone or by a profile that nothing names, is a warning that says
    so: whether a resource is valid is told by the profiles, as the official validator tells it.
    """
    told = validator.validate(resource, profiles, strict=strict, now=now, must_support=must_support)
    report = Report()
    check_prose(resource, version, report, refused="warning")
    issues = [*told, *report.issues(resource)]
    if not profiles and _is_request_of_no_profile(resource):
        demanded = validator.validate(resource, (REQUEST_BUNDLE,), strict=strict, now=now)
        issues.extend(_refused_besides(demanded, told))
    return issues


def _is_request_of_no_profile(resource: Any) -> bool:
    """Return whether *resource* is a Bundle that begins with a Claim and does not say which Bundle it means to be."""
    match resource:
        case {"resourceType": "Bundle", "meta": {"profile": [_, *_]}}:
            return False
        case {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Claim"}}, *_]}:
            return True
    return False


def _refused_besides(demanded: Sequence[Issue], told: Sequence[Issue]) -> Iterator[Issue]:
    """Yield the errors of the profile that `$submit` demands which are not told yet, as warnings."""
    known = set(told)
    for issue in demanded:
        if issue.severity in ("fatal", "error") and issue not in known:
            yield replace(issue, found=f"{issue.found} $submit refuses this.", severity="warning")
