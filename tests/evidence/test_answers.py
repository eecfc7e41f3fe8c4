"""Questionnaire answers become facts of the elements that their linkIds name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fhir_server.authorization.evidence import EvidencePointer, FactValue
from fhir_server.evidence.gather import gather_evidence
from tests.evidence.samples import (
    CHECKLIST,
    MBI,
    PATIENT,
    SERVER,
    document,
    form,
    gathered,
    item,
    quantity,
    reference,
    request_with,
    values,
)


@pytest.mark.parametrize(
    ("field", "answer", "value"),
    [
        ("pain_weeks", {"valueInteger": 9}, 9),
        ("pain_weeks", {"valueDecimal": Decimal("9.5")}, 9.5),
        ("pain_weeks", {"valueQuantity": quantity(9, "wk")}, 9),
        ("pain_weeks", {"valueQuantity": quantity(63, "d")}, 9),
        ("pain_weeks", {"valueQuantity": {"value": 9, "unit": "weeks"}}, 9),
        ("pain_weeks", {"valueQuantity": {"value": 9}}, 9),
        ("failed", {"valueBoolean": False}, False),
        ("failed", {"valueCoding": {"system": "http://terminology.hl7.org/CodeSystem/v2-0136", "code": "Y"}}, True),
        ("severity", {"valueCoding": {"code": "severe", "display": "quite mild"}}, "severe"),
        ("severity", {"valueString": "mild"}, "mild"),
        ("care", {"valueCoding": {"code": "exercise"}}, ("exercise",)),
        ("since", {"valueDate": "2026-03-01"}, "2026-03-01"),
        ("since", {"valueDateTime": "2026-03-01T10:00:00-05:00"}, "2026-03-01"),
        ("words", {"valueString": " Down the left leg. "}, "Down the left leg."),
        ("code", {"valueCoding": {"code": "m54.16"}}, "M54.16"),
        ("code", {"valueString": "62323"}, "62323"),
        ("score", {"valueQuantity": quantity(8, "{score}")}, 8),
    ],
)
def test_an_answer_in_the_form_that_is_asked_for_is_a_fact(
    field: str, answer: dict[str, Any], value: FactValue
) -> None:
    evidence = gathered(form(item(f"ES4.{field}", answer)))

    assert values(evidence, "ES4", field) == [value]
    assert evidence.unreadable == ()
    where = f"{SERVER}/QuestionnaireResponse/1"
    assert [each.pointer for each in evidence.facts] == [EvidencePointer("answer", where, f"ES4.{field}")]


@pytest.mark.parametrize(
    ("field", "answer", "asked"),
    [
        ("pain_weeks", {"valueString": "nine"}, "a number of at least 0 in wk"),
        ("pain_weeks", {"valueInteger": -1}, "a number of at least 0 in wk"),
        ("pain_weeks", {"valueQuantity": quantity(9, "kg")}, "a number of at least 0 in wk"),
        ("pain_weeks", {"valueQuantity": {"value": 9, "unit": "sessions"}}, "a number of at least 0 in wk"),
        ("pain_weeks", {"valueQuantity": {**quantity(9, "wk"), "comparator": ">"}}, "a number of at least 0 in wk"),
        ("pain_weeks", {"valueDecimal": Decimal("1E+300")}, "a number of at least 0 in wk"),
        ("score", {"valueInteger": 11}, "a number from 0 to 10"),
        ("failed", {"valueString": "yes"}, "yes or no"),
        ("severity", {"valueCoding": {"code": "moderate"}}, "one of: mild, severe"),
        ("care", {"valueCoding": {"code": "rest"}}, "any of: physical-therapy, medication, exercise"),
        ("since", {"valueDate": "2026-03"}, "a full date (YYYY-MM-DD)"),
        ("since", {"valueDate": "2026-02-30"}, "a full date (YYYY-MM-DD)"),
        ("words", {"valueBoolean": True}, "words"),
        ("code", {"valueString": "see the note"}, "a procedure or diagnosis code"),
    ],
)
def test_an_answer_in_another_form_is_told_with_the_form_that_is_asked_for(
    field: str, answer: dict[str, Any], asked: str
) -> None:
    evidence = gathered(form(item(f"ES4.{field}", answer)))

    assert evidence.facts == ()
    assert [(each.element, each.field, each.asked) for each in evidence.unreadable] == [("ES4", field, asked)]
    assert evidence.unreadable[0].pointer.place == f"ES4.{field}"


def test_items_are_read_wherever_they_nest() -> None:
    deep = item("ES4.failed", {"valueBoolean": True})
    under_answer = item("ES4.severity", {"valueString": "mild"})
    section = {"linkId": "section-1", "item": [{"linkId": "ES4", "item": [deep]}]}
    asked = item("other", {"valueBoolean": True, "item": [under_answer]})

    evidence = gathered(form(section, asked, item("ES4.pain_weeks", {"valueInteger": 9})))

    assert [(each.field, each.value) for each in evidence.facts] == [
        ("failed", True),
        ("severity", "mild"),
        ("pain_weeks", 9),
    ]


@pytest.mark.parametrize("link_id", ["ES1", "ES1.value"])
def test_a_single_field_is_answered_under_the_element_itself(link_id: str) -> None:
    assert values(gathered(form(item(link_id, {"valueBoolean": True}))), "ES1", "value") == [True]


def test_several_choices_are_one_fact_each_choice_once() -> None:
    chosen = [{"valueCoding": {"code": code}} for code in ("exercise", "medication", "exercise")]
    evidence = gathered(
        form(item("ES4.care", *chosen), item("ES4.care", {"valueCoding": {"code": "physical-therapy"}}))
    )

    assert values(evidence, "ES4", "care") == [("exercise", "medication", "physical-therapy")]


def test_answers_that_differ_are_each_told_and_the_same_answer_once() -> None:
    answers: list[dict[str, Any]] = [{"valueInteger": 9}, {"valueDecimal": Decimal("9.0")}, {"valueInteger": 3}]

    assert values(gathered(form(item("ES4.pain_weeks", *answers))), "ES4", "pain_weeks") == [9, 3]


def test_blank_answers_and_unknown_items_say_nothing() -> None:
    evidence = gathered(
        form(
            item("ES4.words", {"valueString": "  "}),
            item("ES4.since", {"extension": [{"url": "http://example.org/unknown"}]}),
            item("ES4.mood", {"valueString": "good"}),
            item("ZZ9", {"valueBoolean": True}),
            {"linkId": "ES1"},
        )
    )

    assert evidence.facts == ()
    assert evidence.unreadable == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "in-progress"},
        {"status": "entered-in-error"},
        {"subject": {"reference": "Patient/somebody"}},
        {"subject": {"reference": "https://other.example.org/fhir/Patient/anna"}},
        {"subject": {"display": "Anna"}},
        {"subject": None},
    ],
)
def test_a_form_that_is_unfinished_or_about_somebody_else_answers_nothing(changes: dict[str, Any]) -> None:
    assert gathered(form(item("ES1", {"valueBoolean": True}), **changes)).facts == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "amended"},
        {"subject": {"reference": f"{SERVER}/Patient/anna"}},
        {"subject": {"reference": "Patient/anna/_history/3"}},
        {"subject": {"identifier": {"system": MBI, "value": "1EG4TE5MK73"}}},
    ],
)
def test_an_amended_form_and_every_way_to_name_the_beneficiary_count(changes: dict[str, Any]) -> None:
    evidence = gathered(form(item("ES1", {"valueBoolean": True}), **changes))

    assert values(evidence, "ES1", "value") == [True]


def test_a_second_patient_resource_with_the_same_number_is_the_same_person() -> None:
    again = {"resourceType": "Patient", "id": "a2", "identifier": [{"system": MBI, "value": "1EG4TE5MK73"}]}
    other = {"resourceType": "Patient", "id": "b", "identifier": [{"system": MBI, "value": "1EG4TE5MK72"}]}
    said = form(item("ES1", {"valueBoolean": True}), subject={"reference": "Patient/a2"})

    assert values(gathered(again, said), "ES1", "value") == [True]
    assert gathered(other, {**said, "subject": {"reference": "Patient/b"}}).facts == ()


def test_a_reference_in_an_item_ties_the_record_to_the_element() -> None:
    evidence = gathered(
        form(
            item("KN3", {"valueReference": {"reference": "DocumentReference/2"}}),
            {"linkId": "ES4", "item": [item("ES4.letter", {"valueReference": {"reference": "DocumentReference/3"}})]},
        ),
        reference(b"A report of the right knee."),
        reference(b"%PDF-1.4 a scan", "application/pdf"),
    )

    tied = {each.document: (each.elements, each.readable, each.clinical) for each in evidence.records}
    assert tied[f"{SERVER}/DocumentReference/2"] == (("KN3",), True, True)
    assert tied[f"{SERVER}/DocumentReference/3"] == (("ES4",), False, True)


def test_an_attachment_in_an_item_is_a_record_tied_to_the_element() -> None:
    note = reference(b"AHI 41 events per hour")["content"][0]["attachment"]
    evidence = gathered(form(item("KN3", {"valueAttachment": note}, {"valueAttachment": {"title": "no bytes"}})))

    assert [(each.elements, each.readable, each.clinical) for each in evidence.records] == [
        ((), True, False),
        (("KN3",), True, True),
    ]
    assert values(evidence, "HG4", "ahi") == [41]
    assert evidence.facts[0].pointer.place == "KN3 text"


def test_an_attachment_of_an_unfinished_form_counts_for_nothing() -> None:
    note = reference(b"AHI 41 events per hour")["content"][0]["attachment"]
    evidence = gathered(form(item("KN3", {"valueAttachment": note}), status="in-progress"))

    assert [each.clinical for each in evidence.records] == [False]
    assert evidence.facts == ()


def test_a_bundle_of_answers_is_looked_into_and_its_references_followed() -> None:
    report = {"id": "r", **reference(b"A report of the right knee.")}
    said = form(
        item("KN3", {"valueReference": {"reference": "DocumentReference/r"}}), item("ES1", {"valueBoolean": True})
    )
    entries = [
        {"fullUrl": f"{SERVER}/{each['resourceType']}/{each['id']}", "resource": each}
        for each in ({"id": "q", **said}, report)
    ]
    bundle = {"resourceType": "Bundle", "id": "b", "type": "collection", "entry": entries}
    evidence = gather_evidence(request_with(document(bundle, "urn:uuid:b")), [("test", CHECKLIST)])

    assert values(evidence, "ES1", "value") == [True]
    assert evidence.facts[0].pointer == EvidencePointer("answer", "urn:uuid:b", "Bundle.entry[0].resource ES1")
    assert [(each.document, each.elements) for each in evidence.records if each.clinical] == [("urn:uuid:b", ("KN3",))]


def test_a_document_contained_in_the_form_is_found() -> None:
    said = form(
        item("KN3", {"valueReference": {"reference": "#r"}}),
        contained=[{"id": "r", **reference(b"AHI 41 events per hour", subject=PATIENT)}],
    )
    evidence = gathered(said)

    assert [each.elements for each in evidence.records if each.clinical] == [("KN3",)]
    assert evidence.facts[0].pointer.place == "QuestionnaireResponse.contained[0] text"


def test_the_reason_why_a_request_cannot_wait_is_told_beside_the_elements() -> None:
    evidence = gathered(form(item("expedited.reason", {"valueString": "Cauda equina is threatened."})))

    assert values(evidence, "expedited", "reason") == ["Cauda equina is threatened."]
