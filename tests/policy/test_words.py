"""What the requester is told: on which line, with which code, in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest

from fhir_server.authorization.codes import DISMISSALS
from fhir_server.authorization.determination import LineDetermination
from fhir_server.authorization.parties import NPI
from fhir_server.authorization.request import Insurance, SupportingInformation
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Identifier, Period
from fhir_server.policy.circumstances import OpenItem
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.registry import BeneficiaryRecord, Exemption, ProviderRecord
from tests.policy.requests import (
    CPT,
    FACILITY_NPI,
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
    found_by,
    line,
    outcomes,
    place,
    request,
    requester,
    service,
    told,
)

ONLY_NPI = (Identifier(NPI, FACILITY_NPI),)
wiser = cast("CoveragePack", WISER[0])


def only_line(asked: Any, **around: Any) -> LineDetermination:
    (found,) = decide(asked, **around).lines
    return found


def test_each_line_carries_its_own_dismissal_also_where_others_are_reviewed() -> None:
    asked = request(
        line(1, "99213"),
        line(2, "22513"),
        line(3, "C1713"),
        line(4, "C8011", serviced="2026-04-05"),
        line(5, "22554", cancelled=True),
        diagnoses=["G47.33"],
    )
    decided = decide(asked)
    assert decided.dismissal is None
    assert {each.sequence: each.dismissal for each in decided.lines} == {1: "D02", 2: None, 3: None, 4: "D09", 5: None}


def test_a_line_of_another_participant_carries_d01() -> None:
    asked = request(line(1, "22513", care_team=(2,)), line(2, "22513"))
    elsewhere = replace(asked.care_team[0], sequence=2, provider=facility("OH"), covers_whole_request=False)
    decided = decide(replace(asked, care_team=(*asked.care_team, elsewhere)), states=frozenset({"TX"}))
    assert [(each.outcome, each.dismissal) for each in decided.lines] == [("contact-payer", "D01"), ("in-review", None)]
    assert "Ohio (OH)" in (decided.lines[0].reason or "")


def test_each_error_carries_the_code_of_its_own_dismissal() -> None:
    """S-13: beside the X12 901 code, from our own code system."""
    asked = request(line(1, "22513"), diagnoses=(), insurance=(Insurance(1, coverage(member="X")),))
    decided = decide(asked)
    assert dismissal(decided) == "D04"
    assert [(each.code.value, each.code.code_in(DISMISSALS)) for each in decided.errors] == [
        ("72", "D04"),
        ("AF", "D05"),
    ]


@pytest.mark.parametrize(
    ("asked", "around"),
    [
        (request(line(1, "99213")), {}),
        (request(line(1, "22513"), state="CA"), {}),
        (request(line(1, "22513")), {"providers": {FACILITY_NPI: ProviderRecord(FACILITY_NPI, eligible=False)}}),
        (request(line(1, "22513"), diagnoses=()), {}),
        (request(line(1, "22513")), {"open_items": (OpenItem(FACILITY_NPI, "22513", "CASE-1"),)}),
        (request(line(1, "22513")), {}),
    ],
)
def test_nothing_is_told_twice(asked: Any, around: dict[str, Any]) -> None:
    """A line's reason is the whole text, found and mend; what is said about the request does not repeat it."""
    decided = decide(asked, **around)
    for each in decided.lines:
        assert all((each.reason or "") not in text and text not in (each.reason or "") for text in decided.explanations)
    if decided.dismissal and not decided.errors:
        assert decided.dismissal.reason in told(decided)
        assert decided.dismissal.mend in told(decided)


def test_a_date_before_the_start_of_a_code_tells_only_that() -> None:
    found = only_line(request(line(1, "C8011", serviced="2026-04-05", location=place("21")), diagnoses=["G47.33"]))
    assert found.dismissal == "D09"
    assert "2026-04-06" in (found.reason or "")
    assert "in force" not in (found.reason or "")
    assert "setting" not in (found.reason or "")


