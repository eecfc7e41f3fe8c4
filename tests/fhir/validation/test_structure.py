"""Elements: which there are, of which kind of JSON, how often, and which type of a choice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.validation.guide import told
from tests.fhir.validation.guide.case import GONE, Case
from tests.fhir.validation.guide.instances import NAME, extension, observation, patient, questionnaire_item

Json = dict[str, Any]

COUNTED = patient(active=True, name=[NAME, {"text": "b"}])
CHOSEN = observation(effectiveDateTime="2000")
ITEM = questionnaire_item
REFERENCE = {"display": "a"}
ADDED = {"extension": [extension("anywhere")]}

# The first part is what R4 itself says; the HL7 validator has the same verdict on each, at the same place.
CASES = (
    Case("unknown element", patient(), {"shoeSize": 42}, [("element-unknown", "Patient")]),
    Case("misspelt element", patient(birthDate="2000"), {"birthDate": GONE, "brithDate": "2000"},
         [("element-unknown", "Patient")]),
    Case("unknown in a backbone", patient(contact=[{"name": NAME}]), {"contact": [{"name": NAME, "nme": NAME}]},
         [("element-unknown", "Patient.contact[0]")]),
    Case("unknown in a datatype", patient(name=[NAME]), {"name": [NAME | {"nick": "a"}]},
         [("element-unknown", "Patient.name[0]")]),
    Case("resourceType within", patient(name=[NAME]), {"name": [NAME | {"resourceType": "HumanName"}]},
         [("element-unknown", "Patient.name[0]")]),
    Case("id alone", patient(_gender={"extension": [{
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}),
         {"_gender": {"id": "a"}}, [("ele-1", "Patient.gender")]),
    Case("comments", patient(), {"fhir_comments": ["a"]}, [("element-unknown", "Patient")]),
    Case("underscore of an object", patient(name=[NAME]), {"_name": [{"id": "a"}]}, [("element-unknown", "Patient")]),
    Case("object for an array", patient(name=[NAME]), {"name": NAME}, [("fhir-type", "Patient.name")]),
    Case("text for an array", patient(name=[NAME]), {"name": "a"}, [("fhir-type", "Patient.name")]),
    Case("text for an object", patient(name=[NAME]), {"name": ["a"]}, [("fhir-type", "Patient.name[0]")]),
    Case("array for an object", patient(managingOrganization=REFERENCE), {"managingOrganization": [REFERENCE]},
         [("fhir-type", "Patient.managingOrganization")]),
    Case("array for a text", patient(gender="male"), {"gender": ["male"]}, [("fhir-type", "Patient.gender")]),
    Case("object for a text", patient(gender="male"), {"gender": {"a": 1}}, [("fhir-type", "Patient.gender")]),
    Case("text for true", patient(active=True), {"active": "true"}, [("fhir-type", "Patient.active")]),
    Case("number for a text", patient(birthDate="1990"), {"birthDate": 1990}, [("fhir-type", "Patient.birthDate")]),
    Case("null", patient(gender="male"), {"gender": None}, [("fhir-type", "Patient.gender")]),
    Case("null in an array", patient(name=[{"given": ["a", None], "_given": [None, ADDED]}]),
         {"name": [{"given": ["a", None]}]}, [("fhir-type", "Patient.name[0].given[1]")]),
    Case("array beside a text", patient(gender="male", _gender=ADDED), {"_gender": [ADDED]},
         [("fhir-type", "Patient.gender")]),
    Case("object beside an array", patient(name=[{"given": ["a"], "_given": [ADDED]}]),
         {"name": [{"given": ["a"], "_given": ADDED}]}, [("fhir-type", "Patient.name[0].given")]),
    Case("text beside a text", patient(gender="male"), {"_gender": "a"}, [("fhir-type", "Patient.gender")]),
    Case("value beside a text", patient(gender="male", _gender=ADDED), {"_gender": {"value": "a"}},
         [("element-unknown", "Patient.gender")]),
    Case("empty object", patient(managingOrganization=REFERENCE), {"managingOrganization": {}},
         [("element-empty", "Patient.managingOrganization")]),
    Case("empty object in an array", patient(name=[NAME]), {"name": [NAME, {}]},
         [("element-empty", "Patient.name[1]")]),
    Case("empty object beside a text", patient(gender="male"), {"_gender": {}}, [("element-empty", "Patient.gender")]),
    Case("empty array", patient(name=[NAME]), {"name": []}, [("element-empty", "Patient.name")]),
    Case("empty array of texts", patient(name=[NAME]), {"name": [NAME | {"given": []}]},
         [("~element-empty", "Patient.name[0].given")]),
    Case("required by R4", observation(), {"status": GONE}, [("element-missing", "Observation")]),
    Case("not even an extension", patient(link=[{"other": {"display": "a"}, "_type": ADDED}]),
         {"link": [{"other": {"display": "a"}}]}, [("element-missing", "Patient.link[0]")]),
    Case("required in a backbone", patient(link=[{"other": {"display": "a"}, "type": "refer"}]),
         {"link": [{"other": {"display": "a"}}]}, [("element-missing", "Patient.link[0]")]),
    Case("two of a choice", patient(deceasedBoolean=True), {"deceasedDateTime": "2000"},
         [("element-unknown", "Patient")]),
    Case("no type of the choice", patient(deceasedBoolean=True), {"deceasedBoolean": GONE, "deceasedString": "a"},
         [("element-unknown", "Patient")]),
    Case("choice without a type", patient(), {"deceased": True}, [("element-unknown", "Patient")]),
    Case("wrong kind of a choice", patient(deceasedBoolean=True), {"deceasedBoolean": "true"},
         [("fhir-type", "Patient.deceased.ofType(boolean)")]),
    # How often, by a profile.
    Case("too few", COUNTED, {"name": [NAME]}, [("element-missing", "Patient")], ("counts",)),
    Case("none at all", COUNTED, {"name": GONE}, [("element-missing", "Patient")], ("counts",)),
    Case("too many", COUNTED, {"name": [NAME] * 4}, [("element-repeats", "Patient")], ("counts",)),
    Case("required", COUNTED, {"active": GONE}, [("element-missing", "Patient")], ("counts",)),
    Case("once and twice", COUNTED | {"telecom": [{"use": "home"}]}, {"telecom": [{"use": "home"}, {"use": "work"}]},
         [("element-repeats", "Patient")], ("counts",)),
    Case("excluded array", COUNTED, {"photo": [{"url": "http://x.org"}]}, [("element-repeats", "Patient")],
         ("counts",)),
    Case("excluded", COUNTED, {"birthDate": "2000"}, [("element-repeats", "Patient")], ("counts",)),
    Case("excluded, only an extension", COUNTED, {"_birthDate": ADDED}, [("element-repeats", "Patient")], ("counts",)),
    Case("excluded choice", COUNTED, {"deceasedBoolean": True}, [("element-repeats", "Patient")], ("counts",)),
    Case("counted in a profiled type", patient(name=[{"given": ["a", "b"]}]), {"name": [{"given": ["a"]}]},
         [("element-missing", "Patient.name[0]")], ("listed",)),
    Case("too many in a profiled type", patient(name=[{"given": ["a", "b"]}]), {"name": [{"given": list("abcd")}]},
         [("element-repeats", "Patient.name[0]")], ("listed",)),
    Case("unfolded three times", patient(contact=[{"name": {"period": {"start": "2000", "end": "2001"}}}]),
         {"contact": [{"name": {"period": {"end": "2001"}}}]},
         [("element-missing", "Patient.contact[0].name.period")], ("deep",)),
    # Choices, by a profile.
    Case("one type left", CHOSEN, {"effectiveDateTime": GONE, "effectivePeriod": {"start": "2000"}},
         [("choice-type", "Observation.effective.ofType(Period)"), ("element-missing", "Observation")], ("choices",)),
    Case("not one of three", CHOSEN | {"valueString": "a"}, {"valueString": GONE, "valueInteger": 1},
         [("choice-type", "Observation.value.ofType(integer)")], ("choices",)),
    Case("two at once", CHOSEN | {"valueString": "a"}, {"valueQuantity": {"value": 1}},
         [("element-unknown", "Observation")], ("choices",)),
    Case("one of two profiles", patient(identifier=[{"value": "a"}, {"system": "urn:a"}]),
         {"identifier": [{"use": "old"}]},
         [("element-missing", "Patient.identifier[0]"), ("element-missing", "Patient.identifier[0]"),
          ("profile-none", "Patient.identifier[0]")], ("one-of-two",)),
    # Elements that take their content from others.
    Case("an item in an item", ITEM(text="a", item=[ITEM("2", text="b", item=[ITEM("3", type="string", text="c")])],
                                    alone=True),
         {"item": [ITEM(text="a", item=[ITEM("2", text="b", item=[ITEM("3", type="string")])])]},
         [("element-missing", "Questionnaire.item[0].item[0].item[0]")], ("nested-items",)),
    Case("unfolded where it refers", ITEM(item=[ITEM("2", text="b", type="string")], alone=True),
         {"item": [ITEM(item=[ITEM("2", type="string")])]},
         [("element-missing", "Questionnaire.item[0].item[0]")], ("second-items",)),
    Case("of another structure", ITEM(item=[ITEM("2", type="string")], alone=True),
         {"item": [ITEM(item=[ITEM("2", type="string", shoe=1)])]},
         [("element-unknown", "Questionnaire.item[0].item[0]")], ("absolute-reference",)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_stands_in_a_resource(case: Case) -> None:
    assert case.outcomes == case.wanted


def test_must_support_is_told_where_asked_for() -> None:
    lacking = patient(contact=[{"telecom": [{"use": "home"}]}])
    told_of = [("?must-support-absent", "Patient")] * 2 + [("?must-support-absent", "Patient.contact[0]")]
    assert told(lacking, "supported", must_support=True) == told_of
    assert told(lacking, "supported") == []
    complete = patient(gender="male", deceasedBoolean=False, contact=[{"name": NAME}])
    assert told(complete, "supported", must_support=True) == []
    extended = patient(_gender=ADDED, _deceasedBoolean=ADDED, contact=[{"name": NAME}])
    assert told(extended, "supported", must_support=True) == []


def test_a_choice_of_which_only_an_extension_is_given_may_be_required() -> None:
    assert told(observation(_effectiveDateTime=ADDED), "choices") == []


def test_a_type_left_out_by_a_profile_is_so_with_only_an_extension() -> None:
    assert told(CHOSEN | {"_valueInteger": ADDED}, "choices") == [("choice-type", "Observation.value.ofType(integer)")]


def test_a_primitive_with_an_id_alone_is_empty() -> None:
    assert told(patient(_gender={"id": "a"})) == [("ele-1", "Patient.gender")]
