"""What is found in files of any content, and how it is told."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.cli import findings as module
from fhir_server.cli.findings import findings_of
from fhir_server.cli.findings_text import Tally, file_data, file_lines
from fhir_server.errors import Issue
from fhir_server.fhir.limits import Limits
from fhir_server.fhir.positions import Position

MISSING = Issue("element-missing", "The element is missing.", "Add it.", "Patient.name[0].family")
PATIENT = b'{"resourceType": "Patient",\n "name": [\n  {}]}'


def nothing(resource: dict[str, Any]) -> list[Issue]:
    return []


def missing(resource: dict[str, Any]) -> list[Issue]:
    return [MISSING]


def told(file: Path, content: bytes, check: Any = nothing) -> list[tuple[str, Position | None]]:
    file.write_bytes(content)
    return [(issue.rule, place) for issue, place in findings_of(file, check)]


@pytest.mark.parametrize(
    ("content", "rule", "line", "column"),
    [
        (b"", "file-empty", 1, 1),
        (b" \n\t", "file-empty", 1, 1),
        (b"\xef\xbb\xbf", "file-empty", 1, 1),
        (b'{"resourceType": "Patient",\n "active": x}', "json-syntax", 2, 12),
        (b'{"resourceType": "Patient"', "json-syntax", 1, 27),
        (b'{"a": 1,\n "b": 1, "a": 2}', "json-duplicate-key", 2, 10),
        (b'{"a":\n "\xff"}', "json-utf8", 2, 3),
        (b"\xff\xfe{\x00}\x00", "file-encoding", 1, 1),
        (b"[]", "json-object", 1, 1),
        (b"null", "json-object", 1, 1),
        (b"resourceType: Patient", "json-syntax", 1, 1),
        (b"{" + b'"a":{' * 70 + b"}" * 71, "json-depth", 1, 1),
        (b"<Patient>", "xml-syntax", 1, 10),
        (b'<Patient xmlns="http://hl7.org/fhir">\n <name></Patient>', "xml-syntax", 2, 18),
        (b'<Patient xmlns="http://hl7.org/fhir">\n <nam/></Patient>', "xml-element", 2, 1),
        (b'<?xml version="1.0" encoding="latin-1"?><Patient/>', "xml-encoding", 1, 1),
        (b"<!DOCTYPE a><Patient/>", "xml-doctype", 1, 1),
        (b"<html/>", "xml-namespace", 1, 1),
    ],
)
def test_what_cannot_be_read_is_a_finding_with_a_place(
    tmp_path: Path, content: bytes, rule: str, line: int, column: int
) -> None:
    assert told(tmp_path / "a.json", content) == [(rule, Position(line, column))]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_content_is_given_up(content: bytes) -> None:
    for _, place in module._in_content(content, missing):
        assert place >= Position(1, 1)


def test_a_byte_order_mark_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    assert told(tmp_path / "a.json", b"\xef\xbb\xbf" + PATIENT, missing) == [
        ("json-bom", Position(1, 1)),
        ("element-missing", Position(3, 3)),
    ]


def test_xml_is_known_by_its_content_and_read_as_far_as_it_goes(tmp_path: Path) -> None:
    content = b'<Patient xmlns="http://hl7.org/fhir">\n  <name/>\n  <nam/>\n</Patient>'
    seen: list[Any] = []

    def check(resource: dict[str, Any]) -> list[Issue]:
        seen.append(resource)
        return [MISSING]

    found = told(tmp_path / "a.json", content, check)

    assert [rule for rule, _ in found] == ["xml-empty", "element-missing", "xml-element"]
    assert seen == [{"resourceType": "Patient", "name": [{}]}]


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEFAULT_LIMITS", Limits(max_bytes=20))
    file = tmp_path / "a.json"
    with file.open("wb") as stream:
        stream.truncate(10**12)

    [(issue, _)] = findings_of(file, nothing)

    assert issue.rule == "body-size"


def test_each_line_of_ndjson_holds_a_resource(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [b'{"resourceType": "Patient", "name": [{}]}', b"", b"{", b'{"resourceType": "Patient"}\r']

    found = told(tmp_path / "a.ndjson", b"\n".join(lines), missing)

    assert found == [
        ("element-missing", Position(1, 38)),
        ("json-syntax", Position(3, 2)),
        ("element-missing", Position(4, 1)),
    ]


def test_a_line_that_is_too_long_is_told_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEFAULT_LIMITS", Limits(max_bytes=30))

    found = told(tmp_path / "a.ndjson", b'{"a": "' + b"x" * 100 + b'"}\n{}\n{"b"', nothing)

    assert [place for _, place in found] == [Position(1, 1), Position(3, 5)]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PATIENT)))

    assert findings_of(Path("-"), missing) == [(MISSING, Position(3, 3))]


def test_a_file_that_cannot_be_opened_is_a_finding(tmp_path: Path) -> None:
    [(issue, place)] = findings_of(tmp_path / "gone.json", nothing)

    assert (issue.rule, place) == ("file-unreadable", None)
    assert "No such file" in issue.found


def test_a_fault_of_the_validator_is_told_of_the_file_without_its_content(tmp_path: Path) -> None:
    def failing(resource: dict[str, Any]) -> list[Issue]:
        raise KeyError("Canarienvogel")

    (tmp_path / "a.json").write_bytes(PATIENT)

    [(issue, place)] = findings_of(tmp_path / "a.json", failing)

    assert (issue.rule, issue.severity, place) == ("validator-fault", "fatal", Position(1, 1))
    assert "KeyError at test_findings.py:" in issue.found
    assert "Canarienvogel" not in issue.found


FINDINGS = [
    (MISSING, Position(3, 5)),
    (Issue("binding", "The code is not allowed.", "", "Patient.gender", "warning"), Position(4, 1)),
    (Issue("code-not-checked", "The list is not ours.", "", "Patient.name", "information"), Position(5, 1)),
    (Issue("file-unreadable", "The file cannot be read.", ""), None),
]


def test_a_file_is_told_in_a_heading_and_a_line_for_each_problem() -> None:
    assert list(file_lines("a.json", FINDINGS, with_remarks=False)) == [
        "a.json  invalid: 2 errors, 1 warning, 1 remark",
        "  error 3:5 Patient.name[0].family [element-missing] The element is missing. Add it.",
        "  warning 4:1 Patient.gender [binding] The code is not allowed.",
        "  error [file-unreadable] The file cannot be read.",
    ]
    assert list(file_lines("b.json", [], with_remarks=True)) == ["b.json  valid"]


def test_remarks_are_told_to_whoever_asks_for_them() -> None:
    assert list(file_lines("c.json", FINDINGS[2:3], with_remarks=False)) == ["c.json  valid: 1 remark"]
    assert list(file_lines("c.json", FINDINGS[2:3], with_remarks=True)) == [
        "c.json  valid: 1 remark",
        "  information 5:1 Patient.name [code-not-checked] The list is not ours.",
    ]


def test_a_file_as_data() -> None:
    assert file_data("a.json", [FINDINGS[1], FINDINGS[3]]) == {
        "file": "a.json",
        "valid": False,
        "issues": [
            {
                "severity": "warning",
                "key": "binding",
                "expression": "Patient.gender",
                "text": "The code is not allowed.",
                "line": 4,
                "column": 1,
            },
            {
                "severity": "error",
                "key": "file-unreadable",
                "expression": None,
                "text": "The file cannot be read.",
                "line": None,
                "column": None,
            },
        ],
    }
    assert json.dumps(file_data("b.json", FINDINGS[1:2]))


def test_the_sum_of_all_files() -> None:
    tally = Tally()
    assert tally.words() == "0 files: 0 valid, 0 invalid; no problem."
    tally.add(FINDINGS)
    tally.add([])
    assert tally.words() == "2 files: 1 valid, 1 invalid; 2 errors, 1 warning, 1 remark."


def test_nothing_in_a_file_reaches_the_terminal_as_a_command() -> None:
    issue = Issue("element-unknown", "There is no such element.", "", "Patient.\x1b[31mred\u202e")

    lines = list(file_lines("a\n\x1b.json", [(issue, Position(1, 1))], with_remarks=False))

    assert len(lines) == 2
    assert "".join(lines).isprintable()
