"""What a caller may rely on: types kept, siblings seen, the clock handed in, errors with their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.fhirpath import ExpressionError, compile_expression
from fhir_server.fhir.fhirpath.nodes import holds_the_same
from tests.fhir.fhirpath.support import R4, Surroundings, r4, surroundings
from tests.work import calls


@pytest.fixture(scope="module")
def model(shared: Path) -> R4:
    return r4(shared)


def evaluated(text: str, type_name: str, value: Any, model: R4, extra: Any = None) -> list[Any]:
    return compile_expression(text, type_name, model).evaluate(value, surroundings(type_name, value), extra)


def test_a_choice_is_reached_by_its_plain_name_and_keeps_its_type(model: R4) -> None:
    value = {"url": "urn:x", "valueQuantity": {"value": 1}}
    expression = compile_expression("value", "Extension", model)
    (node,) = expression.nodes(value, surroundings("Extension", value))
    assert node.type.fhir_name == "Quantity"
    assert evaluated("value is Quantity", "Extension", value, model) == [True]
    assert evaluated("value.ofType(boolean)", "Extension", value, model) == []


def test_the_sibling_of_a_primitive_is_seen(model: R4) -> None:
    extra = {"extension": [{"url": "urn:x", "valueString": "a"}]}
    assert evaluated("extension('urn:x').value", "date", None, model, extra) == ["a"]
    assert evaluated("hasValue()", "date", None, model, extra) == [False]
    assert evaluated("exists()", "date", None, model, extra) == [True]
    patient = {"resourceType": "Patient", "_birthDate": extra}
    assert evaluated("birthDate.extension.value", "Patient", patient, model) == ["a"]
    assert evaluated("birthDate.hasValue()", "Patient", patient, model) == [False]


def test_values_of_an_array_meet_their_siblings(model: R4) -> None:
    name = {"given": [None, "B"], "_given": [{"id": "a"}, None]}
    assert evaluated("given.count()", "HumanName", name, model) == [2]
    assert evaluated("given.id", "HumanName", name, model) == ["a"]
    assert evaluated("given.where(hasValue())", "HumanName", name, model) == ["B"]


def test_a_nested_resource_has_its_own_type(model: R4) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Claim"}}, {"resource": {}}]}
    assert evaluated("entry.resource.ofType(Claim).count()", "Bundle", bundle, model) == [1]
    assert evaluated("entry.first().resource is DomainResource", "Bundle", bundle, model) == [True]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("now().toString()", "2026-11-24T14:30:00.000+00:00"),
        ("today().toString()", "2026-11-24"),
        ("timeOfDay().toString()", "14:30:00.000"),
        ("today() > @2026-11-23", True),
    ],
)
def test_the_clock_is_handed_in(text: str, result: Any, model: R4) -> None:
    assert evaluated(text, "Basic", {"resourceType": "Basic"}, model) == [result]


def test_the_scope_answers_what_only_it_knows(model: R4) -> None:
    claim = {
        "resourceType": "Claim",
        "contained": [{"resourceType": "Patient", "id": "p"}],
        "patient": {"reference": "#p"},
        "provider": {"reference": "#q"},
        "use": "claim",
    }
    scope = Surroundings(claim, {"urn:uses": ["claim"]})

    def answer(text: str) -> list[Any]:
        return compile_expression(text, "Claim", model).evaluate(claim, scope)

    assert answer("patient.resolve() is Patient") == [True]
    assert answer("provider.resolve()") == []
    assert answer("use.memberOf('urn:uses')") == [True]
    assert answer("use.memberOf('urn:unknown')") == []
    assert answer("conformsTo('http://hl7.org/fhir/StructureDefinition/Claim')") == [True]
    assert answer("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')") == [False]
    assert answer("conformsTo('urn:unknown')") == []


def test_a_canonical_resolves_too(model: R4) -> None:
    library = {"resourceType": "Questionnaire", "id": "q"}
    plan = {"resourceType": "PlanDefinition", "contained": [library], "library": ["#q", "#r"]}
    assert evaluated("library.resolve().id", "PlanDefinition", plan, model) == ["q"]


def test_the_index_is_known_to_every_criterion(model: R4) -> None:
    name = {"given": ["A", "B", "C"]}
    assert evaluated("given.where($index = 1)", "HumanName", name, model) == ["B"]
    assert evaluated("given.select($index)", "HumanName", name, model) == [0, 1, 2]
    assert evaluated("given.where($this = 'B').select($index)", "HumanName", name, model) == [0]


def test_resource_and_root_are_those_of_the_scope(model: R4) -> None:
    scope = Surroundings({"resourceType": "Claim", "id": "c"})
    for variable in ("resource", "rootResource"):
        assert compile_expression(f"%{variable}.id", "Period", model).evaluate({}, scope) == ["c"]
    assert compile_expression("%context.start", "Period", model).evaluate({"start": "2020"}, scope) == ["2020"]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("name.", 5),
        ("name = ", 7),
        ("a ? b", 2),
        ("foo(1)", 0),
        ("a.exists(1, 2)", 2),
        ("a.matches('[')", 10),
        ("@2020-13-01", 0),
        ("9999999999", 0),
        ("$there", 0),
        ("a 'b'", 2),
        ("'\\q'", 0),
        ("is(1)", 3),
        ("(" * 200, 50),
        ("true" + " and true" * 300, 1805),
        ("-" * 100 + "1", 100),
    ],
)
def test_what_cannot_be_compiled_says_where(text: str, position: int, model: R4) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_expression(text, "Patient", model)
    assert refused.value.position == position


VOCABULARY = r"""
    name given exists where ( ) . , [ ] { } = != | & + - * / 'a' 'b 1 1.5 2 'mg' days @2020 @T10 %resource %`vs-x` $this
    $index and or implies is as in contains Patient System . matches( '[' ) iif( true , false ) // /* */ `x` ~ < >= \
