"""What a hostile sender may try: any JSON in any place, nesting, and whatever takes time or fills the memory."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.validation import Validator
from fhir_server.fhir.validation.report import Report, root
from tests.fhir.validation.guide import FACTS, LABEL, NOW, folder, validator
from tests.fhir.validation.guide.instances import (
    NAME,
    ORGANIZATION,
    QUESTIONNAIRE,
    bundle,
    claiming,
    extension,
    observation,
    patient,
    questionnaire_item,
    reference,
)
from tests.fhir.validation.guide.snapshots import PROFILES
from tests.work import calls

Json = dict[str, Any]

COUNTED = patient(meta=claiming("counts"), active=True, name=[NAME, NAME])


def fresh_validator() -> Validator:
    return Validator(Definitions.load(FACTS, [LABEL], [folder()]))


def work(resource: Any) -> int:
    """Return how many functions a validation calls."""
    return calls(lambda: validator().validate(resource, now=NOW))


LEAVES = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=5)
KEYS = st.sampled_from(
    re.findall(
        r"\w+",
        "resourceType id meta profile extension url valueString valueQuantity name given _given contained reference "
        "entry resource fullUrl type coding system code category identifier subject text div item linkId",
    )
)
TYPES = st.sampled_from(
    ["Patient", "Observation", "Bundle", "Questionnaire", "QuestionnaireResponse", "Parameters", ""]
)
VALUES = st.recursive(
    LEAVES | st.sampled_from(["#", "#a", "Patient/1", "http://x.org/Patient/1", f"{PROFILES}counts"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
CLAIMS = st.sampled_from(
    re.findall(
        r"\S+",
        "counts choices deep by-system by-extension by-target by-own-profile again ruled ruled-extension referring "
        "holding typed-bundle profiled-bundle either-bundle fixed-concept pattern-name bound-concepts "
        "one-of-two limits-date",
    )
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES, type_name=TYPES, claims=st.lists(CLAIMS, max_size=3))
def test_any_json_gets_an_answer_and_the_same_one_twice(value: Any, type_name: str, claims: list[str]) -> None:
    resource = value if not isinstance(value, dict) else {"resourceType": type_name, "meta": claiming(*claims)} | value
    profiles = [PROFILES + each for each in claims]
    first = validator().validate(resource, profiles, now=NOW, must_support=True)
    assert validator().validate(deepcopy(resource), profiles, now=NOW, must_support=True) == first


SAMPLES = (
    COUNTED,
    bundle(observation(id="x", meta=claiming("referring"), subject=reference("#p"), contained=[COUNTED | {"id": "p"}])),
    bundle(COUNTED | {"id": "p"}, ORGANIZATION, meta=claiming("typed-bundle", "profiled-bundle", "either-bundle")),
    patient(meta=claiming("by-extension", "ruled"), extension=[extension("complex")], identifier=[{"system": "urn:a"}]),
    questionnaire_item(alone=True, item=[questionnaire_item("2", answerOption=[{"valueString": "a"}])]),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return each (container, key) of a JSON value."""
    members = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    below = [found for _, each in members if isinstance(each, dict | list) for found in places(each)]
    return [(value, key) for key, _ in members] + below


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(sample=st.sampled_from(SAMPLES), at=st.integers(0, 10_000), value=VALUES)
def test_a_resource_with_anything_in_any_place_gets_an_answer(sample: Json, at: int, value: Any) -> None:
    spoilt = deepcopy(sample)
    found = places(spoilt)
    container, key = found[at % len(found)]
    container[key] = value
    validator().validate(spoilt, now=NOW)