def test_an_associated_line_says_that_the_line_it_belongs_to_is_not_reviewed() -> None:
    decided = decide(request(line(1, "22513", location=place("21")), line(2, "C1713")))
    assert outcomes(decided) == {1: "not-required", 2: "not-required"}
    assert "associated service of line 1, and line 1 is not reviewed" in (decided.lines[1].reason or "")
    alone = only_line(request(line(1, "C1713")))
    assert "Send the code that it belongs to" in (alone.reason or "")


def test_an_associated_line_does_not_follow_a_line_whose_provider_is_exempt() -> None:
    exemption = Exemption(FACILITY_NPI, date(2026, 1, 1), categories=("vertebral-augmentation",))
    asked = request(line(1, "22513"), line(2, "C1762"), line(3, "22512"), diagnoses=["M80.08XA"])
    asked = replace(asked, lines=(asked.lines[0], replace(asked.lines[1], service=service("01941"))))
    decided = decide(asked, exemptions=(exemption,))
    assert dismissal(decided) == "D07"
    assert "line 1 is not reviewed" in (decided.lines[1].reason or "")


@pytest.mark.parametrize(
    "changes",
    [{"location": place("21")}, {"modifiers": (concept(HCPCS, "ET"),)}],
)
def test_a_line_that_is_out_for_another_reason_than_its_code_follows_nobody(changes: dict[str, Any]) -> None:
    """64568 with G47.33 follows a hypoglossal implant, but not an inpatient stay or an emergency."""
    decided = decide(request(line(1, "64568", **changes), line(2, "64582"), diagnoses=["G47.33"]))
    assert outcomes(decided) == {1: "not-required", 2: "in-review"}
    assert decided.lines[0].dismissal == "D02"
    assert "follows" not in (decided.lines[0].reason or "")


def test_a_line_given_elsewhere_follows_nobody() -> None:
    asked = request(line(1, "22513"), line(2, "C1713", care_team=(2,)))
    elsewhere = replace(asked.care_team[0], sequence=2, provider=facility("CA"), covers_whole_request=False)
    decided = decide(replace(asked, care_team=(*asked.care_team, elsewhere)))
    assert decided.lines[1].dismissal == "D02"
    assert "California (CA)" in (decided.lines[1].reason or "")


def test_a_code_of_another_system_is_told_as_such() -> None:
    found = only_line(request(line(1, "x", service=concept("http://hl7.org/fhir/sid/ndc", "00074379902"))))
    assert found.dismissal == "D02"
    assert "If it is a WISeR service, send a new request with its code" in (found.reason or "")


@pytest.mark.parametrize(("first", "last"), [("22500", "22530"), ("22512", "22515"), ("62320", "62327")])
def test_a_range_that_may_hold_a_wiser_service_goes_to_a_person(first: str, last: str) -> None:
    decided = decide(request(line(1, "22511"), line(2, first, service_end=concept(CPT, last))))
    assert outcomes(decided) == {1: "in-review", 2: "in-review"}
    assert administrative(decided) == ("which code of the range is asked for",)
    assert f"{first} to {last}" in (decided.lines[1].reason or "")


def test_a_range_without_one_is_out_and_named_whole() -> None:
    found = only_line(request(line(1, "99213", service_end=concept(CPT, "99215"))))
    assert found.dismissal == "D02"
    assert "99213 to 99215 is not on the list" in (found.reason or "")


def test_a_range_is_out_where_its_place_is() -> None:
    found = only_line(request(line(1, "22500", service_end=concept(CPT, "22530")), state="CA"))
    assert found.dismissal == "D02"


def test_a_plan_of_medicare_advantage_goes_before_every_other_coverage() -> None:
    insurance = (Insurance(1, coverage("121"), focal=True), Insurance(2, coverage("111")))
    decided = decide(request(line(1, "22513"), insurance=insurance))
    assert dismissal(decided) == "D03"
    assert "Medicare managed care" in told(decided)


