"""Extensions: known or not, where they may stand, of which kind they are, and what they hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.validation.guide import told
from tests.fhir.validation.guide.case import Case
from tests.fhir.validation.guide.instances import (
    NAME,
    QUESTIONNAIRE,
    bundle,
    claiming,
    extension,
    observation,
    organization,
    patient,
    questionnaire_item,
    reference,
)
from tests.fhir.validation.guide.snapshots import PROFILES

Json = dict[str, Any]

URL, KIND, TYPE, CONTEXT, PART = (
    "extension-url",
    "extension-modifier",
    "extension-type",
    "extension-context",
    "extension-part",
)
UNKNOWN = "http://un.known/extension"
FIRST: Json = {"url": "first", "valueString": "a"}
MORE: Json = {"url": "more", "valueInteger": 1}


def on(*extensions: Json, **members: Any) -> Json:
    """Return what has extensions."""
    return members | {"extension": list(extensions)}


def complex_of(*parts: Json, **members: Any) -> Json:
    """Return the complex extension of the guide."""
    return {"url": f"{PROFILES}complex", "extension": list(parts)} | members


def code(value: str) -> Json:
    return extension("warm-code", value, "valueCode")


def on_coding(element: str, identity: str = "on-coding") -> Json:
    coding = on(extension(identity), system="http://x.org", code="a")
    concept = {"coding": [coding]}
    return {element: concept if element == "code" else [concept]}


ITEM = questionnaire_item("2", type="string", text="a") | on(extension("on-item"))
NAMED = NAME | on(extension("on-name"))
CONTAINED = organization(extension=[extension("on-patient")])

# Where each extension may stand, and one place where it may not.
CONTEXTS = (
    Case("on a resource", patient(**on(extension("on-patient"))), {"name": [NAME | on(extension("on-patient"))]},
         [(CONTEXT, "Patient.name[0]")]),
    Case("on another resource", patient(**on(extension("on-patient"))), {"resourceType": "Person"},
         [(CONTEXT, "Person")]),
    Case("on a contained resource", patient(contained=[organization()], managingOrganization=reference("#o")),
         {"contained": [CONTAINED]}, [(CONTEXT, "Patient.contained[0]")]),
    Case("on a datatype", patient(name=[NAMED], contact=[{"name": NAMED}]),
         on(extension("on-name")), [(CONTEXT, "Patient")]),
    Case("on a primitive", patient(birthDate="2000", _birthDate=on(extension("on-birth-date")), deceasedBoolean=True),
         {"_deceasedBoolean": on(extension("on-birth-date"))}, [(CONTEXT, "Patient.deceased.ofType(boolean)")]),
    Case("on a choice", observation(valueString="a", _valueString=on(extension("on-value"))), on(extension("on-value")),
         [(CONTEXT, "Observation")]),
    Case("on an object of a choice", observation(valueQuantity={"value": 1} | on(extension("on-value"))),
         {"effectivePeriod": {"start": "2000"} | on(extension("on-value"))},
         [(CONTEXT, "Observation.effective.ofType(Period)")]),
    Case("below an element", observation(**on_coding("code")), on_coding("category"),
         [(CONTEXT, "Observation.category[0].coding[0]")]),
    Case("on a backbone", patient(contact=[{"name": NAME} | on(extension("on-contact"))]), on(extension("on-contact")),
         [(CONTEXT, "Patient")]),
    Case("on an item in an item", questionnaire_item(alone=True, text="a", item=[ITEM]), on(extension("on-item")),
         [(CONTEXT, "Questionnaire")]),
    Case("on any element", patient(**on(extension("anywhere")), name=[NAME | on(extension("anywhere"))]),
         {"name": [NAME | on(extension("on-resources"))]}, [(CONTEXT, "Patient.name[0]")]),
    Case("on any resource", patient(**on(extension("on-resources")), name=[NAME]),
         {"name": [NAME | on(extension("on-resources"))]}, [(CONTEXT, "Patient.name[0]")]),
    Case("on what has a url", QUESTIONNAIRE | on(extension("on-canonicals")),
         {"contained": [organization(extension=[extension("on-canonicals")])], "derivedFrom": ["#o"]},
         [(CONTEXT, "Questionnaire.contained[0]")]),
    Case("in an extension", patient(**on(complex_of(FIRST, extension("within")))), on(extension("within")),
         [(CONTEXT, "Patient")]),
    Case("on what an expression finds", patient(name=[{"use": "official"} | on(extension("official-names"))]),
         {"name": [{"use": "old"} | on(extension("official-names"))]}, [(CONTEXT, "Patient.name[0]")]),
    Case("where an expression holds", patient(active=True, **on(extension("on-active"))), {"active": False},
         [(CONTEXT, "Patient")]),
    Case("an expression that fails", patient(), on(extension("failing-context")), [(CONTEXT, "Patient")]),
)  # fmt: skip

GOOD = patient(**on(extension("on-patient")))
COMPLEX = patient(**on(complex_of(FIRST, MORE, MORE)))
CODE = patient(**on(code("red")))
PLACE = "Patient.extension[0]"

CONTENTS = (
    Case("no url", GOOD, on({"valueString": "a"}), [(URL, PLACE)]),
    Case("url of another kind", GOOD, on({"url": 5, "valueString": "a"}), [(URL, PLACE)]),
    Case("relative url", GOOD, on({"url": "on-patient", "valueString": "a"}), [(URL, PLACE)]),
    Case("url with a version", GOOD, on(extension("on-patient|1.0.0")),
         [(URL, PLACE), ("value-fixed", f"{PLACE}.url")]),
    Case("unknown", GOOD, on(extension(UNKNOWN)), [("?extension-unknown", PLACE)]),
    Case("unknown, not well made", GOOD, on({"url": UNKNOWN}), [("?extension-unknown", PLACE), ("ext-1", PLACE)]),
    Case("unknown with parts", GOOD, on(complex_of(FIRST) | {"url": UNKNOWN}), [("?extension-unknown", PLACE)]),
    Case("text for an extension", GOOD, {"extension": ["a"]}, [("fhir-type", PLACE)]),
    Case("object for extensions", GOOD, {"extension": extension("on-patient")}, [("fhir-type", "Patient.extension")]),
    Case("no value", CODE, on({"url": f"{PROFILES}warm-code"}),
         [("element-missing", PLACE), ("ext-1", PLACE), (TYPE, PLACE)]),
    Case("value of another type", CODE, on(extension("warm-code")),
         [("choice-type", f"{PLACE}.value.ofType(string)"), ("element-missing", PLACE), (TYPE, PLACE)]),
    Case("two values", CODE, on(code("red") | {"valueString": "a"}), [("element-unknown", PLACE)]),
    Case("value not allowed", CODE, on(code("blue")), [("binding-required", f"{PLACE}.value.ofType(code)")]),
    Case("parts for a value", CODE, on({"url": f"{PROFILES}warm-code", "extension": [extension("anywhere")]}),
         [("element-missing", PLACE), ("element-repeats", PLACE), (TYPE, PLACE)]),
    Case("both", COMPLEX, on(complex_of(FIRST, valueString="a")),
         [("element-repeats", PLACE), ("ext-1", PLACE), (TYPE, PLACE)]),
    Case("value for parts", COMPLEX, on({"url": f"{PROFILES}complex", "valueString": "a"}),
         [("element-missing", PLACE), ("element-repeats", PLACE), (TYPE, PLACE)]),
    Case("neither", COMPLEX, on({"url": f"{PROFILES}complex"}), [("element-missing", PLACE), ("ext-1", PLACE)]),
    Case("a part is missing", COMPLEX, on(complex_of(MORE)), [("slice-missing", PLACE)]),
    Case("a part too often", COMPLEX, on(complex_of(FIRST, MORE, MORE, MORE)), [("slice-repeats", PLACE)]),
    Case("no such part", COMPLEX, on(complex_of(FIRST, {"url": "third", "valueString": "a"})),
         [(PART, f"{PLACE}.extension[1]")]),
    Case("a part of another type", COMPLEX, on(complex_of(FIRST, {"url": "more", "valueString": "a"})),
         [("choice-type", f"{PLACE}.extension[1].value.ofType(string)"), ("element-missing", f"{PLACE}.extension[1]")]),
    Case("a modifier as none", patient(modifierExtension=[extension("negates")]), on(extension("negates")),
         [(KIND, PLACE)]),
    Case("none as a modifier", GOOD, {"modifierExtension": [extension("on-patient")]},
         [(KIND, "Patient.modifierExtension[0]")]),
    Case("a modifier elsewhere", patient(modifierExtension=[extension("negates")], contact=[{"name": NAME}]),
         {"contact": [{"name": NAME, "modifierExtension": [extension("negates")]}]}, [(CONTEXT, "Patient.contact[0]")]),
)  # fmt: skip


@pytest.mark.parametrize("case", [*CONTEXTS, *CONTENTS], ids=str)
def test_extensions(case: Case) -> None:
    assert case.outcomes == case.wanted


def test_a_value_may_be_an_extension_of_its_own() -> None:
    assert told(patient(**on({"url": f"{PROFILES}anywhere", "_valueString": on(extension("anywhere"))}))) == []


def test_an_extension_may_stand_on_a_part_of_another() -> None:
    assert told(patient(**on(complex_of(FIRST | {"_valueString": on(extension("anywhere"))})))) == []


def test_the_context_is_that_of_the_nearest_resource() -> None:
    entry = patient(id="1", **on(extension("on-patient"), extension("on-name")))
    assert told(bundle(entry)) == [(CONTEXT, "Bundle.entry[0].resource")]
    within = observation(id="x", meta=claiming("referring"), contained=[patient(id="p", name=[NAME])])
    within |= {"subject": reference("#p")}
    within["contained"][0] |= on(extension("on-patient"))
    assert told(within) == []
