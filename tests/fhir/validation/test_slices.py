"""Slices: how values are told apart, how many there must be, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.validation.guide import told
from tests.fhir.validation.guide.case import Case, changed
from tests.fhir.validation.guide.instances import (
    NAME,
    ORGANIZATION,
    bundle,
    claiming,
    extension,
    observation,
    patient,
    reference,
)
from tests.fhir.validation.guide.slices import coding
from tests.fhir.validation.guide.terminology import COLOURS
from tests.fhir.validation.guide.values import CODING

Json = dict[str, Any]

ONE: Json = {"system": "urn:one"}
TWO: Json = {"system": "urn:two", "value": "2"}
THREE: Json = {"system": "urn:three"}
OLD: Json = {"system": "urn:one", "use": "old", "value": "1"}
FEW, MANY, ODD, BOTH, LATE = "slice-missing", "slice-repeats", "slice-unknown", "slice-several", "slice-order"
PHONE = {"system": "phone", "value": "1"}
MARK = {"extension": [extension("anywhere", "yes")]}
FIRM = {"organization": {"display": "a"}}
PART = {"code": {"text": "a"}}
QUANTITY = {"value": 1, "system": "http://unitsofmeasure.org", "code": "g"}


def named(*identifiers: Json) -> Json:
    return {"identifier": list(identifiers)}


def sorts(*codes: str) -> Json:
    """Return categories, each with the codings that its letters name."""
    return {"category": [{"coding": [coding(letter) for letter in each]} for each in codes]}


def by_url(*extensions: Json) -> Json:
    return {"extension": list(extensions)}


def of_identifiers(name: str, good: Json, change: Json, *faults: tuple[str, str]) -> Case:
    return Case(name, patient(**good), change, list(faults), (name.split(",")[0],))


def of_categories(name: str, good: Json, change: Json, *faults: tuple[str, str]) -> Case:
    return Case(name, observation(**good), change, list(faults), (name.split(",")[0],))


KNOWN = extension("on-patient")
CASES = (
    of_identifiers("by-system, missing", named(ONE, THREE), named(THREE), (FEW, "Patient")),
    of_identifiers("by-system, twice", named(TWO, ONE), named(TWO, ONE, ONE), (MANY, "Patient")),
    of_identifiers("by-system, three times", named(TWO, ONE, TWO), named(TWO, ONE, TWO, TWO), (MANY, "Patient")),
    of_identifiers("by-system, wrong within", named(ONE, TWO), named(ONE, {"system": "urn:two"}),
                   ("element-missing", "Patient.identifier[1]")),
    of_identifiers("closed, another", named(TWO, ONE), named(ONE, THREE), (ODD, "Patient.identifier[1]")),
    of_identifiers("ordered, turned round", named(ONE, THREE, TWO), named(TWO, ONE), (LATE, "Patient.identifier[1]")),
    of_identifiers("by-two, one fits", {"telecom": [PHONE | {"use": "home"}]}, {"telecom": [PHONE | {"use": "work"}]},
                   (FEW, "Patient")),
    of_identifiers("by-extension, other value", {"contact": [MARK | {"name": NAME, "gender": "male"}]},
                   {"contact": [{"name": NAME, "extension": [extension("anywhere", "no")]}]}, (FEW, "Patient")),
    of_identifiers("by-extension, wrong within", {"contact": [MARK | {"name": NAME, "gender": "male"}]},
                   {"contact": [MARK | {"name": NAME}]}, ("element-missing", "Patient.contact[0]")),
    of_identifiers("extensions-closed, twice", by_url(KNOWN), by_url(KNOWN, KNOWN), (MANY, "Patient")),
    of_identifiers("extensions-closed, another", by_url(KNOWN), by_url(KNOWN, extension("anywhere")),
                   (ODD, "Patient.extension[1]")),
    of_identifiers("named, missing", {"name": [{"given": ["B", "A"]}]}, {"name": [{"given": ["B"]}]},
                   (FEW, "Patient.name[0]")),
    of_identifiers("named, twice", {"name": [{"given": ["B", "A"]}]}, {"name": [{"given": ["A", "A"]}]},
                   (MANY, "Patient.name[0]")),
    of_categories("by-pattern, missing", sorts("c", "ac"), sorts("c"), (FEW, "Observation")),
    of_categories("by-pattern, twice", sorts("a"), sorts("a", "a"), (MANY, "Observation")),
    of_identifiers("whole, wrong in the whole", named(ONE | {"value": "1"}), named(ONE),
                   ("element-missing", "Patient.identifier[0]")),
    of_identifiers("excluded-slice, excluded", named(ONE), named(ONE, TWO), (MANY, "Patient")),
    of_categories("by-code, missing", sorts("a", "b"), sorts("b"), (FEW, "Observation")),
    of_categories("several, both", sorts("a", "b", "c"), sorts("ab"), (BOTH, "Observation.category[0]")),
    of_categories("by-fixed-concept, missing", sorts("a", "b"), sorts("b"), (FEW, "Observation")),
    of_categories("by-set, missing", {"category": [{"coding": [{"system": COLOURS, "code": "red"}]}]},
                  {"category": [{"coding": [{"system": COLOURS, "code": "blue"}]}]}, (FEW, "Observation")),
    of_identifiers("by-existence, missing", {"contact": [{"name": NAME}, FIRM]}, {"contact": [FIRM]},
                   (FEW, "Patient")),
    of_identifiers("by-existence, twice", {"contact": [{"name": NAME}, FIRM]},
                   {"contact": [{"name": NAME}, FIRM, FIRM]},
                   (MANY, "Patient")),
    of_identifiers("by-existence, wrong within", {"contact": [{"name": NAME}]}, {"contact": [{"telecom": [PHONE]}]},
                   ("element-missing", "Patient.contact[0]")),
    of_identifiers("by-value-existence, missing", {"telecom": [PHONE]}, {"telecom": [{"use": "home"}]},
                   (FEW, "Patient")),
    of_categories("sliced-choice, wrong within", {"valueQuantity": QUANTITY}, {"valueQuantity": {"value": 1}},
                  ("element-missing", "Observation.value.ofType(Quantity)")),
    of_categories("excluded-choice, excluded", {}, {"valueString": "a"}, ("element-repeats", "Observation")),
    of_identifiers("by-own-profile, missing", named({"value": "1"}), named({"use": "old"}), (FEW, "Patient")),
    of_identifiers("profiled-slice, missing", {"address": [{"use": "home", "city": "a"}]},
                   {"address": [{"use": "work"}]},
                   (FEW, "Patient")),
    of_identifiers("profiled-slice, wrong within", {"address": [{"use": "home", "city": "a"}]},
                   {"address": [{"use": "home"}]}, ("element-missing", "Patient.address[0]")),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_slices(case: Case) -> None:
    assert case.outcomes == case.wanted


@pytest.mark.parametrize(
    ("profile", "resource", "count"),
    [
        ("by-system", patient(), 1),
        ("by-code", observation(), 1),
        ("extensions-closed", patient(), 2),  # its own minimum, and that of the slice
        ("sliced-choice", observation(), 1),
        ("sliced-choice", observation(valueString="a"), 1),
    ],
)
def test_a_slice_may_lack_with_all_of_its_element(profile: str, resource: Json, count: int) -> None:
    assert told(resource, profile) == [("element-missing", resource["resourceType"])] * count


def test_slices_that_cannot_be_told_apart_are_not_counted_and_close_nothing() -> None:
    assert told(patient(), "no-criterion") == []
    assert told(patient(**named(ONE, THREE)), "no-criterion") == []


def test_without_a_discriminator_nothing_is_in_a_slice() -> None:
    assert told(patient(**named(ONE)), "no-discriminator") == [(FEW, "Patient")]


@pytest.mark.parametrize(("method", "expected"), [({"text": "a"}, []), (None, [(FEW, "Bundle.entry[0].resource")])])
def test_the_profile_of_a_target_tells_slices_apart(method: Json | None, expected: list[tuple[str, str]]) -> None:
    first = observation(id="x", meta=claiming("by-target-profile"), hasMember=[reference("Observation/y")])
    second = observation(id="y") | ({"method": method} if method else {})
    assert told(bundle(first, second)) == expected


def test_entries_are_told_apart_by_the_type_of_their_resource() -> None:
    person, firm = patient(id="p", name=[NAME]), ORGANIZATION
    meta = {"meta": claiming("typed-bundle")}
    assert told(bundle(person, firm, **meta)) == []
    assert told(bundle(firm, **meta)) == [(FEW, "Bundle")]
    assert told(bundle(person, patient(id="q", name=[NAME]), **meta)) == [(MANY, "Bundle")]
    assert told(bundle(person, observation(id="x"), **meta)) == [(ODD, "Bundle.entry[1]")]
    assert told(bundle(patient(id="p"), **meta)) == [("element-missing", "Bundle.entry[0].resource")]


def test_entries_are_told_apart_by_the_profile_of_their_resource() -> None:
    meta = {"meta": claiming("profiled-bundle")}
    assert told(bundle(patient(id="p", name=[NAME]), patient(id="q"), **meta)) == []
    assert told(bundle(patient(id="q"), **meta)) == [(FEW, "Bundle")]


def test_a_slice_excluded_by_itself_is_never_filled() -> None:
    """The discriminator leads to the slice, which must be empty: so it is for the HL7 validator (`$this.empty()`)."""
    assert told(observation(**sorts("a", "b")), "by-pattern") == []


def test_what_is_wrong_with_the_json_does_not_decide_which_slice_a_value_is_in() -> None:
    assert told(patient(**named({"value": "1", "shoe": 1})), "by-own-profile") == [
        ("element-unknown", "Patient.identifier[0]")
    ]


def test_a_null_is_no_text_where_texts_are_sliced() -> None:
    assert told(patient(name=[{"given": ["A", None], "_given": [None, MARK]}]), "named") == []
    assert told(patient(name=[{"given": ["A", None]}]), "named") == [("fhir-type", "Patient.name[0].given[1]")]


AGAIN = patient(**named(ONE, OLD))


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        (named(ONE), []),
        (named(ONE, OLD), []),
        (named(OLD), []),  # what is in one/old is in one, which is required
        (named(ONE, OLD, OLD), [(MANY, "Patient")]),
        (named(ONE, {"system": "urn:one", "use": "old"}), [("element-missing", "Patient.identifier[1]")]),
    ],
)
def test_a_slice_is_sliced_again(identifiers: Json, expected: list[tuple[str, str]]) -> None:
    assert told(changed(AGAIN, **identifiers), "again") == expected


def test_a_closed_choice_takes_the_types_of_its_slices_alone() -> None:
    assert told(observation(valueQuantity=QUANTITY), "closed-choice") == []
    assert told(observation(valueString="a"), "closed-choice") == [("choice-type", "Observation.value.ofType(string)")]


def test_the_type_of_a_nested_choice_tells_slices_apart() -> None:
    assert told(observation(component=[PART | {"valueString": "a"}]), "by-value-type") == [(FEW, "Observation")]
    assert told(observation(component=[PART | {"valueQuantity": QUANTITY}]), "by-value-type") == []


def test_the_type_of_a_target_tells_slices_apart() -> None:
    resource = observation(contained=[ORGANIZATION], performer=[reference("#o")])
    assert told(observation(performer=[{"display": "a"}]), "by-target") == [(FEW, "Observation")]
    assert told(resource, "by-target") == []


def test_a_primitive_exists_by_its_extension() -> None:
    assert told(patient(telecom=[{"system": "phone", "_value": MARK}]), "by-value-existence") == []


@pytest.mark.xfail(reason="a fixed concept sorts by equality; the validator by its codings, and then faults the rest")
def test_a_fixed_concept_sorts_by_its_codings() -> None:
    more = observation(category=[{"coding": [CODING], "text": "a"}])
    assert told(more, "by-lax-fixed-concept") == [("value-fixed", "Observation.category[0].text")]


def test_extensions_keep_their_place_in_a_value_that_is_sorted_by_profile() -> None:
    assert told(patient(**named({"value": "1", "extension": [extension("on-identifier")]})), "by-own-profile") == []