@pytest.mark.parametrize("kind", ["5", "21", "123", "32", None])
def test_a_secondary_payer_dismisses_nothing_beside_medicare(kind: str | None) -> None:
    for focal in (True, False):
        insurance = (Insurance(1, coverage(kind, "ABC"), focal=focal), Insurance(2, coverage("121")))
        decided = decide(request(line(1, "22513"), insurance=insurance))
        assert (decided.state, administrative(decided)) == (State.IN_REVIEW, ())


def test_a_supplement_alone_is_asked_to_be_sent_with_medicare() -> None:
    decided = decide(request(line(1, "22513"), insurance=(Insurance(1, coverage("123")),)))
    assert dismissal(decided) == "D03"
    assert errors(decided) == [("75", "C", "2010C-NM109")]
    assert "Send a new request with the Medicare coverage" in told(decided)


def test_payers_are_named_properly() -> None:
    record = BeneficiaryRecord("1EG4TE5MK73", payer="railroad")
    assert "(Railroad Medicare, by the registry)" in told(decide(request(line(1, "22513")), beneficiary=record))
    excluded = told(decide(request(line(1, "22513")), excluded_payers=frozenset({"MEDICARE"})))
    assert "on its list of other payers, such as Railroad Medicare" in excluded


def test_a_type_of_coverage_that_does_not_decide_is_unclear_and_not_missing() -> None:
    decided = decide(request(line(1, "22513"), insurance=(Insurance(1, coverage("5")),)))
    assert administrative(decided) == ("whether the coverage is Original Medicare",)
    assert "date of service" not in told(decided).partition("Still missing")[2].partition("Not clear yet")[0]
    assert "Not clear yet: whether" in told(decided)


def test_a_period_that_begins_before_the_model_is_unclear_and_not_missing() -> None:
    period = Period("2026-01-10", "2026-01-20")
    decided = decide(request(line(1, "22513", serviced=period)), now=datetime(2026, 1, 6, tzinfo=UTC))
    assert administrative(decided) == (
        "the date of service (one date, or a period wholly inside the model and the dates of the code)",
    )
    assert "date of service" not in told(decided).partition("Still missing")[2].partition("Not clear yet")[0]


def test_before_the_model_takes_requests_the_day_is_told() -> None:
    found = only_line(request(line(1, "22513", serviced="2026-01-20")), now=datetime(2026, 1, 4, tzinfo=UTC))
    assert found.dismissal == "D02"
    assert found.reason == "Requests are taken from 2026-01-05 on. Send it from 2026-01-05 on."


def test_after_the_model_silence_about_the_date_dismisses_nothing() -> None:
    decided = decide(request(line(1, "22513", serviced=None)), now=datetime(2032, 1, 2, tzinfo=UTC))
    assert decided.state is State.IN_REVIEW
    assert "The model ended on 2031-12-31" in told(decided)
    dated = decide(request(line(1, "22513", serviced="2032-01-05")), now=datetime(2032, 1, 2, tzinfo=UTC))
    assert dismissal(dated) == "D02"


def test_silence_about_the_date_dismisses_no_code_that_has_ended() -> None:
    import msgspec

    category, row = wiser.listed["29877"][0]
    ended = msgspec.structs.replace(category, codes=(msgspec.structs.replace(row, effective_to=date(2026, 5, 31)),))
    pack = replace(wiser, categories=(ended, *wiser.categories[1:]))
    decided = decide(request(line(1, "29877", serviced=None)), (pack,))
    assert (decided.state, administrative(decided)) == (State.IN_REVIEW, ("date of service",))


@pytest.mark.parametrize("code", ["63650", "22551"])
def test_another_program_is_named_with_whom_to_ask(code: str) -> None:
    reason = only_line(request(line(1, code))).reason or ""
    assert "Hospital Outpatient Department (OPD) prior-authorization program" in reason
    assert "Medicare contractor (MAC)" in reason


