"""Invariants of a profile: their key, their severity, the element that they hold for, and what they see of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.validation.guide import faults, told
from tests.fhir.validation.guide.case import GONE, Case
from tests.fhir.validation.guide.instances import (
    NAME,
    bundle,
    claiming,
    extension,
    observation,
    organization,
    patient,
    reference,
)

Json = dict[str, Any]

RULED = ("ruled",)
GOOD = patient(active=True, birthDate="2000", name=[NAME], contact=[{"name": NAME}], gender="male")
ADDED = {"extension": [extension("anywhere")]}

CASES = (
    Case("of the resource", GOOD, {"birthDate": GONE}, [("made-1", "Patient")], RULED),
    Case("of a backbone, a warning", GOOD, {"contact": [{"organization": {"display": "a"}}]},
         [("~made-2", "Patient.contact[0]")], RULED),
    Case("of a datatype", GOOD, {"name": [NAME, {"given": ["a"]}]}, [("made-3", "Patient.name[1]")], RULED),
    Case("of a primitive", GOOD, {"gender": "other"}, [("made-4", "Patient.gender")], RULED),
    Case("that fails", patient(name=[{"given": ["a"]}]), {"name": [{"given": ["a", "b"]}]},
         [("made-7", "Patient.name[0]")], ("failing",)),
    Case("of R4, of a backbone", GOOD, {"contact": [{"gender": "male"}]}, [("pat-1", "Patient.contact[0]")]),
    Case("of R4, of a datatype", observation(effectivePeriod={"start": "2000", "end": "2001"}),
         {"effectivePeriod": {"start": "2002", "end": "2001"}}, [("per-1", "Observation.effective.ofType(Period)")]),
    Case("of R4, of a resource", observation(valueString="a"), {"dataAbsentReason": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}},
         [("obs-6", "Observation")]),
    Case("of what contains", patient(contained=[organization()], managingOrganization=reference("#o")),
         {"contained": [organization(meta={"versionId": "1"})]}, [("dom-4", "Patient")]),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_invariants(case: Case) -> None:
    assert case.outcomes == case.wanted


def test_an_invariant_of_the_resource_sees_the_resource() -> None:
    assert told(patient(active=True), *RULED) == [("made-1", "Patient")]
    assert told(GOOD, *RULED) == []


def test_resource_is_the_nearest_resource() -> None:
    phone = {"telecom": [{"system": "phone", "value": "1"}]}
    lacking = patient(id="p", meta=claiming("ruled"), **phone)
    assert ("made-5", "Bundle.entry[0].resource.telecom[0]") in told(bundle(lacking))
    assert told(bundle(GOOD | phone | {"id": "p", "meta": claiming("ruled")})) == []


def test_a_fault_tells_what_the_invariant_is_about() -> None:
    found = [each for each in faults(GOOD | {"gender": "other"}, *RULED) if each.severity == "error"]
    assert [(each.rule, each.about, each.code) for each in found] == [("made-4", "made-4", "invariant")]


def test_a_primitive_with_an_extension_alone_is_judged_by_it() -> None:
    assert told(patient(_birthDate=ADDED), "beside") == []


def test_an_invariant_of_a_primitive_sees_its_extensions() -> None:
    assert told(patient(birthDate="2000", _birthDate=ADDED), "extended") == []


def test_an_invariant_of_a_primitive_without_value_is_evaluated() -> None:
    other = {"extension": [extension("on-birth-date")]}
    assert told(patient(_birthDate=other), "extended") == [("made-9", "Patient.birthDate")]


def test_an_invariant_of_an_extension_slice_is_evaluated() -> None:
    assert told(patient(extension=[extension("on-patient", "no")]), "ruled-extension") == [
        ("made-10", "Patient.extension[0]")
    ]


def test_an_invariant_of_an_element_that_holds_resources_is_evaluated() -> None:
    holding = patient(contained=[organization(id="no")], managingOrganization=reference("#no"))
    assert told(holding, "ruled-contents") == [("made-11", "Patient.contained[0]")]
    response: Json = {"resourceType": "Bundle", "type": "batch-response", "meta": claiming("ruled-bundle")}
    response["entry"] = [{"resource": patient(), "response": {"status": "200"}}]
    assert told(response) == [("made-20", "Bundle.entry[0].resource")]


def test_a_best_practice_is_a_warning() -> None:
    assert told(patient(), "advised") == [("~made-6", "Patient")]


@pytest.mark.parametrize("profile", ["text-rule", "unknown-function"])
def test_an_invariant_that_cannot_be_read_is_broken(profile: str) -> None:
    key = {"text-rule": "made-12", "unknown-function": "made-13"}[profile]
    assert told(patient(meta=claiming(profile))) == [(key, "Patient")]
