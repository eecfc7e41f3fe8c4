"""Nothing that is sent makes the validator fail; `make fuzz` tries 20,000."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.verdicts.comparison import Validate, our_validator
from tests.verdicts.fuzzing import mutant

MOST_ISSUES = 20_001  # the budget of a report, and the last one
LONGEST_TEXT = 2000
GUIDE = "pas-2.2.1"
NAMES = (
    "resourceType",
    "id",
    "meta",
    "extension",
    "contained",
    "text",
    "entry",
    "item",
    "valueReference",
    "reference",
    "x",
)
UNHURRIED = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)
values = st.recursive(
    plain,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(NAMES), below, max_size=4),
    max_leaves=25,
)
types = st.sampled_from(("Claim", "Bundle", "Patient", "Parameters", "Questionnaire", "Basic", "Nonsense"))


@cache
def validator() -> Validate:
    return our_validator(ROOT / "profiles")


def judge(guide: str, resource: Any) -> None:
    """Validate *resource*, whose issues have to be of a known severity, and neither too many nor too long."""
    issues = validator()(guide, resource, None)
    assert len(issues) <= MOST_ISSUES
    assert all(len(issue.found) + len(issue.mend) <= LONGEST_TEXT for issue in issues)
    assert {issue.severity for issue in issues} <= {"error", "warning", "information"}


@UNHURRIED
@given(st.integers(min_value=0, max_value=2**40))
def test_a_broken_resource_gets_an_answer(number: int) -> None:
    guide, resource = mutant(number)
    judge(guide, resource)


@UNHURRIED
@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=6), types)
def test_any_json_gets_an_answer(content: dict[str, Any], type_name: str) -> None:
    judge(GUIDE, {"resourceType": type_name} | content)
    judge(GUIDE, content | {"resourceType": type_name})
