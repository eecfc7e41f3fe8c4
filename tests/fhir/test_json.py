"""JSON keeps what was sent, and refuses what two readers could understand differently."""

from __future__ import annotations

import contextlib
import json as standard
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import ContentMalformed, ContentTooLarge, Issue, Refusal
from fhir_server.fhir import json
from fhir_server.fhir.limits import DEFAULT_LIMITS, Limits
from tests.fhir.packages import pas_examples

characters = st.characters(codec="utf-8", exclude_characters="\0")
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20).filter(
    lambda value: any(mark in str(value) for mark in ".E") and abs(value.adjusted()) < 4000
)
scalars = st.none() | st.booleans() | st.integers() | decimals | st.text(characters)
keys = st.text(characters, max_size=8)
values = st.recursive(scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(keys, below, max_size=4))
resources = st.dictionaries(keys, values, max_size=5)


def refused(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[type[Refusal], list[Issue]]:
    with pytest.raises(Refusal) as caught:
        json.loads(data, limits)
    return type(caught.value), list(caught.value.issues)


@given(resources)
def test_what_is_written_is_read_again(resource: dict[str, Any]) -> None:
    again = json.loads(json.dumps(resource))
    assert again == resource
    assert json.dumps(again) == json.dumps(resource)


@pytest.mark.parametrize(
    "number", ["1.00", "0.10", "-0.0", "100.000000000000000001", "123456789.123456789012", "0", "-7"]
)
def test_digits_are_kept(number: str) -> None:
    assert json.dumps(json.loads(b'{"value":%b}' % number.encode())) == b'{"value":%b}' % number.encode()


def test_exponents_stay_equal_and_valid() -> None:
    resource = json.loads(b'{"value":1e2,"small":1E-7}')
    assert resource == {"value": Decimal(100), "small": Decimal("0.0000001")}
    assert standard.loads(json.dumps(resource)) == {"value": 100.0, "small": 1e-7}


def test_official_examples_survive(shared: Path) -> None:
    for content in pas_examples(shared).values():
        assert json.loads(json.dumps(json.loads(content))) == json.loads(content)


@given(resources, st.randoms())
def test_canonical_form_ignores_order_space_and_escapes(resource: dict[str, Any], random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            names = list(value)
            random.shuffle(names)
            return {name: shuffled(value[name]) for name in names}
        return [shuffled(each) for each in value] if isinstance(value, list) else value

    assert json.canonical(shuffled(resource)) == json.canonical(resource)
    assert json.loads(json.canonical(resource)) == resource


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":"\\u0041"}', b'{ "a" : "A" }'),
        (b'{"a":1e2}', b'{"a":1E+2}'),
        (b'{"b":[{"y":1,"x":2}],"a":3}', b'{"a":3,"b":[{"x":2,"y":1}]}'),
    ],
)
def test_canonical_form_is_the_same_for_the_same_content(one: bytes, other: bytes) -> None:
    assert json.canonical(json.loads(one)) == json.canonical(json.loads(other))


@given(resources, resources)
def test_canonical_form_differs_when_content_does(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.canonical(one) == json.canonical(other)
    assert same == (json.dumps(_sorted(one)) == json.dumps(_sorted(other)))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("one", "other"), [(b'{"a":1.0}', b'{"a":1.00}'), (b'{"a":1}', b'{"a":true}'), (b'{"a":[1,2]}', b'{"a":[2,1]}')]
)
def test_precision_type_and_order_of_lists_are_content(one: bytes, other: bytes) -> None:
    assert json.canonical(json.loads(one)) != json.canonical(json.loads(other))


@pytest.mark.parametrize(
    ("data", "rule", "place"),
    [
        (b"", "json-syntax", "line 1, column 1"),
        (b"   ", "json-syntax", "line 1, column 4"),
        (b'{"a":1', "json-syntax", "line 1, column 7"),
        (b'{"a":1} x', "json-syntax", "line 1, column 9"),
        (b'{"a":1}{"a":1}', "json-syntax", "line 1, column 8"),
        (b'{"a":NaN}', "json-syntax", "line 1, column 6"),
        (b'{"a":-Infinity}', "json-syntax", "line 1, column 7"),
        (b'{\n "a":1,\n}', "json-syntax", None),
        (b"{\n 'a':1}", "json-syntax", "line 2, column 2"),
        (b'{"a":01}', "json-syntax", None),
        (b'{"a":.5}', "json-syntax", None),
        (b'{"a":"x\ny"}', "json-syntax", None),
        (b'{"\xc3\xa9":1, "b":tru}', "json-syntax", "line 1, column 17"),
        (b'\xef\xbb\xbf{"a":1}', "json-bom", "line 1, column 1"),
        ('{"a":1}'.encode("utf-16"), "json-syntax", None),
        (b'{"a":"\xff"}', "json-utf8", "line 1, column 7"),
        (b'{"a":"\xed\xa0\x80"}', "json-utf8", None),
        (b'{"a":"\\ud800"}', "json-surrogate", "line 1, column 7"),
        (b'{"a":"\\udc00"}', "json-surrogate", None),
        (b'{"a":"\\ud800\\u0041"}', "json-surrogate", None),
        (b'{"\\ud800":1}', "json-surrogate", None),
        (b'{"a":"x\\u0000"}', "json-nul", "line 1, column 8"),
        (b"[]", "json-object", "line 1, column 1"),
        (b'"text"', "json-object", None),
        (b"null", "json-object", None),
        (b'{"a":1e99999999999999999999}', "json-number", "line 1, column 6"),
        (b'{"a":1.5,\n"b":-1e5000, "c":"\xff"}', "json-number", "line 2, column 5"),
    ],
)
def test_ill_formed_bodies_are_refused_with_their_place(data: bytes, rule: str, place: str | None) -> None:
    kind, [issue] = refused(data)
    assert kind is ContentMalformed
    assert issue.rule == rule
    assert issue.expression is None
    assert issue.diagnostics is not None
    if place is not None:
        assert issue.diagnostics == place


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert json.loads(b'{"a":"\\\\u0000"}') == {"a": "\\u0000"}


