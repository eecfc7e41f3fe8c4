"""XML and JSON say the same, and XML is no way in for what JSON keeps out."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fhir_server.errors import ContentInvalid, ContentMalformed, ContentTooLarge, Issue, Refusal
from fhir_server.fhir import json, xml
from fhir_server.fhir.elements import Element, attributes_of, elements_of
from fhir_server.fhir.limits import DEFAULT_LIMITS, Limits
from tests.fhir.packages import PAS, files

HEAD = b'<Patient xmlns="http://hl7.org/fhir">'


def patient(content: bytes) -> bytes:
    return HEAD + content + b"</Patient>"


def refused(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[type[Refusal], list[Issue]]:
    with pytest.raises(Refusal) as caught:
        xml.loads(data, limits)
    return type(caught.value), list(caught.value.issues)


def comparable(node: Any) -> Any:
    """Return the tree with narratives in their canonical form, and decimals with their digits."""
    if isinstance(node, dict):
        return {name: _canonical(value) if name == "div" else comparable(value) for name, value in node.items()}
    if isinstance(node, list):
        return [comparable(each) for each in node]
    return str(node) if isinstance(node, Decimal) else node


def _canonical(div: str) -> bytes:
    return etree.tostring(etree.fromstring(div), method="c14n")


@pytest.mark.parametrize("package", PAS)
def test_official_resources_survive(shared: Path, package: str) -> None:
    compared = 0
    for name, content in files(shared / "packages" / package).items():
        resource = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
        if "resourceType" in resource:
            assert comparable(xml.loads(xml.dumps(resource))) == comparable(resource), name
            compared += 1
    assert compared > 60


names = st.text("abcXYZ é<&\"'\n\t ", min_size=1, max_size=6)
decimals = st.sampled_from(["1.00", "0.10", "-3.5", "1E+2", "1.0E-9"]).map(Decimal) | st.integers(-1000, 1000)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "unsignedInt": st.integers(0, 2**31 - 1),
    "positiveInt": st.integers(1, 2**31 - 1),
    "decimal": decimals,
}
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">x &lt; y<br/>z</p> tail</div>'
extras = st.fixed_dictionaries(
    {"extension": st.just([{"url": "http://example.org/e", "valueDecimal": Decimal("1.00")}])}
) | st.fixed_dictionaries({"id": st.just("i1")})


@st.composite
def contents(draw: st.DrawFn, type_name: str, depth: int) -> dict[str, Any]:
    """Draw a value of a type: any of its elements, also ones that would not come together."""
    elements = [each for each in elements_of(type_name).values() if depth < 3 or each.kind == "primitive"]
    count = min(4, len(elements))
    chosen = draw(st.lists(st.sampled_from(elements), min_size=1, max_size=count, unique_by=lambda each: each.name))
    content: dict[str, Any] = {}
    for element in chosen:
        content.update(draw(members(element, depth, attribute=element.name in attributes_of(type_name))))
    return content


@st.composite
def members(draw: st.DrawFn, element: Element, depth: int, *, attribute: bool) -> dict[str, Any]:
    count = draw(st.integers(1, 3)) if element.repeats else 1
    if element.kind != "primitive" or attribute:
        drawn = [draw(values(element, depth)) for _ in range(count)]
        return {element.name: drawn if element.repeats else drawn[0]}
    pairs = [
        draw(st.tuples(values(element, depth), st.none() | extras) | st.tuples(st.none(), extras)) for _ in range(count)
    ]
    halves = {element.name: [value for value, _ in pairs], f"_{element.name}": [extra for _, extra in pairs]}
    present = {name: half for name, half in halves.items() if any(each is not None for each in half)}
    return {name: half if element.repeats else half[0] for name, half in present.items()}


def values(element: Element, depth: int) -> st.SearchStrategy[Any]:
    if element.kind == "primitive":
        return VALUES.get(element.type_name, names)
    if element.kind == "xhtml":
        return st.just(DIV)
    if element.kind == "resource":
        return resources("Location", depth + 1)
    return contents(element.type_name, depth + 1)


def resources(type_name: str, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    return contents(type_name, depth).map(lambda content: {"resourceType": type_name, **content})


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["Patient", "Claim", "Coverage", "Bundle", "Questionnaire", "Parameters", "Observation"]).flatmap(
        resources
    )
)
def test_any_tree_survives(resource: dict[str, Any]) -> None:
    assert comparable(xml.loads(xml.dumps(resource))) == comparable(resource)


def test_primitive_extensions_stay_with_their_value() -> None:
    resource = {
        "resourceType": "Patient",
        "name": [
            {
                "given": [None, "A", "B"],
                "_given": [{"extension": [{"url": "u", "valueBoolean": True}]}, None, {"id": "b"}],
            }
        ],
        "_birthDate": {"extension": [{"url": "u", "valueDecimal": Decimal("1.00")}]},
    }
    assert comparable(xml.loads(xml.dumps(resource))) == comparable(resource)


def test_prefixes_and_comments_do_not_matter() -> None:
    data = (
        b'<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:x="urn:x">'
        b'<!-- one --><f:text><f:status value="generated"/><h:div>a<h:b class="x">b</h:b>c</h:div></f:text>'
        b'<f:active value="true"/></f:Patient>'
    )
    assert xml.loads(data) == {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a<b class="x">b</b>c</div>'},
        "active": True,
    }


def test_a_byte_order_mark_a_declaration_and_a_schema_location_are_taken() -> None:
    data = (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><Patient xmlns="http://hl7.org/fhir" '
        b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir p.xsd"/>'
    )
    assert xml.loads(data) == {"resourceType": "Patient"}


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
ATTACKS = [
    b'<!DOCTYPE Patient [<!ENTITY a "BOOM">]>' + patient(b'<gender value="&a;"/>'),
    b'<?xml version="1.0"?>\n<!-- c --><!DOCTYPE Patient>' + patient(b""),
    BOMB + patient(b'<gender value="&c;"/>'),
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + patient(b""),
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + patient(b'<gender value="male">&a;</gender>'),
    b'<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]>' + patient(b""),
]


@pytest.mark.parametrize("data", ATTACKS)
def test_document_types_are_refused_in_every_encoding(data: bytes) -> None:
    assert [issue.rule for issue in refused(data)[1]] == ["xml-doctype"]
    text = data.decode()
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-7", "cp037"):
        kind, issues = refused(text.encode(encoding))
        assert kind is ContentMalformed
        assert issues[0].rule in ("xml-encoding", "xml-doctype", "xml-syntax")
    declared = f'<?xml version="1.0" encoding="UTF-16"?>{text}'.replace('<?xml version="1.0"?>', "")
    assert refused(declared.encode("utf-16"))[1][0].rule == "xml-encoding"
    assert refused(declared.encode())[1][0].rule == "xml-encoding"


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-7", "UTF-16", "IBM037", ""])
def test_other_encodings_are_refused(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + patient(b"")
    assert refused(data)[1][0].rule == "xml-encoding"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "line 1, column 1"),
        (b"no xml", "line 1, column 1"),
        (HEAD, None),
        (patient(b'<gender value="&nbsp;"/>'), None),
        (patient(b'\n<name SECRET="1" SECRET></name>'), None),
        (patient(b"") + patient(b""), None),
        (patient(b'<gender value="&#0;"/>'), None),
        (patient(b'<gender value="a" value="b"/>'), None),
    ],
)
def test_ill_formed_xml_is_refused_with_its_place_and_without_its_text(data: bytes, place: str | None) -> None:
    kind, [issue] = refused(data)
    assert (kind, issue.rule, issue.expression) == (ContentMalformed, "xml-syntax", None)
    assert issue.diagnostics is not None
    assert "SECRET" not in issue.found
    assert place is None or issue.diagnostics == place


@pytest.mark.parametrize(
    ("data", "rule", "expression"),
    [
        (b"<Patient/>", "xml-namespace", "Patient"),
        (b'<Nothing xmlns="http://hl7.org/fhir"/>', "xml-resource", "Nothing"),
        (b'<HumanName xmlns="http://hl7.org/fhir"/>', "xml-resource", "HumanName"),
        (patient(b'<colour value="1"/>'), "xml-element", "Patient"),
        (patient(b'<name><url value="1"/></name>'), "xml-element", "Patient.name[0]"),
        (patient(b'<x:gender xmlns:x="urn:x" value="male"/>'), "xml-namespace", "Patient"),
        (patient(b'<text><status value="empty"/><div>a</div></text>'), "xml-namespace", "Patient.text"),
        (patient(b'<gender value="male" colour="1"/>'), "xml-attribute", "Patient.gender"),
        (patient(b'<name value="1"><family value="x"/></name>'), "xml-attribute", "Patient.name[0]"),
        (b'<Patient xmlns="http://hl7.org/fhir" id="1"/>', "xml-attribute", "Patient"),
        (patient(b"text"), "xml-text", "Patient"),
        (patient(b'<gender value="male"/>text'), "xml-text", "Patient"),
        (patient(b'<gender value="male">male</gender>'), "xml-text", "Patient.gender"),
        (patient(b'<gender value="male"/><gender value="male"/>'), "xml-repeats", "Patient.gender"),
        (patient(b'<gender value="male"/><active value="true"/>'), "xml-order", "Patient"),
        (patient(b"<name/>"), "xml-empty", "Patient.name[0]"),
        (patient(b"<gender/>"), "xml-empty", "Patient.gender"),
        (patient(b'<gender id="a"/>'), "", ""),
        (patient(b'<active value="yes"/>'), "xml-value", "Patient.active"),
        (patient(b'<active value="True"/>'), "xml-value", "Patient.active"),
        (patient(b'<multipleBirthInteger value="1.0"/>'), "xml-value", "Patient.multipleBirth.ofType(integer)"),
        (patient(b'<multipleBirthInteger value="+1"/>'), "xml-value", "Patient.multipleBirth.ofType(integer)"),
        (
            patient(b'<extension url="u"><valueDecimal value="NaN"/></extension>'),
            "xml-value",
            "Patient.extension[0].value.ofType(decimal)",
        ),
        (
            patient(b'<extension url="u"><valueDecimal value="1."/></extension>'),
            "xml-value",
            "Patient.extension[0].value.ofType(decimal)",
        ),
        (patient(b"<contained/>"), "xml-resource", "Patient.contained[0]"),
        (patient(b"<contained><Basic/><Basic/></contained>"), "xml-resource", "Patient.contained[0]"),
    ],
)
def test_what_fhir_does_not_know_is_named(data: bytes, rule: str, expression: str) -> None:
    if not rule:
        assert xml.loads(data)
        return
    kind, [issue] = refused(data)
    assert (kind, issue.rule, issue.expression) == (ContentMalformed, rule, expression)
    assert issue.diagnostics == "line 1"


def attributes(count: int, value: str = "1") -> bytes:
    return " ".join(f'a{number}="{value}"' for number in range(count)).encode()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'<Patient xmlns="http://hl7.org/fhir" %b/>' % attributes(50_000), 1),
        (patient(b"\n<gender %b/>" % attributes(101)), 2),
        (patient(b"\n\n<gender %b/>" % attributes(101).replace(b"=", b"\n=\t")), 3),
        (patient(b"<gender %b/>" % attributes(101, "'/>")), 1),
        (patient(b"<gender %b/>" % attributes(101).replace(b'"', b"'")), 1),
        (patient(b"<gender %b" % attributes(101)), 1),
        (patient(b"<gender %b/>" % attributes(101).replace(b"a", b"xmlns:a")), 1),
        (patient(b"<gender %b/>" % attributes(101).replace(b"a", "é".encode())), 1),
        (patient(b"<!-- <gender -->\n<gender %b/>" % attributes(101)), 2),
        (patient(b"<!-- <![CDATA[ --><gender %b/><!-- ]]> -->" % attributes(101)), 1),
    ],
)
def test_a_crowd_of_attributes_is_refused_before_it_is_parsed(
    data: bytes, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("libxml2 was called")

    monkeypatch.setattr(etree, "fromstring", never)
    kind, [issue] = refused(data)
    assert (kind, issue.rule, issue.diagnostics) == (ContentMalformed, "xml-attributes", f"line {line}")


def test_many_attributes_are_told_each_up_to_a_number() -> None:
    data = patient(b'<gender value="male" %b/>' % attributes(99))
    assert {issue.rule for issue in refused(data)[1]} == {"xml-attribute"}


def test_text_that_looks_like_attributes_is_text() -> None:
    text = attributes(5000).decode()
    content = f"{text}<p>{text}<br/>{text}</p><![CDATA[{text}]]><!-- {text} -->"
    div = f"<div xmlns='http://www.w3.org/1999/xhtml'>{content}</div>"
    read = xml.loads(patient(f'<text><status value="additional"/>{div}</text>'.encode()))
    assert read["text"]["div"].count(text) >= 4


def test_a_narrative_with_a_crowd_of_attributes_is_not_written() -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p {attributes(101).decode()}/></div>'
    with pytest.raises(ContentInvalid) as caught:
        xml.dumps({"resourceType": "Patient", "text": {"status": "additional", "div": div}})
    assert [issue.expression for issue in caught.value.issues] == ["Patient.text.div"]


def test_every_problem_is_told_with_its_line() -> None:
    data = patient(b'\n<colour value="1"/>\n<active value="yes"/>\ntext<name/>')
    assert [(issue.rule, issue.diagnostics) for issue in refused(data)[1]] == [
        ("xml-text", "line 1"),
        ("xml-element", "line 2"),
        ("xml-value", "line 3"),
        ("xml-empty", "line 4"),
    ]


def test_a_flood_of_problems_ends() -> None:
    assert len(refused(patient(b"<x/>" * 5000))[1]) == 500


def test_size_depth_entries_and_values_are_limited() -> None:
    deep = b'<extension url="a">' * 70 + b"</extension>" * 70
    for data, limits, rule in [
        (patient(b" " * 100), Limits(max_bytes=100), "body-size"),
        (patient(deep), Limits(), "xml-depth"),
        (patient(b'<extension url="a">' * 5000), Limits(), "xml-limit"),
        (patient(b'<gender value="' + b"x" * 30 + b'"/>'), Limits(max_string=20), "xml-string"),
        (
            b'<Bundle xmlns="http://hl7.org/fhir">' + b'<entry id="a"/>' * 3 + b"</Bundle>",
            Limits(max_entries=2),
            "bundle-entries",
        ),
    ]:
        kind, issues = refused(data, limits)
        assert (kind, issues[0].rule) == (ContentTooLarge, rule)


@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ({"colour": 1}, "Patient"),
        ({"_name": [{"id": "a"}]}, "Patient"),
        ({"name": {"family": "x"}}, "Patient.name"),
        ({"name": []}, "Patient.name"),
        ({"name": ["x"]}, "Patient.name[0]"),
        ({"name": [{}]}, "Patient.name[0]"),
        ({"name": [{"given": [None]}]}, "Patient.name[0].given[0]"),
        ({"gender": ["male"]}, "Patient.gender"),
        ({"gender": 7}, "Patient.gender"),
        ({"gender": "a\x00b"}, "Patient.gender"),
        ({"active": "true"}, "Patient.active"),
        ({"multipleBirthInteger": True}, "Patient.multipleBirth.ofType(integer)"),
        ({"multipleBirthInteger": Decimal("1.0")}, "Patient.multipleBirth.ofType(integer)"),
        ({"text": {"status": "empty", "div": "<p>no div</p>"}}, "Patient.text.div"),
        ({"text": {"status": "empty", "div": "<div>&nbsp;"}}, "Patient.text.div"),
        ({"text": {"status": "empty", "div": 7}}, "Patient.text.div"),
        ({"contained": [{"resourceType": "Nothing"}]}, "Patient.contained[0]"),
        ({"contained": ["x"]}, "Patient.contained[0]"),
    ],
)
def test_what_xml_has_no_place_for_is_named(content: dict[str, Any], expression: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        xml.dumps({"resourceType": "Patient", **content})
    assert [issue.expression for issue in caught.value.issues] == [expression]


@pytest.mark.parametrize(
    "resource", [{}, {"resourceType": "Nothing"}, {"resourceType": 7}, {"resourceType": "MedicinalProduct"}]
)
def test_only_known_resources_are_written(resource: dict[str, Any]) -> None:
    with pytest.raises(ContentInvalid):
        xml.dumps(resource)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "_name",
                    "text",
                    "div",
                    "contained",
                    "given",
                    "_given",
                    "gender",
                    "_gender",
                    "extension",
                    "url",
                    "id",
                    "resourceType",
                ]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "text", "contained", "gender", "_gender", "extension", "id"]), junk, max_size=4
    )
)
def test_junk_is_written_or_refused(content: dict[str, Any]) -> None:
    try:
        data = xml.dumps({"resourceType": "Patient", **content})
    except ContentInvalid:
        return
    assert xml.loads(data)["resourceType"] == "Patient"


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, 200))
def test_damaged_documents_are_read_or_refused(damage: bytes, place: int) -> None:
    div = b'<div xmlns="http://www.w3.org/1999/xhtml">a</div>'
    data = patient(b'<text><status value="empty"/>' + div + b'</text><gender value="male"/>')
    with contextlib.suppress(Refusal):
        assert xml.loads(data[:place] + damage + data[place + len(damage) :])["resourceType"]
