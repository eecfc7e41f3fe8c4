"""Where a field of the hub stands in FHIR."""

from __future__ import annotations

import dataclasses

import pytest

from fhir_server.authorization.request import AuthorizationRequest, ServiceLine
from fhir_server.pas.claim import CLAIM
from fhir_server.pas.paths import fhir_path
from fhir_server.policy.facts import FACTS


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.field)
def test_every_place_where_policy_looks_is_carried_by_a_mapping_table(fact: object) -> None:
    for place in fact.hub:  # type: ignore[attr-defined]
        assert fhir_path(place).startswith("Claim.")


@pytest.mark.parametrize(
    ("hub", "path"),
    [
        ("lines.location", "Claim.item.location[x]"),
        ("lines.serviced", "Claim.item.serviced[x]"),
        ("lines.serviced.start", "Claim.item.serviced[x].start"),
        ("lines.quantity.value", "Claim.item.quantity.value"),
        ("lines.certification_type", "Claim.item.extension:certificationType"),
        ("lines.cancelled", "Claim.item.modifierExtension:infoCancelled"),
        ("lines.order.code", "Claim.item.extension:requestedService → ServiceRequest.code"),
        ("transmission.application_sender", "Claim.extension:TransmissionIdentifiers.extension:applicationSenderCode"),
        ("beneficiary.birth_date", "Claim.patient → Patient.birthDate"),
        ("insurance.coverage.payor.identifiers", "Claim.insurance.coverage → Coverage.payor → Organization.identifier"),
        ("requester", "Claim.provider"),
        (
            "requester.practitioner.identifiers",
            "Claim.provider [→ PractitionerRole.practitioner] → Practitioner.identifier",
        ),
        (
            "care_team.provider.role.locations.address.state",
            "Claim.careTeam.provider → PractitionerRole.location → Location.address.state",
        ),
        (
            "encounter.locations.name",
            "Claim.extension:Claim.encounter → Encounter.location.location → Location.name",
        ),
    ],
)
def test_a_field_is_told_as_the_guide_names_its_element(hub: str, path: str) -> None:
    assert fhir_path(hub) == path


@pytest.mark.parametrize(
    "hub",
    [
        "line",
        "lines.place",
        "lines.location.state.x",
        "requester.person.names",
        "lines.sequence.value",
        "lines.order.coverage_information.contact_points",  # of PAS 2.0.1 alone
        "",
    ],
)
def test_a_field_that_no_table_carries_is_an_error(hub: str) -> None:
    with pytest.raises(LookupError, match="No row of a mapping table carries the field"):
        fhir_path(hub)


def test_every_field_of_a_line_and_every_row_of_a_claim_has_a_path() -> None:
    rows = {row.field for row in CLAIM.rows}
    not_mapped = {each.name for each in dataclasses.fields(AuthorizationRequest)} - rows

    assert not_mapped == {"purpose", "origin", "transaction", "documents"}  # of the envelope, and records as they are
    for name in rows:
        assert fhir_path(name).startswith("Claim.")
    for field in dataclasses.fields(ServiceLine):
        assert fhir_path(f"lines.{field.name}").startswith("Claim.item.")
