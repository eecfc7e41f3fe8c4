"""Whether a request can be worked on at all: the payer, the beneficiary, the provider, duplicates.

Each check is administrative; what nobody said or knows is unknown, and dismisses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_server.policy import causes
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import CoveragePack, CoverageType
from fhir_server.policy.facts import RequestFacts
from fhir_server.policy.findings import Held
from fhir_server.policy.forms import folded
from fhir_server.policy.registry import PAYER_NAMES, BeneficiaryRecord, Exemption
from fhir_server.policy.scope import ScopedLine

ORIGINAL_MEDICARE = "original-medicare"
MEDICARE_ADVANTAGE = "medicare-advantage"
MEDICARE_SUPPLEMENT = "medigap"


def payer(pack: CoveragePack, facts: RequestFacts, circumstances: Circumstances) -> Held:
    """The coverage is Original Medicare, by the payer's identifier, else the registry, else the type of coverage.

    A plan of Medicare Advantage takes the place of Original Medicare, whichever of several coverages it is.
    """
    if circumstances.excluded_payers.intersection(facts.payer_identifiers):
        said = "the payer's number is one that this server has on its list of other payers, such as Railroad Medicare"
        return Held(causes.PAYER, "not met", "payer set as excluded", said=said)
    record = circumstances.beneficiary
    if record and record.payer:
        result = "met" if record.payer == ORIGINAL_MEDICARE else "not met"
        return Held(causes.PAYER, result, f"{PAYER_NAMES[record.payer]}, by the registry")  # type: ignore[arg-type]
    for kind in (*_advantage_plans(pack, facts), facts.coverage_type):
        if kind and (row := pack.payer_of(kind)):
            return _by_type(row, kind)
    if facts.has_medicare_number and circumstances.medicare_payers.intersection(facts.payer_identifiers):
        return Held(causes.PAYER, "met", "a payer that is set as Original Medicare")
    found = f"coverage type {facts.coverage_type}" if facts.coverage_type else "no type of coverage"
    return Held(causes.PAYER, "unknown", found, sent=facts.coverage_type is not None)


def _advantage_plans(pack: CoveragePack, facts: RequestFacts) -> list[str]:
    rows = ((kind, pack.payer_of(kind)) for kind in facts.coverage_types)
    return [kind for kind, row in rows if row and row.payer == MEDICARE_ADVANTAGE]


def _by_type(row: CoverageType, kind: str) -> Held:
    cause = causes.PAYER_SUPPLEMENT if row.payer == MEDICARE_SUPPLEMENT else causes.PAYER
    return Held(cause, "met" if row.payer == ORIGINAL_MEDICARE else "not met", f"{row.label}, coverage type {kind}")


def beneficiary(facts: RequestFacts, circumstances: Circumstances) -> Iterator[Held]:
    """The Medicare number and the name are there and well formed, and agree with the registry where it knows them."""
    if facts.member_id is None:
        yield Held(causes.MEMBER_NUMBER_MISSING, "not met")
    elif not facts.has_medicare_number:
        yield Held(causes.MEMBER_NUMBER_FORM, "not met", "another form")
    else:
        yield Held(causes.MEMBER_NUMBER_FORM, "met", "well formed")
    if not any(all(name) for name in facts.names):
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
    names = [name for name in facts.names if all(name)]
    if names and record.family_name:
        same = any(_is_name(family, given, record) for family, given in names)
        yield Held(causes.NAME_DIFFERS, "met" if same else "not met", "compared with the registry")
    if facts.birth_date is None or record.birth_date is None:
        yield Held(causes.BIRTH_DATE_DIFFERS, "unknown", sent=facts.birth_date is not None)
    else:
        same = facts.birth_date[:10] == record.birth_date.isoformat()
        yield Held(causes.BIRTH_DATE_DIFFERS, "met" if same else "not met", "compared with the registry")


def _is_name(family: str, given: str, record: BeneficiaryRecord) -> bool:
    """Last names agree but for blanks, and the first of the given names; a part that the registry lacks agrees."""
    known = folded(record.given_name or "")
    same_given = not known or given.split()[0] == known.split()[0] or _closed(given) == _closed(known)
    return same_given and _closed(family) == _closed(folded(record.family_name or ""))


def _closed(text: str) -> str:
    return text.replace(" ", "")


def expedited(facts: RequestFacts, *, told: bool) -> Iterator[Held]:
    """A wish to be decided fast comes with its reason; *told* is whether one was given, wherever it stands."""
    if facts.expedited_by_priority:
        yield Held(causes.EXPEDITED_BY_PRIORITY, "unknown", "priority stat")
    if facts.expedited:
        yield Held(causes.EXPEDITED_REASON, "met" if told else "unknown", "asked to be expedited")


def provider_eligible(facts: RequestFacts, circumstances: Circumstances, line: ScopedLine) -> Held:
    """The provider of the line, the facility or else the requester, is eligible as far as the registry knows."""
    npi, sequence = facts.provider_of(line.facts), line.facts.sequence
    record = circumstances.providers.get(npi or "")
    if record is None:
        return Held(causes.PROVIDER_NOT_ELIGIBLE, "unknown", "the registry has no record", sequence)
    return Held(causes.PROVIDER_NOT_ELIGIBLE, "met" if record.eligible else "not met", "by the registry", sequence)


def provider_not_exempt(facts: RequestFacts, circumstances: Circumstances, line: ScopedLine) -> Held:
    """No exemption of the provider covers the line's category and state on all its days of service."""
    npi, sequence = facts.provider_of(line.facts), line.facts.sequence
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


def duplicate(facts: RequestFacts, circumstances: Circumstances, lines: Sequence[ScopedLine]) -> Iterator[Held]:
    """Not every line in scope is asked for in earlier requests that are open; a sandbox does not ask (S-24).

    Where only some are, a person looks at it.
    """
    asked = [line.facts for line in lines if line.status == "in-scope"]
    cases = {line.sequence: circumstances.open_case(facts.item_of(line)) for line in asked}
    earlier = {sequence: f"case {case}" for sequence, case in cases.items() if case}
    if circumstances.sandbox or not earlier:
        yield Held(causes.DUPLICATE, "met", "no open request for the same")
    elif len(earlier) == len(asked):
        yield Held(causes.DUPLICATE, "not met", " and ".join(dict.fromkeys(earlier.values())))
    else:
        for sequence, case in earlier.items():
            yield Held(causes.DUPLICATE_IN_PART, "unknown", case, sequence, f"Line {sequence} ({case})")
