"""Policy cases: how they are read, what they count as where they say nothing, and those beside the pack."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
import yaml

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.errors import ContentInvalid
from fhir_server.policy.cases import DEFAULTS, Expectation, PolicyCase, read_case
from fhir_server.policy.cases_circumstances import circumstances_of
from fhir_server.policy.cases_evidence import evidence_of
from fhir_server.policy.cases_request import request_of
from fhir_server.policy.cases_trial import Tried, try_case
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import facts_of
from fhir_server.policy.forms import is_npi
from fhir_server.policy.pack import builtin_pack
from tests.conftest import ROOT
from tests.policy.requests import WISER

[pack] = [each for each in WISER if isinstance(each, CoveragePack)]
CASES = builtin_pack("wiser") / "cases"
FILES = sorted(CASES.glob("*/*.yaml"))
LEAST = 15
SHORTEST = "state: TX\nlines: [{code: 64483}]\ndiagnoses: [M54.16]\n"


def read(text: str = "") -> PolicyCase:
    return read_case(SHORTEST + text, "a-case.yaml")


def tried(text: str = "") -> Tried:
    return try_case(read(text), WISER)


def refused(text: str) -> list[str]:
    with pytest.raises(ContentInvalid) as refusal:
        tried(text)
    return [each.found for each in refusal.value.issues]


def request(text: str = "") -> AuthorizationRequest:
    return request_of(read(text))


# --- The cases beside the pack ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_case_of_the_pack_comes_out_as_it_says(file: Path) -> None:
    case = read_case(file.read_text("utf-8"), file.name)

    assert case.expect is not None
    assert case.title
    assert case.source
    assert try_case(case, WISER).differences == ()


def test_every_category_has_its_cases() -> None:
    counted = Counter(file.parent.name for file in FILES)

    assert set(counted) == {each.id for each in pack.categories if each.status == "active"}
    assert min(counted.values()) >= LEAST


def test_the_cases_of_a_category_touch_every_element() -> None:
    """Of every element that is asked for there is a case in which it is open, or one that is dismissed for it."""
    opened = set()
    for file in FILES:
        case = read_case(file.read_text("utf-8"), file.name)
        opened |= set(try_case(case, WISER).open)
    rows = [row for each in pack.checklists.values() for row in each.checklist.elements]
    asked = {row.id for row in rows if row.kind != "I" and not row.scope and row.id != "KN5"}
    assert asked - opened == set()


def test_every_dismissal_has_a_case() -> None:
    found = {try_case(read_case(file.read_text("utf-8"), file.name), WISER).dismissal for file in FILES}
    assert found - {None} == {each.code for each in pack.dismissals}


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_all_faults_of_a_file_are_told_at_once_with_key_and_file() -> None:
    with pytest.raises(ContentInvalid) as refusal:
        read_case("state: TX\nlines: [{code: 64483, count: 2}]\ncolour: red\nsubmission: second\n", "a-case.yaml")

    told = [each.found for each in refusal.value.issues]
    assert len(told) == 4
    assert all(each.startswith("a-case.yaml: ") for each in told)
    for key in ("colour", "lines", "diagnoses", "submission"):
        assert any(key in each for each in told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("answers: {ES99: true}", "the element ES99 is unknown"),
        ("answers: {ES4: {weeks: 6}}", "the field weeks is unknown; known are pain_weeks, conservative_weeks"),
        ("answers: {ES4: 6}", "an answer to each field is expected"),
        ("answers: {ES4: {pain_weeks: six}}", "a number is expected"),
        ("answers: {ES11: sometimes}", "true or false is expected"),
        ("answers: {ES2: {date: yesterday}}", "a date is expected"),
        ("answers: {ES8: {guidance: mri}}", "one of fluoroscopy-with-contrast"),
        ("answers: {ES10: [prayer]}", "a list of drugs"),
        ("answers: {ES3: true}", "text is expected"),
        ("answers: {KN3: true}", "none: it is a document"),
        ("documents: [{element: KN99}]", "the element KN99 is unknown; known are KN1, KN2"),
        ("sent_to: nobody", "sent_to: nobody is unknown; known are"),
        ("received: 2026-06-02\ndecided: 2026-06-01", "the decision is before the receipt"),
        ("date_of_service: {from: 2026-06-02, to: 2026-06-01}", "it ends before it begins"),
    ],
)
def test_what_a_case_cannot_mean_is_told_with_what_is_known(text: str, words: str) -> None:
    assert any(words in each for each in refused(text))


def test_a_file_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(ContentInvalid):
        read_case("state: [TX", "a-case.yaml")
    with pytest.raises(ContentInvalid):
        read_case("lines: []\nstate: TX\ndiagnoses: []\n", "a-case.yaml")


def test_a_code_with_leading_zeros_wants_quotes() -> None:
    with pytest.raises(ContentInvalid) as refusal:
        read_case("state: TX\nlines: [{code: 00300}]\ndiagnoses: []\n", "a-case.yaml")
    assert "in quotes" in refusal.value.issues[0].found


def test_codes_may_stand_without_quotes() -> None:
    case = read_case(
        "state: TX\nlines: [64483, {code: Q4101, modifiers: [50, LT]}]\ndiagnoses: [M54.16]\nsite: 24\ncoverage: 111\n"
        "ids: {NPI: 1234567893, CCN: 450001}\n",
        "a-case.yaml",
    )

    assert [line.code for line in case.lines] == ["64483", "Q4101"]
    assert case.lines[1].modifiers == ("50", "LT")
    assert (case.site, case.coverage, case.ids.npi, case.ids.ccn) == ("24", "111", "1234567893", "450001")


# --- What is not said ------------------------------------------------------------------------------------------------


def test_every_optional_key_has_a_stated_default() -> None:
    keys = {each.name for each in msgspec.structs.fields(PolicyCase)} - {"state", "lines", "diagnoses", "place"}

    assert {each.key.partition(".")[0] for each in DEFAULTS} - {"lines"} == keys
    assert all(each.value and each.sentence for each in DEFAULTS)


def test_the_page_names_every_key_and_every_default() -> None:
    page = (ROOT / "docs/policy-cases.md").read_text("utf-8")
    expectations = [each.name for each in msgspec.structs.fields(Expectation)]

    assert [each.key for each in DEFAULTS if f"| `{each.key}` | {each.value} |" not in page] == []
    assert [each for each in expectations if f"`{each}`" not in page] == []


@pytest.mark.parametrize(
    ("text", "received", "service"),
    [
        ("", date(2026, 6, 1), date(2026, 6, 15)),
        ("received: 2026-07-01", date(2026, 7, 1), date(2026, 7, 15)),
        ("date_of_service: 2026-06-20", date(2026, 6, 6), date(2026, 6, 20)),
        ("date_of_service: 2026-01-15", date(2026, 1, 5), date(2026, 1, 15)),
        ("date_of_service: 2026-01-02", date(2026, 1, 5), date(2026, 1, 2)),
        ("date_of_service: {from: 2026-06-20, to: 2026-08-20}", date(2026, 6, 6), date(2026, 6, 20)),
    ],
)
def test_receipt_and_service_are_14_days_apart(text: str, received: date, service: date) -> None:
    case = read(text)

    assert case.received_at.date() == received
    assert case.decided_at == case.received_at
    assert case.days_of_service
    assert case.days_of_service[0] == service


def test_a_moment_of_receipt_is_taken_as_it_is() -> None:
    assert read("received: 2026-06-01T23:30:00-05:00").received_at.astimezone(UTC) == datetime(
        2026, 6, 2, 4, 30, tzinfo=UTC
    )


def test_the_default_request_is_in_order() -> None:
    """Nothing but the checklist is open."""
    found = tried()

    assert found.outcome == "in-review"
    assert {each.result for each in found.determination.findings} <= {"met", "unknown"}
    assert found.determination.routing
    assert "administrative" not in found.determination.routing.reasons
    assert is_npi(facts_of(request()).requester_npi or "")


def test_null_means_that_nothing_was_sent() -> None:
    facts = facts_of(
        request(
            "site: null\ncoverage: null\ndate_of_service: null\n"
            "patient: {name: null, birth_date: null}\nids: {mbi: null, npi: null, requester_npi: null}\n"
        )
    )

    assert (facts.member_id, facts.names, facts.birth_date, facts.requester_npi, facts.coverage_type) == (
        None,
        (),
        None,
        None,
        None,
    )
    assert (facts.lines[0].site, facts.lines[0].serviced, facts.lines[0].facility_npi) == (None, None, None)


@pytest.mark.parametrize(
    ("site", "found"),
    [
        ("11", "place of service 11"),
        ("13x", "type of bill 13x"),
        ("131", "type of bill 13x"),
        ("22", "place of service 22"),
    ],
)
def test_a_site_is_a_place_or_a_type_of_bill(site: str, found: str) -> None:
    assert str(facts_of(request(f"site: {site}")).lines[0].site) == found


@pytest.mark.parametrize(
    ("sent_to", "states"), [("OK", {"OK"}), ("zyter", {"AZ"}), ("noridian-jf", {"AZ", "WA"}), ("TX", {"TX"})]
)
def test_whom_it_is_sent_to_decides_for_whom(sent_to: str, states: set[str]) -> None:
    assert circumstances_of(read(f"sent_to: {sent_to}"), pack).states == states


def test_without_a_receiver_it_is_sent_to_the_right_one() -> None:
    elsewhere = read_case(SHORTEST.replace("TX", "CA"), "a-case.yaml")

    assert circumstances_of(read(), pack).states == {"TX"}
    assert len(circumstances_of(elsewhere, pack).states) == 6


# --- Answers and documents -------------------------------------------------------------------------------------------


def test_a_single_value_is_that_of_the_field_value_or_of_the_only_one() -> None:
    facts = evidence_of(read("answers: {ES11: true, ED2: [other], PV2: 2026-05-01, ES13: none}"), pack).facts

    assert [(each.element, each.field, each.value) for each in facts] == [
        ("ES11", "value", True),
        ("ED2", "value", ("other",)),
        ("PV2", "onset_date", "2026-05-01"),
        ("ES13", "active_infection", False),
        ("ES13", "compressive_cord_lesion", False),
        ("ES13", "conus_or_cauda_lesion", False),
    ]


def test_null_is_no_answer() -> None:
    assert evidence_of(read("answers: {ES11: null, ES4: {pain_weeks: null}}"), pack).facts == ()


def test_documents_are_tied_by_name_and_by_type() -> None:
    records = evidence_of(
        read('documents: [{element: PV3}, {type: "26085-1", readable: false}, {element: [KN3, KN4], type: null}]'), pack
    ).records

    assert [each.elements for each in records] == [("PV3",), ("KN3",), ("KN3", "KN4")]
    assert [each.readable for each in records] == [True, False, True]
    assert [each.types for each in records] == [("11506-3",), ("26085-1",), ()]


def test_one_general_record_comes_unless_none_does() -> None:
    assert [each.elements for each in evidence_of(read(), pack).records] == [()]
    assert evidence_of(read("documents: []"), pack).records == ()


# --- What surrounds the request --------------------------------------------------------------------------------------


def test_a_prior_number_alone_stands_for_a_non_affirmation() -> None:
    prior = circumstances_of(read("prior_utn: JHA86260150001"), pack).prior

    assert prior
    assert (prior.state, prior.names, prior.claim_denied) == ("non-affirmed", (("quistgaard", "ottoline"),), False)
    assert circumstances_of(read("prior_utn: JHA86260150001\nearlier: []"), pack).prior is None


def test_an_open_earlier_request_is_told_by_provider_and_code() -> None:
    [item] = circumstances_of(read("earlier: [{status: in-review}, {status: affirmed}]"), pack).open_items

    assert (item.provider_npi, item.service_code) == ("1234567893", "64483")


def test_an_affirmation_counts_from_the_day_of_the_decision() -> None:
    complete = (CASES / "epidural-steroid-injection/complete-transforaminal.yaml").read_text("utf-8")
    told = yaml.safe_load(complete) | {"received": date(2026, 6, 1), "decided": date(2026, 6, 3)}
    found = try_case(read_case(yaml.safe_dump(told), "a-case.yaml"), WISER).determination

    assert found.valid
    assert (found.valid.start, found.valid.end) == ("2026-06-03", "2026-09-30")
    assert found.decided_at.startswith("2026-06-03")


# --- Expectations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{outcome: affirmed}", "outcome: expected affirmed, found in-review"),
        ("{dismissal: D02}", "dismissal: expected D02, found none"),
        ("{lines: {1: affirmed}}", "line 1: expected affirmed, found in-review"),
        ("{lines: {2: affirmed}}", "line 2: expected affirmed, found no such line"),
        ("{failing: [ES4]}", "failing: expected ES4, found none"),
        ("{criteria: {ES4: met}}", "ES4: expected met, found unknown"),
        ("{criteria: {XX1: met}}", "XX1: expected met, found no such element"),
        ("{expedited: true}", "expedited: expected True, found False"),
        ("{last_day_of_service: 2026-09-28}", "last_day_of_service: expected 2026-09-28, found none"),
        ("{due: 2026-06-05T15:00:00Z}", "due: expected 2026-06-05T15:00:00.000Z, found 2026-06-04T15:00:00.000Z"),
        ("{reasons: [always-a-clinician]}", "reasons: expected always-a-clinician, found code-rule, missing"),
        ("{asks: [purpose of the injection]}", "asks: expected purpose of the injection, found"),
    ],
)
def test_a_difference_is_told_with_both_sides(expect: str, told: str) -> None:
    found = tried(f"expect: {expect}").differences

    assert len(found) == 1
    assert found[0].startswith(told)


def test_missing_elements_are_told_whole() -> None:
    [difference] = tried("expect: {missing: [ES1]}").differences

    assert difference.startswith("missing: expected ES1, found ES1, ES10, ES11")


def test_rules_that_stop_are_named_whole_and_nudges_may_be() -> None:
    ohio = SHORTEST.replace("TX", "OH").replace("M54.16", "M48.061")
    case = read_case(f"{ohio}answers: {{ES2: {{scale: NRS, score: 7, date: 2026-05-01}}}}", "a-case.yaml")
    assert try_case(case, WISER).differences == ()
    expected = msgspec.structs.replace(case, expect=Expectation(rules=("V08",)))

    assert "rules: expected V08, found" in try_case(expected, WISER).differences[0]


def test_what_is_not_expected_is_not_looked_at() -> None:
    assert tried("expect: {}").differences == ()
    assert tried().differences == ()


def test_the_same_case_comes_out_the_same() -> None:
    assert tried().determination == tried().determination


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("state: TX\nlines: [{code: '64483'}]\ndiagnoses: [M51.16]\nreceived: 2026-02-30\n", "out of range"),
        ("state: TX\nlines: [{code: '64483'}]\ndiagnoses: [M51.16]\nreceived: 9999-12-31\n", "out of range"),
        ("state: TX\ntitle: !!int x\n", "not of its type"),
        ("state: " + "[" * 100_000, "deep in each other"),
    ],
)
def test_what_yaml_cannot_mean_is_told_in_words(text: str, said: str) -> None:
    with pytest.raises(ContentInvalid) as refused:
        read_case(text, "case.yaml")
    assert said in refused.value.issues[0].found
