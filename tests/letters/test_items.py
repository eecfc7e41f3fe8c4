"""Each missing or failing item is told, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.authorization.determination import CriterionFinding, CriterionGap, CriterionResult, Determination
from fhir_server.letters.items import GAPS, open_items
from tests.letters.contents import ITEMS, NON_AFFIRMED, PARTIAL


def found(
    element: str, result: CriterionResult, gap: CriterionGap | None = None, **changes: object
) -> CriterionFinding:
    plain = CriterionFinding(element, "c", "R", result, "", "G6 6.2", label=f"label of {element}", gap=gap)
    return replace(plain, **changes)  # type: ignore[arg-type]


def words(*criteria: CriterionFinding, base: Determination = NON_AFFIRMED, missing: tuple[str, ...] = ()) -> list[str]:
    items = open_items(replace(base, criteria=criteria, missing=missing))
    return [text for item in items for text in (item.text, *item.below)]


def test_what_is_met_or_does_not_apply_is_not_told() -> None:
    assert words(found("A1", "met"), found("A2", "not applicable")) == []


@pytest.mark.parametrize(("gap", "told"), sorted(GAPS.items()))
def test_each_gap_is_told_in_words(gap: CriterionGap, told: str) -> None:
    assert words(found("A1", "unknown", gap)) == [f"{told}: label of A1 (A1)."]


def test_what_no_source_names_is_never_told() -> None:
    assert words(found("A1", "unknown", "doubtful"), found("A2", "not met", "doubtful")) == []


def test_a_result_without_a_gap_is_told_by_the_result() -> None:
    assert words(found("A1", "not met"), found("A2", "unknown")) == [
        "Does not meet the rule: label of A1 (A1).",
        "Not shown: label of A2 (A2).",
    ]


def test_an_element_without_a_label_is_told_by_its_id() -> None:
    assert words(found("A1", "unknown", "missing", label="")) == ["Missing: A1 (A1)."]


def test_items_of_affirmed_lines_are_not_told() -> None:
    of_first, of_both = found("A1", "unknown", "missing", lines=(1,)), found("A2", "unknown", "missing", lines=(1, 2))

    assert words(of_first, of_both, base=PARTIAL) == ["Missing (lines 1 and 2): label of A2 (A2)."]


def test_of_a_group_one_is_enough() -> None:
    one, other = found("A1", "unknown", "missing", group="g"), found("A2", "not met", "failing", group="g")

    assert words(one, other) == [
        "One of these is needed:",
        "Missing: label of A1 (A1).",
        "Does not meet the rule: label of A2 (A2).",
    ]
    assert words(one, replace(other, result="met", gap=None)) == []
    assert words(one, replace(other, gap="doubtful")) == ["Missing: label of A1 (A1)."]


def test_groups_of_two_categories_are_two() -> None:
    one = found("A1", "met", group="g")
    other = found("B1", "unknown", "missing", group="g", category="d")

    assert words(one, other) == ["Missing: label of B1 (B1)."]


def test_missing_words_that_no_element_repeats_are_told_too() -> None:
    told = words(found("A1", "unknown", "missing"), missing=("label of A1", "clinical records"))

    assert told == ["Missing: label of A1 (A1).", "Missing: clinical records"]


def test_the_whole_list_in_order() -> None:
    pain = (
        "Does not meet the rule (lines 1 and 2): at least 4 weeks of pain (ES4). Found: 3 weeks. "
        "Rationale: The note of May 20 says that the pain began three weeks before."
    )

    assert words(*ITEMS) == [
        pain,
        "Missing (lines 1 and 2): imaging report (ES6). Rationale: No report is among the records.",
        "One of these is needed (line 2):",
        "Missing: physical therapy tried (ES8).",
        "Does not meet the rule: medication tried for 4 weeks (ES9). Found: 2 weeks.",
    ]


FINDINGS = st.builds(
    found,
    st.from_regex(r"[A-Z]{2}[0-9]", fullmatch=True),
    st.sampled_from(get_args(CriterionResult)),
    st.sampled_from([None, *get_args(CriterionGap)]),
    group=st.sampled_from([None, "g", "h"]),
    lines=st.sampled_from([(), (1,), (2,), (1, 2)]),
)


@given(st.lists(FINDINGS, max_size=12, unique_by=lambda each: each.element))
def test_every_open_element_outside_a_group_is_told_exactly_once(criteria: list[CriterionFinding]) -> None:
    told = " ".join(words(*criteria))

    for each in criteria:
        is_open = each.result in ("not met", "unknown") and each.gap != "doubtful"
        if not is_open or each.group is None:
            assert told.count(f"({each.element})") == int(is_open)
        else:
            of_group = [
                other
                for other in criteria
                if (other.category, other.group, other.lines) == (each.category, each.group, each.lines)
            ]
            settled = any(other.result == "met" for other in of_group)
            assert told.count(f"({each.element})") == int(not settled)
