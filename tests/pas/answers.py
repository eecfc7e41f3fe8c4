"""Answers made from a request of the project's examples and a determination made by hand, and the golden ones kept."""

from __future__ import annotations

import json
from pathlib import Path

from fhir_server.authorization.answering import compose
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.authorization.response import AuthorizationResponse
from fhir_server.pas.read import read_submission
from fhir_server.pas.versions import STU_2_0, STU_2_2, Version
from fhir_server.pas.write import write_response
from tests.pas.bundles import KNEE, LIMITS, OLDER, WITH_GUIDS, Json, encoded, own
from tests.pas.determinations import CASES, NOW

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
CASE = "W20260302-ABCD1234"
# The request that each golden case of a release answers; one of them goes by GUIDs.
SOURCES = {
    STU_2_2: {case: WITH_GUIDS if case in ("a4-records-asked-for", "partial") else KNEE for case in CASES},
    STU_2_0: dict.fromkeys(CASES, OLDER),
}


def request_of(body: bytes, version: Version) -> AuthorizationRequest:
    """Return the request in *body*."""
    return read_submission(body, version, LIMITS).request


def answer(request: AuthorizationRequest, case: str) -> AuthorizationResponse:
    """Return the answer to *request* with the determination named *case*."""
    return compose(request, CASES[case](request), case=CASE, response=f"{CASE}-1")


def rendered(request: AuthorizationRequest, case: str, version: Version) -> bytes:
    """Return that answer as it is sent."""
    return write_response(answer(request, case), version, case=CASE, moment=NOW)


def bundle(request: AuthorizationRequest, case: str, version: Version) -> Json:
    """Return that answer as a Bundle."""
    content: Json = json.loads(rendered(request, case, version))
    return content


def golden_cases() -> list[Path]:
    """Return the folder of each golden case."""
    return [GOLDEN / f"pas-{version.label}" / case for version, sources in SOURCES.items() for case in sources]


def pretty(body: bytes) -> str:
    """Return JSON as it is kept for people to read."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False) + "\n"


def bless() -> None:
    """Write every golden case anew, from the examples as they are: `python -m tests.pas.answers`."""
    for version, sources in SOURCES.items():
        for case, path in sources.items():
            folder = GOLDEN / f"pas-{version.label}" / case
            folder.mkdir(parents=True, exist_ok=True)
            sent = encoded(own(path))
            (folder / "request.json").write_text(pretty(sent))
            (folder / "response.json").write_text(pretty(rendered(request_of(sent, version), case, version)))


if __name__ == "__main__":
    bless()
