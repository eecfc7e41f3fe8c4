"""Data types against what the HL7 validator 6.10.4 says of them (guide r4, the value in an extension of a Basic)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.validation import datatypes
from fhir_server.fhir.validation.datatypes import DATATYPES
from fhir_server.fhir.validation.report import Report, root
from fhir_server.fhir.validation.rules import Rule

URI = "urn:ietf:rfc:3986"
RFC = "https://tools.ietf.org/html/rfc4122"
UCUM = "http://unitsofmeasure.org"
UUID = "12345678-1234-1234-1234-123456789abc"
EXTENSION = [{"url": "http://x.org/x", "valueCode": "a"}]

IDENTIFIERS = (
    ({"system": "http://a", "value": "b"}, ""),
    ({"system": "https://a"}, ""),
    ({"system": "urn:oid:1.2.840.1", "value": "x"}, ""),
    ({"system": "ldap:x", "value": "b"}, ""),
    ({"value": "x"}, ""),
    ({"system": "a", "value": "b"}, "identifier-system"),
    ({"system": "HTTP://a", "value": "b"}, "identifier-system"),
    ({"system": "ftp://a", "value": "b"}, "identifier-system"),
    ({"system": "mailto:x", "value": "b"}, "identifier-system"),
    ({"system": "#a", "value": "x"}, "identifier-system"),
    ({"system": "", "value": "b"}, "identifier-system"),
    ({"system": " ", "value": "x"}, "identifier-system"),
    ({"system": URI, "value": f"urn:uuid:{UUID}"}, ""),
    ({"system": URI, "value": "a:b"}, ""),
    ({"system": URI, "value": "A:x"}, ""),
    ({"system": URI, "value": "a_b[1]:x"}, ""),
    ({"system": URI, "value": "file:///x"}, ""),
    ({"system": URI, "value": "file:a:b"}, ""),
    ({"system": URI}, ""),
    ({"system": URI, "value": "a"}, "identifier-uri"),
    ({"system": URI, "value": "file:x"}, "identifier-uri"),
    ({"system": URI, "value": "a-b:x"}, "identifier-uri"),
    ({"system": URI, "value": "1:x"}, "identifier-uri"),
    ({"system": URI, "value": ":x"}, "identifier-uri"),
    ({"system": RFC, "value": "x"}, "identifier-uuid"),
    ({"system": RFC, "value": UUID}, "~identifier-uuid"),
    ({"system": RFC, "value": f"urn:uuid:{UUID}"}, "~identifier-uuid"),
)
QUANTITIES = (
    ({"value": 1, "system": UCUM, "code": "kg", "unit": "kg"}, ""),
    ({"value": 1, "system": UCUM, "code": "{x}", "unit": "an x"}, ""),
    ({"value": 1, "system": UCUM, "code": "{X}", "unit": "x"}, ""),
    ({"value": 1, "system": UCUM, "code": "{x}{y}", "unit": "x"}, ""),
    ({"value": 1, "system": UCUM, "code": "{x", "unit": "y"}, ""),
    ({"value": 1, "system": UCUM, "code": "}{x}", "unit": "y"}, ""),
    ({"value": 1, "system": "http://x.org", "code": "{x}", "unit": "y"}, ""),
    ({"value": 1, "system": UCUM, "code": "{x}", "unit": "y"}, "~ucum-annotation"),
    ({"value": 1, "system": UCUM, "code": "a{b}c", "unit": "x"}, "~ucum-annotation"),
    ({"value": 1, "system": UCUM, "code": "{x}"}, "~ucum-annotation"),
)
REFERENCES = (
    ({"reference": "Patient/a"}, ""),
    ({"reference": "foo"}, ""),
    ({"reference": "Patient/\u00a01"}, ""),
    ({"display": "x"}, ""),
    ({"display": " "}, ""),
    ({"identifier": {"value": "x"}}, ""),
    ({"identifier": {"system": "http://a"}}, ""),
    ({"reference": "Patient/a b"}, "reference-form"),
    ({"reference": " Patient/a"}, "reference-form"),
    ({"reference": " "}, "reference-form"),
    ({"reference": "a\tb"}, "reference-form"),
    ({"type": "Patient"}, "~reference-empty"),
    ({"reference": ""}, "~reference-empty"),
    ({"display": ""}, "~reference-empty"),
    ({"identifier": {"type": {"text": "x"}}}, "~reference-empty"),
    ({"extension": EXTENSION}, "~reference-empty"),
)
CONCEPTS = (
    ({"text": "x"}, ""),
    ({"coding": [{"system": "http://x.org", "code": "a"}]}, ""),
    ({"coding": [{"system": "a", "code": "a"}]}, ""),
    ({"coding": [{"system": "http://x.org"}]}, ""),
    ({"coding": [{"extension": EXTENSION}]}, ""),
    ({"coding": [{"code": "a"}]}, "~coding-system"),
    ({"coding": [{"display": "x"}]}, "~coding-system"),
    ({"coding": [{"version": "1"}]}, "~coding-system"),
    ({"coding": [{"code": "a"}, {"system": "http://x.org", "code": "b"}]}, "~coding-system"),
    ({"coding": [{"code": "a"}, {"code": "b"}]}, "~coding-system ~coding-system"),
)
TABLE = [
    (type_name, value, rules)
    for type_name, rows in (
        ("CodeableConcept", CONCEPTS),
        ("Identifier", IDENTIFIERS),
        ("Quantity", QUANTITIES),
        ("Reference", REFERENCES),
    )
    for value, rules in rows
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", URI, RFC, UCUM, "{x}"]),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["system", "value", "code", "unit", "coding", "reference"]), inside, max_size=4
        )
    ),
)


def told(type_name: str, value: Any) -> list[str]:
    report = Report()
    DATATYPES[type_name](value, root(type_name), report)
    return [f"{'' if fault.severity == 'error' else '~'}{fault.rule}" for fault in report.faults]


@pytest.mark.parametrize(("type_name", "value", "rules"), TABLE)
def test_each_value_gets_the_verdict_of_the_validator(type_name: str, value: Any, rules: str) -> None:
    assert told(type_name, value) == rules.split()


def test_every_type_is_in_the_table() -> None:
    assert {type_name for type_name, _, _ in TABLE} == set(DATATYPES)


def test_a_coding_is_named() -> None:
    report = Report()
    codings = [{"system": "http://x.org", "code": "a"}, {"code": "b"}]

    DATATYPES["CodeableConcept"]({"coding": codings}, root("CodeableConcept"), report)

    assert [issue.expression for issue in report.issues()] == ["CodeableConcept.coding[1]"]


@given(
    type_name=st.sampled_from(sorted(DATATYPES)),
    value=st.dictionaries(
        st.sampled_from(["system", "value", "code", "unit", "coding", "reference", "display", "identifier"]), JSON
    ),
)
def test_no_value_makes_a_check_fail(type_name: str, value: Any) -> None:
    told(type_name, value)


def test_every_rule_names_its_message_of_the_validator() -> None:
    rules = [each for each in vars(datatypes).values() if isinstance(each, Rule)]

    assert rules
    assert all(each.source and each.mend for each in rules)