def test_the_hint_to_hypoglossal_stimulation_is_given_once() -> None:
    reason = only_line(request(line(1, "64568"), diagnoses=["G47.33"])).reason or ""
    assert reason.count("64582") == 1


def test_a_date_before_the_receipt_is_noted_in_a_sentence() -> None:
    decided = decide(request(line(1, "22513", serviced="2026-05-31")))
    assert decided.state is State.IN_REVIEW
    assert found_by(decided, "before-the-service") == ("unknown", "2026-05-31")
    assert any("2026-05-31 is before the day of receipt" in text for text in decided.explanations)
    assert len(decide(request(line(1, "22513", serviced="2026-06-01"))).explanations) == 1


def test_an_expedited_request_without_a_reason_goes_on_as_a_standard_one_with_notice() -> None:
    asked = request(line(1, "22513"), level_of_service=concept("https://codesystem.x12.org/005010/1338", "U"))
    without = decide(asked)
    assert without.clock is not None
    assert (without.clock.expedited, without.clock.downgraded) == (False, True)
    assert any("goes on as a standard one" in text for text in without.explanations)
    reason = SupportingInformation(1, "message", text="Her breathing fails.")
    decided = decide(replace(asked, supporting_information=(reason,)))
    assert decided.clock is not None
    assert (decided.clock.expedited, decided.clock.downgraded) == (True, False)
    assert (administrative(decided), len(decided.explanations)) == ((), 1)


def test_expedited_by_its_priority_alone_is_warned_about() -> None:
    asked = request(line(1, "22513"), priority=concept("http://terminology.hl7.org/CodeSystem/processpriority", "stat"))
    assert any("X12 278 cannot carry" in text for text in decide(asked).explanations)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (request(line(1, "22513"), requester=requester(identifiers=())), "The NPI of the requester is missing."),
        (
            request(line(1, "22513"), care_team=at_facility(facility("TX", identifiers=()))),
            "The NPI of the facility is missing.",
        ),
        (request(line(1, "22513"), diagnoses=["back pain"]), "The diagnosis is not an ICD-10-CM code."),
        (request(line(1, "22513", location=None)), "The place of service or type of bill is missing."),
        (
            request(line(1, "22513", location=concept("http://example.org", "22"))),
            "is not a CMS place of service or NUBC type of bill.",
        ),
        (request(line(1, "22513", location=place("21"))), "ambulatory surgery center, office or home"),
        (
            request(line(1, "22513"), care_team=at_facility(facility("TX", identifiers=ONLY_NPI))),
            "For place of service 22 (hospital outpatient on campus) the CMS certification number (CCN)",
        ),
        (request(line(1, "15271"), diagnoses=["E11.621"], state="AZ"), "are not reviewed in Arizona (AZ)"),
    ],
)
def test_words(asked: Any, words: str) -> None:
    assert words in told(decide(asked))


def test_every_row_names_a_source_of_the_pack_or_says_that_it_is_ours() -> None:
    known = tuple(each.id for each in wiser.sources)
    ours = ("design decision", "rule V", "rules V", "S-")
    causes = [cause for row in wiser.dismissals for cause in row.causes]
    rows: list[Any] = [*wiser.states, *wiser.sites, *wiser.coverage_types, *wiser.emergency, *wiser.other_programs]
    rows += [*wiser.diagnosis_lists, *wiser.dismissals, *causes, *wiser.questions, *wiser.categories]
    for category in wiser.categories:
        rows += [*category.codes, *category.scope_rules, *category.associated, *category.policies, *category.notes]
    for row in rows:
        assert row.source.startswith((*known, *ours)), row


def test_what_the_guide_does_not_say_is_marked_as_ours() -> None:
    sources = {rule.id: rule.source for category in wiser.categories for rule in category.scope_rules}
    assert all(
        "design decision" in sources[name] for name in ("vns-initial-implant", "sns-no-replacement", "esi-purpose")
    )
    causes = {cause.id: cause.source for row in wiser.dismissals for cause in row.causes}
    assert causes["birth-date-differs"].startswith("design decision")
