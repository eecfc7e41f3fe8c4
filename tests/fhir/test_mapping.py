"""The engine of mapping tables, with tables of its own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from fhir_server.fhir.mapping import Extension, Fixed, Row, Table, Wrapped, Writing, choice
from fhir_server.fhir.primitives import (
    BOOLEAN,
    CODE,
    DATE,
    DATE_TIME,
    DECIMAL,
    INSTANT,
    INTEGER,
    POSITIVE_INTEGER,
    STRING,
    UNSIGNED_INTEGER,
    URI,
    Coded,
    Primitive,
)
from fhir_server.fhir.reading import FIRST, MANY, Reading


@dataclass(frozen=True, slots=True)
class Inner:
    text: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    name: str | None = None
    words: tuple[str, ...] = ()
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    first: str | None = None
    when: str | Inner | None = None
    deep: str | None = None
    kind: str | None = None
    flag: bool | None = None
    tags: tuple[str, ...] = ()
    more: Inner | None = None
    buried: int | None = None
    wrapped: str | None = None
    older: str | None = None
    newer: str | None = None


INNER = Table(Inner, Row("text", "text", STRING), Row("number", "number", POSITIVE_INTEGER), type_name="Inner")
MORE = Table(Inner, Row("text", Extension("text"), STRING), type_name="Extension")
THING = Table(
    Thing,
    Row("name", "name", STRING, required=True),
    Row("words", "word", STRING, MANY),
    Row("inner", "inner", INNER),
    Row("inners", "inners", INNER, MANY),
    Row("first", "firsts", STRING, FIRST),
    Row("when", "timing[x]", choice((DATE, lambda value: isinstance(value, str)), (INNER, lambda value: True))),
    Row("deep", "a.b[0].c", STRING),
    Row("kind", "kind", Coded({"x": "cross", "+": "plus"})),
    Row("flag", Extension("http://x/flag"), BOOLEAN),
    Row("tags", Extension("http://x/tag"), STRING, MANY),
    Row("more", Extension("http://x/more"), MORE),
    Row("buried", ("part[0]", Extension("http://x/outer"), Extension("inside")), POSITIVE_INTEGER),
    Row("wrapped", "wrap", Wrapped("only", STRING)),
    Row("older", "era", STRING, only="1"),
    Row("newer", "later", STRING, since="2"),
    Fixed("status", "active", checked=True),
    type_name="Thing",
)
WHOLE: dict[str, Any] = {
    "name": "n",
    "word": ["a", "b"],
    "inner": {"text": "t", "number": 1},
    "inners": [{"text": "t1"}, {"number": 2}],
    "firsts": ["f"],
    "timingDate": "2026-03",
    "a": {"b": [{"c": "deep"}]},
    "kind": "+",
    "extension": [
        {"url": "http://x/flag", "valueBoolean": False},
        {"url": "http://x/tag", "valueString": "one"},
        {"url": "http://x/tag", "valueString": "two"},
        {"url": "http://x/more", "extension": [{"url": "text", "valueString": "m"}]},
    ],
    "part": [
        {"extension": [{"url": "http://x/outer", "extension": [{"url": "inside", "valuePositiveInt": 3}]}]},
    ],
    "wrap": {"only": "w"},
    "later": "l",
    "status": "active",
}
THE_WHOLE = Thing(
    name="n",
    words=("a", "b"),
    inner=Inner("t", 1),
    inners=(Inner("t1"), Inner(number=2)),
    first="f",
    when="2026-03",
    deep="deep",
    kind="plus",
    flag=False,
    tags=("one", "two"),
    more=Inner("m"),
    buried=3,
    wrapped="w",
    newer="l",
)


def read(value: Any, label: str = "2", table: Table = THING) -> tuple[Any, list[tuple[str, str | None]]]:
    reading = Reading(label)
    found = table.read(value, "Thing", reading)
    return found, [(issue.rule, issue.expression) for issue in reading.issues]


def faults(**elements: Any) -> list[tuple[str, str | None]]:
    return read({"name": "n", "status": "active", **elements})[1]


def write(thing: Thing, label: str = "2") -> dict[str, Any]:
    return THING.write(thing, Writing(label))


def test_everything_is_read_and_written_again() -> None:
    assert read(WHOLE) == (THE_WHOLE, [])
    assert write(THE_WHOLE) == WHOLE


def test_a_choice_is_read_by_its_suffix_and_written_by_its_value() -> None:
    found, issues = read({"name": "n", "status": "active", "timingInner": {"text": "t"}})
    assert (found.when, issues) == (Inner("t"), [])
    assert write(found)["timingInner"] == {"text": "t"}


def test_two_of_one_choice_are_told() -> None:
    [(rule, expression)] = faults(timingDate="2026", timingInner={"text": "t"})
    assert rule == "fhir-choice"
    assert str(expression).startswith("Thing.timing")


@pytest.mark.parametrize(
    ("elements", "expression"),
    [
        ({"word": "a"}, "Thing.word"),
        ({"word": ["a", 1]}, "Thing.word[1]"),
        ({"inner": []}, "Thing.inner"),
        ({"inner": None}, "Thing.inner"),
        ({"inner": {"number": 0}}, "Thing.inner.number"),
        ({"inners": [{"text": "t"}, {"number": "2"}]}, "Thing.inners[1].number"),
        ({"firsts": [{}]}, "Thing.firsts[0]"),
        ({"timingDate": "tomorrow"}, "Thing.timing.ofType(date)"),
        ({"a": []}, "Thing.a"),
        ({"a": {"b": {}}}, "Thing.a.b"),
        ({"a": {"b": [{"c": 1}]}}, "Thing.a.b[0].c"),
        ({"kind": "y"}, "Thing.kind"),
        ({"kind": ["x"]}, "Thing.kind"),
        ({"extension": {}}, "Thing.extension"),
        ({"extension": [1]}, "Thing.extension[0]"),
        ({"extension": [{"url": "http://x/flag", "valueString": "yes"}]}, "Thing.extension[0].value"),
        ({"extension": [{"url": "http://x/flag", "valueBoolean": "yes"}]}, "Thing.extension[0].value.ofType(boolean)"),
        ({"wrap": {"only": 1}}, "Thing.wrap.only"),
    ],
)
def test_a_wrong_type_is_told_with_its_place(elements: dict[str, Any], expression: str) -> None:
    assert faults(**elements) == [("fhir-type", expression)]


def test_every_fault_is_told_and_none_is_quoted() -> None:
    reading = Reading("2")
    THING.read({"name": 1, "word": [2], "inner": {"number": "secret"}, "status": "secret"}, "Thing", reading)
    assert len(reading.issues) == 4
    assert "secret" not in repr(reading.issues)


def test_what_is_missing_is_told_once() -> None:
    assert read({"status": "active"}) == (Thing(), [("element-missing", "Thing.name")])
    assert read({"name": 7, "status": "active"})[1] == [("fhir-type", "Thing.name")]
    assert read({"name": "n"})[1] == [("element-missing", "Thing.status")]
    assert read({"name": "n", "status": "draft"})[1] == [("fixed-value", "Thing.status")]


def test_what_an_earlier_check_told_is_not_told_again() -> None:
    class Dangling:
        type_name = "Reference"

        def read(self, value: Any, path: str, reading: Reading) -> None:
            reading.told_before()

        def write(self, value: Any, writing: Writing) -> Any:
            return value

    table = Table(Inner, Row("text", "link", Dangling(), required=True))
    assert read({"link": {}}, table=table) == (Inner(), [])
    assert read({}, table=table)[1] == [("element-missing", "Thing.link")]


def test_an_object_that_tells_nothing_known_is_as_absent() -> None:
    found, issues = read({"name": "n", "status": "active", "inner": {"extension": []}, "inners": [{}, {"text": "t"}]})
    assert (found.inner, found.inners, issues) == (None, (Inner("t"),), [])
    assert write(Thing(name="n", inner=Inner(), inners=(Inner(),))) == {"name": "n", "status": "active"}


def test_null_in_a_list_is_skipped() -> None:
    found, issues = read({"name": "n", "status": "active", "word": [None, "a"], "firsts": []})
    assert (found.words, found.first, issues) == (("a",), None, [])


def test_only_the_first_of_many_is_taken() -> None:
    found, _ = read({"name": "n", "status": "active", "firsts": ["one", "two"]})
    assert found.first == "one"
    assert write(found)["firsts"] == ["one"]


def test_an_extension_that_does_not_repeat_keeps_its_first_value() -> None:
    twice = [{"url": "http://x/flag", "valueBoolean": value} for value in (True, False)]
    found, issues = read({"name": "n", "status": "active", "extension": twice})
    assert (found.flag, issues) == (True, [])


def test_rows_belong_to_releases() -> None:
    whole = {"name": "n", "status": "active", "era": "e", "later": "l"}
    assert read(whole, "1")[0] == Thing(name="n", older="e", newer="l")  # what is to come is understood
    assert read(whole, "2")[0] == Thing(name="n", newer="l")
    told = Thing(name="n", older="e", newer="l")
    assert write(told, "1") == {"name": "n", "status": "active", "era": "e"}
    assert write(told, "2") == {"name": "n", "status": "active", "later": "l"}


def test_unknown_extensions_are_ignored_and_unknown_modifiers_told() -> None:
    assert faults(extension=[{"url": "http://y", "valueString": "x"}, {"valueString": "no url"}]) == []
    told = [("modifier-unknown", "Thing.modifierExtension[0]")]
    assert faults(modifierExtension=[{"url": "http://y", "valueBoolean": True}]) == told
    assert faults(modifierExtension=[{"valueBoolean": True}]) == told
    assert faults(inner={"modifierExtension": [{}], "text": "t"}) == [
        ("modifier-unknown", "Thing.inner.modifierExtension[0]")
    ]


def test_a_known_modifier_is_read() -> None:
    table = Table(Inner, Row("text", Extension("http://x/not", modifier=True), STRING))
    sent = {"modifierExtension": [{"url": "http://x/not", "valueString": "t"}]}
    assert read(sent, table=table) == (Inner("t"), [])
    assert table.write(Inner("t"), Writing("2")) == sent
    as_extension = {"extension": sent["modifierExtension"]}
    assert read(as_extension, table=table) == (None, [])


def test_what_is_empty_and_mandatory_says_why() -> None:
    reason = {"extension": [{"url": "why", "valueCode": "unknown"}]}
    table = Table(
        Thing,
        Row("name", "name", STRING, absent=reason),
        Row("words", "word", STRING, MANY, absent=["none"]),
        Row("inner", "inner", INNER, absent=reason),
        Row("flag", "flag", BOOLEAN, absent=True),
    )
    assert table.write(Thing(), Writing("2")) == {"_name": reason, "word": ["none"], "inner": reason, "flag": True}
    assert table.write(Thing(name="n", flag=False), Writing("2"))["name"] == "n"
    assert read({"_name": reason, "inner": reason}, table=table) == (None, [])


def test_many_repetitions_take_no_more_than_their_number() -> None:
    tags = [{"url": "http://x/tag", "valueString": "t"}] * 100_000
    found, _ = read({"name": "n", "status": "active", "extension": tags})
    assert len(found.tags) == 100_000


@pytest.mark.parametrize(
    ("primitive", "taken", "refused"),
    [
        (STRING, ["a", " a ", "äß€漢🙂", "a\nb\tc", "\u00a0x"], ["", " ", "\n", "a\x01", "\x00", 1, True, None, []]),
        (CODE, ["a", "a b", "α"], ["", " a", "a ", "a  b", "a\tb", "a\x01", 1]),
        (URI, ["urn:oid:1.2", "a", "http://x/äß"], ["", "a b", " a", "a\n", 1]),
        (BOOLEAN, [True, False], [0, 1, "true", None]),
        (INTEGER, [0, -5, 2**31 - 1], [2**31, True, "1", Decimal("1.0")]),
        (UNSIGNED_INTEGER, [0, 7], [-1, True]),
        (POSITIVE_INTEGER, [1, 2**31 - 1], [0, -1, 2**31, True, Decimal(1)]),
        (DECIMAL, [1, Decimal("1.00"), Decimal("1E-3")], [True, "1", 1.5, None]),
        (
            DATE,
            ["2026", "2026-12", "2026-12-31"],
            ["26", "2026-13", "2026-12-32", "2026-1-1", "2026-12-31T00:00:00Z", 1],
        ),
        (
            DATE_TIME,
            ["2026", "2026-12-31", "2026-12-31T23:59:60Z", "2026-12-31T00:00:00.123+14:00"],
            ["2026-12-31T00:00", "2026-12-31T24:00:00Z", "2026-12-31T00:00:00", "2026-12-31 00:00:00Z"],
        ),
        (INSTANT, ["2026-12-31T23:59:59Z", "2026-12-31T23:59:59.999-05:00"], ["2026-12-31", "2026-12-31T23:59:59", 1]),
    ],
    ids=lambda value: value.type_name if isinstance(value, Primitive) else "",
)
def test_a_primitive_takes_what_fhir_allows(primitive: Primitive, taken: list[Any], refused: list[Any]) -> None:
    assert [value for value in taken if not primitive.fits(value)] == []
    assert [value for value in refused if primitive.fits(value)] == []
    reading = Reading("2")
    assert [primitive.read(value, "x", reading) for value in taken] == taken
    assert reading.issues == []
    assert [primitive.read(value, "x", reading) for value in refused] == [None] * len(refused)
    assert len(reading.issues) == len(refused)
