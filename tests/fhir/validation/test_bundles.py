"""Bundles against what the HL7 validator 6.10.4 says of them (guide r4, without invariants and references).

The places are ours: the validator names the first entry for a fault in any fullUrl, and counts the entries of documents
and messages from 1.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.validation import bundles, documents
from fhir_server.fhir.validation.bundles import check_bundle
from fhir_server.fhir.validation.report import Report, expression, root
from fhir_server.fhir.validation.rules import Rule

Json = dict[str, Any]

BASE = "http://x.org/fhir/"
UUID = "urn:uuid:12345678-1234-1234-1234-123456789abc"
OTHER_UUID = "urn:uuid:22345678-1234-1234-1234-123456789abc"
PRACTITIONER: Json = {"resourceType": "Practitioner", "id": "p"}
OUTCOME: Json = {"resourceType": "OperationOutcome"}
HEADER: Json = {"resourceType": "MessageHeader", "id": "m"}


def patient(identity: str | None = "a", **members: Any) -> Json:
    return {"resourceType": "Patient"} | ({"id": identity} if identity else {}) | members


def composition(**members: Any) -> Json:
    return {"resourceType": "Composition", "id": "c", "author": [{"reference": "Practitioner/p"}], **members}


def observation(**members: Any) -> Json:
    return {"resourceType": "Observation", "id": "o", **members}


def at(full_url: Any, resource: Any = None, **members: Any) -> Json:
    return {"fullUrl": full_url, "resource": resource or patient(), **members}


def own(resource: Json, **members: Any) -> Json:
    return at(f"{BASE}{resource['resourceType']}/{resource['id']}", resource, **members)


def bundle(kind: str, *entries: Any, **members: Any) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **members}


def found(mode: str | None, entry: Json) -> Json:
    return entry | ({"search": {"mode": mode}} if mode else {})


def result(*entries: Any, url: str = f"{BASE}Patient?name=a") -> Json:
    return bundle("searchset", *entries, link=[{"relation": "self", "url": url}])


def document(*entries: Json, **members: Any) -> Json:
    return bundle("document", *entries, **members)


def told(value: Any) -> list[tuple[str, str]]:
    report = Report()
    check_bundle(value, root("Bundle"), report)
    return [
        (f"{'' if fault.severity == 'error' else '~'}{fault.rule}", expression(fault.place).removeprefix("Bundle"))
        for fault in report.faults
    ]


ENTRY = ".entry[0]"
FULL_URL = [("bundle-fullurl", ENTRY)]


@pytest.mark.parametrize(
    ("full_url", "resource", "faults"),
    [
        (f"{BASE}Patient/a", patient(), []),
        (f"{BASE}Patient/b", patient(), FULL_URL),
        (f"{BASE}Practitioner/a", patient(), FULL_URL),
        (f"{BASE}Patient/a", patient(None), FULL_URL),
        (f"{BASE}Patient/a/_history/1", patient(), FULL_URL),
        (f"{BASE}foo/b", patient(), []),
        (f"{BASE}Patient/a#1", patient(), []),
        ("https://x-y.org:80/fhir_r4/Patient/b", patient(), FULL_URL),
        ("https://x.org/~fhir/Patient/b", patient(), []),
        ("https://x.org/fhir/Patient/b?x=1", patient(), []),
        ("https://x.org/fhir/Patient/b/", patient(), []),
        ("Patient/a", patient(), FULL_URL),
        ("Patient:a", patient(), FULL_URL),
        ("FOO:a", patient(), FULL_URL),
        (" ", patient(), FULL_URL),
        (f"{BASE}Patient/a ", patient(), FULL_URL),
        ("mailto:a", patient(), []),
        (UUID, patient(), []),
        (UUID, patient(None), []),
        (UUID.upper(), patient(), FULL_URL),
        ("urn:oid:1.2.840.1.2.3", patient(), []),
        (None, patient(), FULL_URL),
        ("", patient(), []),
        ("http://x.org/ValueSet/a", {"resourceType": "ValueSet", "id": "a", "url": "http://x.org/ValueSet/a"}, []),
        ("http://x.org/vs/a", {"resourceType": "ValueSet", "id": "a", "url": "http://x.org/vs/a"}, FULL_URL),
        ("http://hl7.org/fhir/v2/0001", {"resourceType": "CodeSystem", "url": "http://hl7.org/fhir/v2/0001"}, []),
    ],
)
def test_the_full_url_names_the_resource(full_url: Any, resource: Json, faults: list[tuple[str, str]]) -> None:
    assert told(bundle("collection", at(full_url, resource))) == faults


@pytest.mark.parametrize(
    ("kind", "optional"),
    [
        ("transaction", True),
        ("transaction-response", True),
        ("batch", True),
        ("batch-response", True),
        ("collection", False),
        ("history", False),
    ],
)
def test_only_a_transaction_or_batch_may_leave_out_the_full_url(kind: str, optional: bool) -> None:
    faults = told(bundle(kind, own(patient()), {"resource": patient()}))

    assert faults == ([] if optional else [("bundle-fullurl", ".entry[1]")])


@pytest.mark.parametrize(
    ("kind", "relations", "faults"),
    [
        ("collection", ["next"], [("bundle-link", ".link[0].relation")]),
        ("collection", ["self", "self"], [("bundle-link", ".link[1].relation")]),
        ("collection", ["foo", "foo"], []),
        ("batch", ["last"], [("bundle-link", ".link[0].relation")]),
        ("subscription-notification", ["first"], [("bundle-link", ".link[0].relation")]),
        ("history", ["self", "next"], []),
        ("history", ["next", "next"], [("bundle-link", ".link[1]")]),
        ("unknown", ["next", "next"], []),
    ],
)
def test_links_to_pages(kind: str, relations: list[str], faults: list[tuple[str, str]]) -> None:
    links = [{"relation": relation, "url": f"{BASE}?{number}"} for number, relation in enumerate(relations)]

    assert told(bundle(kind, own(patient()), link=links)) == faults


RESOURCE = ".entry[0].resource"


@pytest.mark.parametrize(
    ("searchset", "faults"),
    [
        (result(found("match", own(patient()))), []),
        (result(found("match", at(UUID, patient(None)))), [("bundle-search-id", RESOURCE)]),
        (result(found("include", at(UUID, patient(None)))), [("bundle-search-id", RESOURCE)]),
        (result(found("outcome", own(patient()))), [("bundle-search-type", RESOURCE)]),
        (result(found("foo", own(patient()))), [("bundle-search-type", RESOURCE)]),
        (result(found("match", own(PRACTITIONER))), [("bundle-search-type", RESOURCE)]),
        (result(found("include", own(PRACTITIONER))), []),
        (result({"fullUrl": UUID, "search": {"mode": "match"}}), [("bundle-search-resource", ENTRY)]),
        (result({"fullUrl": UUID}), [("bundle-search-resource", ENTRY)]),
        (result(own(patient())), []),
        (result(own(PRACTITIONER)), [("~bundle-search-type", ENTRY), ("~bundle-search-mode", "")]),
        (result(at(UUID, patient(None))), [("~bundle-search-id", RESOURCE)]),
        (result(at(UUID, OUTCOME)), [("~bundle-search-type", ENTRY), ("~bundle-search-mode", "")]),
        (
            result(own(patient()), own(PRACTITIONER), url="http://x.org/fhir?_type=Patient,Practitioner"),
            [("~bundle-search-mode", "")],
        ),
        (result(own(patient()), own(PRACTITIONER), url=f"{BASE}foo"), [("~bundle-search-mode", "")]),
        (result(found("match", own(patient())), own(PRACTITIONER)), [("~bundle-search-mode", ".entry[1]")]),
        (result(found("match", own(patient())), url="foo"), []),
        (result(found("match", own(patient())), url="Patient/"), []),
        (bundle("searchset", found("match", own(patient()))), [("~bundle-search-self", "")]),
        (bundle("searchset", own(patient())), [("~bundle-search-self", ""), ("~bundle-search-mode", "")]),
        (bundle("searchset"), []),
    ],
)
def test_results_of_a_search(searchset: Json, faults: list[tuple[str, str]]) -> None:
    assert told(searchset) == faults


MISSING = "bundle-reference"
COMPOSITION = ".entry[0].resource"
PROVENANCE: Json = {"resourceType": "Provenance", "id": "v", "target": [{"reference": "Practitioner/p"}]}
STYLE: Json = {"resourceType": "Binary", "id": "z", "contentType": "text/css"}


def style(url: str) -> list[Json]:
    return [{"relation": "stylesheet", "url": url}]


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (document(own(composition()), own(PRACTITIONER)), []),
        (document(own(composition())), [(MISSING, f"{COMPOSITION}.author[0]")]),
        (document(), [("bundle-first-entry", "")]),
        (document({"fullUrl": UUID}), [("bundle-first-entry", ENTRY)]),
        (document(own(patient())), [("bundle-first-entry", RESOURCE)]),
        (
            document(own(composition(subject={"reference": "Patient/a"})), own(PRACTITIONER)),
            [(MISSING, f"{COMPOSITION}.subject")],
        ),
        (
            document(own(composition(subject={"reference": UUID})), own(PRACTITIONER)),
            [(MISSING, f"{COMPOSITION}.subject")],
        ),
        (document(own(composition(subject={"display": "x"})), own(PRACTITIONER)), []),
        (document(own(composition(subject={"reference": "#a"})), own(PRACTITIONER)), []),
        (document(own(composition(subject={"reference": "http://x.org/ValueSet/a"})), own(PRACTITIONER)), []),
        (
            document(
                own(composition(subject={"reference": "Patient/a"})), own(PRACTITIONER), at("http://y.org/Patient/a")
            ),
            [(MISSING, f"{COMPOSITION}.subject"), ("bundle-orphan", ".entry[2]")],
        ),
        (
            document(
                own(composition(subject={"reference": UUID})), own(PRACTITIONER), at(UUID), at(UUID, patient("b"))
            ),
            [
                (MISSING, f"{COMPOSITION}.subject"),
                ("bundle-orphan", ".entry[2]"),
                ("bundle-orphan", ".entry[3]"),
            ],
        ),
        (
            document(at(UUID, composition()), at(OTHER_UUID, PRACTITIONER)),
            [(MISSING, f"{COMPOSITION}.author[0]"), ("bundle-orphan", ".entry[1]")],
        ),
        (document(own(composition()), own(PRACTITIONER), own(patient())), [("bundle-orphan", ".entry[2]")]),
        (
            document(
                own(composition()), own(PRACTITIONER), own(observation(performer=[{"reference": "Practitioner/p"}]))
            ),
            [("~bundle-orphan", ".entry[2]")],
        ),
        (document(own(composition()), own(PRACTITIONER), own(PROVENANCE)), []),
        (
            document(
                own(composition(section=[{"entry": [{"reference": "Observation/o"}]}])),
                own(PRACTITIONER),
                own(observation()),
            ),
            [],
        ),
        (
            document(
                own(
                    composition(
                        section=[
                            {
                                "entry": [{"reference": "Observation/z"}],
                                "section": [{"author": [{"reference": "Practitioner/z"}]}],
                            }
                        ]
                    )
                ),
                own(PRACTITIONER),
            ),
            [
                (MISSING, f"{COMPOSITION}.section[0].entry[0]"),
                (MISSING, f"{COMPOSITION}.section[0].section[0].author[0]"),
            ],
        ),
        (
            document(
                own(
                    composition(
                        attester=[{"party": {"reference": "Practitioner/z"}}],
                        event=[{"detail": [{"reference": "Procedure/z"}]}],
                        custodian={"reference": "Organization/z"},
                    )
                ),
                own(PRACTITIONER),
            ),
            [
                (MISSING, f"{COMPOSITION}.custodian"),
                (MISSING, f"{COMPOSITION}.attester[0].party"),
                (MISSING, f"{COMPOSITION}.event[0].detail[0]"),
            ],
        ),
        (
            document(own(composition()), own(PRACTITIONER), link=style("http://a.b/x.css")),
            [("~bundle-stylesheet", ".link[0].url")] * 2,
        ),
        (
            document(own(composition()), own(PRACTITIONER), link=style("Binary/z")),
            [("bundle-stylesheet", ".link[0].url")],
        ),
        (document(own(composition()), own(PRACTITIONER), own(STYLE), link=style("Binary/z")), []),
        (document(own(composition()), own(PRACTITIONER), link=style("https://hl7.org/fhir/fhir.css")), []),
    ],
)
def test_a_document_holds_what_belongs_to_it(value: Json, faults: list[tuple[str, str]]) -> None:
    assert told(value) == faults


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (bundle("message", own(HEADER)), []),
        (bundle("message"), [("bundle-first-entry", "")]),
        (bundle("message", own(patient())), [("bundle-first-entry", RESOURCE)]),
        (bundle("message", own(HEADER | {"focus": [{"reference": "Patient/a"}]}), own(patient())), []),
        (bundle("message", own(HEADER | {"focus": [{"reference": "Patient/a"}]})), [(MISSING, f"{RESOURCE}.focus[0]")]),
        (bundle("message", own(HEADER), own(patient())), [("~bundle-orphan", ".entry[1]")]),
        (
            bundle(
                "message",
                own(HEADER | {"focus": [{"reference": "Patient/a"}]}),
                own(patient()),
                own(observation(subject={"reference": "Patient/a"})),
            ),
            [],
        ),
    ],
)
def test_a_message_holds_what_it_is_about(value: Json, faults: list[tuple[str, str]]) -> None:
    assert told(value) == faults


def test_a_signature_is_said_to_be_unverified() -> None:
    report = Report()

    check_bundle(bundle("collection", own(patient()), signature={"data": "YWJj"}), root("Bundle"), report)

    assert [(fault.severity, fault.rule) for fault in report.faults] == [("information", "bundle-signature")]


def test_a_document_of_two_thousand_entries_is_checked_at_once() -> None:
    chain = [
        own(patient(f"p{number}", link=[{"other": {"reference": f"Patient/p{number + 1}"}}])) for number in range(2000)
    ]
    backwards = document(own(composition()), own(PRACTITIONER), *reversed(chain))

    assert [rule for rule, _ in told(backwards)] == ["bundle-orphan"] * 2000


NAMES = "entry fullUrl resource resourceType id url type link relation search mode reference author"
MEMBERS = NAMES.split()
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "a", UUID, "Patient/a", "document", "#a", "match"]),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inside,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(kind=st.sampled_from(["document", "message", "searchset", "history", "collection", "batch"]), members=JSON)
def test_no_json_makes_the_check_fail(kind: str, members: Any) -> None:
    told({"entry": members, "link": members, "type": kind})
    told({"entry": [members], "link": [members], "type": kind})
    told({"entry": [at(UUID, composition(author=members)), members], "type": kind})


def test_every_rule_names_its_message_of_the_validator() -> None:
    rules = [each for module in (bundles, documents) for each in vars(module).values() if isinstance(each, Rule)]

    assert rules
    assert all(each.mend and (each.source or each.severity == "information") for each in rules)
