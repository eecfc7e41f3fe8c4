"""Which codes a value set has, and whether those are all."""

from __future__ import annotations

import json

import pytest

from fhir_server.fhir.packages import Compilation
from tests.fhir.package_compiler.small import SET, SYSTEM, Json, code_system, codes, compiled, package, value_set

ALL = ["blue", "crimson", "deep", "navy", "none", "red", "scarlet"]
SNOMED = "http://snomed.info/sct"
X12 = "https://codesystem.x12.org/005010/1365"
CPT = "http://www.ama-assn.org/go/cpt"


@pytest.mark.parametrize(
    ("property_name", "operation", "value", "expected"),
    [
        ("concept", "is-a", "red", ["crimson", "deep", "red", "scarlet"]),
        ("concept", "is-a", "blue", ["blue", "deep", "navy"]),
        ("concept", "is-a", "green", []),
        ("concept", "descendent-of", "red", ["crimson", "deep", "scarlet"]),
        ("concept", "is-not-a", "red", ["blue", "navy", "none"]),
        ("concept", "generalizes", "deep", ["blue", "crimson", "deep", "red"]),
        ("concept", "child-of", "red", ["crimson", "scarlet"]),
        ("concept", "descendent-leaf", "red", ["deep", "scarlet"]),
        ("concept", "=", "red", ["red"]),
        ("concept", "in", "red, navy,green", ["navy", "red"]),
        ("concept", "not-in", "red,crimson,deep,scarlet,none", ["blue", "navy"]),
        ("code", "regex", "(r|n).*", ["navy", "none", "red"]),
        ("code", "=", "navy", ["navy"]),
        ("parent", "=", "blue", ["deep", "navy"]),
        ("parent", "exists", "false", ["blue", "none", "red"]),
        ("child", "=", "deep", ["blue", "crimson"]),
        ("child", "exists", "true", ["blue", "crimson", "red"]),
        ("warm", "=", "true", ["red", "scarlet"]),
        ("warm", "exists", "false", ["blue", "crimson", "deep", "navy", "none"]),
        ("warm", "not-in", "true", ["blue", "crimson", "deep", "navy", "none"]),
        ("wave", "in", "470nm,480nm", ["blue"]),
        ("wave", "regex", "[0-9]+nm", ["blue", "red"]),
    ],
)
def test_a_filter_picks(property_name: str, operation: str, value: str, expected: list[str]) -> None:
    assert codes({"filter": [{"property": property_name, "op": operation, "value": value}]}) == expected


def test_all_filters_of_a_part_have_to_hold() -> None:
    filters = [
        {"property": "concept", "op": "is-a", "value": "red"},
        {"property": "warm", "op": "=", "value": "true"},
    ]
    assert codes({"filter": filters}) == ["red", "scarlet"]


@pytest.mark.parametrize(
    "filters",
    [
        {"property": "remark", "op": "=", "value": "not a colour at all"},
        {"property": "shade", "op": "=", "value": "x"},
        {"property": "warm", "op": "is-a", "value": "true"},
        {"property": "concept", "op": "resembles", "value": "red"},
        {"property": "code", "op": "regex", "value": "("},
        {"property": "concept", "op": "is-a"},
    ],
)
def test_a_filter_that_cannot_be_read_leaves_the_set_open(filters: Json) -> None:
    facts = compiled(package(code_system(), value_set({"system": SYSTEM, "filter": [filters]})))["colours"]

    assert facts["complete"] is False
    assert facts["systems"] == {}
    assert facts["open"] == [{"system": SYSTEM, "filter": [filters]}]


def test_a_whole_code_system_is_complete_and_says_whether_case_counts() -> None:
    strict = compiled(package(code_system(), value_set({"system": SYSTEM})))["colours"]
    lax = compiled(package(code_system(caseSensitive=False), value_set({"system": SYSTEM})))["colours"]
    listed = {"system": SYSTEM, "concept": [{"code": "red"}]}

    assert strict == {"url": SET, "version": "1.0.0", "complete": True, "systems": {SYSTEM: ALL}}
    assert lax["caseInsensitive"] == [SYSTEM]
    assert "caseInsensitive" not in compiled(package(code_system(caseSensitive=False), value_set(listed)))["colours"]


