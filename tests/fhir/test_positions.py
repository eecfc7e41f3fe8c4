"""Line and column of elements, in JSON and XML of any layout."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import Issue
from fhir_server.fhir.expressions import step
from fhir_server.fhir.positions import Position, located, positions, told_position
from tests.work import calls

SPACES = st.sampled_from(["", " ", "\n", "\r\n", "\t", "  \n  "])
NAMES = st.one_of(
    st.sampled_from(["id", "_id", "item", "valueQuantity", "_valueString", "extension", "locationReference", "é😀"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=".[]"), min_size=1, max_size=70),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just('a "} {[,: \\ b'))
TREES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(NAMES, below, max_size=4), max_leaves=30
)


class Layout:
    """JSON written with any white space and escapes, and where each element came to stand."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.told: dict[str, tuple[bool, Position]] = {}

    def note(self, path: str, instead: bool) -> None:
        lines = self.text.split("\n")
        position = (instead, Position(len(lines), len(lines[-1]) + 1))
        self.told[path] = min(position, self.told.get(path, position))

    def space(self) -> None:
        self.text += self.draw(SPACES)

    def string(self, content: str) -> None:
        self.text += json.dumps(content, ensure_ascii=self.draw(st.booleans()))

    def whole(self, value: Any, root: str) -> None:
        self.space()
        self.note(root, instead=False)
        self.write(value, root)

    def write(self, value: Any, path: str, instead: bool = False) -> None:
        if isinstance(value, dict):
            self.members(value, path, instead)
        elif isinstance(value, list):
            self.items(value, path, instead)
        elif isinstance(value, str):
            self.string(value)
        else:
            self.text += json.dumps(value)
        self.space()

    def members(self, value: dict[str, Any], path: str, instead: bool) -> None:
        self.text += "{"
        for number, (name, content) in enumerate(value.items()):
            self.text += "," if number else ""
            self.space()
            below, beside = f"{path}.{step(name)}", instead or name.startswith("_")
            self.note(below, beside)
            self.string(name)
            self.space()
            self.text += ":"
            self.space()
            self.write(content, below, beside)
        self.text += "}"

    def items(self, value: list[Any], path: str, instead: bool) -> None:
        self.text += "["
        for number, content in enumerate(value):
            self.text += "," if number else ""
            self.space()
            self.note(f"{path}[{number}]", instead)
            self.write(content, f"{path}[{number}]", instead)
        self.text += "]"


@given(st.data(), TREES)
def test_every_element_of_any_json_is_found(data: st.DataObject, tree: Any) -> None:
    layout = Layout(data.draw)
    layout.whole(tree, "Claim")

    assert positions(layout.text, layout.told) == {path: position for path, (_, position) in layout.told.items()}


@given(st.data(), TREES)
def test_what_is_missing_is_where_the_nearest_element_above_it_is(data: st.DataObject, tree: Any) -> None:
    layout = Layout(data.draw)
    layout.whole(tree, "Claim")
    path = data.draw(st.sampled_from(sorted(layout.told)))

    missing = f"{path}.nowhere at all.coding[3]"
    assert positions(layout.text, [missing]) == {missing: layout.told[path][1]}
    missing = f"{path}[7000]"
    assert positions(layout.text, [missing]) == {missing: layout.told[path][1]}


@given(st.text(), st.lists(st.text()))
def test_no_text_and_no_expression_make_it_fail(text: str, expressions: list[str]) -> None:
    found = positions(text, expressions)

    assert set(found) == set(expressions)
    assert all(position.line >= 1 <= position.column for position in found.values())
    assert len(located(text, [Issue("rule", "", "", each) for each in expressions])) == len(expressions)


JSON = """\ufeff{
  "resourceType": "Patient",
  "_birthDate": {"extension": [{"url": "a", "valueString": "\\u00e9 \\" ] }"}]},
  "name": [{"given": ["Ä", "B"], "_given": [null,
    {"id": "x"}]}],
  "birthDate": "1970-01-01",
  "_gender": {"id": "g"}, "matrix": [[1, 2], [{"x": 3}]]
}"""


