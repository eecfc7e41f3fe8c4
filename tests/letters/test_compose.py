"""What each letter has to hold (guide 4.1, 4.2.2, 4.3, 4.4, 5; the table of letters)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fhir_server.authorization.determination import Dismissal, LineDetermination
from fhir_server.authorization.events import LetterKind
from fhir_server.authorization.response import AddedLine
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept, Quantity
from fhir_server.letters.compose import SANDBOX_NOTICE, LetterIncomplete, compose_letter
from fhir_server.letters.content import CaseMatter, ExemptionMatter, GivenNumber
from fhir_server.letters.fields import DECIDED_BY
from fhir_server.letters.letter import Table
from fhir_server.letters.render import as_text
from tests.letters.contents import (
    AFFIRMED,
    CASE,
    CLINICIAN,
    DISMISSED,
    EXEMPTION,
    IN_REVIEW,
    KINDS,
    NON_AFFIRMED,
    PARTIAL,
    RECLASSIFIED,
    REVIEW_REASONS,
    UTN,
    content,
    decision,
    matter,
)

OF_CASES = [kind for kind in KINDS if not kind.startswith("exemption")]
DECISIONS = ["affirmation", "non-affirmation", "partial"]


def told(kind: LetterKind, about: CaseMatter | ExemptionMatter | None = None, **changes: Any) -> str:
    """Return the words of a letter on one line."""
    letter = compose_letter(kind, content(kind if about is None else about, **changes))
    return " ".join(as_text(letter).split())


def services(kind: LetterKind, about: CaseMatter) -> Table:
    letter = compose_letter(kind, content(about))
    tables = (block for section in letter.sections for block in section.blocks if isinstance(block, Table))
    return next(table for table in tables if table.columns[0] == "Line")


@pytest.mark.parametrize("kind", KINDS)
class TestEveryLetter:
    def test_is_dated_numbered_and_addressed(self, kind: LetterKind) -> None:
        letter = compose_letter(kind, content(kind))

        assert [(each.label, each.value) for each in letter.particulars][:2] == [
            ("Date", "June 2, 2026"),
            ("Letter number", f"{CASE}-L2"),
        ]
        assert letter.sender.lines == ("Cohere Health, Inc.",)
        assert letter.recipient.lines == (
            "Ines M. Navarro MD",
            "Hill Country Spine Practice",
            "NPI 1999999901",
            "100 Congress Ave",
            "Suite 4",
            "Austin, TX 78701",
            "Fax 512-555-0101",
        )

    def test_says_whom_to_ask(self, kind: LetterKind) -> None:
        words = told(kind)

        assert "ask Cohere Health, Inc.: telephone 855-430-6299, fax 404-835-8325" in words
        assert "ask the Medicare contractor Novitas Solutions, Inc., telephone 855-340-5975." in words

    def test_of_a_sandbox_says_so_above_and_below_all_else(self, kind: LetterKind) -> None:
        words = told(kind, sandbox=True)

        assert words.startswith(SANDBOX_NOTICE)
        assert words.endswith(SANDBOX_NOTICE)
        assert "SANDBOX" not in told(kind)

    def test_is_the_same_for_the_same_content(self, kind: LetterKind) -> None:
        assert compose_letter(kind, content(kind)) == compose_letter(kind, content(kind))


@pytest.mark.parametrize("kind", OF_CASES)
def test_a_letter_about_a_case_names_it_and_the_beneficiary(kind: LetterKind) -> None:
    words = told(kind)

    assert f"Case number: {CASE} " in words
    assert "Your request number: PA-2026-0412 " in words
    assert "Beneficiary: Ottoline Quistgaard " in words
    assert "Medicare number: ending in MK73 " in words
    assert "1EG4" not in words
    assert "1948" not in words


@pytest.mark.parametrize("kind", OF_CASES)
def test_each_line_is_told_by_its_code_and_our_label(kind: LetterKind) -> None:
    words = told(kind)

    assert "64483-RT Service: Epidural steroid injection: transforaminal injection, lumbar or sacral" in words
    assert "64484-RT Service: Epidural steroid injection: transforaminal, lumbar or sacral, further level" in words


@pytest.mark.parametrize("kind", KINDS)
def test_the_beneficiary_gets_a_copy_of_decisions_alone(kind: LetterKind) -> None:
    copies = compose_letter(kind, content(kind)).copies

    assert [each.role for each in copies] == (["Copy to the beneficiary"] if kind in DECISIONS else [])
    assert all(each.lines == ("Ottoline Quistgaard", "12 Mesquite Ln", "Round Rock, TX 78664") for each in copies)


class TestAffirmation:
    def test_tells_validity_units_and_the_number(self) -> None:
        words = told("affirmation")

        assert "provisionally affirmed" in words
        assert "from June 1, 2026 to September 28, 2026, both days included" in words
        assert "no more units than were affirmed" in words
        assert f"The unique tracking number (UTN) of this decision is {UTN}." in words
        assert [row[-2:] for row in services("affirmation", matter()).rows] == [("Affirmed", "1"), ("Affirmed", "2")]

    def test_tells_how_to_bill_and_promises_nothing(self) -> None:
        words = told("affirmation")

        assert "837P (professional) Place: loop 2300, REF segment with qualifier G1" in words
        assert "CMS-1500 (paper) Place: item 23" in words
        assert "837I (institutional) Place: loop 2300, REF segment with qualifier G1" in words
        assert "An institutional claim carries one tracking number only." in words
        assert "Associated services" in words
        assert "not a guarantee of payment" in words

    def test_without_a_number_it_follows(self) -> None:
        words = told("affirmation", matter(tracking_number=None))

        assert "The tracking number (UTN) follows" in words
        assert "do not send the request again" in words
        assert "Hold the claim" not in words

    def test_of_an_expedited_request_the_claim_waits_for_the_number(self) -> None:
        clock = AFFIRMED.clock and replace(AFFIRMED.clock, expedited=True)

        assert "Hold the claim" in told("affirmation", matter(replace(AFFIRMED, clock=clock), tracking_number=None))

    def test_a_simulated_number_says_so_wherever_it_stands(self) -> None:
        words = told("affirmation", matter(tracking_number=GivenNumber("SIM00000000001", simulated=True)))

        assert words.count("SIM00000000001") == words.count("SIM00000000001 (simulated)") == 2
        assert "it must not stand on a claim" in words
        assert "Put the tracking number on every later claim" not in words

    def test_the_second_letter_names_the_first(self) -> None:
        assert f"repeats our letter {CASE}-L1," in told("affirmation", matter(earlier_letter=f"{CASE}-L1"))

    def test_cannot_be_without_its_validity(self) -> None:
        with pytest.raises(LetterIncomplete, match="valid_from, valid_to"):
            told("affirmation", matter(replace(AFFIRMED, valid=None)))

    def test_says_who_decided(self) -> None:
        assert DECIDED_BY["own", "software"] in told("affirmation")
        assert DECIDED_BY["own", "clinician"] in told("affirmation", matter(replace(AFFIRMED, decider=CLINICIAN)))


class TestNonAffirmation:
    def test_tells_each_item_with_what_was_found_and_why(self) -> None:
        words = told("non-affirmation")

        assert "Does not meet the rule (lines 1 and 2): at least 4 weeks of pain (ES4). Found: 3 weeks." in words
        assert "Rationale: The note of May 20 says that the pain began three weeks before." in words
        assert "Missing (lines 1 and 2): imaging report (ES6)." in words
        assert "These are all the items that were found." in words

    def test_tells_how_to_send_it_again(self) -> None:
        words = told("non-affirmation")

        assert "as often as needed, until a claim for the services has been submitted and denied" in words
        assert "a whole new request with all documents again" in words
        assert f"give the tracking number of this decision: {UTN}." in words
        assert "first name, last name and date of birth exactly as" in words
        assert "peer-to-peer" in words

    def test_tells_about_appeals(self) -> None:
        words = told("non-affirmation")

        assert "not an initial determination, and it cannot be appealed" in words
        assert "the denial of the claim can be appealed" in words

    def test_before_its_number_asks_for_it_later(self) -> None:
        words = told("non-affirmation", matter(NON_AFFIRMED, tracking_number=None))

        assert "give the tracking number of this decision when it has come." in words

    def test_is_signed_by_a_clinician_and_never_by_software(self) -> None:
        words = told("non-affirmation")

        assert DECIDED_BY["own", "clinician"] in words
        assert "oftware" not in words

    def test_names_no_validity_and_no_way_to_be_paid(self) -> None:
        words = told("non-affirmation")

        assert "How long the affirmation holds" not in words
        assert "How to bill" not in words

    def test_tells_review_reason_codes_with_the_loaded_statements(self) -> None:
        reasons = (Concept((Code(REVIEW_REASONS, "GBC01"),)), Concept((Code(REVIEW_REASONS, "0F"),)))
        lines = tuple(replace(each, reason_codes=reasons) for each in NON_AFFIRMED.lines)
        about = matter(replace(NON_AFFIRMED, lines=lines), statements={"GBC01": "A statement that was loaded."})

        words = told("non-affirmation", about)

        assert "Review reason code GBC01: A statement that was loaded." in words
        assert "Review reason code 0F" in words

    def test_cannot_be_without_a_reason_for_each_line(self) -> None:
        lines = (replace(NON_AFFIRMED.lines[0], reason=None), replace(NON_AFFIRMED.lines[1], reason=None))
        bare = replace(NON_AFFIRMED, lines=lines, criteria=())

        with pytest.raises(LetterIncomplete, match="why"):
            told("non-affirmation", matter(bare))

    def test_a_reason_of_the_line_is_enough(self) -> None:
        words = told("non-affirmation", matter(replace(NON_AFFIRMED, criteria=())))

        assert "Lines 1 and 2 (64483-RT, 64484-RT): The pain lasted less than 4 weeks." in words
        assert "What is missing" not in words


class TestPartial:
    def test_tells_both_line_by_line(self) -> None:
        words = told("partial")

        assert [row[-2:] for row in services("partial", matter(PARTIAL)).rows] == [
            ("Affirmed", "1"),
            ("Not affirmed", "none"),
        ]
        assert "Line 1 (64483-RT): All criteria are met." in words
        assert "Line 2 (64484-RT): A second level is not supported by the records." in words
        assert "from June 1, 2026 to September 28, 2026" in words
        assert "Missing (line 2): imaging report (ES6)." in words
        assert "cannot be appealed" in words
        assert "How to bill" in words
        assert "not a guarantee of payment" in words

    def test_a_reduced_line_tells_what_is_affirmed_in_its_place(self) -> None:
        reduced = LineDetermination(
            2, "modified", "One level is supported.", added=(AddedLine(2, quantity=Quantity(1)),)
        )
        about = matter(decision(State.PARTIAL, ("affirmed", "Met."), decider=CLINICIAN))
        about = replace(about, determination=replace(about.determination, lines=(*about.determination.lines, reduced)))

        assert services("partial", about).rows[1][-3:] == ("2", "Affirmed in part", "1")


class TestDismissal:
    def test_tells_code_reason_and_mend(self) -> None:
        words = told("dismissal")

        assert "Reason D05: The number (CCN) of the facility is missing." in words
        assert "What you can do: Send a new request with the CCN of the facility." in words
        assert words.count("The number (CCN) of the facility is missing.") == 1

    def test_is_administrative(self) -> None:
        words = told("dismissal")

        assert "A dismissal is administrative." in words
        assert "nothing was decided about the medical necessity" in words
        assert "ppeal" not in words

    def test_of_an_initial_request_asks_for_an_initial_one_with_all_documents(self) -> None:
        words = told("dismissal")

        assert "with all documents again" in words
        assert "Mark it as an initial request again" in words

    def test_of_a_resubmission_asks_for_a_resubmission(self) -> None:
        words = told("dismissal", matter(DISMISSED, tracking_number=None, resubmission=True))

        assert "Mark it as a resubmission again" in words
        assert "initial request again" not in words

    def test_by_a_script_tells_its_explanations(self) -> None:
        scripted = replace(DISMISSED, dismissal=None, explanations=("Sandbox: not processed.",))

        words = told("dismissal", matter(scripted, tracking_number=None))

        assert "- Sandbox: not processed." in words
        assert "Reason" not in words

    @pytest.mark.parametrize(("second", "times"), [("Not a WISeR service.", 1), ("It follows line 1.", 2)])
    def test_told_on_the_lines_repeats_its_reason_only_to_tell_which_line(self, second: str, times: int) -> None:
        on_lines = decision(
            State.DISMISSED,
            ("not-required", "Not a WISeR service."),
            ("not-required", second),
            dismissal=Dismissal("D02", "Not a WISeR service.", "Bill normally."),
        )

        words = told("dismissal", matter(on_lines, tracking_number=None))

        assert words.count("Not a WISeR service.") == times
        assert ("Line 2 (64484-RT): It follows line 1." in words) is (times == 2)
        assert "No authorization needed" in words


class TestExpeditedToStandard:
    def test_tells_the_reason_and_the_new_time_limit(self) -> None:
        words = told("expedited-to-standard")

        assert "It is not granted: The records do not show that waiting" in words
        assert "due on June 2, 2026, 3:15 p.m. CDT, and at the latest by the end of June 2, 2026." in words
        assert "nothing was decided about the services" in words

    def test_cannot_be_without_the_reclassification(self) -> None:
        with pytest.raises(LetterIncomplete, match="reclassification_reason, due, latest"):
            told("expedited-to-standard", matter(IN_REVIEW, tracking_number=None))

    def test_times_are_those_of_the_contractor(self) -> None:
        clock = IN_REVIEW.clock and replace(IN_REVIEW.clock, time_zone="America/Phoenix")
        about = matter(replace(IN_REVIEW, clock=clock), tracking_number=None, reclassified=RECLASSIFIED)

        assert "1:15 p.m. MST" in told("expedited-to-standard", about)


class TestExemption:
    def test_granted_tells_effect_term_and_re_evaluation(self) -> None:
        words = told("exemption-granted")

        assert "From January 1, 2027 on, the provider with NPI 1999999901 is exempt" in words
        assert "all WISeR services, in Texas" in words
        assert "24 requests that were decided, and 23 of them were affirmed" in words
        assert "until December 31, 2027" in words
        assert "records of at most 10 claims" in words
        assert "at least 60 days before the next quarter" in words
        assert "dismissed (reason D07)" in words

    def test_an_open_end_is_told_as_one(self) -> None:
        words = told("exemption-granted", replace(EXEMPTION, effective_to=None))

        assert "Its last day is not set yet" in words

    def test_the_rate_is_told_where_one_is_set_and_never_invented(self) -> None:
        assert "percent" not in told("exemption-granted")
        assert "at least 90 percent were affirmed" in told("exemption-granted", replace(EXEMPTION, least_percent=90))

    def test_for_some_categories_and_states_names_them(self) -> None:
        some = replace(EXEMPTION, categories=("Skin substitutes", "Cervical fusion"), states=("Ohio", "Texas"))

        assert "for Skin substitutes and Cervical fusion, in Ohio and Texas." in told("exemption-granted", some)

    def test_removed_tells_when_why_and_how_to_earn_it_back(self) -> None:
        words = told("exemption-removed")

        assert "From January 1, 2027 on, the provider with NPI 1999999901 is no longer exempt" in words
        assert "Too few claims met the rules." in words
        assert "at least 60 days before" in words
        assert "How to earn the exemption back" in words
        assert "Send at least 10 requests across all WISeR services" in words

    def test_a_notice_that_comes_too_late_is_not_written(self) -> None:
        late = replace(EXEMPTION, effective_from=date(2026, 7, 31))

        with pytest.raises(LetterIncomplete, match="in_time"):
            told("exemption-removed", late)
        assert told("exemption-removed", replace(late, effective_from=date(2026, 8, 1)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_is_not_made_from_another_matter(kind: LetterKind) -> None:
    other = matter() if kind.startswith("exemption") else EXEMPTION

    with pytest.raises(LetterIncomplete, match=kind):
        compose_letter(kind, content(other))