@pytest.mark.parametrize(
    ("data", "labels", "path", "place"),
    [
        (b'{"a":1,"a":2}', ['"a"'], "($)", "line 1, column 8"),
        (b'{"a":1,\n "\\u0061":2}', ['"a"'], "($)", "line 2, column 2"),
        (b'{"entry":[{"x":1},{"resource":{"id":"1","id":"1"}}]}', ['"id"'], "($.entry[1].resource)", None),
        (b'{"a":[{},{"b":1,"b" :2,"b":3}]}', ['"b"', '"b"'], "($.a[1])", None),
        (b'{"a":"\\":\\":","a" :2}', ['"a"'], "($)", None),
        # A key lost and a key with space before its colon must not cancel each other out.
        (b'{"a" :"\\":","a":1}', ['"a"'], "($)", None),
        (b'{"a" :1,"a":2}', ['"a"'], "($)", None),
    ],
)
def test_duplicate_keys_are_refused(data: bytes, labels: list[str], path: str, place: str | None) -> None:
    kind, issues = refused(data)
    assert kind is ContentMalformed
    assert [issue.rule for issue in issues] == ["json-duplicate-key"] * len(labels)
    assert all(label in issue.found and path in issue.found for label, issue in zip(labels, issues, strict=True))
    if place is not None:
        assert issues[0].diagnostics == place


@pytest.mark.parametrize(
    "data", [b'{"a":"\\":\\":"}', b'{"a":{"b":1},"b":{"a":1}}', b'{"a" :1 ,"b"\n:[{"a":1},{"a":1}]}']
)
def test_what_only_looks_like_a_duplicate_is_taken(data: bytes) -> None:
    assert json.loads(data) == standard.loads(data)


@given(resources, st.data())
def test_a_duplicate_is_found_wherever_it_stands(resource: dict[str, Any], data: st.DataObject) -> None:
    data_with_mark = json.dumps(_marked(resource, data))
    place = data_with_mark.index(b'"MARK":0')
    json.loads(data_with_mark)
    kind, issues = refused(data_with_mark[:place] + b'"MARK" :"\\":", ' + data_with_mark[place:])
    assert kind is ContentMalformed
    assert [issue.rule for issue in issues] == ["json-duplicate-key"]


def _marked(resource: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Return the resource with the member MARK in one of its objects."""
    inside = {name: value for name, value in resource.items() if isinstance(value, dict)}
    name = data.draw(st.none() | st.sampled_from(sorted(inside))) if inside else None
    if name is None:
        return {**resource, "MARK": 0}
    return {**resource, name: _marked(inside[name], data)}


def test_values_are_never_told() -> None:
    for data in (
        b'{"name":"SECRET","name":"SECRET"}',
        b'{"name":"SECRET',
        b'{"name":SECRET}',
        b'{"name":"SECRET\xff"}',
    ):
        _, issues = refused(data)
        assert not any("SECRET" in f"{issue.found}{issue.mend}{issue.diagnostics}" for issue in issues)


def test_size_depth_entries_and_strings_are_limited() -> None:
    limits = Limits(max_bytes=1000, max_depth=3, max_entries=2, max_string=50)
    for data, rule in [
        (b'{"a":"' + b"x" * 2000 + b'"}', "body-size"),
        (b'{"a":[[[]]]}', "json-depth"),
        (b'{"entry":[1,2,3]}', "bundle-entries"),
        (b'{"a":["' + b"x" * 51 + b'"]}', "json-string"),
    ]:
        kind, [issue] = refused(data, limits)
        assert kind is ContentTooLarge
        assert issue.rule == rule
    assert json.loads(b'{"a":[[1]],"entry":[1,2]}', limits)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 900 + b"1" + b"}" * 900,
    ],
)
def test_deep_nesting_is_refused_without_recursion(data: bytes) -> None:
    assert refused(data)[1][0].rule == "json-depth"


@pytest.mark.parametrize("number", [b"9" * 2_000_000, b"-" + b"9" * 2_000_000, b"1" * 5000])
def test_huge_integers_are_refused_unconverted(number: bytes) -> None:
    """To convert one takes time to the square of its digits; whatever converts it returns it, and does not refuse."""
    kind, [issue] = refused(b'{"a":%b}' % number)
    assert (kind, issue.rule, issue.diagnostics) == (ContentMalformed, "json-number", "line 1, column 6")


def test_long_integers_and_decimals_are_kept() -> None:
    for number in (b"123456789012345678901234567890", b"-" + b"7" * 4000, b"0." + b"7" * 100_000):
        assert json.dumps(json.loads(b'{"a":%b}' % number)) == b'{"a":%b}' % number


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Refusal):
        assert isinstance(json.loads(data), dict)


@given(resources, st.integers(min_value=0, max_value=400), st.binary(min_size=1, max_size=3))
def test_damaged_bodies_are_read_or_refused(resource: dict[str, Any], place: int, damage: bytes) -> None:
    data = json.dumps(resource)
    with contextlib.suppress(Refusal):
        assert isinstance(json.loads(data[:place] + damage + data[place + len(damage) :]), dict)
