"""Codes against value sets: which must be in them, which should, and which nobody here can know."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.definitions.facts import folder_name
from fhir_server.fhir.packages import Compilation, write_files
from fhir_server.fhir.validation import Validator
from fhir_server.fhir.validation.bindings import Bindings
from fhir_server.fhir.validation.report import Report, root
from fhir_server.pas.validation import guide_validator
from tests.fhir.package_compiler.small import SET, SYSTEM, code_system, package, value_set
from tests.fhir.validation.guide import NOW, told, validator
from tests.fhir.validation.guide.case import Case
from tests.fhir.validation.guide.instances import extension, observation, patient
from tests.fhir.validation.guide.terminology import ALL, COLOURS, FOREIGN, NOWHERE, OPEN, WARM

Json = dict[str, Any]

REQUIRED, WISHED = "binding-required", "~binding-extensible"
PROFILE = ("bound-concepts",)
RED: Json = {"system": COLOURS, "code": "red"}
BLUE: Json = {"system": COLOURS, "code": "blue"}
ELSEWHERE: Json = {"system": FOREIGN, "code": "x"}


def concept(*codings: Json, **members: Any) -> Json:
    return {"coding": list(codings)} | members


def tagged(*codings: Json) -> Json:
    return {"meta": {"tag": list(codings)}}


GOOD = observation(code=concept(RED))
SITE = GOOD | {"bodySite": concept(RED)}
CODE = "Observation.code"

CASES = (
    Case("not in the set", GOOD, {"code": concept(BLUE)}, [(REQUIRED, CODE)], PROFILE),
    Case("one of two is", GOOD | {"code": concept(ELSEWHERE, RED)}, {"code": concept(ELSEWHERE, BLUE)},
         [(REQUIRED, CODE)], PROFILE),
    Case("text alone", GOOD, {"code": {"text": "red"}}, [(REQUIRED, CODE)], PROFILE),
    Case("without a system, of a list", GOOD, {"code": concept({"code": "red"})},
         [("~coding-system", f"{CODE}.coding[0]")], PROFILE),
    Case("without a system, not of the list", GOOD, {"code": concept({"code": "blue"})},
         [(REQUIRED, CODE), ("~coding-system", f"{CODE}.coding[0]")], PROFILE),
    Case("of another system", GOOD, {"code": concept(RED | {"system": FOREIGN})}, [(REQUIRED, CODE)], PROFILE),
    Case("in another case", GOOD, {"code": concept(RED | {"code": "Red"})}, [(REQUIRED, CODE)], PROFILE),
    Case("extensible", GOOD | {"method": concept(RED)}, {"method": concept(BLUE)}, [(WISHED, "Observation.method")],
         PROFILE),
    Case("extensible, text alone", GOOD | {"method": concept(RED)}, {"method": {"text": "a"}},
         [(WISHED, "Observation.method")], PROFILE),
    Case("within the limit", SITE, {"bodySite": concept(BLUE)}, [(WISHED, "Observation.bodySite")], PROFILE),
    Case("beyond the limit", SITE, {"bodySite": concept(ELSEWHERE)},
         [(REQUIRED, "Observation.bodySite"), (WISHED, "Observation.bodySite")], PROFILE),
    Case("a Coding", patient(**tagged(RED)), tagged(RED, BLUE), [(REQUIRED, "Patient.meta.tag[1]")],
         ("bound-codings",)),
    Case("a Coding, extensible", patient(**tagged(RED)), tagged(BLUE), [(WISHED, "Patient.meta.tag[0]")],
         ("wished-codings",)),
    Case("a text", patient(contact=[{"name": {"family": "red"}}]), {"contact": [{"name": {"family": "blue"}}]},
         [(REQUIRED, "Patient.contact[0].name.family")], ("bound-text",)),
    Case("a link", patient(implicitRules="red"), {"implicitRules": "blue"}, [(WISHED, "Patient.implicitRules")],
         ("bound-links",)),
    Case("a code of R4", patient(gender="male"), {"gender": "mann"}, [(REQUIRED, "Patient.gender")]),
    Case("a concept of R4", patient(maritalStatus=concept(
            {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"})),
         {"maritalStatus": concept(RED)}, [(WISHED, "Patient.maritalStatus")]),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bindings(case: Case) -> None:
    assert case.outcomes == case.wanted


@pytest.mark.parametrize(
    "member",
    [
        {"category": [concept(BLUE)]},  # preferred
        {"dataAbsentReason": {"extension": [extension("anywhere")], "coding": [ELSEWHERE]}},  # a set that nobody has
        {"interpretation": [concept(ELSEWHERE)]},  # a set of which not all codes are known
    ],
)
def test_what_cannot_be_known_is_not_told_by_the_profile(member: Json) -> None:
    """R4's own bindings of these elements are extensible: their warnings are not the profile's errors."""
    assert REQUIRED not in [rule for rule, _ in told(GOOD | member, *PROFILE)]


def test_a_coding_without_system_or_code_is_not_looked_up() -> None:
    assert told(patient(**tagged({"system": COLOURS})), "bound-codings") == []
    assert REQUIRED not in [rule for rule, _ in told(patient(**tagged({"code": "blue"})), "bound-codings")]


def test_a_limit_holds_whatever_the_strength() -> None:
    wrong = [(REQUIRED, "Patient.language")]
    assert set(wrong) <= set(told(patient(language="blue"), "limited-code"))


@pytest.mark.parametrize(
    ("value", "value_set", "member"),
    [
        ("red", WARM, True),
        ("blue", WARM, False),
        (RED, WARM, True),
        (BLUE, ALL, True),
        (concept(BLUE, RED), WARM, True),
        (concept(BLUE), WARM, False),
        (concept(), WARM, False),
        ({"text": "red"}, WARM, False),
        (ELSEWHERE, OPEN, None),
        (concept(BLUE), OPEN, True),
        (RED, NOWHERE, None),
        (5, WARM, False),
        ({"coding": "red"}, WARM, False),
        ({"coding": [None, 5, {"code": 5}]}, WARM, False),
    ],
)
def test_member_of(value: Any, value_set: str, member: bool | None) -> None:
    assert validator().compiler.bindings.member_of(value, value_set, None) is member


@pytest.mark.parametrize(
    "value", [None, 5, "red", [], {"coding": None}, {"coding": [None, 5, []]}, {"coding": [{"code": ["red"]}]}]
)
def test_codes_of_any_shape_are_judged(value: Any) -> None:
    assert told(observation(code=value), *PROFILE) != []
    told(patient(meta={"tag": value}, gender=value, language=value), "bound-codings", "limited-code")


# What the HL7 validator answers (Terminology_TX_NoValid_1_CC, VALUESET_VALUE_MISMATCH) is what is wanted here.
SAFE = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
ACTIVE: Json = {"system": SAFE, "code": "active"}
NULL = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
UNKNOWN: Json = {"system": NULL, "code": "UNK"}
TASKS = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"
LISTED: Json = {"system": TASKS, "code": "attachment-request-code"}
AT_STATUS, AT_TASK = "AllergyIntolerance.clinicalStatus", "Task.code"
PAS, EARLIER, CORE = "hl7.fhir.us.davinci-pas#2.2.1", "hl7.fhir.us.davinci-pas#2.0.1", "hl7.fhir.us.core#3.1.1"
RACE = "urn:oid:2.16.840.1.113883.6.238"


@cache
def guide(label: str) -> Validator:
    return guide_validator([label])


def binding_errors(resource: Json, label: str = PAS) -> list[tuple[str, str | None]]:
    found = guide(label).validate(resource, now=NOW)
    return [(each.rule, each.expression) for each in found if each.rule in (REQUIRED, "binding-version")]


def status(*codings: Json) -> Json:
    """A concept that has to be of a whole code system."""
    return {"resourceType": "AllergyIntolerance", "patient": {"display": "x"}, "clinicalStatus": concept(*codings)}


def task(*codings: Json) -> Json:
    """A concept that has to be of a list of codes; PAS 2.2.1 names the version of their code system, 2.0.1 does not."""
    profile = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-task"
    return {"resourceType": "Task", "meta": {"profile": [profile]}, "code": concept(*codings)}


GOOD_CODINGS = [
    [ACTIVE],
    *([ACTIVE | {"display": each}] for each in ("Active", "ACTIVE", "")),
    *([ACTIVE | {"version": each}] for each in ("1.0.1", "4.0.1", "9")),
    *([ACTIVE, each] for each in (
        UNKNOWN, UNKNOWN | {"display": "Unknown"}, ELSEWHERE, {"system": "http://loinc.org", "code": "x"},
        {"code": "active"}, {"system": NULL}, {"display": "x"}, UNKNOWN | {"code": "ZZZ", "version": "9"},
        {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NNUSA"},
    )),
    [ACTIVE | {"display": "x"}, UNKNOWN | {"version": "9"}],  # nobody here has that version
    [{"system": "http://loinc.org", "code": "x"}],  # left to a server
]  # fmt: skip
BAD_CODINGS = [
    *([ACTIVE | {"display": each}] for each in ("Wrong", "Active ", " Active", " ", "\u00a0")),
    *([ACTIVE, UNKNOWN | each] for each in (
        {"code": "ZZZ"}, {"code": "unk"}, {"display": "Wrong"}, {"code": "ZZZ", "version": "3.0"}
    )),
    *([each] for each in ({"code": "active"}, {"system": SAFE}, {"display": "Active"}, UNKNOWN, ELSEWHERE)),
    [ACTIVE | {"display": "Wrong"}, ELSEWHERE],
]  # fmt: skip


@pytest.mark.parametrize("codings", GOOD_CODINGS)
def test_each_coding_is_right_by_its_own_code_system(codings: list[Json]) -> None:
    assert binding_errors(status(*codings)) == binding_errors(status(*codings)) == []


@pytest.mark.parametrize("codings", BAD_CODINGS)
def test_a_coding_that_is_wrong_by_its_own_code_system_spoils_the_concept(codings: list[Json]) -> None:
    assert binding_errors(status(*codings)) == binding_errors(status(*codings)) == [(REQUIRED, AT_STATUS)]


@pytest.mark.parametrize(
    ("coding", "earlier", "later"),
    [
        (LISTED, [], []),
        (LISTED | {"display": "attach request code"}, [], []),
        (LISTED | {"display": "Wrong"}, [REQUIRED], [REQUIRED]),
        ({"code": "attachment-request-code", "display": "Wrong"}, [], []),
        ({"code": "payer-src"}, [REQUIRED], [REQUIRED]),
        ({"system": TASKS}, [REQUIRED], []),
        ({"display": "x"}, [REQUIRED], [REQUIRED]),
        (LISTED | {"version": "2.2.1"}, [], []),
        (LISTED | {"version": "9"}, [], ["binding-version"]),
        (LISTED | {"version": "2.2.0"}, [], ["binding-version"]),
        ({"code": "attachment-request-code", "version": "9"}, [], []),
    ],
)
def test_codes_of_a_list(coding: Json, earlier: list[str], later: list[str]) -> None:
    assert [rule for rule, _ in binding_errors(task(coding), EARLIER)] == earlier
    places = {REQUIRED: AT_TASK, "binding-version": f"{AT_TASK}.coding[0].version"}
    assert binding_errors(task(coding)) == [(rule, places[rule]) for rule in later]


def test_the_version_is_told_of_the_coding_that_has_it() -> None:
    wrong = binding_errors(task(LISTED, {"system": TASKS, "code": "payer-src", "version": "9"}))
    assert wrong == [("binding-version", f"{AT_TASK}.coding[1].version")]


@pytest.mark.parametrize(
    ("coding", "wrong"),
    [
        ({"system": RACE, "code": "2106-3"}, False),
        ({"system": RACE, "code": "2106-3", "display": "WHITE"}, False),
        ({"system": RACE, "code": "2106-3", "display": "Wrong"}, True),
        ({"system": RACE, "code": "ZZZ"}, True),
        (UNKNOWN | {"display": "Wrong"}, True),
        ({"code": "2106-3"}, False),
        ({"system": NULL}, False),
    ],
)
def test_a_coding_that_stands_alone(coding: Json, wrong: bool) -> None:
    parts = [{"url": "ombCategory", "valueCoding": coding}, {"url": "text", "valueString": "x"}]
    race = {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "extension": parts}
    place = "Patient.extension[0].extension[0].value"
    found = binding_errors(patient(extension=[race]), CORE)
    assert [(rule, (at or "").removesuffix(".ofType(Coding)")) for rule, at in found] == (
        [(REQUIRED, place)] if wrong else []
    )


@pytest.mark.parametrize(
    ("code", "display", "wrong"),
    [("red", "Red", False), ("red", "CARMINE", False), ("blue", "carmine", True), ("navy", "Navy", True)],
)
def test_a_name_that_only_the_value_set_has_is_right_too(tmp_path: Path, code: str, display: str, wrong: bool) -> None:
    concepts: list[Json] = [{"code": "red", "display": "Red"}, {"code": "blue", "display": "Blue"}, {"code": "navy"}]
    part = {"system": SYSTEM, "concept": [{"code": "red", "display": "Carmine"}, {"code": "blue"}, {"code": "navy"}]}
    made = package(code_system(concepts), value_set(part))
    write_files(Compilation([made], []).files(made.label), tmp_path / folder_name(made.label))
    check = Bindings(Definitions.load(tmp_path, [made.label])).check(
        "CodeableConcept", "required", SET, None, made.label
    )
    assert check is not None
    run: Any = SimpleNamespace(report=Report())
    check(concept({"system": SYSTEM, "code": code, "display": display}), root("Claim"), run)
    assert [each.rule for each in run.report.faults] == ([REQUIRED] if wrong else [])


def test_what_is_told_repeats_no_display_and_no_code_that_is_none() -> None:
    sent = "Jane Doe"
    for codings in ([ACTIVE | {"display": sent}], [ACTIVE | {"code": sent}], [ACTIVE, UNKNOWN | {"code": sent}]):
        found = [each for each in guide(PAS).validate(status(*codings), now=NOW) if each.rule == REQUIRED]
        assert len(found) == 1
        assert sent not in found[0].found + found[0].mend
    (fault,) = [e for e in guide(PAS).validate(status(ACTIVE | {"display": sent}), now=NOW) if e.rule == REQUIRED]
    assert fault.found == "The display of the code 'active' is not one that its code system has."
    assert fault.mend == "Write 'Active', or leave the display out."


def test_a_concept_with_an_unknown_code_beside_a_good_one_fails() -> None:
    assert told(GOOD | {"code": concept(RED, RED | {"code": "mauve"})}, *PROFILE) == [(REQUIRED, CODE)]


@pytest.mark.parametrize("member", ["system", "code", "display", "version"])
@pytest.mark.parametrize("value", [None, 5, True, [], ["active"], {}, "x" * 5000, "|", "\ud800"])
def test_members_of_a_coding_of_any_shape_are_judged(member: str, value: Any) -> None:
    binding_errors(status(ACTIVE | {member: value}, None, UNKNOWN | {member: value}))  # type: ignore[arg-type]
