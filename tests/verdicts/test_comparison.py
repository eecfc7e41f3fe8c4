"""What counts as the same verdict and as the same element."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_server.errors import Issue
from tests.verdicts.comparison import Comparison, Difference, Outcome, known_differences, leading, normal, same_place
from tests.verdicts.tables import Input, Row, Verdict

INPUT = Input("pas-2.2.1", "required-missing", "package/Claim-1", "Claim")


def outcome(theirs: list[tuple[str, str]], ours: list[str], *, severity: str = "error") -> Outcome:
    issues = [Issue("rule", "found", "mend", place, severity) for place in ours]  # type: ignore[arg-type]
    return Outcome(Row(INPUT, Verdict(tuple(theirs))), tuple(issues))


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Claim.item[0].extension[1].value.ofType(Reference)", "Claim.item[0].extension[1].valueReference"),
        ("Bundle.entry[0].resource/*Claim/x*/.item[0].sequence", "Bundle.entry[0].resource.item[0].sequence"),
        ("Claim.modifierExtension[0][url='http://example.org/x|1.0']", "Claim.modifierExtension[0]"),
        ("Patient.extension[0].value[x].coding[0]", "Patient.extension[0].value~.coding[0]"),
        ("$", ""),
    ],
)
def test_a_place_has_one_form(written: str, form: str) -> None:
    assert normal(written) == form


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Claim.item[0]", "Claim.item[0]"),
        ("Claim.item[0]", "Claim.item"),
        ("Claim.item", "Claim.item[0]"),
        ("Library.type.coding[0].system", "Library.type.coding.system"),
        ("Patient.extension[0].valueString", "Patient.extension[0].value~"),
        ("Patient.extension[0].valueCoding.code", "Patient.extension[0].value~.code"),
        ("Claim.item[3]", ""),
    ],
)
def test_these_are_the_same_element(ours: str, theirs: str) -> None:
    assert same_place(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Claim.item[0]", "Claim.item[1]"),
        ("Claim", "Claim.item"),
        ("", "Claim"),
        ("Patient.extension[1].valueString", "Patient.extension[0].value~"),
        ("Patient.extension[0].valueCoding.code", "Patient.extension[0].value~"),
    ],
)
def test_these_are_not(ours: str, theirs: str) -> None:
    assert not same_place(ours, theirs)


def test_an_error_that_only_follows_counts_where_it_stands_alone() -> None:
    follows = ("Reference_REF_CantMatchChoice", "Claim.patient")
    assert leading([follows, ("Validation_VAL_Profile_Minimum", "Claim")]) == ["Claim"]
    assert leading([follows]) == ["Claim.patient"]


def test_the_verdict_differs_where_one_refuses() -> None:
    assert not outcome([("x", "Claim")], []).same_verdict
    assert not outcome([], ["Claim"]).same_verdict
    assert outcome([], []).alike
    assert outcome([], ["Claim"], severity="warning").alike


def test_both_refuse_and_name_an_element_or_another() -> None:
    assert outcome([("x", "Claim.use"), ("x", "Claim.type")], ["Claim.type"]).alike
    assert not outcome([("x", "Claim.use")], ["Claim.type"]).alike
    assert not outcome([("x", "Claim.use"), ("x", "Claim.type")], ["Claim.type"]).same_elements
    assert outcome([("x", "Claim.use")], ["Claim.use"]).same_elements


def test_a_difference_has_to_be_explained() -> None:
    found = Comparison([outcome([("x", "Claim.use")], ["Claim.type"])])
    assert len(found.unexplained([])) == 1
    assert found.unexplained([Difference("why", (INPUT.id,))]) == []
    assert found.unexplained([Difference("why", messages=("x",))]) == []
    assert len(found.unexplained([Difference("why", messages=("y",))])) == 1
    verdict = Comparison([outcome([("x", "Claim.use")], [])])
    assert len(verdict.unexplained([Difference("why", messages=("x",))])) == 1


def test_an_explanation_of_what_does_not_differ_is_stale() -> None:
    assert Comparison([outcome([], [])]).stale([Difference("why", (INPUT.id,))]) == [INPUT.id]


def test_agreement_is_counted() -> None:
    found = Comparison([outcome([("x", "Claim")], ["Claim"]), outcome([("x", "Claim")], []), outcome([], [])])
    agreement = found.agreement()["all"]
    assert (agreement.inputs, agreement.refused) == (3, 1)
    assert (agreement.of_verdicts, agreement.of_elements) == (2 / 3, 1.0)


def test_an_input_cannot_be_explained_twice(tmp_path: Path) -> None:
    table = tmp_path / "differences.yaml"
    table.write_text("- {reason: one, inputs: [a]}\n- {reason: other, inputs: [a]}\n")
    with pytest.raises(ValueError, match="more than once"):
        known_differences(table)
