"""Who writes, and what codes are called: read off the packs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fhir_server.authorization.determination import Routing
from fhir_server.letters.office import LetterOffice, state_of
from fhir_server.letters.senders import ASSOCIATED, SANDBOX, UNNAMED, contractor_of, labels_of, sender_of
from tests.letters.contents import AFFIRMED, CASE, EXEMPTION, REQUEST, UTN
from tests.policy.requests import ALL_STATES, WISER, WITH_SANDBOX, line, request

AT = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)
OFFICE = LetterOffice(WISER, {"TX"})


@pytest.mark.parametrize(
    ("state", "served", "name"),
    [
        ("TX", ALL_STATES, "Cohere Health, Inc."),
        ("OH", ALL_STATES, "Innovaccer Inc."),
        ("TX", {"OH"}, "Innovaccer Inc."),  # sent to the wrong participant (D01), which is who answers
        (None, {"AZ"}, "Zyter Inc."),
        ("CA", {"NJ"}, "Genzeon Corporation"),
        (None, ALL_STATES, UNNAMED.name),
    ],
)
def test_whoever_reviews_is_the_sender(state: str | None, served: set[str], name: str) -> None:
    assert sender_of(WISER, "wiser", state, served).name == name


def test_a_script_is_answered_by_the_sandbox() -> None:
    assert sender_of(WITH_SANDBOX, "sandbox", "TX", {"TX"}) == SANDBOX


def test_the_contractor_is_that_of_the_state() -> None:
    contractor = contractor_of(WISER, "OH")

    assert contractor is not None
    assert contractor.jurisdiction == "J15"
    assert contractor_of(WISER, "CA") is None
    assert contractor_of(WISER, None) is None


def test_labels_are_ours() -> None:
    asked = request(line(1, "29877"), line(2, "Q4101"), line(3, "99999"), line(4, "Z9901"))

    labels = labels_of(WITH_SANDBOX, asked)

    assert labels["29877"].startswith("Knee arthroscopic debridement, osteoarthritis: ")
    assert labels["Q4101"] == ASSOCIATED
    assert labels["Z9901"] == "sandbox affirmed"
    assert "99999" not in labels


def test_the_state_is_that_of_the_review_else_of_the_lines() -> None:
    asked = request(line(1, "29877"), state="OK")
    routed = replace(AFFIRMED, routing=Routing(("c",), (), "standard", "AZ"))

    assert state_of(asked, routed) == "AZ"
    assert state_of(asked, AFFIRMED) == "OK"
    assert state_of(request(line(1, "29877"), state=None), AFFIRMED) is None


def test_an_office_writes_about_a_case_by_the_clocks_of_its_contractor() -> None:
    written = OFFICE.about_case(
        "affirmation",
        number=f"{CASE}-L1",
        at=AT,
        case=CASE,
        request=REQUEST,
        determination=AFFIRMED,
        tracking_number=(UTN, False),
    )

    assert written.subject == "Your prior authorization request is affirmed"
    assert written.sender == "Cohere Health, Inc."
    assert "Date: June 1, 2026" in written.text
    assert written.html.startswith("<!DOCTYPE html>")


def test_an_office_writes_about_an_exemption() -> None:
    written = OFFICE.about_exemption("exemption-granted", number="E1-L1", at=AT, matter=EXEMPTION, state="TX")

    assert written.sender == "Cohere Health, Inc."
    assert "Novitas" in written.text


def test_content_stays_out_of_representations() -> None:
    written = OFFICE.about_exemption("exemption-granted", number="E1-L1", at=AT, matter=EXEMPTION)

    assert "Navarro" not in repr(written)
