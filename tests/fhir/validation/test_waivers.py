"""Known faults of the guides: which faults they waive, which they do not, and how a waived one is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.validation.report import Fault, Place, root
from fhir_server.fhir.validation.tables import read_table, rows
from fhir_server.fhir.validation.waivers import Waiver, Waivers, element_at
from tests.conftest import ROOT
from tests.fhir.packages import files

TABLE = ROOT / "profiles/waivers.yaml"
ROWS = rows(read_table(TABLE), "waivers", Waiver)
NEWEST = Waivers.load(TABLE, ["pas-2.2.1", "crd-2.2.1", "dtr-2.2.0", "core-7.0.0"])
OLDER = Waivers.load(TABLE, ["pas-2.0.1", "crd-2.0.1", "dtr-2.0.1"])
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"
COVERAGE_INFORMATION = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"

Json = dict[str, Any]


def fault(rule: str, place: Place, about: str = "", severity: Any = "error") -> Fault:
    return Fault(severity, rule, place, "Something is wrong.", "Mend it.", "invalid", about)


def below(*steps: tuple[str, int]) -> Place:
    place = root("Bundle")
    for name, index in steps:
        place = (place, name, index)
    return place


FIRST = (("entry", 0), ("resource", -1))


def in_bundle(resource: Json) -> Json:
    return {"resourceType": "Bundle", "entry": [{"resource": resource}]}


@pytest.mark.parametrize(
    ("name", "resource", "steps"),
    [
        ("authorizationNumber", {"resourceType": "Claim"}, ()),
        ("administrationReferenceNumber", {"resourceType": "Claim"}, ()),
        ("infoChanged", {"resourceType": "Claim", "supportingInfo": [{}]}, (("supportingInfo", 0),)),
        ("communicatedDiagnosis", {"resourceType": "ClaimResponse", "item": [{}]}, (("item", 0),)),
        ("itemAuthorizedProvider", {"resourceType": "ClaimResponse"}, ()),
        ("productOrServiceCodeEnd", {"resourceType": "ClaimResponse", "addItem": [{}]}, (("addItem", 0),)),
        ("productOrServiceCodeEnd", {"resourceType": "ServiceRequest"}, ()),
        ("revenueUnitRateLimit", {"resourceType": "ClaimResponse", "addItem": [{}]}, (("addItem", 0),)),
        ("serviceItemRequestType", {"resourceType": "ClaimResponse", "addItem": [{}]}, (("addItem", 0),)),
        ("certificationType", {"resourceType": "ClaimResponse", "addItem": [{}]}, (("addItem", 0),)),
        ("timingcalendarpattern", {"resourceType": "ServiceRequest"}, (("occurrenceTiming", -1),)),
        ("timingdeliverypattern", {"resourceType": "DeviceRequest"}, (("occurrenceTiming", -1),)),
    ],
)
def test_a_context_that_forgets_a_place_of_the_profiles_is_waived(
    name: str, resource: Json, steps: tuple[tuple[str, int], ...]
) -> None:
    told = fault("extension-context", below(*FIRST, *steps), PAS + name)
    [waived] = NEWEST.apply([told], in_bundle(resource))
    assert (waived.severity, waived.rule, waived.place) == ("information", "guide-fault", told.place)
    assert told.found in waived.found
    assert "extension-context" in waived.found
    assert "T-1" in waived.mend


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("itemAuthorizedDetail", "epsdtIndicator"),
        ("itemAuthorizedDetail", "requestedService"),
        ("itemAuthorizedDetail", "revenueCode"),
    ],
)
def test_the_parts_of_an_extension_may_stand_in_it(outer: str, inner: str) -> None:
    place = below(*FIRST, ("item", 0), ("extension", 0))
    told = fault("extension-context", place, PAS + inner)
    resource = {"resourceType": "ClaimResponse", "item": [{"extension": [{"url": PAS + outer}]}]}
    assert NEWEST.waiver(told, in_bundle(resource))
    resource["item"][0]["extension"][0]["url"] = PAS + "itemTraceNumber"  # type: ignore[index]
    assert NEWEST.waiver(told, in_bundle(resource)) is None


@pytest.mark.parametrize(
    ("place", "about"),
    [
        (below(*FIRST), PAS + "itemTraceNumber"),  # another extension
        (below(*FIRST, ("careTeam", 0)), PAS + "authorizationNumber"),  # another place
        (root("Bundle"), PAS + "authorizationNumber"),
    ],
)
def test_other_faults_of_context_stay(place: Place, about: str) -> None:
    told = fault("extension-context", place, about)
    assert NEWEST.apply([told], in_bundle({"resourceType": "Claim", "careTeam": [{}]})) == [told]


def test_another_resource_with_the_same_path_is_not_meant() -> None:
    told = fault("extension-context", below(*FIRST), PAS + "authorizationNumber")
    assert NEWEST.waiver(told, in_bundle({"resourceType": "ClaimResponse"})) is None
    assert NEWEST.waiver(fault("extension-context", root("Claim"), PAS + "authorizationNumber"), {}) is not None


def test_a_waiver_counts_for_its_guides_only() -> None:
    number = fault("extension-context", root("Claim"), PAS + "authorizationNumber")
    case = fault("extension-context", (root("ClaimResponse"), "item", 0), PAS + "administrationReferenceNumber")
    assert (NEWEST.waiver(number, {}) is None, OLDER.waiver(number, {}) is None) == (False, True)
    assert (NEWEST.waiver(case, {}) is None, OLDER.waiver(case, {}) is None) == (True, False)


def test_information_is_left_alone() -> None:
    told = fault("extension-context", root("Claim"), PAS + "authorizationNumber", "information")
    assert NEWEST.apply([told], {}) == [told]


def test_what_is_waived_is_no_failure() -> None:
    waived = fault("extension-context", root("Claim"), PAS + "authorizationNumber")
    assert not NEWEST.failed([waived], {})
    assert NEWEST.failed([waived, fault("element-missing", root("Claim"), "Claim.patient")], {})
    assert not NEWEST.failed([fault("element-missing", root("Claim"), "", "warning")], {})
    assert Waivers().failed([waived], {})


def test_without_rows_everything_stays() -> None:
    told = fault("extension-context", root("Claim"), PAS + "authorizationNumber")
    assert Waivers().apply([told], {}) == [told]


@pytest.mark.parametrize(
    ("code", "waived"), [("auth-needed", True), (None, True), ("satisfied", False), ("no-auth", False)]
)
def test_documentation_for_authorization_is_refused_only_where_none_is_needed(code: str | None, waived: bool) -> None:
    parts: list[Json] = [{"url": "doc-purpose", "valueCode": "withpa"}]
    if code:
        parts.append({"url": "pa-needed", "valueCode": code})
    order = {"resourceType": "ServiceRequest", "extension": [{"url": COVERAGE_INFORMATION, "extension": parts}]}
    told = fault("crd-ci-q4", (root("ServiceRequest"), "extension", 0), "crd-ci-q4")
    assert (NEWEST.waiver(told, order) is not None) is waived


def test_the_invariant_that_says_the_contrary_of_its_words_is_waived() -> None:
    told = fault("crd-ci-q2", (root("ServiceRequest"), "extension", 0), "crd-ci-q2")
    assert OLDER.waiver(told, {})
    assert NEWEST.waiver(told, {}) is None


@pytest.mark.parametrize(("code", "waived"), [("self", True), ("spouse", False)])
def test_a_subscriber_of_his_own_needs_no_other(code: str, waived: bool) -> None:
    coverage = {"resourceType": "Coverage", "relationship": {"coding": [{"system": "urn:x", "code": code}]}}
    told = fault("self-beneficiary", root("Coverage"), "self-beneficiary")
    assert (NEWEST.waiver(told, coverage) is not None) is waived


@pytest.mark.parametrize(("code", "waived"), [("3", True), ("I", False)])
def test_a_cancellation_needs_no_items(code: str, waived: bool) -> None:
    coding = {"system": "https://codesystem.x12.org/005010/1322", "code": code}
    claim = {
        "resourceType": "Claim",
        "extension": [{"url": f"{PAS}certificationType", "valueCodeableConcept": {"coding": [coding]}}],
    }
    told = fault("element-missing", root("Claim"), "Claim.item")
    assert (NEWEST.waiver(told, claim) is not None) is waived
    assert NEWEST.waiver(fault("element-missing", root("Claim"), "Claim.patient"), claim) is None


def test_the_answer_to_an_update_refers_to_it() -> None:
    profile = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-claim|2.2.1"
    told = fault("reference-target", (root("ClaimResponse"), "request", -1), profile)
    assert NEWEST.waiver(told, {"request": {"reference": "Claim/1"}})
    other = fault("reference-target", (root("ClaimResponse"), "insurer", -1), profile)
    assert NEWEST.waiver(other, {}) is None


@pytest.mark.parametrize(("focal", "waived"), [(False, True), ("false", False), (None, False)])
def test_a_second_coverage_is_not_focal(focal: object, waived: bool) -> None:
    place = ((root("Claim"), "insurance", 1), "focal", -1)
    claim = {"resourceType": "Claim", "insurance": [{"focal": True}, {"focal": focal}]}
    assert (NEWEST.waiver(fault("value-pattern", place), claim) is not None) is waived


def test_an_order_is_annotated_for_each_coverage() -> None:
    told = fault("slice-repeats", root("ServiceRequest"), "ServiceRequest.extension:coverage")
    assert NEWEST.waiver(told, {})


def test_the_score_of_an_answer_may_stand_at_any_depth() -> None:
    ordinal = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
    shallow = ((root("QuestionnaireResponse"), "item", 0), "answer", 0)
    deep = (((root("QuestionnaireResponse"), "item", 0), "item", 1), "answer", 0)
    for place in (shallow, deep):
        assert OLDER.waiver(fault("extension-context", place, ordinal), {})
    assert OLDER.waiver(fault("extension-context", shallow[0], ordinal), {}) is None


@pytest.mark.parametrize("document", [{}, [], None, 7, {"entry": 3}, {"entry": [7]}, {"entry": [{"resource": []}]}])
def test_a_place_that_is_not_there_is_no_failure(document: Any) -> None:
    path, value = element_at(below(*FIRST, ("item", 4)), document)
    assert (path, value) == ("Bundle.entry.resource.item", None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule} {row.source}")
def test_every_row_says_why_and_who_says_so(row: Waiver) -> None:
    assert row.reason.endswith(".")
    assert row.source


def test_every_guide_of_the_table_is_here() -> None:
    here = {re.sub(r"^hl7\.fhir\.\w+\.(davinci-)?", "", path.name) for path in (ROOT / "profiles").iterdir()}
    assert {guide for row in ROWS for guide in row.guides} - here == set()


def test_a_wrong_row_is_named(tmp_path: Path) -> None:
    table = tmp_path / "waivers.yaml"
    table.write_text("waivers:\n  - {guides: [x-1.0.0], rule: y, reason: z}\n")
    with pytest.raises(ValueError, match="row 1"):
        Waivers.load(table, ["x-1.0.0"])
    table.write_text("waivers: 7\n")
    with pytest.raises(ValueError, match="lists of rows"):
        Waivers.load(table, ["x-1.0.0"])


ARCHIVES = {"pas": "hl7.fhir.us.davinci-pas", "crd": "hl7.fhir.us.davinci-crd"}
CONTEXTS = [row for row in ROWS if row.rule == "extension-context" and row.guides[0][:3] in ARCHIVES]


@pytest.mark.parametrize("row", CONTEXTS, ids=lambda row: row.about[0].rpartition("/")[2])
def test_the_extensions_of_the_table_are_the_guide_s(shared: Path, row: Waiver) -> None:
    guide, _, version = row.guides[0].partition("-")
    content = files(shared / "packages" / f"{ARCHIVES[guide]}-{version}.tgz")
    names = {url.rpartition("/")[2] for url in row.about}
    assert {name for name in names if f"package/StructureDefinition-{name}.json" not in content} == set()


def test_the_page_lists_every_waiver() -> None:
    page = (ROOT / "docs/waivers.md").read_text("utf-8")
    assert [line for line in page.splitlines() if line.startswith(("| pas", "| crd", "| dtr", "| sdc"))] == [
        page_line(row) for row in ROWS
    ]


def page_line(row: Waiver) -> str:
    about = ", ".join(f"`{each.rpartition('/')[2]}`" for each in row.about)
    paths = ", ".join(f"`{path}`" for path in row.paths) or "anywhere"
    rule = f"`{row.rule}`{' of ' + about if about else ''}"
    return f"| {', '.join(row.guides)} | {rule} | {paths} | {' '.join(row.reason.split())} | {row.source} |"
