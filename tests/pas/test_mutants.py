"""Broken requests at the edge itself: only a refusal may come of them, and what is read can be answered and stored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from fhir_server.authorization.answering import compose
from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.errors import Issue, Refusal
from fhir_server.fhir import json
from fhir_server.pas.read import read_inquiry, read_response, read_submission
from fhir_server.pas.versions import VERSIONS, Version
from fhir_server.pas.write import request_bundle, write_response
from fhir_server.policy.facts import facts_of
from tests.pas.answers import golden_cases
from tests.pas.bundles import LIMITS, OWN, encoded, own, resource
from tests.pas.determinations import NOW, modified, pended, pended_for_records
from tests.web.mutations import mutant

MUTANTS = 2000
AT_ONCE = 200
MAY_BE_EMPTY_OF_PLACE = ("json-", "body-", "bundle-entries", "content-malformed")


def answered(request: AuthorizationRequest, version: Version) -> None:
    """Do with *request* what the use case does: facts, answers, storage, and the way back to FHIR."""
    facts_of(request)
    for determine in (pended, pended_for_records, modified):
        response = compose(request, determine(request), case="W1", response="W1-1")
        body = write_response(response, version, case="W1", moment=NOW)
        read_response(body, version, LIMITS)
    assert msgspec.json.decode(msgspec.json.encode(request), type=AuthorizationRequest) == request
    json.dumps(request_bundle(request, version, seed="W1"))


def check_issues(issues: Sequence[Issue]) -> None:
    """Hold each issue against S-18: rule, what was found, how to mend it, and where."""
    assert issues
    for issue in issues:
        assert issue.rule
        assert issue.found
        assert issue.mend
        if not issue.rule.startswith(MAY_BE_EMPTY_OF_PLACE):
            assert issue.expression is not None
            assert issue.expression.startswith("Bundle")


@pytest.mark.rule("PAS-042")
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
@pytest.mark.parametrize("first", range(0, MUTANTS, AT_ONCE))
def test_only_a_refusal_comes_of_a_mutant(first: int, version: Version) -> None:
    read = 0
    for seed in range(first, first + AT_ONCE):
        _, body = mutant(seed)
        try:
            request = read_submission(body, version, LIMITS).request
        except Refusal as refused:
            check_issues(refused.issues)
            continue
        read += 1
        answered(request, version)
    assert 0 < read < AT_ONCE


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
def test_only_a_refusal_comes_of_a_mutant_inquiry_or_answer(version: Version) -> None:
    for seed in range(200):
        _, body = mutant(seed)
        for reading in (read_inquiry, read_response):
            with suppress(Refusal):
                reading(body, version, LIMITS)


@pytest.mark.parametrize("folder", golden_cases(), ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_only_a_refusal_comes_of_a_cut_answer(folder: Path) -> None:
    version = next(each for each in VERSIONS if folder.parent.name == f"pas-{each.label}")
    whole = json.loads((folder / "response.json").read_bytes())
    for number, entry in enumerate(whole["entry"]):
        for name in list(entry["resource"]):
            cut = json.loads((folder / "response.json").read_bytes())
            cut["entry"][number]["resource"][name] = [{"extension": [{"url": 7, "valueCode": []}]}]
            with suppress(Refusal):
                read_response(json.dumps(cut), version, LIMITS)


# What must never be repeated: a beneficiary's name, number, day of birth, address, telephone.
CANARIES = ("Zyxcanary", "1CA9-NA2-RY33", "1901-02-03", "Canary Lane 77", "555-0199-canary")


@pytest.mark.parametrize("path", OWN)
def test_no_issue_repeats_a_beneficiary_s_data(path: str) -> None:
    name, number, birth, street, phone = CANARIES
    for seed in range(40):
        bundle = own(path)
        patient = resource(bundle, "Patient")
        patient["name"] = [{"family": name, "given": [name]}] if seed % 2 else name
        patient["identifier"] = [
            {"system": "http://hl7.org/fhir/sid/us-mbi", "value": number if seed % 3 else [number]}
        ]
        patient["birthDate"] = birth if seed % 5 else f"{birth}T{birth}"
        patient["address"] = [{"line": [street] if seed % 7 else street, "city": {"value": name}}]
        patient["telecom"] = [{"system": "phone", "value": phone if seed % 2 else {"value": phone}}]
        patient["gender"] = name if seed % 3 else f" {name}"
        patient["multipleBirthInteger"] = birth
        del bundle["entry"][0]["resource"]["created"]
        for version in VERSIONS:
            with pytest.raises(Refusal) as refused:
                read_submission(encoded(bundle), version, LIMITS)
            told = repr(refused.value.issues) + str(refused.value)
            assert not [canary for canary in CANARIES if canary in told]
