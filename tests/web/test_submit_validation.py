"""Validation on `Claim/$submit`: every fault in one answer, warnings with the case, the release's own profiles."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from fhir_server.authorization.events import Received
from fhir_server.authorization.submission import Observation
from fhir_server.cli import cli
from fhir_server.cli.commands import register
from fhir_server.fhir.json import loads
from fhir_server.pas.validation import RESPONSE_BUNDLE, validator_for
from fhir_server.pas.versions import STU_2_0, STU_2_2
from tests.examples.test_examples import ROWS, check_row
from tests.soak.process import StartPas
from tests.web.bundles import IN_REVIEW, OLDER, Json, encoded, entry_of, example
from tests.web.served import SUBMIT, SUBMIT_2_0, Serve, Served, case_of, outcome_of
from tests.web.test_canaries import CANARIES, marked

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
CONSEQUENCE = "reference-target"  # what is referred to has a fault of its own, which is told as well
Change = Callable[[Json], object]


def resource(bundle: Json, kind: str) -> Json:
    """Return the first resource of *kind*."""
    found: Json = entry_of(bundle, kind)["resource"]
    return found


def claim(bundle: Json) -> Json:
    return resource(bundle, "Claim")


def twice(elements: list[Json]) -> None:
    elements.append(deepcopy(elements[0]))


def replaced(element: Json, name: str, **others: Any) -> None:
    """Take the member *name* out of *element* and put *others* in."""
    del element[name]
    element.update(others)


def without_profiles(bundle: Json) -> Json:
    """Return *bundle* as one that claims nothing."""
    for each in (bundle, *(entry["resource"] for entry in bundle["entry"])):
        each.pop("meta", None)
    return bundle


def told(response: TestResponse) -> list[tuple[str, str, str]]:
    """Return key, expression and text of each issue of a refusal, all of which are errors."""
    issues = outcome_of(response, 400)
    assert {issue["severity"] for issue in issues} == {"error"}
    return [
        (issue["details"]["coding"][0]["code"], issue["expression"][0], issue["details"]["text"]) for issue in issues
    ]


def observations(served: Served, response: TestResponse) -> tuple[Observation, ...]:
    """Return what was noted when a request came."""
    [received] = [event.data for event in served.kept(case_of(response)).events if isinstance(event.data, Received)]
    return received.observations


@pytest.mark.rule("PAS-030")
@pytest.mark.parametrize(("path", "base"), [(IN_REVIEW, SUBMIT), (OLDER, SUBMIT_2_0)])
def test_what_is_conformant_is_taken_and_its_warnings_are_kept(serve: Serve, path: str, base: str) -> None:
    served, bundle = serve(), example(path)
    claim(bundle)["item"][0]["productOrService"]["coding"][0]["code"] = "29-877"

    response = served.submit(bundle, base)

    assert response.status_code == 200, response.get_json()
    [noted] = [each for each in observations(served, response) if each.rule == "code-format"]
    assert noted.expression == "Bundle.entry[0].resource.item[0].productOrService.coding[0]"
    assert "29-877" in noted.found


def test_a_technician_reads_the_warnings_of_a_case(sqlite_url: str) -> None:
    served, bundle = Served(sqlite_url), example()
    claim(bundle)["item"][0]["productOrService"]["coding"][0]["code"] = "29-877"
    case = case_of(served.submit(bundle))
    served.close()
    register(cli)

    shown = CliRunner().invoke(cli, ["show", case], env={"DATABASE_URL": sqlite_url})

    assert shown.exit_code == 0, shown.output
    assert "The code '29-877' is none of CPT" in shown.output
    assert "[code-format]" in shown.output


ON_CLAIM = "Bundle.entry[0].resource"
ORDER, PATIENT, COVERAGE = (f"Bundle.entry[{number}].resource" for number in (9, 1, 2))
FAULTS: dict[str, tuple[Change, str, str, str]] = {
    "element-missing": (lambda b: claim(b).pop("insurer"), ON_CLAIM, "Claim.insurer", "Add it"),
    "element-unknown": (
        lambda b: claim(b).update(prioritty="x"),
        ON_CLAIM,
        "'prioritty'",
        "Did you mean 'priority'?",
    ),
    "element-empty": (lambda b: claim(b).update(diagnosis=[]), f"{ON_CLAIM}.diagnosis", "empty", "Leave"),
    "choice-type": (
        lambda b: replaced(claim(b)["item"][0], "locationCodeableConcept", locationAddress={"city": "Dayton"}),
        f"{ON_CLAIM}.item[0].location.ofType(Address)",
        "CodeableConcept",
        "",
    ),
    "fhir-type": (lambda b: claim(b).update(created=5), f"{ON_CLAIM}.created", "number", "quotes"),
    "fhir-date": (lambda b: resource(b, "Patient").update(birthDate="soon"), f"{PATIENT}.birthDate", "", "YYYY-MM-DD"),
    "binding-required": (
        lambda b: resource(b, "Patient").update(gender="femal"),
        f"{PATIENT}.gender",
        "'femal'",
        "Did you mean 'female'?",
    ),
    "value-pattern": (lambda b: claim(b).update(use="claim"), f"{ON_CLAIM}.use", '"preauthorization"', ""),
    "us-core-15": (lambda b: resource(b, "Coverage").pop("identifier"), COVERAGE, "member number", "Add"),
    "extension-part": (
        lambda b: claim(b)["extension"][0]["extension"].append({"url": "nope", "valueString": "x"}),
        f"{ON_CLAIM}.extension[0].extension[4]",
        "'nope'",
        "Use a part",
    ),
    "extension-context": (
        lambda b: resource(b, "Patient").update(
            extension=[{"url": f"{PAS}extension-authorizationNumber", "valueString": "1"}]
        ),
        PATIENT,
        "extension-authorizationNumber",
        "Claim.item",
    ),
    "modifier-unknown": (
        lambda b: claim(b).update(modifierExtension=[{"url": "http://example.org/not", "valueBoolean": True}]),
        f"{ON_CLAIM}.modifierExtension[0]",
        "meaning",
        "without it",
    ),
    "reference-type": (
        lambda b: claim(b).update(insurer=claim(b)["patient"]),
        f"{ON_CLAIM}.insurer",
        "Organization",
        "allowed type",
    ),
    "per-1": (
        lambda b: resource(b, "Coverage").update(period={"start": "2026-02-01", "end": "2025-02-01"}),
        f"{COVERAGE}.period",
        "ends before it starts",
        "Mend",
    ),
    "PAS-020": (
        lambda b: claim(b)["insurer"].update(reference="Organization/nowhere"),
        f"{ON_CLAIM}.insurer",
        "Organization/nowhere",
        "Add the resource",
    ),
    "PAS-041": (
        lambda b: twice(claim(b)["item"]),
        f"{ON_CLAIM}.item.where(sequence = 1)",
        "used twice",
        "Number each",
    ),
    "PAS-076": (
        lambda b: resource(b, "ServiceRequest").update(occurrenceTiming={"code": {"text": "as agreed"}}),
        f"{ORDER}.occurrence.ofType(Timing)",
        "neither",
        "Add count",
    ),
}


@pytest.mark.rule("PAS-030", "PAS-042")
@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_of_each_kind_is_refused_with_its_place_and_a_mend(served: Served, rule: str) -> None:
    change, expression, found, mend = FAULTS[rule]
    bundle = example()
    change(bundle)

    issues = told(served.submit(bundle))

    [text] = [text for key, place, text in issues if (key, place) == (rule, expression)]
    assert found in text
    assert mend in text
    assert not any(served.counts().values())


@pytest.mark.rule("PAS-030", "PAS-042")
def test_all_faults_are_told_at_once(served: Served) -> None:
    bundle = example()
    together = ("element-unknown", "binding-required", "per-1", "PAS-020", "PAS-041", "PAS-076")
    for rule in together:
        FAULTS[rule][0](bundle)

    issues = told(served.submit(bundle))

    assert {key for key, _, _ in issues} - {CONSEQUENCE} >= set(together)
    assert {(rule, FAULTS[rule][1]) for rule in together} <= {(key, place) for key, place, _ in issues}
    assert not any(served.counts().values())


@pytest.mark.rule("PAS-030")
def test_a_request_that_claims_no_profile_is_held_against_the_request_s_own(served: Served) -> None:
    bundle = without_profiles(example())
    assert served.submit(bundle).status_code == 200
    del claim(bundle)["priority"]
    assert ("element-missing", ON_CLAIM) in [(key, place) for key, place, _ in told(served.submit(bundle))]


@pytest.mark.rule("PAS-010")
def test_a_known_fault_of_the_guide_refuses_nothing(served: Served) -> None:
    bundle = example()
    claim(bundle)["extension"].append({"url": f"{PAS}extension-authorizationNumber", "valueString": "A1"})

    response = served.submit(bundle)

    assert response.status_code == 200, response.get_json()
    assert "extension-context" not in {each.rule for each in observations(served, response)}
    strict = validator_for(STU_2_2).validate(bundle, strict=True)
    assert [issue.rule for issue in strict if issue.severity == "error"] == ["extension-context"]


@pytest.mark.rule("PAS-002", "PAS-030")
def test_the_endpoint_decides_which_release_counts(served: Served) -> None:
    assert served.submit(example(OLDER), SUBMIT_2_0).status_code == 200
    assert "element-missing" in {key for key, _, _ in told(served.submit(example(OLDER), SUBMIT))}

    two_numbers = example()  # 2.2.1 allows a second number of the request, 2.0.1 one alone
    claim(two_numbers)["identifier"].append({"system": "urn:trnorg:9310000001", "value": "20261123-0002"})
    assert served.submit(two_numbers, SUBMIT).status_code == 200
    [issue] = [each for each in told(served.submit(two_numbers, SUBMIT_2_0)) if each[0] != CONSEQUENCE]
    assert issue[:2] == ("element-repeats", ON_CLAIM)


def test_what_a_wrapper_holds_is_told_by_its_place_in_the_bundle(served: Served) -> None:
    bundle = example()
    FAULTS["binding-required"][0](bundle)
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": bundle}]}

    issues = told(served.submit(wrapped))

    assert ("binding-required", f"{PATIENT}.gender") in [(key, place) for key, place, _ in issues]
    assert issues == told(served.submit(bundle))


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


# A record of each kind that US Core's profile takes, and an element without which it does not.
RECORDS: dict[str, tuple[str, Json, str]] = {
    "Condition": (
        "us-core-condition-encounter-diagnosis",
        {
            "clinicalStatus": concept(f"{TERMINOLOGY}condition-clinical", "active"),
            "category": [concept(f"{TERMINOLOGY}condition-category", "encounter-diagnosis")],
            "code": concept("http://hl7.org/fhir/sid/icd-10-cm", "M17.11"),
        },
        "category",
    ),
    "Observation": (
        "us-core-observation-lab",
        {
            "status": "final",
            "category": [concept(f"{TERMINOLOGY}observation-category", "laboratory")],
            "code": concept("http://loinc.org", "4548-4"),
            "effectiveDateTime": "2026-10-01",
            "valueQuantity": {"value": 6, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
        },
        "category",
    ),
    "Procedure": (
        "us-core-procedure",
        {
            "status": "completed",
            "code": concept("http://www.ama-assn.org/go/cpt", "29881"),
            "performedDateTime": "2025",
        },
        "code",
    ),
}
OLDER_PROFILES = {"Condition": "us-core-condition"}  # US Core 3.1.1


def with_record(path: str, kind: str, profile: str, content: Json) -> Json:
    """Return an example with one record more, which its Claim points at."""
    bundle = example(path)
    patient = entry_of(bundle, "Patient")["fullUrl"]
    record = {"resourceType": kind, "meta": {"profile": [f"{US_CORE}{profile}"]}, "subject": {"reference": patient}}
    url = f"{patient.rpartition('/Patient/')[0]}/{kind}/record" if "/Patient/" in patient else _guid(kind)
    if not url.startswith("urn:"):
        record["id"] = "record"
    bundle["entry"].append({"fullUrl": url, "resource": {**record, **content}})
    information = deepcopy(claim(bundle)["supportingInfo"][0])
    information |= {"sequence": 90, "valueReference": {"reference": url}}
    claim(bundle)["supportingInfo"].append(information)
    return bundle


def _guid(kind: str) -> str:
    return f"urn:uuid:0f1e2d3c-4b5a-4697-8877-{ord(kind[0]):012x}"


@pytest.mark.rule("PAS-013", "PAS-026")
@pytest.mark.parametrize(("path", "base"), [(IN_REVIEW, SUBMIT), (OLDER, SUBMIT_2_0)], ids=["2.2", "2.0"])
@pytest.mark.parametrize("kind", RECORDS)
def test_records_are_held_against_their_us_core_profiles(served: Served, kind: str, path: str, base: str) -> None:
    profile, content, needed = RECORDS[kind]
    if path == OLDER:
        profile = OLDER_PROFILES.get(kind, profile)
    bundle = with_record(path, kind, profile, content)
    assert served.submit(bundle, base).status_code == 200
    record = bundle["entry"][-1]["resource"]
    del record[needed]
    place = f"Bundle.entry[{len(bundle['entry']) - 1}].resource"

    issues = told(served.submit(bundle, base))

    texts = [text for key, expression, text in issues if (key, expression) == ("element-missing", place)]
    assert any(f"{kind}.{needed} is missing" in text for text in texts)


@pytest.mark.rule("PAS-030", "PAS-037", "PAS-094")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["path"])
def test_the_answer_to_each_example_is_valid(serve_sqlite: Serve, row: dict[str, Any]) -> None:
    version = STU_2_0 if row["endpoint"] == "stu2.0" else STU_2_2
    opened: list[Served] = []

    def serve(**settings: str) -> Served:
        opened.append(serve_sqlite(**settings))
        return opened[-1]

    check_row(serve, row)

    [served] = opened
    sent = [each.content for case in served.cases() for each in served.kept(case).messages if each.direction == "sent"]
    assert len(sent) == 1 + len(row["after"])
    for body in sent:
        found = validator_for(version).validate(loads(body), (RESPONSE_BUNDLE,))
        assert [issue for issue in found if issue.severity == "error"] == []


def test_the_log_of_a_refusal_names_rules_and_no_beneficiary(start_pas: StartPas) -> None:
    server = start_pas(LOG_LEVEL="debug", WORKERS="1")
    bundle = marked()
    for rule in ("element-unknown", "binding-required", "per-1", "PAS-020"):
        FAULTS[rule][0](bundle)
    resource(bundle, "Patient")["birthDate"] = "1931-02-17 "
    resource(bundle, "Patient")["identifier"][0]["value"] += "\u00a0"
    resource(bundle, "Patient")["Canarienvogel"] = "Canarienvogel"

    reply = server.submit(encoded(bundle))

    assert reply.status == 400
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    [line] = [each for each in lines if each["event"] == "request" and each["status"] == 400]
    assert {"element-unknown", "binding-required", "per-1", "PAS-020"} <= set(line["rules"])
    for canary in CANARIES:
        assert canary not in server.log
