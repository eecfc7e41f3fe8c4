"""What holds of the code rules whatever is sent."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.policy.code_rule_context import AnswerRead
from tests.policy.code_rules import PACK, hit_by

CODES = st.sampled_from([*sorted(PACK.listed), "62320", "62322", "Q4101", "Q4100", "A2001", "64590", "99999"])
DIAGNOSES = st.sampled_from(
    ["M54.16", "M54.12", "M48.061", "M17.9", "M17.11", "I83.012", "E11.621", "C79.51", "M84.58XA", "M80.08XA", "F32.2",
     "G47.33", "Z68.30", "Z68.41", "R33.9", "M54.5", "S12.000A", "M25.569", "X99"]
)  # fmt: skip
SENT = st.builds(
    lambda code, number, modifiers, day: (code, {"units": number, "modifiers": tuple(modifiers), "serviced": day}),
    CODES,
    st.none() | st.integers(-5, 10**30) | st.decimals(allow_nan=False, allow_infinity=False),
    st.lists(st.sampled_from(["LT", "RT", "50", "GA", "GX", "KX"]), max_size=3),
    st.sampled_from([None, "2026-06-15", "2026", "2027-01-01", "later"]),
)
VALUES: st.SearchStrategy[AnswerRead] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.just(("a", "b"))
)


@given(
    sent=st.lists(SENT, min_size=1, max_size=4),
    diagnoses=st.lists(DIAGNOSES, max_size=4),
    state=st.sampled_from([None, "TX", "OH", "AZ", "CA"]),
    values=st.dictionaries(
        st.sampled_from(
            [
                "ES9.levels",
                "ES9.regions",
                "SK4.value",
                "SK14.product",
                "SK1.location",
                "PV1.branch",
                "PV10.levels",
                "PV10.rationale",
            ]
        ),
        VALUES,
    ),
    sex=st.sampled_from([None, "male", "female", "other"]),
)
@settings(max_examples=200, deadline=None)
def test_no_rule_fails_and_the_same_line_runs_into_the_same(
    sent: list[tuple[str, dict[str, Any]]],
    diagnoses: list[str],
    state: str | None,
    values: dict[str, AnswerRead],
    sex: str | None,
) -> None:
    for of in range(1, len(sent) + 1):
        found = [
            hit_by(*sent, diagnoses=tuple(diagnoses), state=state, answers=values, sex=sex, of=of) for _ in range(2)
        ]
        assert found[0] == found[1]
        assert all(each.line == of and each.found and "{" not in each.words for each in found[0])
        assert all(each.severity != "E" for each in found[0])
