"""Regular expressions of a questionnaire: tried where they surely end."""

from __future__ import annotations

import pytest

from fhir_server.fhir.validation.regular_expressions import matches


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        (r"\d{5}(-\d{4})?", "12345-6789", True),
        (r"\d{5}(-\d{4})?", "12345-67", False),
        (r"[^@]+@[^@]+\.[a-z]{2,}", "someone@example.com", True),
        (r"[]x]+", "]x", True),
        (r"a|bc|d[e|f]", "d|", True),
        (r"a|bc|d[e|f]", "abc", False),
        (r"(?:ab){2}", "abab", True),
        (r"(a+)+b", "a" * 60, None),
        (r"(a|a)*b", "a" * 60, None),
        (r"a*a*a*a*a*b", "a" * 60, None),
        (r"(a)\1", "aa", None),
        (r"(", "a", None),
        (r"a)", "a", None),
        ("(" * 900, "a", None),
        ("x" * 2000, "x", None),
    ],
)
def test_regular_expressions_that_might_never_end_are_not_tried(
    pattern: str, value: str, expected: bool | None
) -> None:
    assert matches(pattern, value) is expected
