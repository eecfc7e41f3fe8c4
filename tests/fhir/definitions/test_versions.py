"""Which of two versions is the later one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.definitions.versions import compare_versions, major_minor

# Each earlier than the next.
SEMANTIC = [None, "1.0", "1.0.0-ballot", "1.0.0", "1.2.0", "1.10.0", "2.0.0-ballot-tc1", "2.0.0", "2.0.1"]
OTHER = ["2.9", "20190731", "2018-08-12b", "current", "v2", "", "1.0.0+build"]
VERSIONS = st.sampled_from([*SEMANTIC, *OTHER]) | st.text(max_size=6)


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(SEMANTIC)))
def test_semantic_versions_compare_part_by_part(earlier: str | None, later: str) -> None:
    assert (compare_versions(earlier, later), compare_versions(later, earlier)) == (-1, 1)
    assert compare_versions(later, later) == 0


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("2018-08-12", "2018-10-01"), ("9", "10"), ("3", "2018-08-12"), ("5", "v1"), ("9.0.0", "2018-08-12")],
)
def test_other_versions_compare_as_people_read_them(earlier: str, later: str) -> None:
    assert (compare_versions(earlier, later), compare_versions(later, earlier)) == (-1, 1)


@given(VERSIONS, VERSIONS)
def test_the_order_is_the_same_from_both_sides(one: str | None, other: str | None) -> None:
    assert compare_versions(one, other) == -compare_versions(other, one)
    assert compare_versions(one, one) == 0


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("4.0.1", "4.0"),
        ("4.0", "4.0"),
        ("2.0.0-ballot", "2.0"),
        ("4", None),
        ("2018-08-12", None),
        (None, None),
        ("", None),
    ],
)
def test_major_and_minor_of_a_semantic_version(version: str | None, expected: str | None) -> None:
    assert major_minor(version) == expected