"""
WORDS = st.sampled_from(VOCABULARY.split())


@settings(max_examples=500, deadline=None)
@given(words=st.lists(WORDS, max_size=12), between=st.sampled_from(("", " ")))
def test_any_text_is_compiled_or_refused(words: list[str], between: str, model: R4) -> None:
    text = between.join(words)
    try:
        expression = compile_expression(text, "Patient", model)
    except ExpressionError:
        return
    patient = {"resourceType": "Patient", "name": [{"given": ["A"]}]}
    assert expression.holds(patient, surroundings("Patient", patient)) in (True, False)


@pytest.mark.parametrize(
    "text", ["name.given.toString()", "1 < 'a'", "name.single()", "value as Unknown", "given & given"]
)
def test_an_evaluation_that_fails_does_not_hold(text: str, model: R4) -> None:
    value = {"resourceType": "Patient", "name": [{"given": ["A", "B"]}, {"family": "C"}]}
    expression = compile_expression(text.replace("given & given", "name.given & name.given"), "Patient", model)
    assert expression.holds(value, surroundings("Patient", value)) is False
    assert expression.evaluate(value, surroundings("Patient", value)) == []


def test_a_constraint_published_with_a_mistake_is_read_as_meant(model: R4) -> None:
    published = "fullUrl.contains('/_history/').not()"
    assert compile_expression(published, "Bundle.entry", model).holds({}, surroundings("", {}))
    content, empty = (
        "<div xmlns='http://www.w3.org/1999/xhtml'>a</div>",
        "<div xmlns='http://www.w3.org/1999/xhtml'> </div>",
    )
    second = compile_expression("htmlChecks()", "xhtml", model, "txt-2")
    assert second.holds(content, surroundings("", {}))
    assert not second.holds(empty, surroundings("", {}))
    assert compile_expression("htmlChecks()", "xhtml", model, "txt-1").holds(empty, surroundings("", {}))


PARTS = st.one_of(st.sampled_from(["a", "b", "1"]), st.integers(0, 2), st.booleans())
OBJECTS = st.dictionaries(
    st.sampled_from(["url", "valueString", "valueCoding", "_url"]),
    st.one_of(PARTS, st.dictionaries(st.sampled_from(["code", "display"]), PARTS, max_size=2)),
    max_size=3,
)


@given(st.lists(OBJECTS, max_size=20))
@settings(deadline=None)
def test_many_items_are_told_apart_as_one_by_one(model: R4, values: list[dict[str, Any]]) -> None:
    """However they are filed on the way: an item is left out where one before it holds nothing that it lacks."""
    kept: list[dict[str, Any]] = []
    for each in values:
        if not any(holds_the_same(one, each) for one in kept):
            kept.append(each)
    assert evaluated("extension | extension.where(false)", "Extension", {"extension": values}, model) == kept


def test_to_tell_items_apart_takes_no_square_of_their_number(model: R4) -> None:
    def work(count: int) -> int:
        values = [{"valueQuantity": {"value": number, "unit": "wk"}} for number in range(count)]
        return calls(lambda: evaluated("extension | extension.where(false)", "Extension", {"extension": values}, model))

    assert work(400) < 3 * work(200)
