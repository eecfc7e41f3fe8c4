"""Coded resources answer the fields whose codes they bear; the newest counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fhir_server.authorization.evidence import EvidencePointer
from tests.evidence.samples import (
    ICD_10_CM,
    LOINC,
    PATIENT,
    SERVER,
    SNOMED,
    form,
    gathered,
    item,
    observation,
    quantity,
    values,
)

AHI = "69990-0"


def condition(code: str, **changes: Any) -> dict[str, Any]:
    coded = {"coding": [{"system": ICD_10_CM, "code": code}]}
    return {"resourceType": "Condition", "subject": PATIENT, "code": coded, **changes}


def status(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": code}]}


def test_the_newest_value_counts_and_points_at_where_it_stands() -> None:
    evidence = gathered(
        observation(AHI, quantity(44, "/h"), effectiveDateTime="2026-08-01"),
        observation(AHI, quantity(31, "/h"), effectiveDateTime="2026-09-01"),
        observation(AHI, quantity(50, "/h"), effectiveDateTime="2024"),
    )

    assert values(evidence, "HG4", "ahi") == [31]
    assert values(evidence, "HG4", "study_date") == ["2026-09-01"]
    where = f"{SERVER}/Observation/2"
    assert [each.pointer for each in evidence.facts] == [
        EvidencePointer("resource", where, "Observation.value"),
        EvidencePointer("resource", where, "Observation.effectiveDateTime"),
    ]


def test_the_newest_moment_of_a_day_counts_where_all_tell_one() -> None:
    early = observation(AHI, quantity(44, "/h"), effectiveDateTime="2026-09-01T23:30:00-05:00")
    late = observation(AHI, quantity(31, "/h"), effectiveDateTime="2026-09-01T23:00:00-08:00")
    some_time = observation(AHI, quantity(20, "/h"), effectiveDateTime="2026-09-01")

    assert values(gathered(early, late), "HG4", "ahi") == [31]
    assert values(gathered(early, late, some_time), "HG4", "ahi") == [44, 31, 20]


def test_newest_values_that_do_not_agree_are_each_told() -> None:
    evidence = gathered(*(observation(AHI, quantity(value, "/h")) for value in (31, 31, 44)))

    assert values(evidence, "HG4", "ahi") == [31, 44]


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (quantity(31, "/h"), 31),
        (quantity(31, "{events}/h"), 31),
        ({"value": Decimal("0.5"), "system": "http://unitsofmeasure.org", "code": "/min"}, 30),
        ({"value": 31, "unit": "events/hour"}, 31),
        ({"value": 31}, 31),
    ],
)
def test_units_are_converted(sent: dict[str, Any], value: float) -> None:
    assert values(gathered(observation(AHI, sent)), "HG4", "ahi") == [value]


def test_a_conversion_does_not_show_in_the_last_digits() -> None:
    sent = {"value": Decimal("3.12"), "system": "http://unitsofmeasure.org", "code": "g/cm2"}

    assert values(gathered(observation("39156-5", sent)), "HG2", "value") == [31.2]


@pytest.mark.parametrize(
    "sent", [quantity(31, "%"), quantity(31, "kg"), quantity(-3, "/h"), {"value": 31, "unit": "points"}]
)
def test_what_cannot_be_converted_or_meant_is_unreadable(sent: dict[str, Any]) -> None:
    evidence = gathered(observation(AHI, sent))

    assert values(evidence, "HG4", "ahi") == []
    assert [each.asked for each in evidence.unreadable] == ["a number from 0 to 200 in /h"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "preliminary"},
        {"status": "entered-in-error"},
        {"status": "cancelled"},
        {"subject": {"reference": "Patient/somebody"}},
        {"code": {"coding": [{"system": LOINC, "code": "1234-5"}]}},
        {"code": {"coding": [{"system": "http://example.org", "code": AHI}]}},
        {"valueQuantity": None},
    ],
)
def test_an_observation_that_is_not_final_not_hers_or_of_another_code_answers_nothing(changes: dict[str, Any]) -> None:
    evidence = gathered(observation(AHI, quantity(31, "/h"), **changes))

    assert values(evidence, "HG4", "ahi") == []


def test_a_component_answers_by_its_own_code() -> None:
    component = {"code": {"coding": [{"system": LOINC, "code": AHI}]}, "valueQuantity": quantity(31, "/h")}
    evidence = gathered(observation("28633-6", component=[component]))

    assert values(evidence, "HG4", "ahi") == [31]
    assert evidence.facts[0].pointer.place == "Observation.component[0].value"


@pytest.mark.parametrize("code", ["M54.16", "M5416", "M54.1"])
def test_a_code_that_ends_in_a_dash_takes_in_all_below(code: str) -> None:
    assert values(gathered(condition(code)), "ES1", "value") == [True]


def test_other_codes_are_not_taken_in() -> None:
    assert gathered(condition("M54.2"), condition("M5")).facts == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"verificationStatus": status("refuted")},
        {"verificationStatus": status("entered-in-error")},
        {"clinicalStatus": status("resolved")},
        {"clinicalStatus": status("inactive")},
    ],
)
def test_a_condition_that_is_refuted_or_over_is_not_there(changes: dict[str, Any]) -> None:
    assert gathered(condition("M54.16", **changes)).facts == ()


def test_each_code_tells_the_choice_that_it_stands_for() -> None:
    therapy = {
        "resourceType": "Procedure",
        "status": "completed",
        "subject": PATIENT,
        "code": {"coding": [{"system": SNOMED, "code": "91251008"}]},
    }
    medicine = {
        "resourceType": "MedicationRequest",
        "status": "stopped",
        "intent": "order",
        "subject": PATIENT,
        "medicationReference": {"reference": "Medication/3"},
    }
    medication = {
        "resourceType": "Medication",
        "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "198013"}]},
    }

    evidence = gathered(therapy, medicine, medication)

    assert values(evidence, "ES4", "care") == [("physical-therapy",), ("medication",)]
    assert evidence.facts[1].pointer.place == "MedicationRequest.medicationReference"
    for changes in ({"status": "not-done"}, {"status": "preparation"}):
        assert values(gathered({**therapy, **changes}), "ES4", "care") == []
    unwanted: list[dict[str, Any]] = [{"status": "draft"}, {"intent": "proposal"}, {"doNotPerform": True}]
    for change in unwanted:
        assert (
            values(gathered({**medicine, **change}, therapy | {"status": "unknown"}, medication), "ES4", "care") == []
        )


def test_an_order_states_but_is_no_clinical_record() -> None:
    evidence = gathered(
        {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": PATIENT},
        {"resourceType": "Coverage", "status": "active"},
        form(item("ES1", {"valueBoolean": True})),
        condition("Z00.0"),
    )

    assert [each.clinical for each in evidence.records] == [False, False, False, True]
