"""The conditions of questionnaires: what each row expects, the HL7 validator 6.10.4 says of the same instance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.validation.questionnaires import Form, check_questionnaire
from fhir_server.fhir.validation.report import Report, expression, root

Json = dict[str, Any]
ROOT = root("Questionnaire")


def item(link_id: str, *items: Json, when: str = "", **more: Any) -> Json:
    """A question for true or false, with items in it, which another one enables."""
    definition: Json = {"linkId": link_id, "type": "boolean", **more}
    if items:
        definition["item"] = list(items)
    if when:
        definition["enableWhen"] = [{"question": when, "operator": "=", "answerBoolean": True}]
    return definition


def found(*items: Json) -> list[tuple[str, str, str]]:
    report = Report()
    check_questionnaire({"resourceType": "Questionnaire", "item": list(items)}, ROOT, report)
    return [(fault.severity, fault.rule, expression(fault.place)) for fault in report.faults]


ROWS: list[tuple[str, list[Json], list[tuple[str, str, str]]]] = [
    ("by an earlier question", [item("a"), item("b", when="a")], []),
    ("by the question that it is in", [item("a", item("b", when="a"))], []),
    ("by one in an earlier group", [item("g", item("a")), item("b", when="a")], []),
    (
        "by one inside it",
        [item("a", item("b"), when="b")],
        [("error", "questionnaire-enable-when-inner", "Questionnaire.item[0]")],
    ),
    (
        "by itself",
        [item("a", when="a")],
        [("error", "questionnaire-enable-when-self", "Questionnaire.item[0]")],
    ),
    (
        "by none",
        [item("p"), item("a", when="zz")],
        [("error", "questionnaire-enable-when-unknown", "Questionnaire.item[1]")],
    ),
    (
        "by one without a name",
        [item("a", enableWhen=[{"operator": "=", "answerBoolean": True}])],
        [("error", "questionnaire-enable-when-question", "Questionnaire.item[0]")],
    ),
    (
        "by a later question",
        [item("a", when="b"), item("b")],
        [("warning", "questionnaire-enable-when-later", "Questionnaire.item[0]")],
    ),
    (
        "by one in a later group",
        [item("a", when="b"), item("g", item("b"))],
        [("warning", "questionnaire-enable-when-later", "Questionnaire.item[0]")],
    ),
    (
        "by a later one of the same group",
        [item("g", item("a", when="b"), item("b"))],
        [("warning", "questionnaire-enable-when-later", "Questionnaire.item[0].item[0]")],
    ),
]


@pytest.mark.parametrize(("items", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_conditions(items: list[Json], expected: list[tuple[str, str, str]]) -> None:
    assert found(*items) == expected


def test_a_message_names_both_items() -> None:
    report = Report()
    check_questionnaire({"item": [item("a", when="zz")]}, ROOT, report)
    assert "'a'" in report.faults[0].found
    assert "'zz'" in report.faults[0].found
    assert report.faults[0].mend


def test_a_long_link_id_is_told_in_part() -> None:
    report = Report()
    check_questionnaire({"item": [item("a", when="z" * 5000)]}, ROOT, report)
    assert len(report.faults[0].found) < 250


def test_the_innermost_item_that_holds_two() -> None:
    form = Form({"item": [item("g", item("h", item("a"), item("b")), item("c")), item("d")]})
    by = form.by_link_id
    assert by["a"].shared_with(by["b"]) is by["h"]
    assert by["a"].shared_with(by["c"]) is by["g"]
    assert by["a"].shared_with(by["h"]) is by["h"]
    assert by["a"].shared_with(by["d"]) is None


def test_the_first_of_two_items_with_one_link_id_counts() -> None:
    form = Form({"item": [item("g", item("a", text="first")), item("a", text="second")]})
    assert form.by_link_id["a"].definition["text"] == "first"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(("a", "b", "boolean", "=", "")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("item", "linkId", "type", "enableWhen", "question", "extension")), inner)
    ),
    max_leaves=30,
)


@given(_VALUES)
def test_no_shape_makes_it_fail(value: Any) -> None:
    check_questionnaire({"item": value}, ROOT, Report())
