"""Resources: which profiles one is held against, and what holds for what it contains."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.validation.guide import told
from tests.fhir.validation.guide.case import GONE, Case
from tests.fhir.validation.guide.instances import (
    NAME,
    ORGANIZATION,
    QUESTIONNAIRE,
    bundle,
    claiming,
    observation,
    organization,
    patient,
    questionnaire_item,
    reference,
)

Json = dict[str, Any]

HELD = patient(contained=[ORGANIZATION], managingOrganization=reference("#o"))
ENTRY = "Bundle.entry[0].resource"
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}
HEIGHT = {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}
UNKNOWN = "http://un.known/profile"
CENTIMETRES = {"value": 180, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"}
VITAL = {
    "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                              "code": "vital-signs"}]}],
    "subject": reference("Patient/p"),
    "effectiveDateTime": "2000-01-01",
    "valueQuantity": CENTIMETRES,
}  # fmt: skip


def contained(*resources: Any) -> Json:
    return {"contained": list(resources)}


def part_of(identity: str, other: str) -> Json:
    return organization(id=identity, partOf=reference(other))


CASES = (
    Case("no type", patient(), {"resourceType": GONE}, [("resource-type", "Resource")]),
    Case("misspelt type", patient(), {"resourceType": "Pateint"}, [("resource-type", "Pateint")]),
    Case("abstract type", patient(), {"resourceType": "DomainResource"}, [("resource-type", "DomainResource")]),
    Case("a datatype", patient(), {"resourceType": "HumanName"}, [("resource-type", "HumanName")]),
    Case("type of another kind", patient(), {"resourceType": 5}, [("resource-type", "Resource")]),
    Case("id of another kind", patient(id="a"), {"id": 5}, [("fhir-type", "Patient.id")]),
    Case("id with blanks", patient(id="a"), {"id": "a b"}, [("fhir-id", "Patient.id")]),
    Case("id too long", patient(id="a" * 64), {"id": "a" * 65}, [("fhir-id", "Patient.id")]),
    Case("two elements of one id", patient(name=[NAME | {"id": "a"}, NAME | {"id": "b"}]),
         {"name": [NAME | {"id": "a"}, NAME | {"id": "a"}]}, [("id-repeated", "Patient.name[1]")]),
    Case("two labels", patient(meta={"security": [LABEL, LABEL | {"code": "R"}]}),
         {"meta": {"security": [LABEL, LABEL | {"display": "A"}]}}, [("meta-security", "Patient.meta.security[1]")]),
    # Contained resources.
    Case("nobody refers to it", HELD, {"managingOrganization": GONE}, [("dom-3", "Patient.contained[0]")]),
    Case("refers to nobody", observation(contained=[observation(id="o", hasMember=[reference("#")])]),
         contained(observation(id="o")), [("dom-3", "Observation.contained[0]")]),
    Case("referred to by another", HELD | contained(part_of("o", "#q"), organization(id="q")),
         contained(ORGANIZATION, organization(id="q")), [("dom-3", "Patient.contained[1]")]),
    Case("referred to by a link", HELD | contained(ORGANIZATION, organization(id="q")) | {"implicitRules": "#q"},
         {"implicitRules": GONE}, [("dom-3", "Patient.contained[1]")]),
    Case("no id", HELD, contained(ORGANIZATION, {"resourceType": "Organization", "name": "b"}),
         [("element-missing", "Patient.contained[1]")]),
    Case("the same id", HELD, contained(ORGANIZATION, organization(name="b")),
         [("id-repeated", "Patient.contained[1]")]),
    Case("wrong within", HELD, contained(organization(shoe=1)), [("element-unknown", "Patient.contained[0]")]),
    Case("contained no resource", HELD, contained("a"), [("fhir-type", "Patient.contained[0]"),
         ("reference-unresolved", "Patient.managingOrganization")]),
    Case("contained of no type", HELD, contained({"id": "o"}), [("resource-type", "Patient.contained[0]"),
         ("reference-type", "Patient.managingOrganization")]),
    Case("contained twice over", HELD, contained(organization(contained=[patient(id="p")])),
         [("dom-2", "Patient"), ("dom-3", "Patient.contained[0].contained[0]")]),
    Case("a link to nothing", questionnaire_item(alone=True, type="choice", text="a", answerValueSet="http://x.org/v"),
         {"item": [questionnaire_item(type="choice", text="a", answerValueSet="#v")]},
         [("reference-unresolved", "Questionnaire.item[0].answerValueSet")]),
    Case("wrong defining url", QUESTIONNAIRE | {"url": "http://x.org/q"}, {"url": "q"},
         [("fhir-canonical", "Questionnaire.url")]),
    # Which profiles a resource is held against.
    Case("claimed", patient(meta=claiming("named-patient"), name=[NAME]), {"name": GONE},
         [("element-missing", "Patient")]),
    Case("claimed twice", patient(meta=claiming("named-patient", "named-patient"), name=[NAME]), {"name": GONE},
         [("element-missing", "Patient")]),
    Case("claimed, two", patient(meta=claiming("named-patient", "aged-patient"), name=[NAME], birthDate="2000"),
         {"name": GONE, "birthDate": GONE}, [("element-missing", "Patient")] * 2),
    Case("claimed with its version", patient(meta=claiming("named-patient|1.0.0"), name=[NAME]), {"name": GONE},
         [("element-missing", "Patient")]),
    Case("claimed, unknown", patient(meta=claiming("named-patient"), name=[NAME]), {"meta": claiming(UNKNOWN)},
         [("~profile-unknown", "Patient.meta.profile[0]")]),
    Case("claimed, unknown version", patient(meta=claiming("named-patient|1.0.0")) | {"name": [NAME]},
         {"meta": claiming("named-patient|3.0.0")}, [("~profile-unknown", "Patient.meta.profile[0]")]),
    Case("claimed, of another type", patient(meta=claiming("named-patient"), name=[NAME]),
         {"meta": claiming("marked-observation")},
         [("element-missing", "Patient")] * 3 + [("profile-type", "Patient.name"),
                                                 ("~profile-type", "Patient.meta.profile[0]")]),
    Case("imposed by what is claimed", patient(meta=claiming("imposing"), active=True, gender="male"),
         {"gender": GONE}, [("element-missing", "Patient")]),
    Case("given", patient(name=[NAME]), {"name": GONE}, [("element-missing", "Patient")], ("named-patient",)),
    Case("implied", observation(code=HEIGHT, **VITAL), {"valueQuantity": CENTIMETRES | {"code": "kg"}},
         [("binding-required", "Observation.value.ofType(Quantity).code")]),
    Case("implied, nothing of it there", observation(code=HEIGHT, **VITAL), {"subject": GONE},
         [("element-missing", "Observation")]),
    # Entries.
    Case("entry of a profile", bundle(patient(id="p", name=[NAME]), meta=claiming("typed-bundle")),
         bundle(patient(id="p")), [("element-missing", ENTRY)]),
    Case("entry of one of two", bundle(patient(id="p", birthDate="2000"), meta=claiming("either-bundle")),
         bundle(patient(id="p")), [("element-missing", ENTRY), ("profile-none", ENTRY)]),
    Case("entry of another type", bundle(patient(id="p", birthDate="2000"), meta=claiming("either-bundle")),
         bundle(ORGANIZATION), [("resource-type", ENTRY)]),
    Case("entry that claims", bundle(patient(id="p", meta=claiming("named-patient"), name=[NAME])),
         bundle(patient(id="p", meta=claiming("named-patient"))), [("element-missing", ENTRY)]),
    Case("entry of no type", bundle(ORGANIZATION), bundle(organization(resourceType="Organisation")),
         [("resource-type", ENTRY)]),
    Case("parameter", {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": ORGANIZATION}]},
         {"parameter": [{"name": "a", "resource": organization(shoe=1)}]},
         [("element-unknown", "Parameters.parameter[0].resource")]),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_resources(case: Case) -> None:
    assert case.outcomes == case.wanted


def test_a_profile_given_by_the_caller_may_be_unknown_or_of_another_type() -> None:
    assert told(patient(), UNKNOWN) == [("~profile-unknown", "Patient")]
    assert told(patient(), "marked-observation") == [("profile-type", "Patient")]


def test_a_contained_resource_has_ids_of_its_own() -> None:
    assert told(HELD | {"name": [NAME | {"id": "o"}]}) == []


def test_a_bundle_may_hold_a_bundle() -> None:
    inner = bundle(patient(id="p", meta=claiming("named-patient")), id="b")
    assert told(bundle(inner)) == [("element-missing", f"{ENTRY}.entry[0].resource")]


def test_a_contained_bundle_is_a_world_of_its_own() -> None:
    sent = bundle(observation(id="x", meta=claiming("referring"), subject=reference("Patient/p")), patient(id="p"))
    assert told(sent) == [("reference-target", f"{ENTRY}.subject")]
    holding = HELD | contained(ORGANIZATION, sent | {"id": "b"}) | {"implicitRules": "#b"}
    assert told(holding) == [("reference-target", "Patient.contained[1].entry[0].resource.subject")]


def test_an_element_may_have_the_id_of_its_resource() -> None:
    assert told(patient(id="a", name=[NAME | {"id": "a"}])) == []


def test_a_narrative_refers_to_what_is_contained() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="#o">a</a></div>'
    assert told(patient(contained=[ORGANIZATION], text={"status": "generated", "div": div})) == []


def test_a_text_refers_to_nothing() -> None:
    assert told(patient(contained=[ORGANIZATION], name=[{"text": "#o"}])) == [("dom-3", "Patient.contained[0]")]


def test_contained_resources_may_refer_to_each_other() -> None:
    circle = part_of("o", "#q"), part_of("q", "#p"), part_of("p", "#o")
    assert told(patient(**contained(*circle))) == []
    outside = told(patient(**contained(part_of("r", "#o"), *circle, part_of("s", "#s"))))
    assert outside == [("dom-3", "Patient.contained[0]"), ("dom-3", "Patient.contained[4]")]


@pytest.mark.parametrize("by_entry", [True, False])
def test_what_a_profile_imposes_is_demanded_however_it_is_found(by_entry: bool) -> None:
    lacking = patient(id="p", active=True)
    if by_entry:
        assert told(bundle(lacking, meta=claiming("imposing-bundle"))) == [("element-missing", ENTRY)]
    else:
        assert told(lacking, "imposing") == [("element-missing", "Patient")]


def test_the_profile_of_an_entry_says_its_type() -> None:
    basic = {"resourceType": "Basic", "id": "b", "code": {"text": "a"}}
    assert told(bundle(basic, meta=claiming("any-type-bundle"))) == [("profile-type", f"{ENTRY}.code")]


def test_an_id_is_not_empty() -> None:
    assert ("fhir-id", "Patient.id") in told(patient(id=""))


def test_profiles_are_looked_for_where_they_are_named() -> None:
    assert told(patient(meta=claiming("counts|2.0.0"))) == [("~profile-unknown", "Patient.meta.profile[0]")]
