"""The language of the checklists' tests: three values, no surprises, nothing of Python but its grammar."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.policy.expressions import ExpressionInvalid, Value, all_of, any_of, compile_expression

THREE = st.sampled_from([True, False, None])


def result(text: str, values: dict[str, Any]) -> bool | None:
    scope: dict[tuple[str, str], Value] = {("ES4", name): value for name, value in values.items()}
    return compile_expression(text, "ES4")(scope)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("weeks_of_pain >= 4", {"weeks_of_pain": 4}, True),
        ("weeks_of_pain >= 4", {"weeks_of_pain": 3.9}, False),
        ("weeks_of_pain >= 4", {}, None),
        ("15 <= index <= 65", {"index": 65}, True),
        ("15 <= index <= 65", {"index": 65.1}, False),
        ("15 <= index <= 65", {"index": 14.9}, False),
        ("a or b", {"a": True}, True),
        ("a and b", {"a": False}, False),
        ("a and b", {"a": True}, None),
        ("not a", {}, None),
        ("kind in ('one', 'two')", {"kind": "two"}, True),
        ("kind not in ('one', 'two')", {"kind": "two"}, False),
        ("within_months(study, consult, 24)", {"study": date(2024, 3, 31), "consult": date(2026, 3, 31)}, True),
        ("within_months(study, consult, 24)", {"study": date(2024, 3, 31), "consult": date(2026, 4, 1)}, False),
        ("within_months(study, consult, 24)", {"study": date(2024, 3, 31), "consult": date(2024, 3, 30)}, False),
        ("within_months(study, consult, 1)", {"study": date(2026, 1, 31), "consult": date(2026, 2, 28)}, True),
        ("within_months(study, consult, 12)", {"study": date(2024, 2, 29), "consult": date(2025, 2, 28)}, True),
        ("days(first, second) <= 45", {"first": date(2026, 1, 1), "second": date(2026, 2, 15)}, True),
        ("days(first, second) <= 45", {"first": date(2026, 1, 1), "second": date(2026, 2, 16)}, False),
        ("some(tried)", {"tried": ("none",)}, False),
        ("some(tried)", {"tried": ("drugs",)}, True),
        ("some(tried, 'drugs')", {"tried": ("exercise",)}, False),
        ("none(a, b)", {"a": False, "b": False}, True),
        ("none(a, b)", {"a": False}, None),
        ("none(a, b)", {"a": True}, False),
        ("at_least(2, a, b, c)", {"a": True, "b": True}, True),
        ("at_least(2, a, b, c)", {"a": True, "b": False}, None),
        ("at_least(2, a, b, c)", {"a": True, "b": False, "c": False}, False),
        ("stated(text)", {"text": "walks with a stick"}, True),
        ("stated(text)", {}, None),
        ("answered(text)", {}, False),
        ("has(codes, 'M54.16', 'G40.-')", {"codes": ("G40.011",)}, True),
        ("has(codes, 'M54.1')", {"codes": ("M54.16",)}, False),
        ("same_text(a, b)", {"a": "Oswestry  index", "b": "oswestry index"}, True),
        ("height * 2 > 5", {"height": 3}, True),
        ("height > 'tall'", {"height": 3}, None),
        ("1 / height > 0", {"height": 0}, None),
        ("true", {}, True),
    ],
)
def test_an_expression_comes_out(text: str, values: dict[str, Any], expected: bool | None) -> None:
    assert result(text, values) is expected


def test_another_element_and_the_request_are_named_with_a_dot() -> None:
    test = compile_expression("ES1.indication == 'acute-zoster' and line.code == '62323'", "ES4")
    assert test.names == (("ES1", "indication"), ("line", "code"))
    assert test({("ES1", "indication"): "acute-zoster", ("line", "code"): "62323"}) is True


@pytest.mark.parametrize(
    "text",
    ["", "a +", "__import__('os')", "a.b.c", "lambda: 1", "[x for x in y]", "a is b", "f(x=1)", "open('x')",
     "a if b else c", "(a, b)", "1 << 40", "a ** 9", "b'x'", "f'{a}'", "a[0]"],
)  # fmt: skip
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionInvalid):
        compile_expression(text, "ES4")


@given(st.lists(THREE), st.lists(THREE))
def test_the_logic_is_kleene_s(one: list[bool | None], other: list[bool | None]) -> None:
    """An unknown never changes what is known: whatever it turns out to be, a settled result stands."""
    values = [*one, *other]
    for join in (all_of, any_of):
        told = join(values)
        for instead in (True, False):
            known = join([instead if each is None else each for each in values])
            assert told is None or told is known
    negated = all_of([None if each is None else not each for each in values])
    assert any_of(values) is (None if negated is None else not negated)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    try:
        test = compile_expression(text, "ES4")
    except ExpressionInvalid:
        return
    assert test({}) in (True, False, None)
