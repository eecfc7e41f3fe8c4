"""The scope gates, from the text of the guide (WISeR guide, 1.5, Appendices A and B)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from fhir_server.authorization.request import Insurance
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Concept, Period
from fhir_server.policy.coverage import Closure, CoveragePack, CoverageType
from tests.policy.requests import (
    ALL_STATES,
    HCPCS,
    WISER,
    administrative,
    at_facility,
    concept,
    coverage,
    decide,
    dismissal,
    errors,
    facility,
    line,
    outcomes,
    place,
    request,
    told,
)

# All codes of Appendix A, with the diagnosis that Appendix B asks for.
IN_SCOPE = {
    "M22.41": ["29877"],
    "G50.0": ["64605", "64610"],
    "G40.211": ["64568"],
    "G47.31": ["33276"],
    "M96.1": ["63655"],
    "N39.3": ["53440", "53445", "53451", "53452", "57288"],
    "N39.41": ["64581"],
    "N52.9": ["54400", "54401", "54405"],
    "M80.08XA": ["22510", "22511", "22513", "22514"],
    "M54.16": ["62321", "62323", "64479", "64483"],
    "M50.121": ["22554"],
    "G47.33": ["64582", "C8007", "C8011"],
    "E11.621": ["15271", "15273", "15275", "15277"],
}
ADD_ONS = [
    ("33277", "33276", "G47.31"),
    ("22512", "22510", "M80.08XA"),
    ("22512", "22511", "M80.08XA"),
    ("22515", "22513", "M80.08XA"),
    ("22515", "22514", "M80.08XA"),
    ("64480", "64479", "M54.12"),
    ("64484", "64483", "M54.16"),
    ("15272", "15271", "E11.621"),
    ("15274", "15273", "I83.011"),
    ("15276", "15275", "I83.014"),
    ("15278", "15277", "I87.333"),
]
CODES = [(code, diagnosis) for diagnosis, codes in IN_SCOPE.items() for code in codes]


def test_the_tables_of_this_file_name_all_41_codes() -> None:
    """The table above, the add-ons and 64561 (tested with its generator) are Appendix A."""
    codes = {code for code, _ in CODES} | {add_on for add_on, _, _ in ADD_ONS} | {"64561"}
    wiser = WISER[0]
    assert isinstance(wiser, CoveragePack)
    assert len(codes) == 41
    assert codes == set(wiser.listed)


@pytest.mark.parametrize("state", sorted(ALL_STATES))
@pytest.mark.parametrize(("code", "diagnosis"), CODES)
def test_every_code_goes_to_review_in_every_state(state: str, code: str, diagnosis: str) -> None:
    decided = decide(request(line(1, code), diagnoses=[diagnosis], state=state))
    if code.startswith("1527") and state in ("AZ", "WA"):
        assert dismissal(decided) == "D02"
        assert outcomes(decided) == {1: "not-required"}
    else:
        assert decided.state is State.IN_REVIEW
        assert outcomes(decided) == {1: "in-review"}


@pytest.mark.parametrize(("add_on", "base", "diagnosis"), ADD_ONS)
def test_an_add_on_goes_with_its_base(add_on: str, base: str, diagnosis: str) -> None:
    decided = decide(request(line(1, base), line(2, add_on), diagnoses=[diagnosis]))
    assert outcomes(decided) == {1: "in-review", 2: "in-review"}


@pytest.mark.parametrize(("add_on", "base", "diagnosis"), ADD_ONS)
def test_an_add_on_alone_is_returned(add_on: str, base: str, diagnosis: str) -> None:
    """Rule V10 is of severity E: returned for correction (S-01), and the words name the base code."""
    decided = decide(request(line(1, add_on), diagnoses=[diagnosis]))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [("AG", "C", "2000F-SV1")]
    assert base in told(decided)


def test_an_add_on_with_the_base_of_another_family_is_returned() -> None:
    decided = decide(request(line(1, "22513"), line(2, "22512"), diagnoses=["M80.08XA"]))
    assert dismissal(decided) == "D05"


def test_64561_with_its_generator_is_in_and_the_generator_follows() -> None:
    decided = decide(request(line(1, "64561"), line(2, "64590"), diagnoses=["N39.41"]))
    assert outcomes(decided) == {1: "in-review", 2: "not-required"}
    assert "follows line 1" in (decided.lines[1].reason or "")


def test_64561_alone_is_a_trial_or_replacement() -> None:
    decided = decide(request(line(1, "64561"), diagnoses=["N39.41"]))
    assert dismissal(decided) == "D02"
    assert "64590" in told(decided)


def test_a_withdrawn_generator_does_not_count() -> None:
    decided = decide(request(line(1, "64561"), line(2, "64590", cancelled=True), diagnoses=["N39.41"]))
    assert dismissal(decided) == "D02"
    assert outcomes(decided) == {1: "not-required", 2: "cancelled"}


@pytest.mark.parametrize("diagnosis", ["T85.111A", "T85.193A", "Z45.42"])
@pytest.mark.parametrize(
    ("codes", "indication"), [(("64561", "64590"), "N39.41"), (("64568",), "G40.211")], ids=["sacral", "vagus"]
)
def test_a_replacement_is_out(codes: tuple[str, ...], indication: str, diagnosis: str) -> None:
    lines = [line(number, code) for number, code in enumerate(codes, start=1)]
    assert dismissal(decide(request(*lines, diagnoses=[indication, diagnosis]))) == "D02"


@pytest.mark.parametrize(
    ("code", "diagnosis"),
    [
        ("64568", "G40.209"),  # not in B1
        ("64568", "G47.33"),  # V14
        ("64581", "R32"),  # V13: on an LCD list, not in B2
        ("15271", "L97.411"),  # V18: left B3 in April 2026
        ("15275", "E11.622"),
    ],
)
def test_a_diagnosis_outside_appendix_b_is_no_wiser_service(code: str, diagnosis: str) -> None:
    decided = decide(request(line(1, code), diagnoses=[diagnosis]))
    assert dismissal(decided) == "D02"
    assert outcomes(decided) == {1: "not-required"}
    assert decided.errors == ()


def test_vagus_stimulation_for_sleep_apnea_is_out_even_beside_epilepsy() -> None:
    decided = decide(request(line(1, "64568"), diagnoses=["G40.211", "G47.33"]))
    assert dismissal(decided) == "D02"
    assert "64582" in told(decided)


def test_64568_for_epilepsy_beside_a_hypoglossal_implant_is_reviewed_itself() -> None:
    asked = request(line(1, "64568", diagnoses=(1,)), line(2, "64582", diagnoses=(2,)), diagnoses=["G40.211", "G47.33"])
    assert outcomes(decide(asked)) == {1: "in-review", 2: "in-review"}


@pytest.mark.parametrize("code", ["64568", "64581", "15271"])
def test_no_diagnosis_is_missing_data_and_not_a_wrong_indication(code: str) -> None:
    decided = decide(request(line(1, code), diagnoses=[]))
    assert dismissal(decided) == "D05"
    assert errors(decided) == [("AF", "C", "2000E-HI")]


def test_a_wrong_state_goes_before_a_date_before_the_start() -> None:
    early = line(1, "C8011", serviced="2026-04-05")
    assert dismissal(decide(request(early, diagnoses=["G47.33"], state="CA"))) == "D02"


def test_64568_beside_a_hypoglossal_implant_follows_it() -> None:
    """64568 is in Appendix A (vagus) and in Table C12 (hypoglossal): with G47.33 it is the associated code."""
    decided = decide(request(line(1, "64568"), line(2, "64582"), diagnoses=["G47.33"]))
    assert outcomes(decided) == {1: "not-required", 2: "in-review"}
    assert "follows line 2" in (decided.lines[0].reason or "")


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("C8011", "2026-04-05", "D09"),
        ("C8011", "2026-04-06", None),
        ("C8007", "2026-04-05", "D09"),
        ("C8007", "2026-04-06", None),
        ("64582", "2026-04-05", None),
        ("22513", "2026-01-14", "D02"),
        ("22513", "2026-01-15", None),
        ("22513", "2031-12-31", None),
        ("22513", "2032-01-01", "D02"),
        ("C8011", "2026-01-14", "D02"),
    ],
)
def test_the_first_and_last_day(code: str, day: str, expected: str | None) -> None:
    decided = decide(request(line(1, code, serviced=day), diagnoses=["G47.33", "M80.08XA"]))
    assert dismissal(decided) == expected


@pytest.mark.parametrize("serviced", [Period("2026-04-01", "2026-04-30"), "2026-04", None])
def test_days_that_straddle_the_first_day_are_asked_about(serviced: Period | str | None) -> None:
    """A date of service that is not known, or only in part before the start, dismisses nothing."""
    asked = request(line(1, "C8011", serviced=serviced), diagnoses=["G47.33"])
    decided = decide(asked, now=datetime(2026, 3, 20, tzinfo=UTC))
    assert decided.state is State.IN_REVIEW
    assert len(administrative(decided)) == 1
    assert administrative(decided)[0].startswith(
        "date of service" if serviced is None else "the date of service (one date,"
    )


@pytest.mark.parametrize("site", ["11", "12", "19", "22", "24", "131", "13x", "13"])
def test_settings_that_are_reviewed(site: str) -> None:
    assert decide(request(line(1, "22513", location=place(site)))).state is State.IN_REVIEW


@pytest.mark.parametrize("site", ["21", "23", "10", "61", "02"])
def test_other_settings_are_out(site: str) -> None:
    decided = decide(request(line(1, "22513", location=place(site))))
    assert dismissal(decided) == "D02"
    assert site in told(decided)


def test_another_type_of_bill_is_out() -> None:
    location = concept("https://www.nubc.org/CodeSystem/TypeOfBill", "111")
    assert dismissal(decide(request(line(1, "22513", location=location)))) == "D02"


@pytest.mark.parametrize(
    "emergency",
    [
        {"modifiers": (concept(HCPCS, "RT"), concept(HCPCS, "ET"))},
        {"revenue": concept("https://www.nubc.org/CodeSystem/RevenueCodes", "0450")},
        {"revenue": concept("https://www.nubc.org/CodeSystem/RevenueCodes", "459")},
        {"revenue": concept("https://www.nubc.org/CodeSystem/RevenueCodes", "045X")},
    ],
)
def test_emergency_care_is_out(emergency: dict[str, Any]) -> None:
    assert dismissal(decide(request(line(1, "22513", **emergency)))) == "D02"


@pytest.mark.parametrize("code", ["63650", "22551", "22552"])
def test_codes_of_the_outpatient_program_are_out(code: str) -> None:
    decided = decide(request(line(1, code)))
    assert dismissal(decided) == "D02"
    assert "Hospital Outpatient Department" in told(decided)


@pytest.mark.parametrize("code", ["61867", "61868"])
def test_delayed_categories_are_out(code: str) -> None:
    decided = decide(request(line(1, code)))
    assert dismissal(decided) == "D02"
    assert "delayed" in told(decided)


@pytest.mark.parametrize("code", ["29880", "29881", "Q4101", "C1713"])
def test_an_associated_code_alone_is_out(code: str) -> None:
    """V23 and V35."""
    decided = decide(request(line(1, code)))
    assert dismissal(decided) == "D02"
    assert "associated" in told(decided)


@pytest.mark.parametrize("code", ["99213", "22585", "C5271", "62320", "62322"])
def test_a_code_of_no_list_is_out(code: str) -> None:
    assert dismissal(decide(request(line(1, code)))) == "D02"


def test_lines_of_no_list_do_not_hold_up_the_others() -> None:
    """S-02: D02 for the request only if no line is in scope."""
    decided = decide(request(line(1, "99213"), line(2, "22513"), line(3, "C1713"), line(4, "63650")))
    assert decided.state is State.IN_REVIEW
    assert outcomes(decided) == {1: "not-required", 2: "in-review", 3: "not-required", 4: "not-required"}
    assert decided.dismissal is None


def test_a_drug_line_does_not_hold_up_the_others() -> None:
    drug = line(2, "22513", service=concept("http://hl7.org/fhir/sid/ndc", "00074379902"))
    assert outcomes(decide(request(line(1, "62323"), drug))) == {1: "in-review", 2: "not-required"}


def test_a_line_uses_its_own_diagnoses() -> None:
    asked = request(line(1, "64568", diagnoses=(1,)), line(2, "64581", diagnoses=(2,)), diagnoses=["R32", "N39.42"])
    assert outcomes(decide(asked)) == {1: "not-required", 2: "in-review"}


def test_the_purpose_of_62323_is_asked_and_never_held_against_anybody() -> None:
    decided = decide(request(line(1, "62323"), diagnoses=["G89.4"]))
    assert decided.state is State.IN_REVIEW
    assert administrative(decided) == ("purpose of the injection",)


def test_outside_the_six_states_is_no_wiser_service() -> None:
    decided = decide(request(line(1, "22513"), state="CA"))
    assert dismissal(decided) == "D02"
    assert outcomes(decided) == {1: "not-required"}


def test_a_state_of_another_participant_is_the_wrong_address() -> None:
    """S-13, S-14: AAA 79 at 2000A; the words name who reviews there."""
    decided = decide(request(line(1, "22513"), state="OH"), states=frozenset({"TX"}))
    assert dismissal(decided) == "D01"
    assert errors(decided) == [("79", "C", "2000A")]
    assert outcomes(decided) == {1: "unanswered"}
    assert "Innovaccer" in told(decided)


def test_a_line_elsewhere_does_not_hold_up_the_others() -> None:
    asked = request(line(1, "22513", care_team=(2,)), line(2, "22513"))
    elsewhere = replace(asked.care_team[0], sequence=2, provider=facility("OH"), covers_whole_request=False)
    decided = decide(replace(asked, care_team=(*asked.care_team, elsewhere)), states=frozenset({"TX"}))
    assert outcomes(decided) == {1: "contact-payer", 2: "in-review"}
    assert "Innovaccer" in (decided.lines[0].reason or "")


@pytest.mark.parametrize("kind", ["12", "121", "129"])
def test_original_medicare_is_in(kind: str) -> None:
    asked = request(line(1, "22513"), insurance=(Insurance(1, coverage(kind), focal=True),))
    decided = decide(asked)
    assert decided.state is State.IN_REVIEW
    assert "kind of coverage" not in administrative(decided)


@pytest.mark.parametrize(
    "kind", ["11", "111", "112", "119", "123", "14", "141", "2", "21", "211", "32", "321", "33", "331"]
)
def test_other_payers_are_out(kind: str) -> None:
    decided = decide(request(line(1, "22513"), insurance=(Insurance(1, coverage(kind), focal=True),)))
    assert dismissal(decided) == "D03"
    assert errors(decided)[0][0] == "75"


def test_railroad_medicare_is_told_by_its_payer() -> None:
    """A Railroad beneficiary has a well-formed MBI and the same coverage type; only the payer tells."""
    decided = decide(request(line(1, "22513")), excluded_payers=frozenset({"http://example.org/payer|MEDICARE"}))
    assert dismissal(decided) == "D03"


@pytest.mark.parametrize(
    ("payers", "missing"), [(frozenset({"MEDICARE"}), False), (frozenset[str](), True), (frozenset({"OTHER"}), True)]
)
def test_without_a_type_of_coverage_the_payer_decides_and_silence_routes(payers: frozenset[str], missing: bool) -> None:
    asked = request(line(1, "22513"), insurance=(Insurance(1, coverage(None), focal=True),))
    decided = decide(asked, medicare_payers=payers)
    assert decided.state is State.IN_REVIEW
    assert ("kind of coverage" in administrative(decided)) is missing


def test_medicare_as_secondary_payer_is_in() -> None:
    """G6 9.2: a request may be sent where Medicare is secondary; the focal coverage is the one asked."""
    insurance = (Insurance(1, coverage("5")), Insurance(2, coverage("121"), focal=True))
    assert decide(request(line(1, "22513"), insurance=insurance)).state is State.IN_REVIEW


def test_one_row_closes_a_state_or_the_model() -> None:
    wiser = WISER[0]
    assert isinstance(wiser, CoveragePack)
    for closed, expected in (("TX", "D02"), ("OH", None), ("all", "D02")):
        row = Closure(state=closed, from_date=date(2026, 6, 1), source="a notice")
        assert dismissal(decide(request(line(1, "22513")), (replace(wiser, closures=(row,)),))) == expected
    later = Closure(state="all", from_date=date(2026, 6, 2), source="a notice")
    assert dismissal(decide(request(line(1, "22513")), (replace(wiser, closures=(later,)),))) is None


def test_a_request_before_the_model_takes_requests_is_out() -> None:
    asked = request(line(1, "22513", serviced="2026-01-20"))
    assert dismissal(decide(asked, now=datetime(2026, 1, 4, 23, 59, tzinfo=UTC))) == "D02"
    assert dismissal(decide(asked, now=datetime(2026, 1, 5, 0, 0, tzinfo=UTC))) is None


def test_a_delayed_category_stays_out_also_when_it_has_codes() -> None:
    wiser = WISER[0]
    assert isinstance(wiser, CoveragePack)
    delayed = msgspec.structs.replace(wiser.categories[0], status="delayed")
    pack = replace(wiser, categories=(delayed, *wiser.categories[1:]))
    decided = decide(request(line(1, "29877"), diagnoses=["M22.41"]), (pack,))
    assert dismissal(decided) == "D02"
    assert "delayed" in told(decided)


def test_a_coverage_type_that_is_named_goes_before_one_that_takes_it_in() -> None:
    wiser = WISER[0]
    assert isinstance(wiser, CoveragePack)
    broad = CoverageType(payer="other", label="all of 1", source="a test", under=("1",))
    for rows in ((broad, *wiser.coverage_types), (*wiser.coverage_types, broad)):
        pack = replace(wiser, coverage_types=rows)
        assert dismissal(decide(request(line(1, "22513")), (pack,))) is None


def test_a_code_row_that_has_ended_is_out_from_the_next_day_on() -> None:
    wiser = WISER[0]
    assert isinstance(wiser, CoveragePack)
    category, row = wiser.listed["29877"][0]
    ended = msgspec.structs.replace(row, effective_to=date(2026, 6, 14))
    shortened = msgspec.structs.replace(category, codes=(ended,))
    pack = replace(wiser, categories=(shortened, *wiser.categories[1:]))
    assert dismissal(decide(request(line(1, "29877", serviced="2026-06-14")), (pack,))) is None
    assert dismissal(decide(request(line(1, "29877", serviced="2026-06-15")), (pack,))) == "D02"


def test_silence_never_dismisses_for_what_the_guide_does_not_require() -> None:
    """No date of service, no type of coverage, no birth date, no payer settings, an empty registry: a person asks."""
    asked = request(
        line(1, "62323", serviced=None),
        diagnoses=["G89.4"],
        insurance=(Insurance(1, coverage(None), focal=True),),
    )
    asked = replace(asked, beneficiary=replace(asked.beneficiary, birth_date=None))
    decided = decide(asked)
    assert decided.state is State.IN_REVIEW
    assert set(administrative(decided)) == {
        "date of service",
        "kind of coverage",
        "date of birth",
        "purpose of the injection",
    }
    assert all(each.result != "not met" for each in decided.findings)


def test_findings_name_rule_source_and_what_was_found() -> None:
    decided = decide(request(line(1, "64581"), diagnoses=["N39.42"]))
    found = {each.rule: each for each in decided.findings}
    assert (found["sns-diagnosis"].result, found["sns-diagnosis"].found) == ("met", "N39.42")
    assert found["sns-diagnosis"].source.startswith("G6 Table A7")
    assert found["setting"].found == "place of service 22"
    assert found["state-of-service"].found == "TX"
    assert all(each.source for each in decided.findings)


def test_a_line_without_any_place_is_returned_and_not_dismissed_as_elsewhere() -> None:
    decided = decide(request(line(1, "22513"), care_team=at_facility(facility(None))))
    assert dismissal(decided) == "D05"
    assert ("47", "C", "2010EA-N402") in errors(decided)


def test_a_line_without_a_code_is_returned() -> None:
    decided = decide(request(line(1, "22513", service=Concept(text="kyphoplasty"))))
    assert dismissal(decided) == "D05"
    assert ("AG", "C", "2000F-SV1") in errors(decided)