@pytest.mark.parametrize("content", ["fragment", "example", "not-present"])
def test_a_code_system_of_which_a_part_is_here_leaves_the_set_open(content: str) -> None:
    facts = compiled(package(code_system(content=content), value_set({"system": SYSTEM})))["colours"]

    assert facts["complete"] is False
    assert facts["systems"] == {SYSTEM: ALL}
    assert facts["open"] == [{"system": SYSTEM}]


def test_a_code_system_that_is_not_here_leaves_the_set_open() -> None:
    filters = [{"property": "concept", "op": "is-a", "value": "1"}]
    facts = compiled(package(value_set({"system": SNOMED}, {"system": SNOMED, "filter": filters})))["colours"]

    assert (facts["complete"], facts["systems"]) == (False, {})
    assert facts["open"] == [{"system": SNOMED}, {"system": SNOMED, "filter": filters}]


def test_listed_codes_are_complete_and_tell_where_their_code_system_is_not_here() -> None:
    listed = {"system": SNOMED, "concept": [{"code": "2"}, {"code": "1"}]}
    facts = compiled(package(value_set(listed)))["colours"]

    assert (facts["complete"], facts["systems"], facts["unknown"]) == (True, {SNOMED: ["1", "2"]}, [SNOMED])


def test_a_listed_code_that_its_code_system_does_not_have_is_no_code() -> None:
    assert codes({"concept": [{"code": "red"}, {"code": "rouge"}]}) == ["red"]


def test_listed_codes_of_a_fragment_leave_the_set_open_as_the_official_validator_takes_any() -> None:
    listed = {"system": SYSTEM, "concept": [{"code": "red"}]}
    facts = compiled(package(code_system(content="fragment"), value_set(listed)))["colours"]

    assert (facts["complete"], facts["systems"], facts["open"]) == (False, {SYSTEM: ["red"]}, [{"system": SYSTEM}])


def test_what_is_excluded_is_taken_out() -> None:
    excluded: Json = {"compose": {"exclude": [{"system": SYSTEM, "concept": [{"code": "red"}, {"code": "blue"}]}]}}
    facts = compiled(package(code_system(), value_set({"system": SYSTEM}, **excluded)))["colours"]

    assert facts["systems"] == {SYSTEM: ["crimson", "deep", "navy", "none", "scarlet"]}
    assert facts["complete"] is True


def test_excluding_what_is_not_known_leaves_the_set_open() -> None:
    excluded: Json = {"compose": {"exclude": [{"valueSet": ["http://example.org/ValueSet/elsewhere"]}]}}
    facts = compiled(package(code_system(), value_set({"system": SYSTEM}, **excluded)))["colours"]

    assert (facts["complete"], facts["systems"]) == (False, {SYSTEM: ALL})
    assert facts["open"] == [{"valueSet": "http://example.org/ValueSet/elsewhere"}]


def test_value_sets_that_one_part_imports_intersect_and_those_of_two_parts_unite() -> None:
    reds = value_set(
        {"system": SYSTEM, "filter": [{"property": "concept", "op": "is-a", "value": "red"}]}, identity="r"
    )
    blues = value_set(
        {"system": SYSTEM, "filter": [{"property": "concept", "op": "is-a", "value": "blue"}]}, identity="b"
    )
    both = value_set({"valueSet": [reds["url"], blues["url"]]}, identity="both")
    either = value_set({"valueSet": [reds["url"]]}, {"valueSet": [blues["url"]]}, identity="either")
    of_system = value_set({"system": SYSTEM, "concept": [{"code": "navy"}, {"code": "red"}], "valueSet": [reds["url"]]})
    facts = compiled(package(code_system(), reds, blues, both, either, of_system))

    assert facts["both"]["systems"] == {SYSTEM: ["deep"]}
    assert facts["either"]["systems"] == {SYSTEM: ["blue", "crimson", "deep", "navy", "red", "scarlet"]}
    assert facts["colours"]["systems"] == {SYSTEM: ["red"]}
    assert all(each["complete"] for each in facts.values())


@pytest.mark.parametrize(("date", "expected"), [("20200828", ["blue", "red"]), ("20240101", []), (None, [])])
def test_in_an_old_guide_the_value_sets_of_one_part_unite(date: str | None, expected: list[str]) -> None:
    red = value_set({"system": SYSTEM, "concept": [{"code": "red"}]}, identity="r")
    blue = value_set({"system": SYSTEM, "concept": [{"code": "blue"}]}, identity="b")
    both = value_set({"valueSet": [red["url"], blue["url"]]})
    facts = compiled(package(code_system(), red, blue, both, date=date))["colours"]

    assert facts["systems"].get(SYSTEM, []) == expected