def nested(depth: int) -> list[Json]:
    added, item, contained = extension("http://x.org/a"), questionnaire_item(), patient(id="z")
    inner: Json = patient()
    for number in range(depth):
        added = {"url": "http://x.org/a", "extension": [added]}
        item = questionnaire_item(str(number), item=[item])
        contained = patient(id=f"p{number}", contained=[contained])
        inner = {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": inner}]}
    return [patient(extension=[added]), QUESTIONNAIRE | {"item": [item]}, contained, inner]


@pytest.mark.parametrize("depth", [20, 200, 5000])
def test_deep_nesting_gets_an_answer(depth: int) -> None:
    for resource in nested(depth):
        assert validator().validate(resource)


def test_too_deep_a_resource_is_refused() -> None:
    issues = [validator().validate(each) for each in nested(5000)]
    assert [[each.rule for each in found] for found in issues] == [["json-depth"]] * 4


# Nothing takes it long, and nothing fills the memory.
def test_unknown_canonicals_are_kept_up_to_a_number() -> None:
    fresh = fresh_validator()
    sent = [f"http://un.known/{number}" for number in range(12_000)]
    fresh.validate(patient(meta={"profile": sent}))
    assert len(fresh.compiler._profiles) < 10_100


def test_known_canonicals_with_made_up_versions_are_not_kept() -> None:
    fresh = fresh_validator()
    fresh.validate(patient())
    before = len(fresh.compiler._profiles)
    for number in range(50):
        name = f"http://hl7.org/fhir/StructureDefinition/Patient|4.0.1-{number}"
        fresh.validate(patient(meta={"profile": [name]}))
    assert len(fresh.compiler._profiles) < before + 10


def test_long_unknown_canonicals_are_not_kept() -> None:
    fresh = fresh_validator()
    fresh.validate(patient(meta={"profile": [f"http://un.known/{'x' * 100_000}"]}))
    assert all(len(canonical) < 10_000 for canonical, _ in fresh.compiler._profiles)


def answered(expression_text: str) -> Json:
    item = {"linkId": "1", "type": "string", "text": "a"} | {
        "extension": [
            {
                "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression",
                "valueExpression": {"language": "text/fhirpath", "expression": expression_text},
            }
        ]
    }
    form = QUESTIONNAIRE | {"id": "q", "item": [item]}
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "#q",
        "contained": [form],
        "item": [{"linkId": "1", "answer": [{"valueString": "x"}]}],
    }


def test_expressions_of_a_sender_are_not_kept() -> None:
    validator().validate(answered("true"))
    before = len(validator().compiler.invariants._expressions)
    for number in range(30):
        validator().validate(answered(f"{number} = {number}"))
    assert len(validator().compiler.invariants._expressions) < before + 10


def test_a_regular_expression_of_a_sender_keeps_nobody_busy() -> None:
    """It is never tried: were it, its result would be false, and an answer to the item a fault."""
    plain = validator().validate(answered("true"), now=NOW)
    for untried in ("false", f"'{'a' * 24}!'.matches('^(a+)+$')"):
        assert validator().validate(answered(untried), now=NOW) == plain


def bundles_in_bundles(depth: int) -> Json:
    profiles = claiming("typed-bundle", "profiled-bundle", "either-bundle", "any-type-bundle")
    inner: Json = patient(id="p", shoe=1)
    for number in range(depth):
        inner = bundle(inner, id=f"b{number}", meta=profiles)
    return inner


def test_bundles_in_bundles_take_no_time_to_the_power_of_their_depth() -> None:
    work(bundles_in_bundles(1))
    assert work(bundles_in_bundles(7)) < 4 * work(bundles_in_bundles(3))


def choices_in_choices(depth: int) -> Json:
    added = extension("on-patient")
    for _ in range(depth):
        added = {"url": "http://x.org/a", "valueHumanName": {"extension": [added]}}
    return patient(extension=[added])


def test_the_names_of_an_element_are_not_tripled_by_each_choice_around_it() -> None:
    work(choices_in_choices(1))
    assert work(choices_in_choices(10)) < 4 * work(choices_in_choices(5))


def links(count: int) -> Json:
    return patient(extension=[extension("http://x.org/a", f"#{number}", "valueUri") for number in range(count)])


def test_many_links_take_no_time_to_the_square() -> None:
    work(links(1))
    assert work(links(1200)) < 10 * work(links(150))


def containing(count: int) -> Json:
    resources = [{"resourceType": "Organization", "id": f"o{number}", "name": "a"} for number in range(count)]
    return patient(contained=resources, generalPractitioner=[reference(f"#o{number}") for number in range(count)])


def test_many_contained_resources_take_no_time_to_the_square() -> None:
    work(containing(1))
    assert work(containing(3200)) < 10 * work(containing(400))


def test_a_hostile_number_of_faults_is_cut_off() -> None:
    few, many = (patient(name=[{"shoe": 1}] * count) for count in (20_000, 60_000))
    assert len(validator().validate(many, now=NOW)) <= 20_001
    assert work(many) < 4 * work(few)


def test_past_the_budget_what_fails_still_fails() -> None:
    report = Report()
    report.budget.faults = 0
    report.warning("a", root("Patient"), "")
    report.error("element-unknown", root("Patient"), "")
    for _ in range(10):
        report.error("element-missing", root("Patient"), "")
    assert any(each.counts for each in report.faults)
    assert len(report.faults) < 10


def test_answers_are_plain_data() -> None:
    for issue in validator().validate(patient(shoe="\udc80", name=5)):
        json.dumps([issue.rule, issue.found, issue.mend, issue.expression])
