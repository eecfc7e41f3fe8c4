"""Whether a request can be worked on at all: the payer, the beneficiary, the provider, duplicates.

Each check is administrative; what nobody said or knows is unknown, and dismisses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.policy import causes
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.facts import RequestFacts
from fhir_server.policy.findings import Held
from fhir_server.policy.registry import BeneficiaryRecord, Exemption
from fhir_server.policy.scope import ScopedLine

ORIGINAL_MEDICARE = "original-medicare"


def payer(pack: CoveragePack, facts: RequestFacts, circumstances: Circumstances) -> Held:
    """The coverage is Original Medicare, by the payer's identifier, else the registry, else the type of coverage."""
    if circumstances.excluded_payers.intersection(facts.payer_identifiers):
        return Held(causes.PAYER, "not met", "a payer that is set as excluded")
    record = circumstances.beneficiary
    if record and record.payer:
        return _by_payer(record.payer, record.payer, "by the registry")
    row = pack.payer_of(facts.coverage_type) if facts.coverage_type else None
    if row:
        return _by_payer(row.payer, row.label, f"coverage type {facts.coverage_type}")
    if facts.has_medicare_number and circumstances.medicare_payers.intersection(facts.payer_identifiers):
        return Held(causes.PAYER, "met", "a payer that is set as Original Medicare")
    return Held(causes.PAYER, "unknown", "no type of coverage that tells")


def _by_payer(kind: str, label: str, basis: str) -> Held:
    return Held(causes.PAYER, "met" if kind == ORIGINAL_MEDICARE else "not met", f"{label}, {basis}")


def beneficiary(facts: RequestFacts, circumstances: Circumstances) -> Iterator[Held]:
    """The Medicare number and the name are there and well formed, and agree with the registry where it knows them."""
    if facts.member_id is None:
        yield Held(causes.MEMBER_NUMBER_MISSING, "not met")
    elif not facts.has_medicare_number:
        yield Held(causes.MEMBER_NUMBER_FORM, "not met", "another form")
    else:
        yield Held(causes.MEMBER_NUMBER_FORM, "met", "well formed")
    if facts.name is None:
        yield Held(causes.NAME_MISSING, "not met")
    if circumstances.beneficiary:
        yield from _against_registry(facts, circumstances.beneficiary)
    elif facts.birth_date is None:
        yield Held(causes.BIRTH_DATE_DIFFERS, "unknown")


def _against_registry(facts: RequestFacts, record: BeneficiaryRecord) -> Iterator[Held]:
    if record.status == "not-found":
        yield Held(causes.BENEFICIARY_NOT_FOUND, "not met", "not found by the registry")
        return
    if record.status == "deceased":
        yield Held(causes.BENEFICIARY_DECEASED, "not met", "deceased by the registry")
    if facts.name and record.family_name:
        family, given = record.family_name.upper(), (record.given_name or facts.name[1]).upper()
        same = facts.name == (family, given)
        yield Held(causes.NAME_DIFFERS, "met" if same else "not met", "compared with the registry")
    if facts.birth_date is None or record.birth_date is None:
        yield Held(causes.BIRTH_DATE_DIFFERS, "unknown")
    else:
        same = facts.birth_date[:10] == record.birth_date.isoformat()
        yield Held(causes.BIRTH_DATE_DIFFERS, "met" if same else "not met", "compared with the registry")


def provider_eligible(facts: RequestFacts, circumstances: Circumstances, line: ScopedLine) -> Held:
    """The provider of the line, the facility or else the requester, is eligible as far as the registry knows."""
    npi, sequence = line.facts.facility_npi or facts.requester_npi, line.facts.sequence
    record = circumstances.providers.get(npi or "")
    if record is None:
        return Held(causes.PROVIDER_NOT_ELIGIBLE, "unknown", "the registry has no record", sequence)
    return Held(causes.PROVIDER_NOT_ELIGIBLE, "met" if record.eligible else "not met", "by the registry", sequence)


def provider_not_exempt(facts: RequestFacts, circumstances: Circumstances, line: ScopedLine) -> Held:
    """No exemption of the provider covers the line's category and state on all its days of service."""
    npi, sequence = line.facts.facility_npi or facts.requester_npi, line.facts.sequence
    for exemption in circumstances.exemptions:
        if exemption.npi == npi and _covers(exemption, line):
            found = f"from {exemption.effective_from.isoformat()}"
            return Held(causes.PROVIDER_EXEMPT, "not met", found, sequence)
    return Held(causes.PROVIDER_EXEMPT, "met", "no exemption known", sequence)


def _covers(exemption: Exemption, line: ScopedLine) -> bool:
    """Return whether the exemption surely holds; one that may end before the service does not."""
    category = line.category.id if line.category else ""
    return (
        (exemption.states is None or line.facts.state in exemption.states)
        and (exemption.categories is None or category in exemption.categories)
        and line.days.within(exemption.effective_from, exemption.effective_to) == "met"
    )


def duplicate(circumstances: Circumstances) -> Held:
    """No earlier request for the same is open; a sandbox does not ask (S-24)."""
    if circumstances.open_duplicate is None or circumstances.sandbox:
        return Held(causes.DUPLICATE, "met", "no open request for the same")
    return Held(causes.DUPLICATE, "not met", circumstances.open_duplicate)