def test_a_value_set_that_includes_itself_ends_and_is_open() -> None:
    facts = compiled(package(code_system(), value_set({"system": SYSTEM}, {"valueSet": [SET]})))["colours"]

    assert facts["complete"] is False
    assert facts["systems"] == {SYSTEM: ALL}


def test_an_expansion_that_a_value_set_brings_counts_for_its_codes() -> None:
    contains = [
        {"system": SYSTEM, "code": "red", "contains": [{"system": SYSTEM, "code": "crimson"}]},
        {"display": "-"},
    ]
    ruled = value_set({"system": SYSTEM}, expansion={"contains": contains})
    bare = {key: value for key, value in ruled.items() if key != "compose"}

    for each in (ruled, bare):
        facts = compiled(package(code_system(), each))["colours"]
        assert (facts["complete"], facts["systems"]) == (True, {SYSTEM: ["crimson", "red"]})
    assert compiled(package({key: bare[key] for key in bare if key != "expansion"}))["colours"]["complete"] is False


@pytest.mark.parametrize("system", [X12, CPT])
def test_codes_whose_owner_does_not_let_them_be_passed_on_are_left_out(system: str) -> None:
    listed = value_set({"system": system, "concept": [{"code": "1"}]}, {"system": SYSTEM, "concept": [{"code": "red"}]})
    owned = code_system([{"code": "99213"}], id="owned", url=system)
    mixed = package(code_system(), owned, listed)
    facts = compiled(mixed)["colours"]
    code_systems = Compilation([mixed], []).files(mixed.label)["code-systems.json"]

    assert list(json.loads(code_systems)) == ["colours"]
    assert (facts["complete"], facts["systems"]) == (False, {SYSTEM: ["red"]})
    assert facts["open"] == [{"system": system, "withheld": True}]


LISTED: Json = {"system": SYSTEM, "concept": [{"code": "red"}]}


def test_a_single_list_is_marked_as_its_codes_are_taken_without_a_system() -> None:
    assert compiled(package(code_system(), value_set(LISTED)))["colours"]["listed"] == [SYSTEM]
    for included in ([{"system": SYSTEM}], [LISTED, {"system": SYSTEM}]):
        assert "listed" not in compiled(package(code_system(), value_set(*included)))["colours"]
    brought = {"contains": [{"system": SYSTEM, "code": "red"}]}
    assert "listed" not in compiled(package(code_system(), value_set(LISTED, expansion=brought)))["colours"]
    imports = value_set({"valueSet": [SET]}, {"system": SNOMED}, identity="imports")
    assert compiled(package(code_system(), value_set(LISTED), imports))["imports"]["listed"] == [SYSTEM]


def test_versions_of_code_systems_are_kept_where_the_parts_agree() -> None:
    one, two = LISTED | {"version": "1.0.0"}, LISTED | {"version": "1.0.1"}
    for included, expected in (([one], {SYSTEM: "1.0.0"}), ([one, LISTED, one], {SYSTEM: "1.0.0"}), ([one, two], None)):
        assert compiled(package(code_system(), value_set(*included)))["colours"].get("versions") == expected


def test_only_names_that_the_code_system_does_not_have_are_kept() -> None:
    concepts = [{"code": "red", "display": "Red"}, {"code": "blue", "display": "Blue"}]
    listed = [
        {"code": "red", "display": "RED"},
        {"code": "blue", "display": "Azure", "designation": [{"value": "blue"}]},
    ]
    part = {"system": SYSTEM, "concept": listed}

    known = compiled(package(code_system(concepts), value_set(part)))["colours"]
    assert known["displays"] == {SYSTEM: {"blue": ["Azure"]}}
    imports = value_set({"valueSet": [SET]}, identity="imports")
    assert (
        compiled(package(code_system(concepts), value_set(part), imports))["imports"]["displays"] == known["displays"]
    )
    for other in ([], [code_system(concepts, content="fragment")]):
        assert "displays" not in compiled(package(*other, value_set(part)))["colours"]
