"""Request Bundles to change and to read: the project's own examples and the guides' examples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fhir_server.authorization.submission import Intake
from fhir_server.errors import Issue, Refusal
from fhir_server.fhir.limits import Limits
from fhir_server.pas.read import read_submission
from fhir_server.pas.versions import STU_2_0, STU_2_2, VERSIONS, Version
from tests.fhir.packages import PAS as PACKAGES
from tests.fhir.packages import files

Json = dict[str, Any]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
KNEE = "wiser/01-knee-arthroscopy.json"
WITH_GUIDS = "wiser/03-vagus-nerve-stimulation.json"
OLDER = "pas-2.0/knee-arthroscopy.json"
OWN = tuple(sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/**/*.json")))
LIMITS = Limits()


@cache
def _content(path: str) -> bytes:
    return (EXAMPLES / path).read_bytes()


def own(path: str = KNEE) -> Json:
    """Return a fresh copy of one of the project's examples."""
    content: Json = json.loads(_content(path))
    return content


def version_of(path: str) -> Version:
    """Return the release that one of the project's examples is written for."""
    return STU_2_0 if path.startswith("pas-2.0") else STU_2_2


def official(shared: Path, name: str, version: Version = STU_2_2) -> Json:
    """Return an example Bundle of the guide."""
    archive = shared / "packages" / PACKAGES[VERSIONS.index(version)]
    content: Json = json.loads(files(archive)[f"package/example/Bundle-{name}.json"])
    return content


def encoded(bundle: Any) -> bytes:
    """Return *bundle* as it is sent."""
    return json.dumps(bundle).encode()


def read(bundle: Json, version: Version = STU_2_2) -> Intake:
    """Return what *bundle* asks for."""
    return read_submission(encoded(bundle), version, LIMITS)


def issues_of(bundle: Json, version: Version = STU_2_2) -> Sequence[Issue]:
    """Return the issues that *bundle* is refused with."""
    with pytest.raises(Refusal) as refused:
        read(bundle, version)
    return refused.value.issues


def told(bundle: Json, version: Version = STU_2_2) -> list[tuple[str, str | None]]:
    """Return rule and expression of each issue that *bundle* is refused with."""
    return [(issue.rule, issue.expression) for issue in issues_of(bundle, version)]


def place(bundle: Json, kind: str) -> int:
    """Return the position of the first entry whose resource is of *kind*."""
    return next(number for number, each in enumerate(bundle["entry"]) if each["resource"]["resourceType"] == kind)


def resource(bundle: Json, kind: str) -> Json:
    """Return the first resource of *kind*."""
    found: Json = bundle["entry"][place(bundle, kind)]["resource"]
    return found
