"""The rules that the guide has in words only: as a table, on the guide's own examples, and on any JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.pas.prose import RULES
from fhir_server.pas.versions import STU_2_0, STU_2_2, Version
from tests.fhir.packages import PAS as PACKAGES
from tests.fhir.packages import files
from tests.pas.bundles import own
from tests.pas.prose import PAS, answered, decided, told
from tests.pas.test_prose_requests import BROKEN
from tests.pas.test_prose_responses import ANSWERS
from tests.pas.test_prose_updates import UPDATES

# What the published examples break: each by the trap that names it.
KNOWN = {
    "PAS-020": "the surgical request refers to the practitioner and the place of another example (T-17)",
    "PAS-027": "and holds its own, which nothing refers to (T-17)",
    "PAS-061": "the filter has the topic's name (T-4)",
    "PAS-077": "quantities of responses have a value only (T-18)",
    "PAS-078": "a unit of UCUM (T-18)",
    "denial-reason": "the rejection gives no reason",
    "error-path": "a path without `resource` (T-18)",
    "response-closure": "responses leave out what they refer to (T-17)",
    "member-number": "no member number in 2.0.1",
}


@pytest.mark.rule("PAS-077", "PAS-078")
@pytest.mark.parametrize("version", [STU_2_2, STU_2_0], ids=lambda version: version.label)
def test_the_official_examples_break_what_is_known(shared: Path, version: Version) -> None:
    archive = shared / "packages" / PACKAGES[version is STU_2_0]
    examples = {name: content for name, content in files(archive).items() if "/example/" in name}
    issues = [each for content in examples.values() for each in told(json.loads(content), version)]
    assert {each.rule for each in issues} <= KNOWN.keys()
    assert {each.rule for each in issues if each.severity == "error"} == {"PAS-020"}
    assert len(examples) > 30


def test_every_rule_of_the_table_is_broken_by_a_test() -> None:
    tested = {rule for rule, *_ in (*BROKEN, *UPDATES, *ANSWERS)}
    alone = {"PAS-029", "PAS-041", "PAS-061", "PAS-067", "answer-empty"}
    assert {rule.key for rule in RULES} <= tested | alone


def test_every_row_says_where_it_comes_from_and_why() -> None:
    for rule in RULES:
        assert rule.source, rule.key
        assert rule.reason.endswith((".", ").")), rule.key
        assert set(rule.refused_in) <= set(rule.releases), rule.key


SCALARS = st.none() | st.booleans() | st.integers(-3, 20) | st.sampled_from(["", "Claim/1", "3", "A6", "added", "MB"])
WORDS = """
    resourceType entry resource fullUrl item addItem sequence itemSequence careTeam diagnosis diagnosisSequence
    supportingInfo insurance coverage related claim reference extension url valueCode valueReference quantity address
    postalCode processNote noteNumber error code adjudication coding meta profile identifier request occurrenceTiming
    repeat _criteria number country outcome
"""
NAMES = st.sampled_from(WORDS.split())
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=20
)


@pytest.mark.parametrize("odd", [[], {}, [[]], None, "x", 1.5, True])
def test_an_element_of_another_kind_breaks_no_rule(odd: Any) -> None:
    answer = decided("A6", itemSequence=odd, noteNumber=odd) | {"processNote": [{"number": odd}], "error": odd}
    bundle = answered(answer, {"resourceType": odd, "item": odd})
    for sent in (answer, bundle, answered(answer | {"request": odd, "use": odd, "meta": {"profile": odd}})):
        told(sent)


@settings(max_examples=150)
@given(TREES, st.sampled_from(["Claim", "ClaimResponse", "Subscription", "MedicationRequest", "Patient"]), st.data())
def test_no_json_breaks_a_rule(tree: Any, kind: str, data: st.DataObject) -> None:
    head = {"resourceType": kind, "use": "preauthorization", "meta": {"profile": [f"{PAS}profile-x"]}}
    names = data.draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    broken = {**dict.fromkeys(names, tree), **head}
    odd = {**broken, "resourceType": tree}
    for sent in (tree, broken, odd, answered(broken, odd), {**own(), "entry": tree}):
        for version in (STU_2_2, STU_2_0):
            told(sent, version)
