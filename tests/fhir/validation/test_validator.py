"""The validator as a whole: what it is asked and answers, its guides side by side, and that nothing brings it down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.validation import Validator
from fhir_server.fhir.validation.report import SYNTAX, Fault, expression, root
from fhir_server.fhir.validation.waivers import Waiver, Waivers
from tests.fhir.validation.guide import FACTS, LABEL, LATER, NOW, folder, validator
from tests.fhir.validation.guide.instances import (
    NAME,
    bundle,
    claiming,
    observation,
    patient,
    reference,
)
from tests.fhir.validation.guide.snapshots import PROFILES

Json = dict[str, Any]

COUNTED = patient(meta=claiming("counts"), active=True, name=[NAME, NAME])


def rules(found: Any) -> set[str]:
    return {each.rule for each in found if each.severity == "error"}


@pytest.mark.parametrize("resource", [None, True, 5, "Patient", [], [{"resourceType": "Patient"}]])
def test_what_is_no_object_is_no_resource(resource: Any) -> None:
    (issue,) = validator().validate(resource)
    assert (issue.rule, issue.severity, issue.expression) == ("resource-type", "error", "Resource")


def test_an_issue_tells_rule_place_and_mend() -> None:
    (issue,) = (each for each in validator().validate(patient(brithDate="2000")) if each.severity == "error")
    assert (issue.rule, issue.expression, issue.code) == ("element-unknown", "Patient", "structure")
    assert "birthDate" in issue.mend


def test_an_issue_is_told_once_whatever_asks_for_it() -> None:
    resource = COUNTED | {"meta": claiming("counts", "lax-patient", "counts"), "shoe": 1}
    issues = validator().validate(resource, [f"{PROFILES}counts"])
    assert len([each for each in issues if each.rule == "element-unknown"]) == 1


def test_a_place_is_written_as_fhirpath() -> None:
    place = ((((root("Bundle"), "entry", 1), "resource", -1), "valueCodeableConcept", -1), "coding", 0)
    assert expression(place) == "Bundle.entry[1].resource.value.ofType(CodeableConcept).coding[0]"


def test_faults_of_the_json_do_not_count_against_a_profile() -> None:
    for rule in SYNTAX:
        assert not Fault("error", rule, root("Patient"), "", "", "").counts
    assert Fault("error", "element-missing", root("Patient"), "", "", "").counts
    assert not Fault("warning", "element-missing", root("Patient"), "", "", "").counts


def test_a_waived_fault_is_information_unless_strict() -> None:
    row = Waiver(guides=("made-up",), rule="element-missing", about=("Patient.active",), reason="so", source="here")
    lenient = Validator(Definitions.load(FACTS, [LABEL], [folder()]), waivers=Waivers([row]))
    lacking = {name: value for name, value in COUNTED.items() if name != "active"}
    assert "element-missing" not in rules(lenient.validate(lacking))
    assert "guide-fault" in {each.rule for each in lenient.validate(lacking)}
    assert "element-missing" in rules(lenient.validate(lacking, strict=True))


def test_a_waived_fault_does_not_fail_the_target_of_a_reference() -> None:
    row = Waiver(guides=("made-up",), rule="element-missing", about=("Patient.name",), reason="so", source="here")
    lenient = Validator(Definitions.load(FACTS, [LABEL], [folder()]), waivers=Waivers([row]))
    sent = bundle(observation(id="x", meta=claiming("referring"), subject=reference("Patient/p")), patient(id="p"))
    assert "reference-target" not in rules(lenient.validate(sent))
    assert "reference-target" in rules(lenient.validate(sent, strict=True))


# Several versions of a guide.
def side_by_side() -> tuple[Validator, Validator]:
    definitions = Definitions.load(FACTS, [LABEL, LATER], [folder()])
    definitions.group("first", [LABEL])
    definitions.group("later", [LATER])
    first = Validator(definitions, "first")
    return first, Validator(definitions, "later", compiler=first.compiler)


def test_two_versions_of_a_guide_stand_side_by_side() -> None:
    first, later = side_by_side()
    born = patient(meta=claiming("counts"), birthDate="2000")
    assert "element-repeats" in rules(first.validate(born))
    assert rules(later.validate(born)) == set()
    assert "element-missing" in rules(later.validate(COUNTED))
    assert rules(first.validate(COUNTED)) == set()


def test_a_version_that_belongs_to_another_group_is_unknown() -> None:
    first, later = side_by_side()
    resource = COUNTED | {"meta": claiming("counts|2.0.0")}
    assert "profile-unknown" in {each.rule for each in first.validate(resource)}
    assert "profile-unknown" not in {each.rule for each in later.validate(resource)}
    assert "profile-unknown" in {each.rule for each in later.validate(patient(meta=claiming("named-patient")))}


def test_validators_share_what_they_compile() -> None:
    first, later = side_by_side()
    first.validate(patient())
    base = first.compiler.base("Patient")
    assert base is not None
    assert base.compiled
    assert later.compiler.base("Patient") is base


def test_prepare_compiles_all_that_a_profile_leads_to() -> None:
    fresh = Validator(Definitions.load(FACTS, [LABEL], [folder()]))
    fresh.prepare([f"{PROFILES}referring", "http://un.known/profile"])
    for name in ("referring", "named-patient", "aged-patient"):
        profile = fresh.compiler.profile(PROFILES + name)
        assert profile is not None
        assert profile.compiled


def test_threads_get_the_same_answers() -> None:
    fresh = Validator(Definitions.load(FACTS, [LABEL], [folder()]))
    sent = bundle(
        observation(id="x", meta=claiming("referring"), subject=reference("Patient/p")), COUNTED | {"id": "p"}
    )
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: fresh.validate(sent, now=NOW), range(16)))
    assert all(each == answers[0] for each in answers)
    assert answers[0] == validator().validate(sent, now=NOW)


def test_a_resource_is_left_as_it_is() -> None:
    sent = bundle(
        observation(id="x", meta=claiming("by-target"), subject=reference("Patient/p")), COUNTED | {"id": "p"}
    )
    before = deepcopy(sent)
    validator().validate(sent)
    assert sent == before


def test_every_profile_of_the_guide_compiles() -> None:
    for entry, label in validator().definitions.profiles():
        if label == LABEL and entry.id not in ("text-rule", "unknown-function"):
            profile = validator().compiler.profile(entry.url, LABEL)
            assert profile is not None
            profile.compile()
            assert profile.package == LABEL
