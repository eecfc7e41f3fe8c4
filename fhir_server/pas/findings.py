"""All that is wrong with a resource by the guides of a release: by their profiles, and by their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fhir_server.errors import Issue
from fhir_server.fhir.validation import Report, Validator
from fhir_server.pas.prose import check_prose
from fhir_server.pas.versions import Version


def findings(
    resource: dict[str, Any],
    version: Version,
    validator: Validator,
    profiles: Sequence[str] = (),
    *,
    strict: bool = False,
    now: datetime,
) -> list[Issue]:
    """Return what *validator* says, then what the words of PAS *version* add.

    What `$submit` refuses for the words alone is a warning that says so: whether a resource is valid is told by the
    profiles, as the official validator tells it.
    """
    told = validator.validate(resource, profiles, strict=strict, now=now)
    report = Report()
    check_prose(resource, version, report, refused="warning")
    return [*told, *report.issues()]