@pytest.mark.parametrize(
    ("expression", "line", "column"),
    [
        ("Patient", 1, 1),
        ("Patient.birthDate", 6, 3),
        ("Patient.birthDate.extension[0]", 3, 32),
        ("Patient.birthDate.extension[0].value.ofType(string)", 3, 45),
        ("Patient.name[0].given[1]", 4, 28),
        ("Patient.name[0].given[1].id", 5, 6),
        ("Patient.name[0].family", 4, 12),
        ("Patient.name[1].family", 4, 3),
        ("Patient.gender", 7, 3),
        ("Patient.matrix[1][0].x", 7, 48),
        ("Patient.identifier", 1, 1),
    ],
)
def test_elements_of_json(expression: str, line: int, column: int) -> None:
    assert positions(JSON, [expression]) == {expression: Position(line, column)}


def test_a_byte_order_mark_takes_no_column() -> None:
    assert positions('\ufeff{"id": 1}', ["Patient.id"]) == {"Patient.id": Position(1, 2)}


XML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- <Patient> -->
<f:Bundle xmlns:f="http://hl7.org/fhir">
  <f:entry><f:fullUrl value="a>b"/>
    <f:resource><f:Patient>
      <f:text><f:status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml"><name>x</name></div></f:text>
      <f:contained><f:Organization><f:name value='"'/></f:Organization></f:contained>
      <f:name><f:given value="A"/><f:given value="B"/></f:name>
      <f:deceasedBoolean value="no"/>
    </f:Patient></f:resource></f:entry>
  <f:entry><f:resource><f:Patient/></f:resource></f:entry>
</f:Bundle>
"""
PATIENT = "Bundle.entry[0].resource"


@pytest.mark.parametrize(
    ("expression", "line", "column"),
    [
        ("Bundle", 3, 1),
        ("Bundle.entry", 4, 3),
        (PATIENT, 5, 5),
        (f"{PATIENT}.text.status", 6, 15),
        (f"{PATIENT}.contained[0].name", 7, 36),
        (f"{PATIENT}.name[0]", 8, 7),
        (f"{PATIENT}.name[0].given[1]", 8, 35),
        (f"{PATIENT}.deceased.ofType(boolean)", 9, 7),
        (f"{PATIENT}.birthDate", 5, 5),
        ("Bundle.entry[1].resource.active", 11, 12),
        ("Bundle.entry[2]", 4, 3),
    ],
)
def test_elements_of_xml(expression: str, line: int, column: int) -> None:
    assert positions(XML, [expression]) == {expression: Position(line, column)}


def test_what_diagnostics_tell_counts_first() -> None:
    issues = [
        Issue("json-syntax", "", "", diagnostics="line 4, column 9"),
        Issue("xml-element", "", "", "Patient", diagnostics="line 7"),
        Issue("missing", "", "", "Patient.name[0].family", diagnostics="of the official validator"),
        Issue("body-size", "", ""),
    ]

    found = located(JSON, issues)

    assert [issue for issue, _ in found] == issues
    assert [position for _, position in found] == [Position(4, 9), Position(7, 1), Position(4, 12), None]
    assert told_position("on line 3") is None


@pytest.mark.parametrize("indent", [None, 1])
def test_work_grows_with_the_length_alone(indent: int | None) -> None:
    def finding(lines: int) -> int:
        item = {"sequence": 1, "detail": [{"sequence": 1, "note": "x" * 50, "units": [1, 2, [3]]}] * 20}
        text = json.dumps({"resourceType": "Claim", "item": [item] * lines, "note": "y" * 500_000}, indent=indent)
        wanted = [f"Claim.item[{i}].detail[{j}].sequence" for i in range(lines) for j in range(20)]
        found: list[dict[str, Position]] = []
        counted = calls(lambda: found.append(positions(text, wanted)))
        assert len(set(found[0].values())) == len(wanted)
        return counted

    assert finding(80) < 10 * finding(10)
