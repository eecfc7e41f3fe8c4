"""The sandbox pack: outcomes by service code, for any payer, the same every time (docs/sandbox.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fhir_server.authorization.parties import NPI
from fhir_server.authorization.request import AuthorizationRequest, Insurance
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Concept, Period, Quantity
from fhir_server.policy.forms import is_npi
from fhir_server.policy.pack import builtin_pack, load_packs
from fhir_server.policy.scripted import ScriptedPack
from tests.policy.requests import (
    CASE,
    HCPCS,
    NOW,
    WITH_SANDBOX,
    concept,
    coverage,
    decide,
    errors,
    line,
    outcomes,
    request,
)

SERVICE_TYPE = "https://codesystem.x12.org/005010/1365"
SANDBOX = WITH_SANDBOX[0]


def bare(*services: Concept, quantity: Quantity | None = None) -> AuthorizationRequest:
    """A request that no coverage policy would take: no state, no diagnosis, another payer, no requester."""
    lines = tuple(line(n, "x", service=each, quantity=quantity) for n, each in enumerate(services, start=1))
    return AuthorizationRequest(insurance=(Insurance(1, coverage("5", None)),), lines=lines)


@pytest.mark.parametrize(
    ("code", "outcome", "state"),
    [
        ("Z9901", "affirmed", State.AFFIRMED),
        ("Z9902", "affirmed", State.AFFIRMED),
        ("Z9903", "non-affirmed", State.NON_AFFIRMED),
        ("Z9904", "in-review", State.IN_REVIEW),
        ("Z9905", "in-review", State.IN_REVIEW),
        ("Z9906", "modified", State.PARTIAL),
        ("Z9909", "unanswered", State.DISMISSED),
    ],
)
def test_each_code_has_its_outcome(code: str, outcome: str, state: State) -> None:
    decided = decide(bare(concept(HCPCS, code)), WITH_SANDBOX)
    assert (outcomes(decided), decided.state) == ({1: outcome}, state)
    assert decided.policy.pack == "sandbox"
    assert decided.lines[0].reason
    assert decided.lines[0].reason not in decided.explanations


@pytest.mark.parametrize(
    ("services", "outcome"),
    [
        ([concept(SERVICE_TYPE, "3")], "affirmed"),  # Referral
        ([concept(HCPCS, "G0154"), concept(HCPCS, "B4184")], "in-review"),  # Homecare
        ([concept(HCPCS, "99212")], "affirmed"),  # Medical Services
        ([concept("http://www.ama-assn.org/go/cpt", "99212")], "affirmed"),
        ([concept(HCPCS, "33510")], "non-affirmed"),  # Surgical
    ],
)
def test_the_example_requests_of_the_guide(services: list[Concept], outcome: str) -> None:
    decided = decide(bare(*services), WITH_SANDBOX)
    assert set(outcomes(decided).values()) == {outcome}


def test_the_official_example_bundles_use_these_codes(shared: Path) -> None:
    """Every service code of the first requests among the official examples has a script."""
    import json
    import tarfile

    assert isinstance(SANDBOX, ScriptedPack)
    for package in ("2.0.1", "2.2.1"):
        with tarfile.open(shared / "packages" / f"hl7.fhir.us.davinci-pas-{package}.tgz") as archive:
            for member in archive:
                if "AuthorizationBundleExample" in member.name or "SurgicalRequestBundle" in member.name:
                    content = archive.extractfile(member)
                    assert content
                    claim = json.load(content)["entry"][0]["resource"]
                    if claim["resourceType"] == "Claim":
                        for item in claim["item"]:
                            coding = item["productOrService"]["coding"][0]
                            assert (coding["system"], coding["code"]) in SANDBOX.by_code, member.name


def test_what_is_affirmed_has_a_number_and_120_days() -> None:
    decided = decide(bare(concept(HCPCS, "Z9901")), WITH_SANDBOX, now=datetime(2026, 1, 5, 12, tzinfo=UTC))
    assert decided.authorization_number == f"AUTH-{CASE}"
    assert decided.valid == Period("2026-01-05", "2026-05-04")
    assert decided.decider.kind == "software"


def test_a_denial_is_signed_by_a_simulated_reviewer() -> None:
    decided = decide(bare(concept(HCPCS, "Z9903")), WITH_SANDBOX)
    assert decided.decider.kind == "simulated"
    assert "Simulated" in (decided.decider.reviewer or "")
    assert "SIMULATED" in (decided.decider.licence or "")
    assert decided.decider.npi
    assert decided.decider.npi.system == NPI
    assert is_npi(decided.decider.npi.value or "")
    assert decided.authorization_number is None
    assert decided.lines[0].reason_codes[0].value == "0F"


@pytest.mark.parametrize(("asked", "granted"), [(Decimal("8"), 4), (7, 3), (1, 1), (None, 1)])
def test_a_modified_line_comes_with_a_smaller_one_of_the_same_number(asked: Decimal | int | None, granted: int) -> None:
    decided = decide(bare(concept(HCPCS, "Z9906"), quantity=Quantity(asked, "visits")), WITH_SANDBOX)
    (added,) = decided.lines[0].added
    assert added.sequence == 1
    assert added.service == concept(HCPCS, "Z9906")
    assert added.quantity == Quantity(granted, "visits")
    assert added.actions[0].action == concept("https://codesystem.x12.org/005010/306", "A1")
    assert added.actions[0].number == decided.authorization_number
    assert added.authorization_period == decided.valid
    assert decided.decider.kind == "simulated"


def test_partial_has_lines_and_errors() -> None:
    decided = decide(bare(concept(HCPCS, "Z9902")), WITH_SANDBOX)
    assert outcomes(decided) == {1: "affirmed"}
    assert errors(decided) == [("33", "C", "2000E")]
    assert decided.errors[0].note == 1


def test_error_repeats_the_error_example_of_the_guide() -> None:
    decided = decide(bare(concept(HCPCS, "Z9901"), concept(HCPCS, "Z9909")), WITH_SANDBOX)
    assert errors(decided) == [("04", None, None), ("T4", "C", "2010A-NM103")]
    assert [each.note for each in decided.errors] == [1, 2]
    assert len(decided.explanations) == 2
    assert set(outcomes(decided).values()) == {"unanswered"}
    assert decided.authorization_number is None


def test_a_pend_may_ask_for_a_document() -> None:
    decided = decide(bare(concept(HCPCS, "Z9904"), concept(HCPCS, "Z9905")), WITH_SANDBOX)
    (asked,) = decided.information_requests
    assert (asked.line, asked.code) == (2, "18776-5")
    assert decided.missing == ("plan of care",)


def test_an_error_asks_for_no_document() -> None:
    decided = decide(bare(concept(HCPCS, "Z9905"), concept(HCPCS, "Z9909")), WITH_SANDBOX)
    assert decided.information_requests == ()
    assert decided.missing == ()


def test_lines_of_other_codes_need_no_authorization() -> None:
    """Also a code that a coverage policy reviews: the request belongs to the sandbox."""
    decided = decide(bare(concept(HCPCS, "Z9901"), concept(HCPCS, "22513")), WITH_SANDBOX)
    assert outcomes(decided) == {1: "affirmed", 2: "not-required"}
    assert decided.state is State.AFFIRMED


def test_affirmed_and_denied_lines_make_a_partial_one() -> None:
    decided = decide(bare(concept(HCPCS, "Z9901"), concept(HCPCS, "Z9903")), WITH_SANDBOX)
    assert decided.state is State.PARTIAL
    assert decided.decider.kind == "simulated"


def test_a_request_without_its_codes_goes_on_to_the_coverage_policy() -> None:
    decided = decide(request(line(1, "22513")), WITH_SANDBOX)
    assert (decided.policy.pack, decided.state) == ("wiser", State.IN_REVIEW)


def test_without_the_pack_its_codes_mean_nothing() -> None:
    decided = decide(request(line(1, "Z9901")), load_packs([builtin_pack("wiser")]))
    assert decided.state is State.DISMISSED


def test_a_withdrawn_line_is_told_as_such() -> None:
    asked = request(line(1, "Z9901"), line(2, "Z9903", cancelled=True))
    decided = decide(asked, WITH_SANDBOX)
    assert outcomes(decided) == {1: "affirmed", 2: "cancelled"}
    assert decided.state is State.AFFIRMED


def test_same_inputs_same_bytes() -> None:
    asked = bare(*(concept(HCPCS, code) for code in ("Z9901", "Z9903", "Z9905", "Z9906")))
    first, second = (msgspec.json.encode(decide(asked, WITH_SANDBOX, now=NOW)) for _ in range(2))
    assert first == second


def test_the_page_about_the_sandbox_names_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")
    assert isinstance(SANDBOX, ScriptedPack)
    for service in SANDBOX.services:
        assert f"`{service.code}`" in page
        assert service.script in page
