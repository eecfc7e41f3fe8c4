"""Which format is read and answered."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import ContentTypeUnknown, NotAcceptable
from fhir_server.fhir.negotiation import answer_format, content_format

BOTH = ("json", "xml")
JSON = ("json",)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("text/*", "xml"),
        ("application/fhir+json", "json"),
        ("application/json", "json"),
        ("application/fhir+xml", "xml"),
        ("application/xml", "xml"),
        ("text/xml", "xml"),
        ("Application/FHIR+XML", "xml"),
        ("application/fhir+json; fhirVersion=4.0", "json"),
        ('application/fhir+xml; fhirVersion="4.0"; charset=utf-8', "xml"),
        ("application/fhir+xml; fhirVersion=5.0, application/fhir+json;q=0.1", "json"),
        ("application/fhir+json;q=0.5, application/fhir+xml", "xml"),
        ("application/fhir+json;q=0.5,application/fhir+xml;q=0.4", "json"),
        ("application/fhir+xml, application/fhir+json", "json"),
        ("application/fhir+xml, */*", "xml"),
        ("application/fhir+xml, */*;q=0.8", "xml"),
        ("application/fhir+json;q=0, */*", "xml"),
        ("*/*;q=0.9, application/fhir+json;q=0.1", "xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml"),
        ("text/html, application/fhir+json;q=0.001", "json"),
        ('text/html;x="a,b;q=1", application/xml', "xml"),
        (" , application/xml , ", "xml"),
    ],
)
def test_accept(accept: str | None, answer: str) -> None:
    assert answer_format(accept, None) == answer


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/fhir+turtle",
        "application/fhir+json;q=0",
        "application/fhir+json;q=much",
        "json",
        "*/*;q=0.0",
        "application/fhir+json;fhirVersion=3.0",
        "*",
        ",",
        "image/*",
    ],
)
def test_accept_of_nothing_that_is_offered(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        answer_format(accept, None)
    [issue] = caught.value.issues
    assert "application/fhir+json or application/fhir+xml" in issue.mend
    assert issue.expression is None


@pytest.mark.parametrize(
    ("parameter", "answer"),
    [
        ("json", "json"),
        ("xml", "xml"),
        ("JSON", "json"),
        ("application/json", "json"),
        ("application/fhir+json", "json"),
        ("application/fhir json", "json"),
        ("text/xml", "xml"),
        ("application/xml", "xml"),
        ("application/fhir+xml", "xml"),
        ("application/fhir+xml; fhirVersion=4.0", "xml"),
    ],
)
def test_format_parameter_beats_accept(parameter: str, answer: str) -> None:
    other = "application/fhir+xml" if answer == "json" else "application/fhir+json"
    assert answer_format(other, parameter) == answer
    assert answer_format("text/html", parameter) == answer


@pytest.mark.parametrize(
    "parameter", ["html", "ttl", "text/turtle", "xhtml", "json5", ";", "application/fhir+json;fhirVersion=1.0"]
)
def test_format_parameter_that_is_not_offered(parameter: str) -> None:
    with pytest.raises(NotAcceptable):
        answer_format("application/fhir+json", parameter)


def test_only_what_is_offered_is_answered() -> None:
    assert answer_format("application/fhir+xml, application/fhir+json;q=0.1", None, JSON) == "json"
    for accept, parameter in (("application/fhir+xml", None), (None, "xml")):
        with pytest.raises(NotAcceptable) as caught:
            answer_format(accept, parameter, JSON)
        assert caught.value.issues[0].mend == "Ask for application/fhir+json."


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        ("application/fhir+json", "json"),
        ("application/json", "json"),
        ("application/fhir+json; charset=utf-8", "json"),
        ("application/fhir+json;charset=UTF-8", "json"),
        ('application/fhir+json; charset="utf-8"; fhirVersion=4.0', "json"),
        ("application/fhir+xml", "xml"),
        ("application/xml; fhirversion=4.0", "xml"),
        ("text/xml", "xml"),
        ("APPLICATION/JSON ; CHARSET=utf8", "json"),
    ],
)
def test_content_type(content_type: str, answer: str) -> None:
    assert content_format(content_type, BOTH) == answer


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "json",
        "application/x-www-form-urlencoded",
        "application/fhir+json; charset=utf-16",
        "application/fhir+json; charset=iso-8859-1",
        "application/fhir+json; fhirVersion=5.0",
        "application/fhir+json; fhirVersion=4.01",
        "application/fhir+json, application/fhir+xml",
        "*/*",
    ],
)
def test_content_type_that_is_not_taken(content_type: str | None) -> None:
    with pytest.raises(ContentTypeUnknown) as caught:
        content_format(content_type, BOTH)
    assert "application/fhir+json or application/fhir+xml" in caught.value.issues[0].mend


def test_xml_is_refused_where_only_json_is_taken() -> None:
    with pytest.raises(ContentTypeUnknown) as caught:
        content_format("application/fhir+xml", JSON)
    assert caught.value.issues[0].found == "The Content-Type is application/fhir+xml, which is not taken here."


@given(st.text(), st.none() | st.text())
def test_any_header_is_answered_or_refused(header: str, parameter: str | None) -> None:
    with contextlib.suppress(NotAcceptable):
        assert answer_format(header, parameter) in BOTH
    with contextlib.suppress(ContentTypeUnknown):
        assert content_format(header, BOTH) in BOTH
