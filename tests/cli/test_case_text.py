"""A case in words: what other events and values look like than those of an example."""

from __future__ import annotations

from decimal import Decimal

from fhir_server.authorization.determination import Decider, Determination, Dismissal, LineDetermination, PolicyEdition
from fhir_server.authorization.parties import NPI, Organization, Practitioner, Provider
from fhir_server.authorization.request import AuthorizationRequest, ServiceLine
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept, Identifier, Period, PersonName, Quantity
from fhir_server.cli import case_text

SURGEON = Practitioner(identifiers=(Identifier(NPI, "1245319599"),), names=(PersonName("Cutter", ("Ann", "B.")),))


def test_who_decided_is_told_for_software_people_and_partners() -> None:
    clinician = Decider(kind="clinician", reviewer="Dr. R", licence="OH-1", specialty="208D00000X")

    assert case_text.decider_words(Decider()) == "our software"
    assert case_text.decider_words(clinician) == "a clinician of ours: Dr. R, OH-1, 208D00000X"
    assert case_text.decider_words(Decider("partner", interchange="000000905")) == "a partner (interchange 000000905)"


def test_a_provider_is_told_by_person_organization_and_npi() -> None:
    assert case_text.provider_words(Provider(Organization(name="Hospital"), SURGEON)) == (
        "Ann B. Cutter, Hospital (NPI 1245319599)"
    )
    assert case_text.provider_words(Provider()) == "unnamed"


def test_a_line_is_told_with_what_it_has() -> None:
    full = ServiceLine(
        1,
        Concept((Code("cpt", "29877"),)),
        modifiers=(Concept((Code("m", "RT"),)), Concept((Code("m", "59"),))),
        serviced=Period("2026-12-01", None),
        location=Concept((Code("pos", "24"),)),
        quantity=Quantity(Decimal("1.00"), code="UN"),
    )

    assert case_text.line_words(full) == "29877-RT-59, 1.00 UN, on 2026-12-01 to …, at place 24"
    assert case_text.line_words(ServiceLine(2)) == "no code"


def test_a_request_without_a_member_number_says_so() -> None:
    assert "member      no number" in list(case_text.request_lines(AuthorizationRequest()))


def test_a_request_in_one_sentence() -> None:
    request = AuthorizationRequest(
        requester=Provider(Organization(name="Clinic")), lines=(ServiceLine(1, Concept(text="a stay")),)
    )

    assert case_text.request_words(request) == "Clinic asks for a stay. Diagnoses: no diagnosis. With 0 records."


def test_what_a_line_or_the_dismissal_says_is_not_said_again() -> None:
    determination = Determination(
        State.DISMISSED,
        "2026-03-01T15:00:00.000Z",
        Decider(),
        PolicyEdition("wiser", "1", ("guide 6.0",)),
        lines=(LineDetermination(1, "not-required", "Not reviewed."),),
        dismissal=Dismissal("D02", "Out of scope.", "Bill normally."),
        explanations=("Out of scope. Bill normally.", "Not reviewed.", "Something else."),
        missing=("clinical records",),
    )

    lines = list(case_text.determination_lines(determination))

    assert [line for line in lines if line.startswith("because")] == ["because     Something else."]
    assert "missing     clinical records" in lines
    assert lines[-2:] == ["policy      wiser 1", "source      guide 6.0"]


def test_a_stored_time_is_told_to_the_second() -> None:
    assert case_text.moment("2026-03-01T15:00:09.999Z") == "2026-03-01 15:00:09 UTC"
